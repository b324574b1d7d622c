"""What else may lie in site-packages: leftovers of updates, strangers' texts, and hundreds."""

import json

import pytest
from plugin_packages import Package, environment

GOOD = """
from mgcore import Op
{name} = Op("{name}", forward=lambda x: x * x, partials=(lambda out, x: 2 * x,))
"""

ODD = {
    "base": "class Odd(BaseException):\n    pass\nraise Odd('on purpose')",
    "mute": (
        "class Mute(Exception):\n"
        "    def __str__(self):\n"
        "        raise RuntimeError('no text')\n"
        "raise Mute"
    ),
    "coloured": "raise type('\\x1b[31mRed\\u202e', (Exception,), {})('\\x1b]0;title\\x07 \\udce9')",
    "leaves": (
        "import sys\n"
        "from mgcore import hookimpl\n"
        "@hookimpl\n"
        "def mgcore_register_ops():\n"
        "    sys.exit('no licence')"
    ),
}


def metadata(env, folder, name, version, entries):
    """Write a distribution's metadata by hand, as a broken-off update leaves it."""
    info = env.site_packages / folder
    info.mkdir()
    text = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    (info / "METADATA").write_text(text, encoding="utf-8")
    (info / "entry_points.txt").write_text(f"[mgcore.ops]\n{entries}\n", encoding="utf-8")


def squares(*names):
    modules = {f"mod_{name}.py": GOOD.format(name=name) for name in names}
    return Package("Some_Squares", {name: f"mod_{name}:{name}" for name in names}, modules)


@pytest.mark.parametrize(
    ("folder", "entry"),
    [
        ("some_squares-0.0.9.dist-info", "sq = mod_sq:sq"),  # the same, of an older version
        ("Some.Squares-0.0.9.dist-info", "sq = mod_sq:sq"),
        ("some_squares-0.10.dist-info", "sq = module_of_then:sq"),
        ("~ome_squares-1.0.dist-info", "sq = mod_sq:sq"),  # pip's way to put something aside
        ("~ome_squares-2.0.dist-info", "sq = module_of_then:sq"),
        ("some_squares-0.9.egg-info", "sq = module_of_then:sq"),
    ],
)
def test_metadata_left_by_an_update_changes_nothing(tmp_path, folder, entry):
    env = environment(tmp_path, [squares("sq")])
    metadata(env, folder, "Some_Squares", "0.0.9", entry)
    told = env.run("""
        import json
        from mgcore import ops, plugins
        rows = [[r.state, r.distribution, r.version] for r in plugins(load=True) if r.name == "sq"]
        print(json.dumps([ops.sq(3.0), rows]))
    """)
    assert told == [9.0, [["ready", "Some_Squares", "1.0"]]]


def test_a_leftover_of_mgcore_itself_changes_nothing(tmp_path):
    env = environment(tmp_path)
    from importlib.metadata import distribution

    lines = [
        f"{e.name} = {e.value}"
        for e in distribution("mgcore").entry_points
        if e.group == "mgcore.ops"
    ]
    metadata(env, "mgcore-0.0.9.dist-info", "mgcore", "0.0.9", "\n".join(lines))
    told = env.run("""
        import json
        from mgcore import Value, plugins
        out = (Value(1.0) + Value(2.0)).data
        print(json.dumps([out, len([r for r in plugins() if r.name == "add"])]))
    """)
    assert told == [3.0, 1]


@pytest.fixture(scope="module")
def strange(tmp_path_factory):
    packages = [
        Package(
            f"dist-{name}",
            {name: f"odd_{name}" if "hookimpl" in source else f"odd_{name}:{name}"},
            {f"odd_{name}.py": source},
        )
        for name, source in ODD.items()
    ]
    env = environment(tmp_path_factory.mktemp("strange"), [*packages, squares("sq")])
    metadata(env, "steering-1.0.dist-info", "steering\x1b[2J", "1\x1b[31m", "a\x9b1mb = m\x07:a")
    metadata(env, "half-1.0.dist-info", "half", "1.0", "a line that names no value")
    return env


def test_whatever_an_import_raises_is_a_row_of_the_listing(strange):
    done = strange.mg("ops", "--json")
    assert done.returncode == 0, done.stderr
    rows = {row["name"]: row for row in json.loads(done.stdout)}
    says = {
        "base": "Odd: on purpose",
        "mute": "Mute (its text cannot be had: __str__ raised RuntimeError)",
        "coloured": "\x1b[31mRed",
        "leaves": "SystemExit: no licence",
    }
    for name, text in says.items():
        assert rows[name]["state"] == "broken"
        assert text in rows[name]["cause"]
    assert "names no value" in rows["?half"]["cause"]
    assert rows["sq"]["state"] == "ready"


@pytest.mark.parametrize("arguments", [["ops"], ["ops", "--json"], ["grad", "coloured(2)", "x=1"]])
def test_no_stranger_steers_the_terminal(strange, arguments):
    done = strange.mg(*arguments)
    for text in (done.stdout, done.stderr):
        assert all(c.isprintable() or c == "\n" for c in text), ascii(text)
    assert arguments[0] == "grad" or done.returncode == 0, done.stderr


def test_the_table_of_hundreds_of_ops_is_complete(tmp_path):
    names = [f"sq{number}" for number in range(200)]
    env = environment(tmp_path, [squares(*names)])
    lines = env.mg("ops").stdout.splitlines()
    for name in (*names, "tanh", "sum"):
        (line,) = [text for text in lines if text.startswith(f"{name}(")]
        assert " ready " in line
    assert lines[0].split() == ["op", "arity", "symbol", "formula", "state", "from"]


def test_the_first_op_reads_the_metadata_of_its_own_distribution_alone(tmp_path):
    env = environment(tmp_path, [squares("sq")])
    for number in range(300):
        name = f"other{number}"
        entry = f"{name} = nowhere:{name}"
        metadata(env, f"{name}-1.0.dist-info", name, "1.0", entry)
    told = env.run("""
        import json, sys
        opened = []
        def hear(event, arguments):
            if event == "open" and ".dist-info" in str(arguments[0]):
                opened.append(str(arguments[0]).replace("\\\\", "/").rpartition("/"))
        sys.addaudithook(hear)
        from mgcore import ops
        ops.sq(3.0)
        folders = [folder for folder, _, name in opened if name == "entry_points.txt"]
        read = [folder for folder, _, name in opened if name == "METADATA"]
        print(json.dumps([len(folders) - len(set(folders)), len(folders) >= 300, read]))
    """)
    twice, all_looked_at, read = told
    assert (twice, all_looked_at) == (0, True)
    assert {folder.rpartition("/")[2] for folder in read} <= {"Some_Squares-1.0.dist-info"}
