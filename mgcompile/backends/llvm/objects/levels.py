"""Processors by the names that their makers and compilers give to levels of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from mgcompile.backends.llvm.ir.target import Target
from mgcompile.backends.llvm.runtime.jit import host
from mgcompile.errors import ExportError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["LEVELS", "Level", "level_of"]


@attrs.frozen(slots=True)
class Level:
    """A processor level.

    Args:
        name: As users write it.
        architecture: As LLVM's triples begin.
        cpu: LLVM's name of it.
        target: What elementwise code must know of it.
    """

    name: str
    architecture: str
    cpu: str
    target: Target

    @property
    def triple(self) -> str:
        """Return LLVM's name of it, with the system of this computer."""
        _, _, system = host().triple.partition("-")
        return f"{self.architecture}-{system}"

    def machine(self) -> Any:
        """Return what generates position-independent code for it."""
        import llvmlite.binding as llvm

        llvm.initialize_all_targets()
        llvm.initialize_all_asmprinters()
        target = llvm.Target.from_triple(self.triple)
        return target.create_target_machine(cpu=self.cpu, opt=1, reloc="pic", codemodel="small")


LEVELS: Mapping[str, Level] = {
    level.name: level
    for level in (
        Level("x86-64-v2", "x86_64", "x86-64-v2", Target(128, fma=False, register="x")),
        Level("x86-64-v3", "x86_64", "x86-64-v3", Target(256, fma=True, register="x")),
        Level("x86-64-v4", "x86_64", "x86-64-v4", Target(512, fma=True, register="x")),
        Level("aarch64", "aarch64", "generic", Target(128, fma=True, register="w", units=4)),
    )
}


def level_of(name: str | None) -> Level:
    """Return a level; by default the most that runs on nearly every computer of this kind.

    Raises:
        ExportError: naming the levels, if there is none of that name.
    """
    if name is None:
        name = "aarch64" if host().triple.startswith(("aarch64", "arm64")) else "x86-64-v3"
    if name not in LEVELS:
        message = f"there is no processor level {name!r}; there are {', '.join(LEVELS)}"
        raise ExportError(message)
    return LEVELS[name]
