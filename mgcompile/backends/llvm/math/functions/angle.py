"""Reduce huge angles modulo pi/2, after Payne and Hanek (1983).

x * 2/pi is needed modulo 4 only, so only those of the 1,100 first bits of 2/pi matter that meet
the 53 bits of x around the point: a window of 192 bits, multiplied in integers. The result is good
to 2^-75 of itself or better, however close x is to a multiple of pi/2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mgcompile.backends.llvm.ir.lanes import gathered, lane
from mgcompile.backends.llvm.ir.vector_type import Kind
from mgcompile.backends.llvm.math.functions.formats import format_of
from mgcompile.backends.llvm.math.functions.two_parts import quick_sum

if TYPE_CHECKING:
    from mgcompile.backends.llvm.ir.vector import Vec
    from mgcompile.backends.llvm.ir.vector_builder import Block

# 2/pi after the point, 64 bits each, behind one word of zeros.
_TWO_OVER_PI = (
    0x0000000000000000,
    0xA2F9836E4E441529,
    0xFC2757D1F534DDC0,
    0xDB6295993C439041,
    0xFE5163ABDEBBC561,
    0xB7246E3A424DD2E0,
    0x06492EEA09D1921C,
    0xFE1DEB1CB129A73E,
    0xE88235F52EBB4484,
    0xE99C7026B45F7E41,
    0x3991D639835339F4,
    0x9C845F8BBDF9283B,
    0x1FF897FFDE05980F,
    0xEF2F118B5A0A6D1F,
    0x6D367ECF27CB09B7,
    0x4F463F669E5FEA2D,
    0x7527BAC7EBE5F17B,
    0x3D0739F78A5292EA,
    0x6BFB5FB11F8D5D08,
    0x56033046FC7B6BAB,
    0xF0CFBC209AF4361D,
)

_TABLE = "@mg.two_over_pi"
_SYMBOL = "@mg.reduce_huge"
_TRIPLE = "{double, double, i64}"

# The window starts 62 bits after the exponent of the integer mantissa: what lies before gives
# multiples of 4 only. The product's top two bits are then the quadrant, the rest its fraction,
# rounded to nearest so that the fraction is in [-1/2, 1/2).
_TEXT = """
define internal {double, double, i64} @mg.reduce_huge(double %x) noinline nounwind {
entry:
  %bits = bitcast double %x to i64
  %field.all = lshr i64 %bits, 52
  %field = and i64 %field.all, 2047
  %finite = icmp ne i64 %field, 2047
  br i1 %finite, label %reduce, label %undefined
undefined:
  %nan = fsub double %x, %x
  %r.0 = insertvalue {double, double, i64} zeroinitializer, double %nan, 0
  ret {double, double, i64} %r.0
reduce:
  %fraction.bits = and i64 %bits, 4503599627370495
  %mantissa = or i64 %fraction.bits, 4503599627370496
  %start = sub i64 %field, 1013
  %word = lshr i64 %start, 6
  %shift = and i64 %start, 63
  %p0 = getelementptr i64, ptr @mg.two_over_pi, i64 %word
  %p1 = getelementptr i64, ptr %p0, i64 1
  %p2 = getelementptr i64, ptr %p0, i64 2
  %p3 = getelementptr i64, ptr %p0, i64 3
  %t0 = load i64, ptr %p0
  %t1 = load i64, ptr %p1
  %t2 = load i64, ptr %p2
  %t3 = load i64, ptr %p3
  %w0 = call i64 @llvm.fshl.i64(i64 %t0, i64 %t1, i64 %shift)
  %w1 = call i64 @llvm.fshl.i64(i64 %t1, i64 %t2, i64 %shift)
  %w2 = call i64 @llvm.fshl.i64(i64 %t2, i64 %t3, i64 %shift)
  %m.wide = zext i64 %mantissa to i128
  %w1.wide = zext i64 %w1 to i128
  %w2.wide = zext i64 %w2 to i128
  %low.product = mul i128 %m.wide, %w2.wide
  %low = lshr i128 %low.product, 64
  %middle = mul i128 %m.wide, %w1.wide
  %top = mul i64 %mantissa, %w0
  %top.wide = zext i64 %top to i128
  %top.moved = shl i128 %top.wide, 64
  %sum = add i128 %middle, %low
  %turns = add i128 %sum, %top.moved
  %half = shl i128 1, 125
  %rounded = add i128 %turns, %half
  %quadrant.wide = lshr i128 %rounded, 126
  %quadrant = trunc i128 %quadrant.wide to i64
  %whole = shl i128 %quadrant.wide, 126
  %fraction = sub i128 %turns, %whole
  %negative = icmp slt i128 %fraction, 0
  %opposite = sub i128 0, %fraction
  %size = select i1 %negative, i128 %opposite, i128 %fraction
  %zeros = call i128 @llvm.ctlz.i128(i128 %size, i1 false)
  %normal = shl i128 %size, %zeros
  %high.wide = lshr i128 %normal, 75
  %high.bits = trunc i128 %high.wide to i64
  %rest.wide = lshr i128 %normal, 22
  %rest.all = trunc i128 %rest.wide to i64
  %rest.bits = and i64 %rest.all, 9007199254740991
  %high.whole = sitofp i64 %high.bits to double
  %rest.whole = sitofp i64 %rest.bits to double
  %rest.scaled = fmul double %rest.whole, 0x3CA0000000000000
  %zeros.short = trunc i128 %zeros to i64
  %exponent = sub i64 972, %zeros.short
  %scale.bits = shl i64 %exponent, 52
  %scale = bitcast i64 %scale.bits to double
  %sign = select i1 %negative, double -1.0, double 1.0
  %factor = fmul double %scale, %sign
  %high = fmul double %high.whole, %factor
  %rest = fmul double %rest.scaled, %factor
  %r.1 = insertvalue {double, double, i64} zeroinitializer, double %high, 0
  %r.2 = insertvalue {double, double, i64} %r.1, double %rest, 1
  %r.3 = insertvalue {double, double, i64} %r.2, i64 %quadrant, 2
  ret {double, double, i64} %r.3
}
"""


_NEEDED = {
    "@llvm.fshl.i64": "declare i64 @llvm.fshl.i64(i64, i64, i64)",
    "@llvm.ctlz.i128": "declare i128 @llvm.ctlz.i128(i128, i1)",
    _TABLE: f"{_TABLE} = internal constant [{len(_TWO_OVER_PI)} x i64] ["
    + ", ".join(f"i64 {word}" for word in _TWO_OVER_PI)
    + "]",
    _SYMBOL: _TEXT.strip(),
}


def reduce_huge(block: Block, x: Vec) -> tuple[Vec, Vec, Vec]:
    """Reduce huge angles, lane by lane.

    Args:
        block: takes the instructions.
        x: doubles from 1 up; infinite and NaN give NaN.

    Returns:
        r and a correction to it, with x = quadrant * pi/2 + r + correction; and the quadrant, in
        the two low bits of an integer.
    """
    for symbol, text in _NEEDED.items():
        block.library.declare(symbol, text)
    columns: tuple[list[Vec], list[Vec], list[Vec]] = ([], [], [])
    for index in range(x.kind.lanes):
        element = lane(x, index)
        call = f"call {_TRIPLE} {_SYMBOL}(double {element.name})"
        triple = block.append(call, Kind(_TRIPLE, 1))
        for place, column in enumerate(columns):
            kind = Kind("i64" if place == 2 else "double", 1)
            column.append(block.append(f"extractvalue {_TRIPLE} {triple.name}, {place}", kind))
    high, rest, quadrant = (gathered(column) for column in columns)
    # From quarter turns to radians.
    first, second, _ = format_of(x.kind).half_pi
    r = high * first
    lost = block.exact_fma(high, first, -r)
    return *quick_sum(r, lost + block.fma(high, second, rest * first)), quadrant
