"""The registry: every op comes in through here, the shipped ones and a stranger's alike."""

import difflib
import threading
from collections.abc import Iterable, Mapping
from typing import Any, Literal, TypeAlias

import attrs
import pluggy

from mgcore import hookspecs
from mgcore.discovery import Entry, find_entries, import_entry
from mgcore.errors import (
    BrokenPluginError,
    DisabledOpError,
    DuplicateOpError,
    HookError,
    PickleError,
    PluginError,
    UnknownOpError,
)
from mgcore.op import Op
from mgcore.settings import Settings, from_environment, normalised, with_choices

__all__ = ["PluginInfo", "Registry", "State", "configure", "plugins", "register", "registry"]

State: TypeAlias = Literal["ready", "not loaded", "broken", "disabled", "shadowed"]
THIS_PROGRAM = "this program"


@attrs.frozen
class PluginInfo:
    """Describe one op, as `plugins` lists it.

    Attributes:
        name: the op's name.
        state: ready, not loaded, broken, disabled, or shadowed by another plugin of that name.
        distribution: where it came from; "this program" for `register`.
        version: of the distribution; empty for "this program".
        operands: the operands' names, ``("*xs",)`` for any number; None until the op is loaded.
        op: the op itself once it is ready.
        cause: why it is broken or not used; empty otherwise.

    """

    name: str
    state: State
    distribution: str
    version: str
    operands: tuple[str, ...] | None = None
    op: Op | None = None
    cause: str = ""


