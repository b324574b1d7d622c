"""Types of the registers that elementwise code works on: one element type, some lanes."""

from __future__ import annotations

import struct

from attrs import frozen

_BITS = {"double": 64, "float": 32, "i64": 64, "i32": 32, "i1": 1}
_FLOAT_OF_DTYPE = {"float64": "double", "float32": "float"}


@frozen(cache_hash=True)
class Kind:
    """Describe a register: its element type, and how many elements (lanes) it holds.

    One lane is LLVM's scalar type, more are a vector type.
    """

    element: str
    lanes: int

    def __str__(self) -> str:
        """Return the type as LLVM writes it."""
        return self.element if self.lanes == 1 else f"<{self.lanes} x {self.element}>"

    @property
    def bits(self) -> int:
        """Bits of one element."""
        return _BITS[self.element]

    @property
    def is_real(self) -> bool:
        """Whether the elements are floating-point numbers."""
        return self.element in ("double", "float")

    @property
    def integer(self) -> Kind:
        """The integers of the same width, lane for lane."""
        return Kind(f"i{self.bits}", self.lanes)

    @property
    def real(self) -> Kind:
        """The floating-point numbers of the same width, lane for lane."""
        return Kind("double" if self.bits == 64 else "float", self.lanes)

    @property
    def mask(self) -> Kind:
        """The truth values of a comparison, lane for lane."""
        return Kind("i1", self.lanes)

    @property
    def double(self) -> Kind:
        """Double-precision numbers, lane for lane."""
        return Kind("double", self.lanes)

    @property
    def suffix(self) -> str:
        """The mangled form that names of intrinsics and functions end in, such as ``v4f64``."""
        letter = "i" if self.element.startswith("i") else "f"
        return f"{'' if self.lanes == 1 else f'v{self.lanes}'}{letter}{self.bits}"

    def literal(self, value: float) -> str:
        """Return the operand text of a constant with ``value`` in every lane.

        Floating-point constants are written as bit patterns, so that no digit is lost.
        """
        text = f"{int(value)}" if self.element.startswith("i") else self._bit_pattern(value)
        if self.lanes == 1:
            return text
        return f"splat ({self.element} {text})"

    def pattern(self, value: float) -> int:
        """Return the bits of a floating-point number of this kind."""
        how, bits = ("<d", "<q") if self.bits == 64 else ("<f", "<i")
        return int(struct.unpack(bits, struct.pack(how, value))[0])

    def _bit_pattern(self, value: float) -> str:
        # LLVM writes a float constant as the double of equal value.
        if self.element == "float":
            value = _to_float32(value)
        return f"0x{struct.unpack('<Q', struct.pack('<d', value))[0]:016X}"


def _to_float32(value: float) -> float:
    try:
        return float(struct.unpack("<f", struct.pack("<f", value))[0])
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


def kind_of(dtype: str, lanes: int) -> Kind:
    """Return the kind of ``lanes`` elements of ``dtype`` (``"float64"`` or ``"float32"``)."""
    return Kind(_FLOAT_OF_DTYPE[dtype], lanes)
