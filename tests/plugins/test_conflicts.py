"""Two plugins with one name: an error that names both, unless the user has chosen.

A claim on the name of an op that ships is shadowed instead, with a warning: arithmetic goes on.
"""

import json

import pytest
from plugin_packages import Package, environment


def claimant(distribution: str, version: str, name: str, factor: float) -> Package:
    """Return a package whose op `name` multiplies by `factor`."""
    module = distribution.lower().replace("-", "_").replace(".", "_")
    source = (
        "from mgcore import Op\n"
        f"{name} = Op({name!r}, lambda x: {factor} * x, (lambda out, x: {factor},))"
    )
    return Package(distribution, {name: f"{module}:{name}"}, {f"{module}.py": source}, version)


PAIR_MODULE = """
from mgcore import Op, hookimpl
ops = [Op(n, forward=lambda x: 5.0 * x, partials=(lambda out, x: 5.0,)) for n in ("swoosh", "only")]
@hookimpl
def mgcore_register_ops():
    return ops
"""


GRABBED = ("add", "mul", "gt", "dot")
GRABBER = Package(
    "grabber",
    {name: f"grabber:{name}" for name in GRABBED},
    {"grabber.py": "raise RuntimeError('never to be imported')"},
)


@pytest.fixture(scope="module")
def env(tmp_path_factory):
    """Hold two packages that claim swoosh, one that claims tanh, and one that brings two ops."""
    return environment(
        tmp_path_factory.mktemp("conflicts"),
        [
            claimant("Alpha.Ops", "1.0", "swoosh", 2.0),
            claimant("beta-ops", "2.0", "swoosh", 3.0),
            claimant("my-package", "0.1", "tanh", 7.0),
            GRABBER,
            Package("pair", {"swoosh": "pair", "only": "pair"}, {"pair.py": PAIR_MODULE}),
        ],
    )


ASK = """
import json, mgcore
from mgcore import Value, ops
def asked(name):
    try:
        return getattr(ops, name)(1.0)
    except mgcore.MgcoreError as error:
        return [type(error).__name__, str(error)]
"""


def test_the_error_comes_at_first_use_and_names_all_claimants(env):
    told = env.run(f"{ASK}\nprint(json.dumps([asked('swoosh'), asked('exp')]))")
    (error, text), exp = told
    assert error == "DuplicateOpError"
    assert "'swoosh' is claimed by Alpha.Ops 1.0 and beta-ops 2.0 and pair 1.0" in text
    assert 'MGCORE_PREFER="swoosh=pair"' in text
    assert exp == pytest.approx(2.718281828459045, rel=1e-15)


WARNED = """
import json, warnings, mgcore
from mgcore import Value, ops
from mgcore.errors import PluginWarning
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    x, y = Value(2.0), Value(3.0)
    out = x * y + ops.dot(x, y) + ops.tanh(0.0) * y + ops.gt(x, 1.0)  # the line that is shown
    out.backward()
    x * y + x
shown = [(w.category.__name__, str(w.message), w.filename, w.lineno) for w in said]
"""


def test_a_claim_on_a_shipped_name_is_shadowed_and_warned_of_once_at_the_users_line(env):
    value, slope, shown = env.run(f"{WARNED}\nprint(json.dumps([out.data, x.grad, shown]))")
    assert (value, slope) == (13.0, 6.0)
    assert len(shown) == len(GRABBED) + 1
    for name in (*GRABBED, "tanh"):
        (told,) = [text for _, text, *_ in shown if f"an op {name!r} too" in text]
        brings = "my-package 0.1" if name == "tanh" else "grabber 1.0"
        assert told.startswith(f"{brings} brings")
        assert f'MGCORE_PREFER="{name}=' in told
    assert {(kind, file, line) for kind, _, file, line in shown} == {
        ("PluginWarning", "<string>", 8)
    }


@pytest.mark.parametrize(
    "choice",
    [
        {"MGCORE_DISABLE": "dist:grabber,dist:my-package"},
        {"MGCORE_PREFER": "add=mgcore,mul=mgcore,gt=mgcore,dot=mgcore,tanh=mgcore"},
    ],
)
def test_a_user_who_has_decided_is_not_warned(env, choice):
    assert env.run(f"{WARNED}\nprint(json.dumps([out.data, shown]))", **choice) == [13.0, []]


def test_the_listing_shows_shadowed_claims_with_the_remedy(env):
    done = env.mg("ops", "--json")
    rows = {(r["name"], r["distribution"]): r for r in json.loads(done.stdout)}
    for name in GRABBED:
        assert rows[name, "mgcore"]["state"] == "ready"
        claim = rows[name, "grabber"]
        assert claim["state"] == "shadowed"
        assert f'choose this one with MGCORE_PREFER="{name}=grabber"' in claim["cause"]


