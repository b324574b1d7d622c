"""Cases that break the rules of a verifier, and which of its rules they break.

A rule is a place in the source: a call of `require`, or an error raised. So a rule that is added
without a case fails a test, and so does one whose cases are refused for another reason.
"""

from __future__ import annotations

import ast
import inspect
import traceback
from typing import TYPE_CHECKING, Any

from mgcompile.errors import InvalidProgramError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

    Case = Callable[[], Iterator[tuple[Any, str]]]

_REQUIRE = ("require", "_require", "_require_all")


class Rules:
    """The rules of a verifier, and cases: each yields forms and the words they are refused with."""

    def __init__(self, verify: Callable[[Any], Any], *modules: ModuleType) -> None:
        self.verify = verify
        self.modules = modules
        self.cases: list[Case] = []

    def case(self, make: Case) -> Case:
        """Note a case."""
        self.cases.append(make)
        return make

    def broken(self, case: Case) -> set[tuple[str, int]]:
        """Return the file and the line of every rule that a case breaks; check the words."""
        found = set()
        for form, words in case():
            error = self._refusal(form, words)
            assert words in str(error), f"{words!r} is not in: {error}"
            found.add(_place(error))
        assert found, "a case without a form"
        return found

    def unbroken(self) -> list[str]:
        """Return the rules that no case breaks."""
        broken = {place for case in self.cases for place in self.broken(case)}
        return [
            f"{file}:{first}: {text}"
            for module in self.modules
            for file, first, last, text in _rules(module)
            if not any((file, line) in broken for line in range(first, last + 1))
        ]

    def _refusal(self, form: Any, words: str) -> InvalidProgramError:
        try:
            self.verify(form)
        except InvalidProgramError as error:
            return error
        raise AssertionError(f"accepted, though {words}")


def _place(error: BaseException) -> tuple[str, int]:
    """Return the file and the line of the rule that refused."""
    while error.__context__ is not None:
        error = error.__context__
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.name not in _REQUIRE]
    assert frames[-1].lineno is not None
    return frames[-1].filename, frames[-1].lineno


def _rules(module: ModuleType) -> Iterator[tuple[str, int, int, str]]:
    """Yield the file, the first and the last line and the text of every rule of a module."""
    file = inspect.getsourcefile(module)
    assert file is not None
    pending: list[ast.AST] = [ast.parse(inspect.getsource(module))]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.ExceptHandler):  # says where, of a rule that has been broken
            continue
        if isinstance(node, ast.FunctionDef) and node.name in _REQUIRE:
            continue
        rule = isinstance(node, ast.Raise) or (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in _REQUIRE
        )
        if rule:
            yield file, node.lineno, node.end_lineno or node.lineno, ast.unparse(node)
        pending += ast.iter_child_nodes(node)
