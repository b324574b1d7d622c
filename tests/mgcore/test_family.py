"""Families of ops: members are found by name, everywhere."""

import copy
import pickle
import subprocess
import sys
from collections.abc import Iterator

import numpy as np
import pytest

import mgcompile
from mgcore import Op, Value, grad, op_family, ops, plugins, register, unregister
from mgcore.errors import MgcoreError, OpDefinitionError, OpSettingsError, PickleError
from mgcore.testing import check_op
from mgnn import MLP, load, save


@op_family
def soft_clip(low: float = 0.0, high: float = 1.0, power: int = 1) -> Op:
    if not low < high:
        raise ValueError("low must be below high")
    return Op(
        "soft_clip",
        lambda x: low + (high - low) * ops.sigmoid(x) ** power,
        (lambda out, x: (high - low) * power * ops.sigmoid(x) ** power * ops.sigmoid(-x),),
        doc=f"between {low:g} and {high:g}",
    )


@pytest.fixture
def registered() -> Iterator[Op]:
    register(soft_clip)
    yield soft_clip
    unregister("soft_clip")


def test_members_have_their_own_rules_names_and_settings() -> None:
    member = soft_clip.with_settings(-1, high=3)
    assert member(0.0) == 1.0
    assert (member.name, member.symbol, member.doc) == (
        "soft_clip:-1,3,1",
        "soft_clip:-1,3,1",
        "between -1 and 3",
    )
    assert member.settings == {"low": -1.0, "high": 3.0, "power": 1}
    assert soft_clip(0.0) == 0.5
    assert soft_clip.name == "soft_clip"


def test_the_same_settings_give_the_same_op_however_they_are_written(registered: Op) -> None:
    wanted = registered.with_settings(low=-1.0)
    named = [getattr(ops, f"soft_clip:{text}") for text in ("-1", "low=-1", "-1.0,1", "-1,power=1")]
    assert all(op is wanted for op in (*named, wanted.with_settings(-1)))
    assert registered.with_settings() is registered
    assert getattr(ops, "soft_clip:0,1,1") is registered


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a", "'a' is no number"),
        ("middle=2", r"no setting 'middle'; it has low, high, power"),
        ("1,2,3,4", "4 settings"),
        ("1,low=2", "'low' is given twice"),
        ("high=3,1", "'1' stands after a named setting"),
        ("power=1.5", "power is 1.5, and must be of type int"),
        ("3", "low must be below high"),
        ("power=inf", "must be of type int"),
    ],
)
def test_settings_that_make_no_op_are_refused_by_name(registered: Op, text: str, says: str) -> None:
    with pytest.raises(OpSettingsError, match=says) as told:
        getattr(ops, f"soft_clip:{text}")
    assert "soft_clip(low=0, high=1, power=1)" in str(told.value)


def test_an_op_without_settings_says_so() -> None:
    with pytest.raises(OpSettingsError, match="'tanh' has no settings: it is of no family"):
        getattr(ops, "tanh:2")
    with pytest.raises(OpSettingsError, match="'tanh' has no settings"):
        ops.tanh.with_settings(2.0)
    with pytest.raises(MgcoreError, match="did you mean leaky_relu"):
        getattr(ops, "leaky_rule:2")


def test_a_setting_needs_a_number_as_default_and_a_member_is_an_op() -> None:
    with pytest.raises(OpDefinitionError, match="setting slope of the family sloped needs"):

        @op_family
        def sloped(slope):  # type: ignore[no-untyped-def]  # the fault that is looked for
            return ops.tanh

    with pytest.raises(OpDefinitionError, match="returned int, not an Op"):

        @op_family
        def nothing(slope: float = 1.0) -> Op:
            return 3  # type: ignore[return-value]  # as above


def test_a_colon_in_a_name_is_for_families() -> None:
    with pytest.raises(OpDefinitionError, match="must be a Python identifier"):
        Op("soft_clip:2", lambda x: x, (lambda out, x: 1.0,))


def test_graphs_with_members_are_pickled_and_copied_by_name(registered: Op) -> None:
    x = Value(0.3)
    out = registered.with_settings(-1, 2)(x) * 2.0
    back = pickle.loads(pickle.dumps(out))
    assert back.data == out.data
    assert pickle.loads(pickle.dumps(out.operands[0].op)) is out.operands[0].op
    assert copy.deepcopy(out).operands[0].op is out.operands[0].op


def test_a_member_of_a_family_that_is_not_registered_is_not_pickled() -> None:
    with pytest.raises(PickleError, match="'soft_clip:-1,1,1' is not registered"):
        pickle.dumps(soft_clip.with_settings(low=-1))


def test_another_process_finds_a_shipped_member_by_its_name() -> None:
    bits = pickle.dumps(ops.leaky_relu.with_settings(slope=0.2)(Value(-3.0)))
    code = f"import pickle; v = pickle.loads({bits!r}); print(v.op, v.data)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "<op leaky_relu:0.2> -0.6000000000000001"


def test_the_catalogue_has_the_family_once(registered: Op) -> None:
    getattr(ops, "soft_clip:-1")
    assert [row.name for row in plugins() if "soft_clip" in row.name] == ["soft_clip"]
    unregister("soft_clip")
    with pytest.raises(MgcoreError, match="no op is called 'soft_clip'"):
        getattr(ops, "soft_clip:-1")
    register(soft_clip)