def test_a_broken_op_that_is_preferred_to_a_shipped_one_is_told(env):
    error, text = env.run(
        f"{ASK}\nprint(json.dumps([asked('add'), asked('sin')][0]))", MGCORE_PREFER="add=grabber"
    )
    assert error == "BrokenPluginError"
    assert "the op 'add' of grabber 1.0" in text


def test_neither_claimant_is_imported(env):
    told = env.run(
        f"{ASK}\nimport sys\nasked('swoosh')\n"
        "print(json.dumps([m in sys.modules for m in ('alpha_ops', 'beta_ops', 'pair')]))"
    )
    assert told == [False, False, False]


@pytest.mark.parametrize(
    ("preference", "result"),
    [("swoosh=Alpha.Ops", 2.0), ("swoosh = beta_ops", 3.0), ("tanh=mgcore, swoosh=ALPHA-OPS", 2.0)],
)
def test_the_environment_chooses(env, preference, result):
    assert env.run(f"{ASK}\nprint(json.dumps(asked('swoosh')))", MGCORE_PREFER=preference) == result


def test_a_stranger_may_be_preferred_to_a_shipped_op(env):
    told = env.run(
        f"{ASK}\nx = Value(1.0)\nx.tanh().backward()\n"
        "rows = [r for r in mgcore.plugins() if r.name == 'tanh']\n"
        "rows = [[r.distribution, r.state, r.cause] for r in rows]\n"
        "print(json.dumps([x.tanh().data, x.grad, rows]))",
        MGCORE_PREFER="tanh=my-package",
    )
    assert told == [
        7.0,
        7.0,
        [
            ["my-package", "ready", ""],
            ["mgcore", "shadowed", "the one of my-package 0.1 is used instead"],
        ],
    ]


def test_the_program_chooses_and_changes_its_mind(env):
    told = env.run(f"""{ASK}
out = []
for choice in ("Alpha.Ops", "beta-ops", "pair"):
    mgcore.configure(prefer={{"swoosh": choice}})
    out.append(ops.swoosh(1.0))
print(json.dumps(out))""")
    assert told == [2.0, 3.0, 5.0]


def test_switching_all_but_one_off_chooses_as_well(env):
    told = env.run(
        f"{ASK}\nprint(json.dumps(asked('swoosh')))", MGCORE_DISABLE="dist:alpha-ops,dist:pair"
    )
    assert told == 3.0


def test_a_preference_for_one_that_brings_none_is_told(env):
    error, text = env.run(
        f"{ASK}\nprint(json.dumps(asked('swoosh')))", MGCORE_PREFER="swoosh=gamma-ops"
    )
    assert error == "DuplicateOpError"
    assert "(gamma-ops is preferred, but brings none)" in text


@pytest.mark.parametrize("preference", ["", "swoosh=beta-ops"])
def test_a_module_of_two_ops_loads_the_one_that_is_its_own(env, preference):
    only, swoosh = env.run(
        f"{ASK}\nprint(json.dumps([asked('only'), asked('swoosh')]))", MGCORE_PREFER=preference
    )
    assert only == 5.0
    assert swoosh == 3.0 or (not preference and swoosh[0] == "DuplicateOpError")


def test_the_listing_shows_claimants_and_choice(env):
    done = env.mg("ops", "--json")
    rows = [row for row in json.loads(done.stdout) if row["name"] == "swoosh"]
    assert {row["state"] for row in rows} == {"broken"}
    assert all("Alpha.Ops 1.0 and beta-ops 2.0" in row["cause"] for row in rows)

    done = env.mg("ops", "--json", MGCORE_PREFER="swoosh=beta-ops,tanh=mgcore")
    rows = {r["distribution"]: r["state"] for r in json.loads(done.stdout) if r["name"] == "swoosh"}
    assert rows == {"beta-ops": "ready", "Alpha.Ops": "shadowed", "pair": "shadowed"}


def test_strict_names_every_conflict(env):
    error, text = env.run(f"{ASK}\nprint(json.dumps(asked('exp')))", MGCORE_STRICT="yes")
    assert error == "PluginError"
    assert "'swoosh' is claimed by" in text
    assert "my-package 0.1 brings an op 'tanh' too" in text


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("MGCORE_PREFER", "tanh", "MGCORE_PREFER has the part 'tanh'; write OP=PACKAGE"),
        ("MGCORE_DISABLE", "my-op", "MGCORE_DISABLE names 'my-op', which is no op's name"),
        ("MGCORE_STRICT", "maybe", "MGCORE_STRICT is 'maybe'; set it to 1"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused(env, variable, value, says):
    error, text = env.run(f"{ASK}\nprint(json.dumps(asked('exp')))", **{variable: value})
    assert error == "SettingsError"
    assert says in text
