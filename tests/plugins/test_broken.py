"""One bad plugin never takes the rest down: its error comes when its op is asked for."""

import json
import re
import tomllib
from pathlib import Path

import attrs
import pytest
from plugin_packages import Package, environment

import mgcore
from mgcore.plugins import discovery

GENERIC = "forward=lambda x: x * x, partials=(lambda out, x: 2 * x,)"


@attrs.frozen
class Case:
    """A package with one op that is broken, and what is said of it."""

    name: str
    source: str
    error: str
    says: str
    cause: str | None = None

    @property
    def package(self) -> Package:
        module = f"mod_{self.name}"
        return Package(
            f"dist-{self.name.replace('_', '-')}",
            {self.name: f"{module}:{self.name}" if "hookimpl" not in self.source else module},
            {f"{module}.py": self.source},
        )


CASES = [
    Case(
        "raises",
        'raise RuntimeError("no licence found")',
        "BrokenPluginError",
        "could not be loaded from mod_raises:raises: RuntimeError: no licence found. "
        "Repair or uninstall dist-raises, or set MGCORE_DISABLE=raises",
        "RuntimeError: no licence found",
    ),
    Case(
        "lacks_a_library",
        "import a_library_that_nobody_has",
        "BrokenPluginError",
        "No module named 'a_library_that_nobody_has'",
        "ModuleNotFoundError: No module named 'a_library_that_nobody_has'",
    ),
    Case(
        "exits",
        "import sys; sys.exit('usage: exits')",
        "BrokenPluginError",
        "SystemExit: usage: exits",
        "SystemExit: usage: exits",
    ),
    Case(
        "stops_a_generator",
        "raise GeneratorExit('not mine')",
        "BrokenPluginError",
        "GeneratorExit: not mine",
        "GeneratorExit: not mine",
    ),
    Case(
        "wrong_arity",
        "from mgcore import Op\n"
        "wrong_arity = Op('wrong_arity', forward=lambda x, y: x * y, partials=(lambda out, x: x,))",
        "BrokenPluginError",
        "op wrong_arity: forward must take 1 positional argument (each operand; partials has 1), "
        "but its signature is (x, y)",
        "OpDefinitionError: op wrong_arity: forward must take 1 positional argument",
    ),
    Case(
        "wrong_partial",
        "from mgcore import Op\n"
        "wrong_partial = Op('wrong_partial', forward=lambda x: x, partials=(lambda x: 1.0,))",
        "BrokenPluginError",
        "op wrong_partial: partial 0 must take 2 positional arguments",
        "OpDefinitionError",
    ),
    Case(
        "future",
        f"from mgcore import Op\nMGCORE_API = 2\nfuture = Op('future', {GENERIC})",
        "ApiVersionError",
        "was written for version 2 of mgcore's plugin API; this mgcore offers version 1. Install "
        "versions of mgcore and dist-future that fit together",
    ),
    Case(
        "future_argument",
        "from mgcore import Op\nMGCORE_API = 2\n"
        f"future_argument = Op('future_argument', {GENERIC}, vectorized=True)",
        "ApiVersionError",
        "was written for version 2 of mgcore's plugin API",
        "TypeError: Op.__init__() got an unexpected keyword argument 'vectorized'",
    ),
    Case(
        "unknown_argument",
        f"from mgcore import Op\nunknown_argument = Op('unknown_argument', {GENERIC}, fast=True)",
        "BrokenPluginError",
        "TypeError: Op.__init__() got an unexpected keyword argument 'fast'",
        "TypeError: Op.__init__()",
    ),
    Case(
        "misspelt_hook",
        "import mgcore\n"
        f"op = mgcore.Op('misspelt_hook', {GENERIC})\n"
        "@mgcore.hookimpl\ndef mgcore_register_op(): return op",
        "HookError",
        "implements the unknown hook mgcore_register_op; did you mean mgcore_register_ops",
    ),
    Case(
        "unmarked_hook",
        f"import mgcore\nfrom mgcore import hookimpl\nop = mgcore.Op('unmarked_hook', {GENERIC})\n"
        "def mgcore_register_ops(): return op",
        "HookError",
        "has a function mgcore_register_ops that is not marked as a hook; write @mgcore.hookimpl",
    ),
    Case(
        "hook_with_a_strange_argument",
        "import mgcore\n@mgcore.hookimpl\ndef mgcore_register_ops(registry): return []",
        "BrokenPluginError",
        "Argument(s) {'registry'} are declared in the hookimpl but can not be found",
        "PluginValidationError",
    ),
    Case(
        "hook_that_raises",
        "import mgcore\n@mgcore.hookimpl\ndef mgcore_register_ops():\n"
        f"    yield mgcore.Op('left_over', {GENERIC})\n"
        "    raise KeyError('second op')",
        "BrokenPluginError",
        "KeyError: 'second op'",
        "KeyError: 'second op'",
    ),
    Case(
        "half_wrong",
        "import mgcore\n@mgcore.hookimpl\ndef mgcore_register_ops():\n"
        f"    return [mgcore.Op('left_over', {GENERIC}), mgcore.Op('half_wrong', {GENERIC}), 42]",
        "HookError",
        "returned 42, which is no Op",
    ),
    Case(
        "one_name_twice",
        "import mgcore\n@mgcore.hookimpl\ndef mgcore_register_ops():\n"
        f"    return [mgcore.Op('one_name_twice', {GENERIC}) for i in range(2)]",
        "HookError",
        "brings two ops called 'one_name_twice'",
    ),
    Case(
        "greedy",
        "import mgcore\n@mgcore.hookimpl\ndef mgcore_register_ops():\n"
        f"    return [mgcore.Op(n, {GENERIC}) for n in ('left_over', 'greedy', 'cos')]",
        "DuplicateOpError",
        f"cannot be registered: mgcore {mgcore.__version__} brings an op called 'cos'",
    ),
    Case(
        "misnamed",
        f"from mgcore import Op\nmisnamed = Op('left_over', {GENERIC})",
        "BrokenPluginError",
        "should bring the op 'misnamed', but brings left_over",
    ),
    Case(
        "no_op",
        "no_op = 'x * x'",
        "HookError",
        "is no Op and implements no hook of mgcore",
    ),
    Case(
        "not_there",
        "from mgcore import Op",
        "BrokenPluginError",
        "AttributeError: module 'mod_not_there' has no attribute 'not_there'",
        "AttributeError",
    ),
]