class Registry:
    """Hold the one plugin manager and the ops that came in through it."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._namespace: dict[str, Any] = {}
        self._reset()

    def _reset(self) -> None:
        for name in getattr(self, "ready", {}):
            self._namespace.pop(name, None)
        self.ready: dict[str, Op] = {}
        self._settings: Settings | None = None
        self._entries: dict[str, list[Entry]] | None = None
        self._came_from: dict[str, Entry] = {}
        self._plugin_of: dict[str, object] = {}
        self._failed: dict[Entry, PluginError] = {}
        self._withdrawn: set[str] = set()
        self._collecting: list[object] = []
        self.manager = pluggy.PluginManager(hookspecs.PROJECT)
        self.manager.add_hookspecs(hookspecs)
        # Historic: plugins that come later are asked as well, on arrival.
        self.manager.hook.mgcore_register_ops.call_historic(self._collecting.append)

    def publish_into(self, namespace: dict[str, Any]) -> None:
        """Let `namespace` hold every ready op under its name, now and from now on."""
        self._namespace = namespace
        namespace.update(self.ready)

    @property
    def settings(self) -> Settings:
        """Return the user's choices; the environment is read at first use."""
        if self._settings is None:
            self._settings = from_environment()
        return self._settings

    @property
    def entries(self) -> dict[str, list[Entry]]:
        """Return the entry points by op name; metadata is read at first use."""
        if self._entries is None:
            self._entries = find_entries()
            if self.settings.strict:
                self._load_all_or_raise()
        return self._entries

    # Looking up.

    def load(self, name: str) -> Op:
        """Return the op `name`, importing its module at first use.

        Raises:
            UnknownOpError: with the near matches.
            BrokenPluginError: chained to the cause, naming the distribution.
            DuplicateOpError: if two distributions claim the name and none is preferred.
            DisabledOpError: if settings or `unregister` switched it off.

        """
        op = self.ready.get(name)
        if op is not None:
            return op
        if name.startswith("_"):  # a protocol probing for special names; no op has one
            raise UnknownOpError(f"mgcore.ops has no attribute {name!r}")
        with self._lock:
            entry = self._choose(name)
            if name not in self.ready:
                self._load_entry(entry)
            return self.ready[name]

    def names(self) -> list[str]:
        """Return the names of all ops that are ready or could be loaded, sorted."""
        with self._lock:
            usable = {
                name
                for name, entries in self.entries.items()
                if name not in self._withdrawn
                and any(not self.settings.disables(name, e.distribution) for e in entries)
            }
            return sorted(usable | self.ready.keys())

    def _choose(self, name: str) -> Entry:
        entries = self.entries.get(name, [])
        allowed = [e for e in entries if not self.settings.disables(name, e.distribution)]
        if name in self._withdrawn or (entries and not allowed):
            how = "unregister" if name in self._withdrawn else "MGCORE_DISABLE or configure"
            raise DisabledOpError(
                f"the op {name!r} of {entries[0].origin} is switched off by {how}"
                if entries
                else f"the op {name!r} was taken out by unregister"
            )
        if not allowed:
            raise UnknownOpError(_no_such_op(name, self.names()))
        preferred = [
            e for e in allowed if normalised(e.distribution) == self.settings.prefer.get(name)
        ]
        if preferred:
            return preferred[0]
        if len(allowed) > 1:
            raise DuplicateOpError(_claimed_twice(name, allowed))
        return allowed[0]

    def _load_entry(self, entry: Entry) -> None:
        if (known := self._failed.get(entry)) is not None:
            raise type(known)(str(known)) from (known.__cause__ or known)
        try:
            plugin = import_entry(entry)
            if self.manager.is_registered(plugin):
                raise BrokenPluginError(
                    f"{entry.value} of {entry.origin} is loaded, but brings no op {entry.name!r}"
                )
            self._admit(plugin, entry)
        except PluginError as error:
            self._failed[entry] = error
            self.manager.hook.mgcore_plugin_failed(
                name=entry.name, distribution=entry.distribution, error=error
            )
            raise

    def _load_all_or_raise(self) -> None:
        problems = []
        for name in list(self.entries):
            try:
                self.load(name)
            except DisabledOpError:
                continue
            except PluginError as error:
                problems.append(str(error))
        if problems:
            raise PluginError("MGCORE_STRICT is set, and " + "; ".join(problems))

    # Registering.

    def register(self, plugin: object, *, replace: bool = False) -> None:
        """Register an `Op`, or a module or object with hook implementations, in this program.

        Raises:
            DuplicateOpError: if the name is taken, unless `replace` is true.
            HookError, BrokenPluginError: if the plugin is no plugin; nothing is registered then.

        """
        with self._lock:
            if replace and isinstance(plugin, Op):
                self._withdraw(plugin.name)
            self._admit(plugin, Entry("", "", THIS_PROGRAM, "", None))

    def unregister(self, name: str) -> None:
        """Take the op `name` out of this program, whatever it came from.

        Raises:
            UnknownOpError: if there is no such op.

        """
        with self._lock:
            if name not in self.ready and name not in self.entries:
                raise UnknownOpError(_no_such_op(name, self.names()))
            self._withdraw(name)

    def _withdraw(self, name: str) -> None:
        self._withdrawn.add(name)
        if name in self.ready:
            self._forget(name)

    def _forget(self, name: str) -> None:
        del self.ready[name]
        self._namespace.pop(name, None)
        self._came_from.pop(name)
        plugin = self._plugin_of.pop(name)
        if plugin not in self._plugin_of.values():
            self.manager.unregister(plugin)

    def _admit(self, plugin: object, entry: Entry) -> None:
        """Register all ops of `plugin`, or none."""
        source = f"{entry.name} of {entry.origin}" if entry.name else _short_name(plugin)
        self._collecting.clear()
        try:
            self.manager.register(plugin)
            _check_hooks(self.manager, plugin, source)
            new = _collected_ops(self._collecting, source)
            if not entry.name and not self.manager.get_hookcallers(plugin):
                raise HookError(f"{source} is no Op and implements no hook of mgcore")
            self._check_names(new, entry, source)
        except Exception as error:
            if self.manager.is_registered(plugin):
                self.manager.unregister(plugin)
            if isinstance(error, PluginError):
                raise
            raise BrokenPluginError(
                f"the plugin {source} could not be registered: {error}"
            ) from error
        for op in new:
            self.ready[op.name] = op
            self._came_from[op.name] = entry
            self._plugin_of[op.name] = plugin
            self._withdrawn.discard(op.name)
            self._namespace[op.name] = op
        for op in new:
            self.manager.hook.mgcore_op_registered(op=op, distribution=entry.distribution)

    def _check_names(self, new: list[Op], entry: Entry, source: str) -> None:
        names = [op.name for op in new]
        if entry.name and entry.name not in names:
            raise BrokenPluginError(
                f"{entry.value} of {entry.origin} should bring the op {entry.name!r}, but brings "
                f"{', '.join(names) or 'none'}; the entry point and the op must have one name"
            )
        for i, name in enumerate(names):
            if name in names[:i]:
                raise DuplicateOpError(f"{source} brings two ops called {name!r}")
            if name in self.ready:
                taken = self._came_from[name]
                raise DuplicateOpError(_taken(name, source, taken))
            if name == entry.name or name in self._withdrawn:
                continue
            others = [e for e in self.entries.get(name, []) if e.distribution != entry.distribution]
            others = [e for e in others if not self.settings.disables(name, e.distribution)]
            if others and self.settings.prefer.get(name) != normalised(entry.distribution):
                raise DuplicateOpError(_taken(name, source, others[0]))

    # Settings, listing, observing.

    def configure(
        self,
        *,
        prefer: str | Mapping[str, str] | None = None,
        disable: str | Iterable[str] | None = None,
        strict: bool | None = None,
    ) -> None:
        """Choose between plugins in this program; see `mgcore.configure`."""
        with self._lock:
            self._settings = with_choices(self.settings, prefer, disable, strict)
            # An op that was loaded under other choices is looked up again.
            for name, entry in list(self._came_from.items()):
                chosen = self._settings.prefer.get(name, normalised(entry.distribution))
                if self._settings.disables(name, entry.distribution) or chosen != normalised(
                    entry.distribution
                ):
                    self._forget(name)
            if self._settings.strict and self._entries is not None:
                self._load_all_or_raise()

    def plugins(self, *, load: bool = False) -> list[PluginInfo]:
        """List every op that is registered or claimed by an installed distribution."""
        with self._lock:
            if load:
                self._load_quietly()
            rows = [self._describe(entry) for entries in self.entries.values() for entry in entries]
            shown = {row.op for row in rows if row.op is not None}
            rows += [
                _ready_row(op, self._came_from[name])
                for name, op in self.ready.items()
                if op not in shown
            ]
            return sorted(rows, key=lambda row: (row.name, row.state != "ready", row.distribution))

    def _load_quietly(self) -> None:
        for name in list(self.entries):
            try:
                self.load(name)
            except PluginError:
                continue  # the listing tells its state and cause

    def _describe(self, entry: Entry) -> PluginInfo:
        def row(state: State, cause: str) -> PluginInfo:
            return PluginInfo(entry.name, state, entry.distribution, entry.version, cause=cause)

        name = entry.name
        if self._came_from.get(name) == entry:
            return _ready_row(self.ready[name], entry)
        if self.settings.disables(name, entry.distribution):
            return row("disabled", "switched off by MGCORE_DISABLE or configure")
        if name in self.ready:
            source = self._came_from[name]
            if source.value == entry.value and source.distribution == entry.distribution:
                return _ready_row(self.ready[name], entry)
            return row("shadowed", f"{source.origin.strip()} is used instead")
        if name in self._withdrawn:
            return row("disabled", "taken out by unregister")
        if entry in self._failed:
            return row("broken", str(self._failed[entry]))
        try:
            chosen = self._choose(name)
        except DuplicateOpError as error:
            return row("broken", str(error))
        if chosen != entry:
            return row("shadowed", f"{chosen.origin} is preferred")
        return row("not loaded", "")

    def backward_observers(self) -> list[pluggy.HookImpl]:
        """Return who listens to ``mgcore_backward_step``."""
        return self.manager.hook.mgcore_backward_step.get_hookimpls()


