"""Passes by name: run in order, verified and printed after each, the optional ones switched off.

`MGCOMPILE_PRINT` prints the form after passes (`after:fusion,cse` or `all`), to standard error.
`MGCOMPILE_SKIP` leaves optional passes out (`fusion,fission`). `MGCOMPILE_VERIFY` (any value but
`0` and nothing) verifies after every pass; without it the forms handed on between stages are.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from attrs import frozen

from mgcompile.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["Level", "Pass", "run_pass", "run_passes"]


@frozen
class Level:
    """A form that passes read and write: its name, its rules, its text."""

    name: str
    verify: Callable[[Any], Any]
    format: Callable[[Any], str]


@frozen
class Pass:
    """A pure function from one form to the next.

    Args:
        name: By which it is printed after and switched off.
        level: Of what it returns.
        run: The function.
        does: In a few words.
        optional: Whether kernels are right without it.
        otherwise: What runs in its place where it is switched off; nothing if None.
    """

    name: str
    level: Level
    run: Callable[..., Any]
    does: str
    optional: bool = False
    otherwise: Callable[..., Any] | None = None


def run_pass(each: Pass, form: Any, *arguments: Any) -> Any:
    """Run one pass, or what stands in for it; verify and print as the environment asks.

    Raises:
        OptionError: If the environment asks to leave out a pass that is not optional.
    """
    run: Callable[..., Any] | None = each.run
    if each.name in _names("MGCOMPILE_SKIP"):
        if not each.optional:
            message = f"MGCOMPILE_SKIP names {each.name}, a pass that cannot be left out"
            raise OptionError(message)
        run = each.otherwise
    if run is not None:
        form = run(form, *arguments)
    if _prints(each.name):
        print(f"--- after {each.name} ({each.level.name})", file=sys.stderr)  # noqa: T201
        print(each.level.format(form), file=sys.stderr)  # noqa: T201 - what was asked for
    if os.environ.get("MGCOMPILE_VERIFY", "0") not in ("", "0"):
        each.level.verify(form)
    return form


def run_passes(passes: Iterable[Pass], form: Any) -> Any:
    """Run passes one after the other."""
    for each in passes:
        form = run_pass(each, form)
    return form


def _prints(name: str) -> bool:
    wanted = {each.removeprefix("after:") for each in _names("MGCOMPILE_PRINT")}
    return not wanted.isdisjoint((name, "all"))


def _names(variable: str) -> list[str]:
    return [name.strip() for name in os.environ.get(variable, "").split(",") if name.strip()]