FINE = Package(
    "dist-fine",
    {"fine": "mod_fine:fine"},
    {"mod_fine.py": f"from mgcore import Op\nfine = Op('fine', {GENERIC})"},
)

PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())
SHIPPED = sorted(PROJECT["project"]["entry-points"]["mgcore.ops"])

# Applies every other op, forward and backward; `mistaken` holds those that do not work.
TRY_ALL_OTHERS = f"""
import json, mgcore
from mgcore import Value, ops
SHIPPED = {SHIPPED}
def mistaken():
    bad = []
    for name in [*SHIPPED, "fine"]:
        try:
            op = getattr(ops, name)
            operands = [Value(0.5 + i / 8) for i in range(op.arity or 4)]
            if op.domain is not None and op.domain[0].startswith("{{"):
                operands[0] = Value(1.0)  # whole numbers
            op(*operands).backward()
        except Exception as error:
            bad.append(f"{{name}}: {{error!r}}")
    return bad
def asked(name):
    try:
        getattr(ops, name)
    except Exception as error:
        cause = error.__cause__
        return [type(error).__name__, str(error), cause and f"{{type(cause).__name__}}: {{cause}}"]
"""


@pytest.fixture(scope="module")
def env(tmp_path_factory):
    """Hold all broken packages side by side, a package that works, and unreadable metadata."""
    packages = [FINE, Package("dist-garbled", {}, {"mod_garbled.py": ""})]
    made = environment(
        tmp_path_factory.mktemp("broken"), [*packages, *(case.package for case in CASES)]
    )
    (entry_points,) = made.site_packages.glob("dist_garbled-*/entry_points.txt")
    entry_points.write_text("[mgcore.ops]\nno equals sign\n")
    return made


# What can stand in an entry_points.txt that a hand or a broken tool has written.
MALFORMED = {
    "no value": "[mgcore.ops]\nno equals sign\n",
    "an empty value": "[mgcore.ops]\nsquare =\n",
    "no name": "[mgcore.ops]\n= mod:square\n",
    "an open section": "[mgcore.ops\nsquare = mod:square\n",
    "no section": "square = mod:square\n[mgcore.ops]\n",
    "no text": b"\xff\xfe[mgcore.ops]\nsquare = mod:square\n",
}


def test_every_malformed_file_of_entry_points_is_listed_as_broken(tmp_path):
    made = environment(tmp_path)
    for number, content in enumerate(MALFORMED.values()):
        info = made.site_packages / f"garbled{number}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: garbled{number}\n")
        data = content if isinstance(content, bytes) else content.encode()
        (info / "entry_points.txt").write_bytes(data)
    rows = json.loads(made.mg("ops", "--json").stdout)
    broken = {row["distribution"]: row for row in rows if row["state"] != "ready"}
    assert set(broken) == {f"garbled{k}" for k in range(len(MALFORMED))}
    assert {row["state"] for row in broken.values()} == {"broken"}
    assert all("entry_points.txt" in row["cause"] for row in broken.values())


@pytest.fixture(scope="module")
def told(env):
    """Return what every broken op answered, twice, and what did not work after each."""
    return env.run(f"""{TRY_ALL_OTHERS}
print(json.dumps({{
    name: [asked(name), mistaken(), asked(name)] for name in {[case.name for case in CASES]}
}}))""")


