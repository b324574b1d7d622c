"""A plugin that is installed is found, loaded when its name is used, and then an op like any."""

import pytest
from plugin_packages import Package, environment

SOFTSIGN = '''
"""Softsign: x / (1 + |x|)."""
from mgcore import Op

softsign = Op("softsign",
    forward=lambda x: x / (1 + abs(x)),
    partials=(lambda out, x: (1 + abs(x)) ** -2,))
'''

# The author's whole project, as the design promises it.
PROJECT = """\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "my-package"
version = "0.3.1"

[project.entry-points."mgcore.ops"]
softsign = "my_package.softsign:softsign"
"""

HOOKS = """
import sys

from mgcore import Op, hookimpl, ops

MGCORE_API = 1

def _power(name, n):
    return Op(name, forward=lambda x: x ** n, partials=(lambda out, x: n * x ** (n - 1),))

squared, cube = _power("squared", 2), _power("cube", 3)

@hookimpl
def mgcore_register_ops():
    half = ops.exp(0.0) / 2      # a hook may use ops itself
    return [squared, Op("undeclared", forward=lambda x: half * x, partials=(lambda out, x: half,)),
            cube]
"""


@pytest.fixture(scope="module")
def env(tmp_path_factory):
    """Hold one package installed from its source tree, and one of two ops from a wheel."""
    folder = tmp_path_factory.mktemp("installed")
    powers = Package(
        "Mg_Powers",
        {"squared": "mg_powers", "cube": "mg_powers"},
        {"mg_powers.py": HOOKS},
        version="2.0",
    )
    made = environment(folder, [powers])
    source = folder / "source"
    (source / "my_package").mkdir(parents=True)
    (source / "pyproject.toml").write_text(PROJECT)
    (source / "my_package" / "__init__.py").write_text("")
    (source / "my_package" / "softsign.py").write_text(SOFTSIGN)
    made.install(source)
    return made


def test_two_rules_and_one_line_make_an_op_like_any_other(env):
    told = env.run("""
        import json
        from mgcore import Value, check_gradient, grad, ops
        x = Value(-3.0, label="x")
        out = x.softsign()
        out.backward()
        (slope,) = grad(ops.softsign(x), [x], create_graph=True)
        check_gradient(ops.softsign, [0.7])
        print(json.dumps([ops.softsign(1.0), out.data, out.op.name, x.grad, slope.data,
                          grad(slope, [x])[0]]))
    """)
    # By hand: s(1) = 1/2, s(-3) = -3/4, s'(x) = 1/(1 + |x|)^2, s'' = -2 sign(x)/(1 + |x|)^3.
    assert told == [0.5, -0.75, "softsign", 1 / 16, 1 / 16, 2 / 64]


def test_a_neuron_takes_the_op_by_name(env):
    told = env.run("""
        import json
        from mgnn import MLP
        model = MLP(2, [3, 1], activation="softsign", seed=7)
        out = model([0.5, -1.0])
        out.backward()
        print(json.dumps([p.grad for p in model.parameters()]))
    """)
    assert any(told)


def test_importing_mgcore_scans_nothing_and_imports_no_plugin(env):
    told = env.run("""
        import json, sys
        import mgcore
        from mgcore import Value, ops
        x = Value(2.0)
        wanted = ("importlib_metadata", "my_package", "mg_powers", "mgops_basic", "numpy")
        print(json.dumps([m for m in sys.modules if m.startswith(wanted)]))
    """)
    assert told == []


def test_a_module_is_imported_when_its_op_is_first_used_and_not_before(env):
    told = env.run("""
        import json, sys
        from mgcore import Value, ops, plugins
        def loaded():
            ours = ("my_package.", "mg_powers", "mgops_basic.", "mgops_activations.", "mgops_math.")
            return sorted(m for m in sys.modules if m.startswith(ours))
        plugins(), dir(ops)
        before = loaded()
        ops.softsign(1.0)
        print(json.dumps([before, loaded()]))
    """)
    # Floats are divided by Python: nothing but the module of softsign was needed.
    assert told == [[], ["my_package.softsign"]]


def test_an_op_that_is_loaded_is_a_plain_attribute(env):
    told = env.run("""
        import json
        from mgcore import ops
        before = "softsign" in vars(ops)
        ops.softsign
        print(json.dumps([before, "softsign" in vars(ops), "softsign" in dir(ops)]))
    """)
    assert told == [False, True, True]