def _short_name(plugin: object) -> str:
    return f"the op {plugin.name!r}" if isinstance(plugin, Op) else repr(plugin)


def _ready_row(op: Op, entry: Entry) -> PluginInfo:
    return PluginInfo(
        op.name, "ready", entry.distribution, entry.version, operands=op.operand_names, op=op
    )


def _no_such_op(name: str, names: list[str]) -> str:
    near = difflib.get_close_matches(name, names, n=3)
    hint = f"; did you mean {' or '.join(near)}?" if near else ""
    return f"no op is called {name!r}{hint or '; mg ops lists all that are installed'}"


def _claimed_twice(name: str, entries: list[Entry]) -> str:
    both = " and ".join(e.origin for e in entries)
    return (
        f"the op {name!r} is claimed by {both}; choose one with "
        f'MGCORE_PREFER="{name}={entries[-1].distribution}" or '
        f"mgcore.configure(prefer={{{name!r}: {entries[-1].distribution!r}}})"
    )


def _taken(name: str, source: str, taken: Entry) -> str:
    owner = taken.origin.strip()
    return (
        f"the op {name!r} of {source} cannot be registered: {owner} brings an op of that name. "
        f"Call unregister({name!r}) first, register(..., replace=True), or choose another name"
    )


def _check_hooks(manager: pluggy.PluginManager, plugin: object, source: str) -> None:
    known = [name for name in vars(hookspecs) if name.startswith("mgcore_")]
    for caller in manager.get_hookcallers(plugin) or []:
        if not caller.has_spec():
            near = difflib.get_close_matches(caller.name, known, n=1, cutoff=0.3)
            hint = f"did you mean {near[0]}?" if near else f"hooks are {', '.join(known)}"
            raise HookError(f"{source} implements the unknown hook {caller.name}; {hint}")


