"""Ops come in through one door, whole or not at all, and go out again."""

import ast
import importlib
import inspect
import sys
import types
from pathlib import Path

import pluggy
import pytest

import mgcore
from mgcore import Op, Value, backward, hookimpl, hookspecs, ops
from mgcore.errors import (
    DisabledOpError,
    DuplicateOpError,
    HookError,
    PluginError,
    PluginWarning,
    SettingsError,
    UnknownOpError,
)
from mgcore.plugins.catalogue import Catalogue
from mgcore.plugins.discovery import Entry
from mgcore.plugins.registry import Registry, registry


def an_op(name: str, factor: float = 2.0) -> Op:
    return Op(name, forward=lambda x: factor * x, partials=(lambda out, x: factor,))


class Plugin:
    """Bring the ops given, in whatever container."""

    def __init__(self, *brought: object) -> None:
        self.brought = brought

    @hookimpl
    def mgcore_register_ops(self) -> object:
        return self.brought


@pytest.fixture
def own(monkeypatch):
    """Give a registry of the test's own, which sees the installed ops."""
    for variable in ("MGCORE_PREFER", "MGCORE_DISABLE", "MGCORE_STRICT"):
        monkeypatch.delenv(variable, raising=False)
    return Registry()


def manager_of(registry: Registry) -> pluggy.PluginManager:
    return registry._reception.manager


# Coming in.


def test_an_op_is_itself_a_plugin(own):
    op = an_op("doubled")
    own.register(op)
    assert own.load("doubled") is op
    assert op in manager_of(own).get_plugins()
    assert op.mgcore_register_ops() == (op,)


def test_all_ops_go_through_the_one_plugin_manager():
    for name in ("add", "tanh", "dot"):
        assert getattr(ops, name) in manager_of(registry).get_plugins()


def test_a_module_or_an_object_brings_any_number_of_ops(own):
    module = types.ModuleType("late_comer")
    brought = [an_op("first"), an_op("second")]
    module.mgcore_register_ops = hookimpl(lambda: brought)
    own.register(module)
    own.register(Plugin(an_op("third")))
    assert {"first", "second", "third"} <= set(own.names())


def test_two_objects_of_one_class_are_two_plugins(own):
    own.register(Plugin(an_op("first")))
    own.register(Plugin(an_op("second")))
    assert own.ready.keys() == {"first", "second"}


@pytest.mark.parametrize(
    "plugin",
    [
        Plugin(an_op("good"), "tanh"),
        Plugin(an_op("good"), an_op("tanh")),
        Plugin(an_op("good"), an_op("taken")),
        Plugin(an_op("good"), an_op("good")),
        Plugin(*[an_op("good")], None),
    ],
    ids=["no op", "shipped name", "taken name", "name twice", "None"],
)
def test_registration_is_all_or_nothing(own, plugin):
    own.register(an_op("taken"))
    with pytest.raises(PluginError):
        own.register(plugin)
    assert own.ready.keys() == {"taken"}
    assert plugin not in manager_of(own).get_plugins()


@pytest.mark.parametrize("nothing", [42, "tanh", None, types.ModuleType("empty"), lambda x: x])
def test_what_is_no_plugin_is_refused(own, nothing):
    with pytest.raises(HookError, match="is no Op and implements no hook of mgcore"):
        own.register(nothing)


def test_an_optional_hook_of_a_later_version_is_no_error(own):
    class FromTheFuture(Plugin):
        @hookimpl(optionalhook=True)
        def mgcore_compile_op(self) -> None: ...

    own.register(FromTheFuture(an_op("doubled")))
    assert own.load("doubled").name == "doubled"


def test_hooks_that_use_ops_let_other_plugins_in_meanwhile(own):
    class Nesting:
        @hookimpl
        def mgcore_register_ops(self) -> Op:
            own.register(an_op("inner"))
            own.load("tanh")
            return an_op("outer")

    own.register(Nesting())
    assert own.ready.keys() >= {"inner", "tanh", "outer"}


def test_a_taken_name_is_refused_naming_both_owners(own):
    own.register(an_op("doubled"))
    with pytest.raises(DuplicateOpError, match=r"the op 'doubled' cannot .* this program brings"):
        own.register(an_op("doubled"))
    with pytest.raises(DuplicateOpError, match=r"mgcore \S+ brings an op called 'tanh'.*replace"):
        own.register(an_op("tanh"))