def test_the_listing_tells_name_operands_distribution_version_and_state(env):
    told = env.run("""
        import attrs, json
        from mgcore import ops, plugins
        def row(name):
            (row,) = [r for r in plugins() if r.name == name]
            return attrs.asdict(row, filter=lambda a, _: a.name != "op")
        before = row("softsign")
        ops.softsign
        print(json.dumps([before, row("softsign")]))
    """)
    common = {"name": "softsign", "distribution": "my-package", "version": "0.3.1", "cause": ""}
    assert told == [
        common | {"state": "not loaded", "operands": None},
        common | {"state": "ready", "operands": ["x"]},
    ]


def test_the_command_lists_it_too(env):
    done = env.mg("ops")
    assert done.returncode == 0, done.stderr
    (line,) = [line for line in done.stdout.splitlines() if line.split()[:1] == ["softsign(x)"]]
    assert "ready" in line
    assert "my-package 0.3.1" in line


def test_a_module_with_hooks_brings_all_its_ops_at_once(env):
    told = env.run("""
        import json
        from mgcore import Value, ops, plugins
        first = ops.cube(2.0)
        states = {r.name: [r.state, r.distribution] for r in plugins()}
        print(json.dumps([first, [states[n] for n in ("squared", "cube", "undeclared")],
                          ops.squared(3.0), ops.undeclared(3.0)]))
    """)
    assert told == [8.0, [["ready", "Mg_Powers"]] * 3, 9.0, 1.5]


def test_switching_one_op_of_a_module_off_leaves_the_others(env):
    told = env.run(
        """
        import json
        import mgcore
        from mgcore import ops
        out = [ops.cube(2.0)]
        try:
            ops.squared
        except mgcore.errors.DisabledOpError as error:
            out.append(str(error))
        mgcore.configure(disable="cube")
        out.append([r.state for r in mgcore.plugins() if r.name in ("cube", "squared")])
        out.append(ops.squared(2.0))
        mgcore.configure(disable="")
        out.append(ops.cube(3.0))
        print(json.dumps(out))
        """,
        MGCORE_DISABLE="squared",
    )
    cube, error, states, squared, again = told
    assert (cube, squared, again) == (8.0, 4.0, 27.0)
    assert "'squared' of Mg_Powers 2.0 is switched off by MGCORE_DISABLE" in error
    assert states == ["disabled", "not loaded"]


def test_a_misspelt_name_is_answered_with_the_near_matches(env):
    told = env.run("""
        import json
        from mgcore import Value, ops
        texts = []
        for ask in (lambda: ops.sofsign, lambda: Value(1.0).sofsign, lambda: ops.qqqqqq):
            try:
                ask()
            except AttributeError as error:
                texts.append(str(error))
        print(json.dumps(texts))
    """)
    assert told[0] == told[1]
    assert "no op is called 'sofsign'; did you mean softsign" in told[0]
    assert told[2].endswith("no op is called 'qqqqqq'; mg ops lists all that are installed")


def test_many_threads_that_use_an_op_first_all_get_the_same(env):
    told = env.run("""
        import json, sys, threading
        from mgcore import Value, ops
        sys.setswitchinterval(1e-6)
        names = ["cube", "squared", "softsign", "tanh", "gelu", "undeclared"]
        start, got, errors = threading.Barrier(24), {n: [] for n in names}, []
        def work(i):
            start.wait()
            try:
                for k in range(len(names)):
                    name = names[(i + k) % len(names)]
                    if name == "undeclared":
                        ops.cube
                    got[name].append(getattr(ops, name))
            except BaseException as error:
                errors.append(repr(error))
        threads = [threading.Thread(target=work, args=(i,)) for i in range(24)]
        [t.start() for t in threads], [t.join(60) for t in threads]
        print(json.dumps([errors, [[len(v), len(set(map(id, v)))] for v in got.values()]]))
    """)
    assert told == [[], [[24, 1]] * 6]


def test_a_plugin_whose_import_waits_for_another_thread_does_not_lock_up(tmp_path):
    module = """
    import threading
    from mgcore import Op, ops

    seen = []
    helper = threading.Thread(target=lambda: seen.append(ops.exp(0.0)), daemon=True)
    helper.start()
    helper.join(20)
    waits = Op("waits", forward=lambda x: seen[0] * x, partials=(lambda out, x: seen[0],))
    """
    env = environment(tmp_path, [Package("waits", {"waits": "waits:waits"}, {"waits.py": module})])
    told = env.run("import json; from mgcore import ops; print(json.dumps(ops.waits(4.0)))")
    assert told == 4.0