def _collected_ops(results: list[object], source: str) -> list[Op]:
    ops: list[Op] = []
    for result in results:
        items = [result] if isinstance(result, Op) else result
        if not isinstance(items, Iterable):
            raise HookError(f"mgcore_register_ops of {source} must return ops, not {result!r}")
        for op in items:
            if not isinstance(op, Op):
                raise HookError(f"mgcore_register_ops of {source} returned {op!r}, which is no Op")
            ops.append(op)
    return ops


registry = Registry()


def register(plugin: object, *, replace: bool = False) -> None:
    """Register an op, or a module or object with hook implementations, in this program.

    Args:
        plugin: an `Op`, or anything with functions marked ``mgcore.hookimpl``.
        replace: whether an op of that name may be displaced.

    Raises:
        DuplicateOpError: if the name is taken; the message names both owners.
        HookError, BrokenPluginError: if it is no plugin; nothing is registered then.

    """
    registry.register(plugin, replace=replace)


def unregister(name: str) -> None:
    """Take the op `name` out of this program until it is registered again.

    Raises:
        UnknownOpError: if there is no such op.

    """
    registry.unregister(name)


def configure(
    *,
    prefer: str | Mapping[str, str] | None = None,
    disable: str | Iterable[str] | None = None,
    strict: bool | None = None,
) -> None:
    """Choose between plugins in this program, as the environment variables do.

    Args:
        prefer: op name -> distribution, where two claim a name (``MGCORE_PREFER``).
        disable: op names, and ``dist:PACKAGE`` for whole packages (``MGCORE_DISABLE``).
        strict: whether any plugin problem is an error at once (``MGCORE_STRICT``).

    Choices that are not given stay as they are.

    Raises:
        SettingsError: if a choice makes no sense.

    """
    registry.configure(prefer=prefer, disable=disable, strict=strict)


def plugins(*, load: bool = False) -> list[PluginInfo]:
    """List every op with its state and the distribution that it came from.

    Args:
        load: whether to import all ops first, so that each is either ready or broken.

    """
    return registry.plugins(load=load)


def lookup(name: str) -> Op:
    """Return the registered op `name`; what a pickled op calls when it is loaded."""
    return registry.load(name)


def reduce_op(op: Op) -> tuple[Any, tuple[str]]:
    """Reduce `op` to its registered name for pickling.

    Raises:
        PickleError: if `op` is not the registered op of its name.

    """
    if registry.ready.get(op.name) is not op:
        raise PickleError(
            f"the op {op.name!r} is not registered, so a pickle could not find it again; "
            "call mgcore.register(op) before pickling, and again before loading"
        )
    return lookup, (op.name,)
