"""Say what code must know of a processor: its vectors and multiply-adds."""

from __future__ import annotations

from attrs import frozen

from mgcompile.backends.llvm.runtime.jit import host

_ELEMENT_BITS = {"float64": 64, "float32": 32}


@frozen
class Target:
    """Say what vectors there are and whether a fused multiply-add is one instruction.

    Attributes:
        vector_bits: the width of one vector register, in bits.
        fma: whether ``a * b + c`` with one rounding is one instruction.
        register: the letter that inline assembly has for a vector register; "" where not known.
        units: how many multiply-adds of vectors can start in a cycle, about.
    """

    vector_bits: int
    fma: bool
    register: str = ""
    units: int = 2

    def lanes(self, dtype: str) -> int:
        """Return how many elements of a dtype (``"float64"``, ``"float32"``) fill a register."""
        return self.vector_bits // _ELEMENT_BITS[dtype]


def host_target() -> Target:
    """Describe the processor that this program runs on."""
    machine = host()
    arm = machine.triple.startswith(("aarch64", "arm64"))
    fma = "+fma," in f"{machine.features}," or arm
    register = "w" if arm else "x" if machine.triple.startswith(("x86_64", "i")) else ""
    return Target(8 * machine.vector_bytes, fma, register, units=4 if arm else 2)
