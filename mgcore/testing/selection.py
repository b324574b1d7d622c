"""Find the ops that a word on the command line means: an op, a distribution, or a package."""

import ast
import importlib.metadata
import importlib.util
from collections.abc import Iterable, Sequence
from pathlib import Path

from mgcore.op import Op
from mgcore.places import home
from mgcore.plugins.catalogue import near_matches
from mgcore.plugins.listing import PluginInfo, plugins
from mgcore.plugins.registry import registry
from mgcore.plugins.settings import normalised
from mgcore.testing.subject import UsageError

__all__ = ["every_op", "ops_of"]


def every_op() -> list[Op]:
    """Return every registered op.

    Raises:
        UsageError: if an op cannot be loaded: nothing is left out in silence.

    """
    return _loaded(plugins(load=True))


def ops_of(words: Iterable[str]) -> list[Op]:
    """Return the ops that the given words mean, each once.

    Args:
        words: names of ops, of distributions, or of import packages.

    Raises:
        UsageError: if a word means no op; the text tells what to mend, where that can be seen.

    """
    rows = plugins(load=True)
    found: dict[str, Op] = {}
    for word in words:
        if ":" in word:  # a member of a family
            found[word] = registry.load(word)
            continue
        meant = [row for row in rows if word in _names(row)]
        if not meant:
            raise UsageError(_nothing_meant(word, rows))
        found |= {op.name: op for op in _loaded(meant)}
    return list(found.values())


def _loaded(rows: Sequence[PluginInfo]) -> list[Op]:
    broken = [row for row in rows if row.state == "broken"]
    if broken:
        raise UsageError("; ".join(f"{row.name} cannot be checked: {row.cause}" for row in broken))
    return [row.op for row in rows if row.op is not None]


def _names(row: PluginInfo) -> set[str]:
    packages = {home(row.op).partition(".")[0]} if row.op is not None else set()
    return {
        row.name,
        row.distribution,
        normalised(row.distribution),
        normalised(row.distribution).replace("-", "_"),
    } | packages


def _nothing_meant(word: str, rows: Sequence[PluginInfo]) -> str:
    near = near_matches(word, {name for row in rows for name in _names(row)})
    hint = f"did you mean {near}?" if near else "mg ops lists all that are installed"
    text = f"{word!r} is no op, and no package that brings one; {hint}"
    distribution = _distribution(word)
    if distribution is None:
        return text
    lines = [f'{name} = "{module}:{variable}"' for name, module, variable in _undeclared(word)]
    example = "\n".join(lines or [f'NAME = "{word}.MODULE:NAME"'])
    return (
        f"the package {word!r} ({distribution}) is installed, but declares no op; add to its "
        f'pyproject.toml\n\n[project.entry-points."mgcore.ops"]\n{example}\n\nand install it again'
    )


def _distribution(word: str) -> str | None:
    try:
        return f"{word} {importlib.metadata.version(word)}"
    except importlib.metadata.PackageNotFoundError:
        pass
    owners = importlib.metadata.packages_distributions().get(word, [])
    return f"{owners[0]} {importlib.metadata.version(owners[0])}" if owners else None


def _undeclared(package: str) -> list[tuple[str, str, str]]:
    """Return name, module and variable of the ops in a package's source; nothing is imported."""
    found = []
    for module, file in _sources(package.replace("-", "_")):
        try:
            tree = ast.parse(file.read_text(encoding="utf-8"))
        except (OSError, SyntaxError, ValueError):
            continue  # a hint is all that is wanted
        for statement in tree.body:
            match statement:
                case ast.Assign(
                    targets=[ast.Name(id=variable)],
                    value=ast.Call(
                        func=ast.Name(id="Op") | ast.Attribute(attr="Op"),
                        args=[ast.Constant(value=str(name)), *_],
                    ),
                ):
                    found.append((name, module, variable))
    return found


def _sources(package: str) -> Iterable[tuple[str, Path]]:
    spec = importlib.util.find_spec(package)
    for folder in (spec.submodule_search_locations or ()) if spec is not None else ():
        for file in sorted(Path(folder).rglob("*.py")):
            parts = file.relative_to(folder).with_suffix("").parts
            yield ".".join((package, *(p for p in parts if p != "__init__"))), file