# A notebook's cell, run again.


def test_registering_the_same_op_again_changes_nothing(own):
    op, plugin = an_op("doubled"), Plugin(an_op("first"))
    for _ in range(2):
        own.register(op)
        own.register(plugin)
    assert own.load("doubled") is op
    assert own.ready.keys() == {"doubled", "first"}


def test_replace_puts_the_new_definition_in_the_place_of_the_old(own):
    namespace: dict[str, object] = {}
    own.publish_into(namespace)
    old, new = an_op("doubled"), an_op("doubled", 3.0)
    own.register(old)
    own.register(new, replace=True)
    assert own.load("doubled") is new
    assert namespace["doubled"] is new
    assert old not in manager_of(own).get_plugins()
    own.register(an_op("tanh", 5.0), replace=True)
    assert own.load("tanh")(1.0) == 5.0


def test_a_replacement_that_fails_leaves_the_old_op(own):
    old = an_op("doubled")
    own.register(old)
    with pytest.raises(HookError):
        own.register(Plugin(an_op("doubled", 3.0), 42), replace=True)
    assert own.load("doubled") is old


def test_a_module_that_was_reloaded_is_taken_anew_with_replace(own):
    plugin = Plugin(an_op("doubled"))
    own.register(plugin)
    plugin.brought = (an_op("doubled", 3.0), an_op("more"))
    with pytest.raises(DuplicateOpError):
        own.register(plugin)
    own.register(plugin, replace=True)
    assert own.load("doubled")(1.0) == 3.0
    assert own.load("more")(1.0) == 2.0


# Going out.


def test_an_op_is_taken_out_until_it_is_registered_again(own):
    own.load("tanh")
    own.unregister("tanh")
    own.unregister("exp")  # not loaded yet
    for name in ("tanh", "exp"):
        with pytest.raises(DisabledOpError, match=f"'{name}' was taken out by unregister"):
            own.load(name)
        assert name not in own.names()
    own.register(an_op("tanh"))
    assert own.load("tanh")(1.0) == 2.0


def test_a_plugin_is_taken_out_with_all_that_it_brought(own):
    plugin = Plugin(an_op("first"), an_op("second"))
    own.register(plugin)
    own.unregister(plugin)
    assert own.ready == {}
    assert plugin not in manager_of(own).get_plugins()


@pytest.mark.parametrize(
    ("what", "says"),
    [("tahn", "no op is called 'tahn'; did you mean tanh"), (an_op("a"), "<op a> is not")],
)
def test_what_is_not_there_cannot_be_taken_out(own, what, says):
    with pytest.raises(UnknownOpError, match=says):
        own.unregister(what)


def test_near_matches_include_the_ops_of_this_program(own):
    own.register(an_op("doubled"))
    with pytest.raises(UnknownOpError, match="did you mean doubled"):
        own.load("doubbled")


# The user's choices.


def test_configure_switches_off_and_on_what_is_loaded_already(own):
    own.load("tanh")
    own.configure(disable="tanh")
    with pytest.raises(DisabledOpError, match="'tanh' of mgcore"):
        own.load("tanh")
    with pytest.raises(DisabledOpError, match="'tanh' cannot be registered: MGCORE_DISABLE"):
        own.register(an_op("tanh"), replace=True)
    own.configure(disable=[])
    assert own.load("tanh")(0.0) == 0.0


def test_what_is_not_chosen_stays_as_it_was(own):
    own.configure(prefer="tanh=a-package", disable=["dist:B_Package", "exp"])
    own.configure(strict=False)
    settings = own.catalogue.settings
    assert settings.prefer == {"tanh": "a-package"}
    assert settings.disabled_ops == {"exp"}
    assert settings.disabled_distributions == {"b-package"}
    with pytest.raises(SettingsError, match="prefer has the part 'tanh'"):
        own.configure(prefer="tanh")
    assert own.catalogue.settings == settings


def test_strict_in_the_program_raises_at_once(own, monkeypatch):
    def fail() -> None:
        raise OSError("disk is gone")

    broken = {"lost": [Entry("lost", "lost:lost", "lost-ops", "1.0", load=fail)]}
    monkeypatch.setattr(Catalogue, "entries", broken)
    with pytest.raises(PluginError, match="MGCORE_STRICT is set, and the op 'lost' of lost-ops"):
        own.configure(strict=True)


