"""Passes by name: run in order, verified and printed after each, the optional ones switched off.

`MGCOMPILE_PRINT` prints the form after passes (`after:fusion,cse` or `all`), to standard error.
`MGCOMPILE_SKIP` leaves optional passes out (`fusion,fission`). `MGCOMPILE_VERIFY` (set to
`1` or `full`) verifies after every pass; without it only forms that stages hand on are.
`MGCOMPILE_TIME` prints how long each took (see `times`).
"""

from __future__ import annotations

import os
import sys
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from attrs import frozen

from mgcompile.errors import OptionError
from mgcompile.support.times import timed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

__all__ = ["Level", "Pass", "check_names", "run_pass", "run_passes"]


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


def run_pass(each: Pass, form: Any, *arguments: Any, **options: Any) -> Any:
    """Run one pass, or what stands in for it; verify and print as the environment asks."""
    run: Callable[..., Any] | None = each.run
    if each.name in _names("MGCOMPILE_SKIP"):
        run = each.otherwise
    if run is not None:
        with timed(each.name):
            form = run(form, *arguments, **options)
    if _prints(each.name):
        print(f"--- after {each.name} ({each.level.name})", file=sys.stderr)  # noqa: T201 - what was asked for
        print(each.level.format(form), file=sys.stderr)  # noqa: T201 - what was asked for
    if os.environ.get("MGCOMPILE_VERIFY", "").lower() not in ("", "0", "off", "false"):
        each.level.verify(form)
    return form


def run_passes(passes: Iterable[Pass], form: Any) -> Any:
    """Run passes one after the other."""
    for each in passes:
        form = run_pass(each, form)
    return form


def check_names(passes: Sequence[Pass]) -> None:
    """Refuse an environment that names a pass which does not exist, or cannot be left out.

    Raises:
        OptionError: With the near matches.
    """
    known = {each.name: each for each in passes}
    for variable in ("MGCOMPILE_PRINT", "MGCOMPILE_SKIP"):
        for name in _names(variable):
            if variable == "MGCOMPILE_PRINT":
                name = name.removeprefix("after:")
                if name == "all":
                    continue
            if name not in known:
                near = get_close_matches(name, known) or sorted(known)
                message = f"{variable} names {name!r}, which is no pass; near: {', '.join(near)}"
                raise OptionError(message)
            if variable == "MGCOMPILE_SKIP" and not known[name].optional:
                message = f"MGCOMPILE_SKIP names {name}, a pass that cannot be left out"
                raise OptionError(message)


def _prints(name: str) -> bool:
    wanted = {each.removeprefix("after:") for each in _names("MGCOMPILE_PRINT")}
    return not wanted.isdisjoint((name, "all"))


def _names(variable: str) -> list[str]:
    return [name.strip() for name in os.environ.get(variable, "").split(",") if name.strip()]
