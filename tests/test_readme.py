"""What the README prints runs as printed, and gives what it says."""

import ast
import contextlib
import io
import os
import re
import subprocess
from pathlib import Path

import attrs
import pytest
from plugin_packages import environment

README = Path(__file__).parents[1] / "README.md"
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FIRST_LINE_NAMES_A_FILE = re.compile(r"# (\S+/\S+\.(?:py|toml))\n")


@attrs.frozen
class Section:
    """A heading of the README and the fenced blocks below it, as (language, text)."""

    title: str
    blocks: tuple[tuple[str, str], ...]

    def of(self, language: str) -> list[str]:
        return [text for kind, text in self.blocks if kind == language]


def sections() -> list[Section]:
    parts = re.split(r"^(?:## |# (?=mgcore$))(.+)$", README.read_text(), flags=re.MULTILINE)
    return [
        Section(title, tuple(FENCE.findall(body)))
        for title, body in zip(parts[1::2], parts[2::2], strict=True)
    ]


SECTIONS = sections()
WITH_BLOCKS = [section for section in SECTIONS[1:] if section.blocks]


def test_the_two_commands_come_first_and_six_sections_follow():
    assert SECTIONS[0].of("console") == ["$ make demo\n$ make test\n"]
    assert len(WITH_BLOCKS) == 6


PYTHON = [
    (section, text)
    for section in WITH_BLOCKS
    for text in section.of("python")
    if not FIRST_LINE_NAMES_A_FILE.match(text)
]


@pytest.mark.parametrize(("section", "text"), PYTHON, ids=[section.title for section, _ in PYTHON])
def test_python_blocks_give_what_their_comments_say(section, text, monkeypatch):
    import mgcore

    before = {row.name for row in mgcore.plugins() if row.distribution == "this program"}
    try:
        checked = run_block(text)
    finally:
        for row in mgcore.plugins():
            if row.distribution == "this program" and row.name not in before:
                mgcore.unregister(row.name)
    assert checked, f"nothing is shown under {section.title!r}"


def run_block(text: str) -> int:
    """Run `text` statement by statement; return how many expressions told their value."""
    lines, namespace, checked = text.splitlines(), {"__name__": "readme"}, 0
    for statement in ast.parse(text).body:
        if not isinstance(statement, ast.Expr):
            code = compile(ast.Module([statement], []), "README.md", "exec")
            exec(code, namespace)  # noqa: S102 - the README is ours
            continue
        with contextlib.redirect_stdout(io.StringIO()):
            code = compile(ast.Expression(statement.value), "README.md", "eval")
            value = eval(code, namespace)  # noqa: S307 - the README is ours
        comment = lines[statement.end_lineno - 1].partition("#")[2].strip()
        if value is not None and comment:
            assert comment.startswith(repr(value)), f"{ast.unparse(statement)}: {value!r}"
            checked += 1
    return checked


@pytest.fixture(scope="module")
def env(tmp_path_factory):
    """Give an environment with the commands that the README uses, and no network."""
    folder = tmp_path_factory.mktemp("readme")
    made = environment(folder)
    mg = made.python.parent / "mg"
    mg.write_text(f"#!{made.python}\nfrom mgcli.main import main\nmain()\n")
    mg.chmod(0o755)
    return made, folder


@pytest.mark.skipif(os.name == "nt", reason="console blocks are for a POSIX shell")
@pytest.mark.parametrize("section", WITH_BLOCKS, ids=lambda section: section.title)
def test_commands_print_what_is_shown(section, env):
    made, folder = env
    for _, text in section.blocks:
        if named := FIRST_LINE_NAMES_A_FILE.match(text):
            path = folder / named[1]
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
    for console in section.of("console"):
        for command, expected in commands(console):
            shown = run_command(command, made.python.parent, folder)
            compare(shown, expected, command)


def commands(console: str) -> list[tuple[str, str]]:
    parts = re.split(r"^\$ (.+)\n", console, flags=re.MULTILINE)
    assert not parts[0], "a console block starts with a command"
    return list(zip(parts[1::2], parts[2::2], strict=True))


def run_command(command: str, folder_of_commands: Path, folder: Path) -> str:
    env = {
        **os.environ,
        "PATH": f"{folder_of_commands}{os.pathsep}{os.environ['PATH']}",
        "COLUMNS": "100",
        # pip takes its options from these; what it would fetch is here already.
        "PIP_NO_INDEX": "1",
        "PIP_NO_DEPS": "1",
        "PIP_NO_BUILD_ISOLATION": "0",  # pip's own way to say: no isolation
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }
    done = subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done.stdout + done.stderr


def compare(shown: str, expected: str, command: str) -> None:
    """Hold words against words, and numbers against numbers to the accuracy of a difference.

    A number of one or two digits may be what rounding left of a difference, which is near 0 alone.
    """
    before, dots, after = expected.partition("...")
    words, wanted = shown.split(), before.split()
    if not dots:
        assert len(words) == len(wanted), f"{command}\n{shown}"
    elif tail := after.split():
        wanted += tail
        words = words[: len(before.split())] + words[-len(tail) :]
    for word, want in zip(words, wanted, strict=False):
        try:
            left = 1e-8 if len(want.partition("e")[0].lstrip("-")) < 4 else 0.0
            close = float(word) == pytest.approx(float(want), rel=1e-3, abs=left)
        except ValueError:
            close = word == want
        assert close, f"{command}: {word!r} where {want!r} is shown, in\n{shown}"