# Observers.


def test_observers_are_told_of_ops_and_of_failures(own, monkeypatch):
    told: list[object] = []

    class Observer:
        @hookimpl
        def mgcore_op_registered(self, op: Op, distribution: str) -> None:
            told.append((op.name, distribution))

        @hookimpl
        def mgcore_plugin_failed(self, name: str, error: Exception) -> None:
            told.append((name, str(error.__cause__)))

    observer = Observer()
    own.register(observer)
    own.load("neg")
    own.register(an_op("doubled"))

    def fail() -> None:
        raise OSError("disk is gone")

    entries = {"lost": [Entry("lost", "lost:lost", "lost-ops", "1.0", load=fail)]}
    monkeypatch.setattr(Catalogue, "entries", entries)
    for _ in range(2):
        with pytest.raises(PluginError):
            own.load("lost")
    assert told == [("neg", "mgcore"), ("doubled", "this program"), ("lost", "disk is gone")]
    own.unregister(observer)
    own.register(an_op("tripled"))
    assert len(told) == 3


def test_an_observer_that_fails_is_a_warning_and_the_op_works(own):
    class Clumsy:
        @hookimpl
        def mgcore_op_registered(self) -> None:
            raise ZeroDivisionError("oops")

    own.register(Clumsy())
    with pytest.warns(PluginWarning, match="mgcore_op_registered failed: ZeroDivisionError: oops"):
        assert own.load("tanh")(0.0) == 0.0


def test_an_observer_takes_those_arguments_that_it_wants():
    seen: list[str] = []

    class Stepper:
        @hookimpl
        def mgcore_backward_step(self, node: Value) -> None:
            seen.append(node.op.name)

    stepper = Stepper()
    mgcore.register(stepper)
    try:
        x = Value(0.5)
        (x.tanh() * x).backward()
    finally:
        mgcore.unregister(stepper)
    assert seen == ["mul", "tanh"]


def test_without_listeners_the_observed_sweep_is_never_entered(monkeypatch):
    def fail(*arguments: object) -> None:
        raise AssertionError("nobody listens")

    monkeypatch.setattr(backward, "_sweep_observed", fail)
    assert registry.backward_observer() is None
    x = Value(0.5)
    (x.tanh() * x).backward()
    assert x.grad != 0.0


def test_no_hook_runs_per_arithmetic_operation():
    calls: list[str] = []
    x = Value(0.5)
    x = x + (x * x).tanh()  # loads what is used below
    undo = manager_of(registry).add_hookcall_monitoring(
        lambda name, impls, arguments: calls.append(name), lambda *outcome: None
    )
    try:
        for _ in range(100):
            x = x + (x * x).tanh()
        x.backward()
    finally:
        undo()
    assert calls == []


# The house rules.


def test_every_hook_is_documented_and_bears_the_prefix():
    hooks = {
        name: function
        for name, function in inspect.getmembers(hookspecs, inspect.isfunction)
        if hasattr(function, "mgcore_spec")
    }
    assert len(hooks) >= 4
    for name, function in hooks.items():
        assert name.startswith("mgcore_")
        assert inspect.getdoc(function)


ROOT = Path(mgcore.__file__).parents[1]


@pytest.mark.parametrize("package", ["mgops_basic", "mgops_activations", "mgops_math"])
def test_shipped_ops_use_nothing_but_the_public_door(package):
    public = set(mgcore.__all__) | set(importlib.import_module("mgcore.errors").__all__)
    modules = sorted((ROOT / package).glob("*.py"))
    assert len(modules) > 5
    for path in modules:
        for statement in ast.walk(ast.parse(path.read_text())):
            if isinstance(statement, ast.ImportFrom) and statement.module.startswith("mgcore"):
                assert statement.module in {"mgcore", "mgcore.errors"}, path
                assert {alias.name for alias in statement.names} <= public, path
            if isinstance(statement, ast.Import):
                names = {alias.name.partition(".")[0] for alias in statement.names}
                assert names <= sys.stdlib_module_names, f"{path}: an op needs no library"
