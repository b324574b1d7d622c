"""Describe the two floating-point formats by the numbers that elementary functions need."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from mgcompile.backends.llvm.ir.vector_type import Kind


@frozen
class Format:
    """Hold the constants of an IEEE 754 format.

    Attributes:
        mantissa: bits of the fraction.
        bias: the exponent field of 1.0.
        magic: 1.5 * 2^mantissa. A small number plus this has the nearest integer in its low bits.
        tiny: the smallest normal number.
        huge: the largest number.
        log2_e: log2(e).
        ln2_high: ln(2) with so many zeros at the end that its multiples by exponents are exact.
        ln2_low: ln(2) - ln2_high.
        exp_normal: exp(x) is a normal number for x from here up ...
        exp_overflow: ... to here; infinite above.
        exp_zero: exp(x) rounds to zero below.
        half_pi: pi / 2 in three parts, each the remainder rounded to the format.
    """

    mantissa: int
    bias: int
    magic: float
    tiny: float
    huge: float
    ln2_high: float
    ln2_low: float
    exp_normal: float
    exp_overflow: float
    exp_zero: float
    half_pi: tuple[float, float, float]
    log2_e: float = 1.4426950408889634


FORMATS = {
    "double": Format(
        mantissa=52,
        bias=1023,
        magic=1.5 * 2.0**52,
        tiny=2.0**-1022,
        huge=float.fromhex("0x1.fffffffffffffp+1023"),
        ln2_high=float.fromhex("0x1.62e42fefa38p-1"),
        ln2_low=float.fromhex("0x1.ef35793c76730p-45"),
        exp_normal=-708.0,
        exp_overflow=709.782712893384,
        exp_zero=-746.0,
        half_pi=(
            float.fromhex("0x1.921fb54442d18p+0"),
            float.fromhex("0x1.1a62633145c07p-54"),
            float.fromhex("-0x1.f1976b7ed8fbcp-110"),
        ),
    ),
    "float": Format(
        mantissa=23,
        bias=127,
        magic=1.5 * 2.0**23,
        tiny=2.0**-126,
        huge=float.fromhex("0x1.fffffep+127"),
        ln2_high=float.fromhex("0x1.62e4p-1"),
        ln2_low=float.fromhex("0x1.7f7d1cp-20"),
        exp_normal=-87.0,
        exp_overflow=float.fromhex("0x1.62e42ep+6"),
        exp_zero=-104.0,
        half_pi=(
            float.fromhex("0x1.921fb6p+0"),
            float.fromhex("-0x1.777a5cp-25"),
            float.fromhex("-0x1.ee59dap-50"),
        ),
    ),
}


def format_of(kind: Kind) -> Format:
    """Return the format of a kind, or of the numbers whose bits an integer kind holds."""
    return FORMATS[kind.real.element]