def test_kernels_tell_members_apart() -> None:
    x, w = Value(-2.0, label="x"), Value(1.5, label="w")
    outputs = [getattr(ops, f"leaky_relu:{s}")(x * w) for s in ("0.2", "0.3", "0.01")]
    kernel = mgcompile.compile(outputs, inputs=[x, w])
    assert np.allclose(np.ravel(kernel(np.array([[-2.0, 1.5]]))), [-0.6, -0.9, -0.03], rtol=1e-15)
    alone = [mgcompile.compile(out, inputs=[x, w]) for out in outputs]
    slopes = [k.value_and_grad(np.array([[-2.0, 1.5]]))[1][0] for k in alone]
    assert np.allclose(slopes, [[0.3, -0.4], [0.45, -0.6], [0.015, -0.02]], rtol=1e-15)
    again = pickle.loads(pickle.dumps(alone[0]))
    assert again(np.array([-2.0, 1.5])) == pytest.approx(-0.6)


def test_a_member_is_an_activation_by_its_name_in_nets_and_their_files(tmp_path) -> None:  # type: ignore[no-untyped-def]  # pytest's
    net = MLP(2, [3, 1], activation="leaky_relu:0.2", seed=1)
    same = MLP(2, [3, 1], activation=ops.leaky_relu.with_settings(0.2), seed=1)
    usual = MLP(2, [3, 1], activation="leaky_relu:0.01", seed=1)
    x = [0.5, -3.0]
    assert net(x).data == same(x).data != usual(x).data
    assert usual(x).data == MLP(2, [3, 1], activation="leaky_relu", seed=1)(x).data
    save(net, tmp_path / "net.mgz")
    assert load(tmp_path / "net.mgz")(x).data == net(x).data
    assert "0.2" in repr(net)


def test_a_member_is_an_activation_in_estimators() -> None:
    from mgnn.sklearn import MLPRegressor

    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 2))
    model = MLPRegressor((4,), activation="leaky_relu:0.2", max_iter=5, random_state=0)
    assert np.isfinite(model.fit(X, X[:, 0]).predict(X)).all()


FIXED = ["celu:0.5", "prelu:0.25", "swish:1.5", "clip:-1,1", "pow:3", "softshrink:0.2"]


@pytest.mark.parametrize("name", ["leaky_relu:0.2", "leaky_relu:-1", "leaky_relu", *FIXED])
def test_members_pass_the_strict_kit(name: str) -> None:
    report = check_op(name, strict=True)
    assert report.passed, report
    assert report["pickling"].verdict == "pass"


def test_a_member_differentiates_twice(registered: Op) -> None:
    x = Value(0.4)
    (first,) = grad(registered.with_settings(power=2)(x), [x], create_graph=True)
    (second,) = grad(first, [x])
    s = 1 / (1 + np.exp(-0.4))
    assert first.data == pytest.approx(2 * s * s * (1 - s), rel=1e-14)
    assert second == pytest.approx(2 * s * s * (1 - s) * (2 - 3 * s), rel=1e-14)


@pytest.mark.parametrize(
    ("name", "value", "slope"),
    [
        ("celu:0.5", 0.5 * np.expm1(-1.4), np.exp(-1.4)),
        ("prelu:0.25", -0.175, 0.25),
        ("swish:2", -0.7 / (1 + np.exp(1.4)), None),
        ("clip:-0.5,1", -0.5, 0.0),
        ("clip:high=1,low=-2", -0.7, 1.0),
        ("pow:3", -0.343, 1.47),
        ("softshrink:0.2", -0.5, 1.0),
        ("hardshrink:0.8", 0.0, 0.0),
    ],
)
def test_operands_after_the_first_can_be_fixed_by_name(
    name: str, value: float, slope: float | None
) -> None:
    op = getattr(ops, name)
    x = Value(-0.7)
    out = op(x)
    assert op.arity == 1
    assert getattr(ops, op.name) is op
    assert pickle.loads(pickle.dumps(op)) is op
    assert out.data == pytest.approx(value, rel=1e-14)
    kernel = mgcompile.compile(out, inputs=[x])
    values, slopes = kernel.value_and_grad([np.array([-0.7])])
    (eager,) = grad(out, [x])
    assert values[0] == pytest.approx(value, rel=1e-14)
    assert slopes[0][0] == pytest.approx(eager, rel=1e-14)
    if slope is not None:
        assert eager == pytest.approx(slope, rel=1e-14)


def test_a_fixed_operand_is_an_activation_that_is_saved(tmp_path) -> None:  # type: ignore[no-untyped-def]  # pytest's
    net = MLP(2, [3, 1], activation="celu:0.5", seed=1)
    save(net, tmp_path / "net.mgz")
    assert load(tmp_path / "net.mgz")([0.5, -3.0]).data == net([0.5, -3.0]).data
    assert net([0.5, -3.0]).data != MLP(2, [3, 1], activation="celu:1", seed=1)([0.5, -3.0]).data


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("celu:-1", r"alpha is -1.0, outside of its domain \(0, inf\)"),
        ("clip:1", r"clip\(low, high\): high is to be given, as a number"),
        ("clip:1,2,3", "3 settings; it has low, high"),
        ("sum:1", "'sum' has no settings"),
        ("softshrink:-1", "must be 0 or more"),
    ],
)
def test_what_fixes_no_operand_is_refused(name: str, says: str) -> None:
    with pytest.raises(OpSettingsError, match=says):
        getattr(ops, name)
