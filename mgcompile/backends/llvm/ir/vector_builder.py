"""Write straight-line elementwise code: a block of instructions that a formula appends to.

A formula over :class:`Vec` reads as it does on paper and appends the instructions that compute it.
Equal instructions on equal operands are appended once.
"""

from __future__ import annotations

from contextlib import contextmanager
from functools import reduce
from typing import TYPE_CHECKING

from attrs import evolve

from mgcompile.backends.llvm.ir.known_numbers import KnownNumbers
from mgcompile.backends.llvm.ir.lanes import abreast, register_kind, registers, repeated
from mgcompile.backends.llvm.ir.masks import Masks
from mgcompile.backends.llvm.ir.vector import Vec
from mgcompile.backends.llvm.ir.vector_type import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from mgcompile.backends.llvm.ir.module_builder import Function, Library

_DEKKER = {"double": 134217729.0, "float": 4097.0}


class Block:
    """Append instructions that work on one kind of register.

    Args:
        library: takes the functions that the instructions call.
        kind: the floating-point kind of the operands and results.
        prefix: begins the names of the registers, which must be new in their function.
        flags: fast-math flags of plain arithmetic, such as ``"contract"``. The bodies of
            elementary functions use none, so that their error-free steps stay as written.
        straight: whether the block stays without branches and calls: the bodies of functions are
            appended in place, and lanes that need more than the usual computation are noted in
            :meth:`doubt`. Constants are then read from memory, as an operand of the instruction
            that uses them: registers are scarce where several vectors are worked on at once.
        shared: whether functions are called, one copy of each in the module, not inlined.
        noting: whether the bodies of brief functions are appended as in a straight block.
    """

    def __init__(
        self,
        library: Library,
        kind: Kind,
        prefix: str = "v",
        flags: str = "",
        *,
        straight: bool = False,
        shared: bool = False,
        noting: bool = False,
    ) -> None:
        self.library = library
        self.kind = kind
        self.straight = straight
        self._shares = shared
        self._noting = noting
        self.lines: list[str] = []
        self._doubts: list[Vec] = []
        self._masks = Masks()
        self._prefix = prefix
        self._flags = f" {flags}" if flags else ""
        self._counter = 0
        self._label = "entry"
        self._known = KnownNumbers()

    # Registers, constants, instructions

    def register(self, name: str, kind: Kind | None = None) -> Vec:
        """Return a register that exists already, such as an argument or a loaded vector."""
        return Vec(self, name, kind or self.kind)

    def constant(self, value: float, kind: Kind | None = None) -> Vec:
        """Return ``value`` in every lane."""
        kind = kind or self.kind
        if self.straight and kind.is_real and value != 0.0 and kind.lanes > 1:
            return Vec(self, self._from_memory(value, kind).name, kind, value)
        return Vec(self, kind.literal(value), kind, value)

    def _from_memory(self, value: float, kind: Kind) -> Vec:
        """Append the load of a constant: LLVM does not see that it is one, and leaves it there."""
        part = register_kind(kind, self.library.target)
        size = part.bits // 8 * part.lanes
        symbol = f"@mg.constant.{part.suffix}.{float(value).hex().replace('+', '')}"
        text = f"{symbol} = internal global {part} {part.literal(value)}, align {size}"
        self.library.declare(symbol, text)
        loaded = self.append(f"load {part}, ptr {symbol}, align {size}", part)
        return repeated(loaded, kind.lanes)

    def append(self, instruction: str, kind: Kind) -> Vec:
        """Append an instruction without side effects, or find the same one; return its result."""
        # A product is the same number with and without flags: they concern the sums that it is in.
        product = instruction.startswith("fmul")
        plain = instruction.replace(f"fmul{self._flags} ", "fmul ") if product else instruction
        key, made = (plain, kind), self._known.made
        if key not in made:
            name = self.fresh()
            self.lines.append(f"  {name} = {instruction}")
            made[key] = Vec(self, name, kind)
        return made[key]

    def fresh(self) -> str:
        """Return a register name not used before in this block."""
        self._counter += 1
        return f"%{self._prefix}{self._counter}"

    def undo(self, length: int) -> None:
        """Take back the instructions after the first ``length`` lines."""
        gone = {line.split(" = ", maxsplit=1)[0].strip() for line in self.lines[length:]}
        self._known.forget(gone)
        del self.lines[length:]

    # Arithmetic

    def arithmetic(self, what: str, a: Vec, b: Vec | float) -> Vec:
        """Append an addition, subtraction, multiplication or division."""
        b = self._operand(b, a.kind)
        if a.kind.element.startswith("i"):
            return self.append(f"{what} {a.kind} {a.name}, {b.name}", a.kind)
        if what == "mul":
            return self._known.product(self, a, b, self._flags)
        return self.append(f"f{what}{self._flags} {a.kind} {a.name}, {b.name}", a.kind)

    def fma(self, a: Vec, b: Vec | float, c: Vec | float) -> Vec:
        """Append ``a * b + c``, with one rounding where the processor has it."""
        if self.library.target.fma:
            return self._fused(a, b, c)
        return a * b + c

    def multiply_add(self, a: Vec, b: Vec | float, c: Vec | float) -> Vec:
        """Append ``a * b + c`` as plain arithmetic: fused if this block's arithmetic may be."""
        return self.fma(a, b, c) if self._flags else a * b + c

    @contextmanager
    def rounded(self, *, exactly: bool) -> Iterator[None]:
        """Let arithmetic be rounded as it is written, if so asked, while the context lasts."""
        flags = self._flags
        self._flags = "" if exactly else flags
        yield
        self._flags = flags

    @contextmanager
    def sharing(self, *, shared: bool) -> Iterator[None]:
        """Let functions be called, not inlined, if so asked, while the context lasts."""
        shares = self._shares
        self._shares = shares or shared
        yield
        self._shares = shares

    def exact_fma(self, a: Vec, b: Vec | float, c: Vec | float) -> Vec:
        """Append ``a * b + c`` with one rounding, whatever it takes.

        Without the instruction the product is split after Dekker (1971): exact where the result
        is representable, else within a hair of half an ulp; operands must be far from overflow.
        """
        if self.library.target.fma:
            return self._fused(a, b, c)
        b, c = self._operand(b, a.kind), self._operand(c, a.kind)
        product, error = self._dekker_product(a, b)
        total = c + product
        part = total - c
        return total + ((c - (total - part)) + (product - part) + error)

    def polynomial(self, x: Vec, coefficients: Sequence[float]) -> Vec:
        """Append a polynomial, constant term first, by Horner's rule."""
        result = self.constant(coefficients[-1], x.kind)
        for step, coefficient in enumerate(reversed(coefficients[:-1])):
            result = self.fma(result, x, coefficient)
            if self.straight and step % 2:
                result = abreast(result)
        return result

    def split_polynomial(self, x: Vec, coefficients: Sequence[float]) -> Vec:
        """Append a polynomial, constant term first, as short chains that run side by side.

        Estrin's scheme: neighbours are paired with x, pairs with x^2, and so on. In a straight
        block several vectors run side by side already, and Horner's rule takes fewer steps.
        """
        return (self.polynomial if self.straight else self.tree_polynomial)(x, coefficients)

    def tree_polynomial(self, x: Vec, coefficients: Sequence[float]) -> Vec:
        """Append a polynomial by Estrin's scheme wherever it is.

        In a long function there is room for few vectors at a time, and each step counts.
        """
        terms = [self.constant(c, x.kind) for c in coefficients]
        power = x
        while len(terms) > 1:
            pairs = [
                self.fma(high, power, low)
                for low, high in zip(terms[::2], terms[1::2], strict=False)
            ]
            terms = pairs + terms[2 * len(pairs) :]
            power = power * power
        return terms[0]

    # Choice and comparison

    def compare(self, real: str, integer: str, a: Vec, b: Vec | float) -> Vec:
        """Append a comparison; its result is a mask."""
        b = self._operand(b, a.kind)
        word = f"icmp {integer}" if a.kind.element.startswith("i") else f"fcmp {real}"
        return self._masks.made(self, word, a, b)

    def within(self, a: Vec, bound: float) -> Vec:
        """Append where ``|a| <= bound``, which is not so of NaN, as a comparison of integers."""
        return self.bits(self.absolute(a)) <= a.kind.pattern(bound)

    def between(self, a: Vec, low: float, high: float) -> Vec:
        """Append where ``low <= a <= high``, positive numbers, as one comparison of integers.

        Their bits are a range of integers, which is moved to begin at the least one.
        """
        half = 1 << (a.kind.bits - 1)
        first, last = a.kind.pattern(low), a.kind.pattern(high)
        moved = self.bits(a) + self.constant(half - first, a.kind.integer)
        return moved <= last - first - half

    def select(self, mask: Vec, a: Vec | float, b: Vec | float) -> Vec:
        """Append a choice lane by lane: ``a`` where the mask is set, else ``b``."""
        kind = a.kind if isinstance(a, Vec) else b.kind if isinstance(b, Vec) else self.kind
        a, b = self._operand(a, kind), self._operand(b, kind)
        return self.append(
            f"select {mask.kind} {mask.name}, {kind} {a.name}, {kind} {b.name}", kind
        )

    def inverse(self, mask: Vec) -> Vec:
        """Append the lanes where the mask is not set."""
        return self._masks.inverse(mask)

    def rarely(
        self, mask: Vec, special: Callable[[], Sequence[Vec]], usual: Sequence[Vec]
    ) -> list[Vec]:
        """Append a branch that is taken only when some lane of the mask is set.

        Args:
            mask: the lanes that need more than the usual computation.
            special: appends that computation and returns its results.
            usual: the results where no lane is special.

        Returns:
            The results of whichever path ran. Only for bodies of functions.
        """
        if self.straight or self._noting:
            self._doubts.append(mask)
            return list(usual)
        tag = self.fresh()[1:]
        origin = self._label
        some = self._any(mask)
        weights = self.library.unlikely()
        targets = f"label %{tag}.rare, label %{tag}.done"
        self.lines.append(f"  br i1 {some.name}, {targets}, !prof {weights}")
        self._open(f"{tag}.rare")
        with self._known.branch():
            results = special()
        end = self._label
        self.lines.append(f"  br label %{tag}.done")
        self._open(f"{tag}.done")
        return [
            self.append(
                f"phi {rare.kind} [ {rare.name}, %{end} ], [ {common.name}, %{origin} ]", rare.kind
            )
            for rare, common in zip(results, usual, strict=True)
        ]

    def repeat(
        self,
        first: Sequence[Vec],
        most: int,
        turn: Callable[[list[Vec]], tuple[list[Vec], Vec]],
    ) -> list[Vec]:
        """Append a loop that hands registers on from turn to turn.

        Args:
            first: what the first turn gets.
            most: at most so many turns are made.
            turn: appends a turn; returns what the next one gets, and the mask of the lanes that
                need one. There is none when no lane does.

        Returns:
            The registers of the last turn. Only for bodies of functions.
        """
        tag, origin = self.fresh()[1:], self._label
        self.lines.append(f"  br label %{tag}.turn")
        self._open(f"{tag}.turn")
        place = len(self.lines)
        state = [self.register(f"%{tag}.s{k}", vec.kind) for k, vec in enumerate(first)]
        with self._known.branch():
            following, mask = turn(state)
            some = self._any(mask)
        end = self._label
        self.lines += [
            f"  %{tag}.next = add nuw nsw i64 %{tag}.i, 1",
            f"  %{tag}.below = icmp ult i64 %{tag}.next, {most}",
            f"  %{tag}.again = and i1 {some.name}, %{tag}.below",
            f"  br i1 %{tag}.again, label %{tag}.turn, label %{tag}.done",
        ]
        phis = [f"  %{tag}.i = phi i64 [ 0, %{origin} ], [ %{tag}.next, %{end} ]"]
        phis += [
            f"  {x.name} = phi {x.kind} [ {one.name}, %{origin} ], [ {new.name}, %{end} ]"
            for x, one, new in zip(state, first, following, strict=True)
        ]
        self.lines[place:place] = phis
        self._open(f"{tag}.done")
        return following

    def doubt(self) -> Vec:
        """Append where in a straight block lanes are special: a full register, not 0 there.

        Lanes of several registers that stand in the same place are not told apart.
        """
        register = register_kind(self.kind.integer, self.library.target)
        clear: dict[Kind, Vec] = {}
        for doubted in dict.fromkeys(self._doubts):
            for mask in self._masks.narrow(self.inverse(doubted)):
                clear[mask.kind] = clear[mask.kind] & mask if mask.kind in clear else mask
        parts: list[Vec] = [self.constant(0, register)]
        for mask in clear.values():
            bits = register.bits * register.lanes // min(mask.kind.lanes, register.lanes)
            some = mask ^ self.constant(-1, mask.kind)
            wide = self.convert("sext", some, evolve(mask.kind, element=f"i{bits}"))
            parts += [self.convert("bitcast", part, register) for part in registers(wide)]
        return reduce(lambda a, b: a | b, parts)

    def any_doubt(self) -> Vec | None:
        """Append whether there are special lanes, an i1; None where no code can have them."""
        if not self._doubts:
            return None
        return self._any(reduce(lambda a, b: a | b, dict.fromkeys(self._doubts)))

    def _any(self, mask: Vec) -> Vec:
        if mask.kind.lanes == 1:
            return mask
        truth = Kind("i1", 1)
        symbol = f"@llvm.vector.reduce.or.v{mask.kind.lanes}i1"
        self.library.declare(symbol, f"declare i1 {symbol}({mask.kind})")
        return self._call(symbol, truth, [mask])

    def _open(self, label: str) -> None:
        self.lines.append(f"{label}:")
        self._label = label

    # Bits and conversions

    def integer(self, what: str, a: Vec, b: Vec | int) -> Vec:
        """Append an operation on integers or masks."""
        b = self._operand(b, a.kind)
        if a.kind.element == "i1":
            return self._masks.made(self, what, a, b)
        return self.append(f"{what} {a.kind} {a.name}, {b.name}", a.kind)

    def convert(self, word: str, a: Vec, kind: Kind) -> Vec:
        """Append a conversion, such as ``bitcast`` or ``fpext``."""
        return self.append(f"{word} {a.kind} {a.name} to {kind}", kind)

    def bits(self, a: Vec) -> Vec:
        """Return the bit patterns of floating-point numbers."""
        return self.convert("bitcast", a, a.kind.integer)

    def from_bits(self, a: Vec) -> Vec:
        """Return the floating-point numbers of bit patterns."""
        return self.convert("bitcast", a, a.kind.real)

    def negative(self, a: Vec) -> Vec:
        """Append the change of sign; twice is the operand itself."""
        return self._known.negative(self, a)

    def absolute(self, a: Vec) -> Vec:
        """Append the absolute value, one and the same for a number and its opposite."""
        return self.intrinsic("fabs", self._known.magnitude(a))

    def copy_sign(self, a: Vec, sign: Vec) -> Vec:
        """Append ``a`` with the sign of ``sign``."""
        return self.intrinsic("copysign", a, sign)

    def square_root(self, a: Vec) -> Vec:
        """Append the correctly rounded square root."""
        return self.intrinsic("sqrt", a)

    # Calls

    def intrinsic(self, name: str, *operands: Vec) -> Vec:
        """Append a call of one of LLVM's elementwise intrinsics."""
        kind = operands[0].kind
        symbol = f"@llvm.{name}.{kind.suffix}"
        kinds = ", ".join([str(kind)] * len(operands))
        self.library.declare(symbol, f"declare {kind} {symbol}({kinds})")
        return self._call(symbol, kind, operands)

    def call(self, function: Function, *operands: Vec) -> Vec:
        """Append a call of an elementwise function, which the library then defines."""
        if function.inline and (self.straight or (self._noting and function.brief)):
            flags, self._flags = self._flags, ""
            result = function.body(self, *operands)
            self._flags = flags
            return result
        kind = operands[0].kind
        symbol = self.library.require(function, kind, shared=self._shares)
        return self._call(symbol, kind, operands)

    def _operand(self, value: Vec | float, kind: Kind) -> Vec:
        return value if isinstance(value, Vec) else self.constant(value, kind)

    def _fused(self, a: Vec, b: Vec | float, c: Vec | float) -> Vec:
        return self.intrinsic("fma", a, self._operand(b, a.kind), self._operand(c, a.kind))

    def _dekker_product(self, a: Vec, b: Vec) -> tuple[Vec, Vec]:
        (a_high, a_low), (b_high, b_low) = self._halves(a), self._halves(b)
        product = a * b
        error = ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low
        return product, error

    def _halves(self, a: Vec) -> tuple[Vec, Vec]:
        scaled = a * _DEKKER[a.kind.element]
        high = scaled - (scaled - a)
        return high, a - high

    def _call(self, symbol: str, kind: Kind, operands: Sequence[Vec]) -> Vec:
        arguments = ", ".join(f"{o.kind} {o.name}" for o in operands)
        return self.append(f"call {kind} {symbol}({arguments})", kind)