@pytest.fixture(scope="module")
def listed(env):
    """Return the rows of ``mg ops --json`` by op name."""
    done = env.mg("ops", "--json")
    assert done.returncode == 0, done.stderr
    return {row["name"]: row for row in json.loads(done.stdout)}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_error_names_the_distribution_and_is_chained_to_the_cause(told, case):
    (error, text, cause), _, again = told[case.name]
    assert error == case.error
    assert f"the op {case.name!r} of {case.package.name} 1.0" in text or (
        f"of {case.package.name} 1.0 should bring" in text
    )
    assert case.says in text
    assert (cause or "").startswith(case.cause or "")
    assert (cause is None) == (case.cause is None)
    assert again[:2] == [error, text], "asked again, it answers the same"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_after_it_every_other_op_works(told, case):
    assert told[case.name][1] == []


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_listing_shows_state_and_cause(listed, case):
    row = listed[case.name]
    assert (row["state"], row["distribution"]) == ("broken", case.package.name)
    assert case.says in row["cause"]


def test_the_listing_shows_all_others_as_ready(listed):
    assert {name for name, row in listed.items() if row["state"] == "ready"} >= {*SHIPPED, "fine"}
    assert "left_over" not in listed, "registration is all or nothing"


def test_the_table_shows_the_causes_below(env):
    done = env.mg("ops")
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    flat = re.sub(r"\s+", " ", done.stdout)
    assert "raises of dist-raises 1.0: broken" in flat
    assert "RuntimeError: no licence found" in flat


def test_metadata_that_cannot_be_read_is_listed_and_hides_nothing(listed):
    row = listed["?dist-garbled"]
    assert (row["state"], row["distribution"]) == ("broken", "dist-garbled")
    assert "could not be loaded from its metadata (entry_points.txt, METADATA)" in row["cause"]


def test_switched_off_plugins_are_never_imported(env):
    told = env.run(
        """
        import json, sys
        from mgcore import plugins
        rows = {r.name: r for r in plugins(load=True)}
        tried = [m for m in sys.modules if m in ("mod_fine", "mod_misnamed", "mod_not_there")]
        print(json.dumps([sorted(tried), [rows[n].state for n in ("fine", "misnamed")],
                          rows["fine"].cause]))
        """,
        MGCORE_DISABLE="misnamed, dist:Dist.Fine",
    )
    modules, states, cause = told
    assert modules == ["mod_not_there"]
    assert states == ["disabled", "disabled"]
    assert cause == "switched off by MGCORE_DISABLE or configure"


def test_asking_for_what_is_switched_off_says_how_it_was(env):
    told = env.run(f"{TRY_ALL_OTHERS}\nprint(json.dumps(asked('fine')))", MGCORE_DISABLE="fine")
    assert told[:2] == [
        "DisabledOpError",
        "the op 'fine' of dist-fine 1.0 is switched off by MGCORE_DISABLE or configure",
    ]


def test_strict_turns_every_problem_into_an_error_at_once(env):
    first, second = env.run(
        f"{TRY_ALL_OTHERS}\nprint(json.dumps([asked('add'), asked('nothing_of_that_name')]))",
        MGCORE_STRICT="1",
    )
    assert first == second
    error, text, cause = first
    assert error == "PluginError"
    assert text.startswith("MGCORE_STRICT is set, and ")
    for case in CASES:
        assert case.says in text
    assert "dist-garbled" in text
    assert cause


def test_strict_is_content_when_the_bad_ones_are_switched_off(env):
    bad = ",".join(f"dist:{case.package.name}" for case in CASES)
    told = env.run(
        f"{TRY_ALL_OTHERS}\nprint(json.dumps([ops.add(1.0, 2.0), mistaken()]))",
        MGCORE_STRICT="1",
        MGCORE_DISABLE=f"{bad},dist:dist-garbled",
    )
    assert told == [3.0, []]


def test_the_command_under_strict_lists_all_and_ends_in_an_error(env):
    done = env.mg("ops", MGCORE_STRICT="1")
    assert done.returncode == 2
    assert "dist-fine" in done.stdout
    assert "MGCORE_STRICT is set" in done.stderr
    assert "Traceback" not in done.stderr


def test_configure_gives_a_repaired_plugin_another_chance(tmp_path):
    flaky = """
    import os
    from mgcore import Op
    if "READY" not in os.environ:
        raise RuntimeError("not yet")
    flaky = Op("flaky", forward=lambda x: x, partials=(lambda out, x: 1.0,))
    """
    env = environment(tmp_path, [Package("flaky", {"flaky": "flaky:flaky"}, {"flaky.py": flaky})])
    told = env.run("""
        import json, os
        import mgcore
        from mgcore import ops
        texts = []
        try:
            ops.flaky
        except mgcore.MgcoreError as error:
            texts.append(type(error).__name__)
        os.environ["READY"] = "1"
        mgcore.configure()
        print(json.dumps([texts, ops.flaky(2.0)]))
    """)
    assert told == [["BrokenPluginError"], 2.0]


@pytest.mark.parametrize("raised", [SystemExit(9), GeneratorExit(), ValueError("no")])
def test_an_error_whose_text_raises_is_told_without_it(raised):
    class Silent(BaseException):
        def __str__(self):
            raise raised

    kind = type(raised).__name__
    text = f"Silent (its text cannot be had: __str__ raised {kind})"
    assert discovery.told(Silent()) == text
