"""An operator: a name, a forward rule, and one local derivative per operand."""

import inspect
import keyword
import sys
from collections.abc import Callable, Iterable
from numbers import Real
from typing import Any, TypeAlias

import attrs

from mgcore.domain import parse_domain
from mgcore.errors import (
    ArityError,
    DivisionByZeroError,
    DomainError,
    MgcoreError,
    NotGenericError,
    OpDefinitionError,
    OperandTypeError,
    RangeError,
    RuleError,
)
from mgcore.hookspecs import hookimpl
from mgcore.places import definition_place, rule_place

__all__ = ["Op", "Partials", "Rule", "describe_failure", "real"]

Rule: TypeAlias = Callable[..., Any]
Partials: TypeAlias = tuple[Rule, ...] | Rule


def real(x: object, op: "Op | None" = None, index: int | None = None) -> float:
    """Return `x` as a float, or say why it is no number.

    Args:
        x: a real number: int, float, or a type registered as `numbers.Real`, as NumPy's are.
        op: the op it is an operand of, for the message.
        index: which operand of `op`.

    Raises:
        OperandTypeError: for a bool, a string, an array, or anything else.

    """
    if type(x) is float:
        return x
    place = f"operand {index} of {op.name}" if op is not None else "a Value's data"
    if isinstance(x, bool):
        raise OperandTypeError(f"{place} is the bool {x}; write {float(x)} where a number is meant")
    if isinstance(x, Real):
        try:
            return float(x)
        except OverflowError as error:
            raise RangeError(f"{place} is {_short(x)}, too large for a float64") from error
    raise OperandTypeError(
        f"{place} must be a real number or a Value, not {type(x).__name__} ({_short(x)}); "
        "apply ops to one scalar at a time"
    )


def _short(x: object, width: int = 60) -> str:
    text = repr(x)
    return text if len(text) <= width else text[: width - 3] + "..."


def _as_tuple(partials: Partials | list[Rule]) -> Partials:
    return tuple(partials) if isinstance(partials, list) else partials


def _as_domain(domain: str | tuple[str, ...] | list[str]) -> tuple[str, ...]:
    return (domain,) if isinstance(domain, str) else tuple(domain)


@attrs.frozen(eq=False, repr=False)
class Op:
    """Give an operator by its two rules; it is callable.

    Args:
        name: an identifier, unique among registered ops; it becomes ``mgcore.ops.name`` and a
            method of `Value`.
        forward: ``forward(*operands) -> out``. Unitless scalars in, one scalar out.
        partials: a tuple with one callable per operand, each ``(out, *operands) ->
            d(out)/d(operand)``; for an op with any number of operands a single such callable that
            returns all of them.
        symbol: what a drawing shows; the name if not given.
        domain: for each operand the set it is defined on, in interval notation, such as
            ``("(0, inf)",)`` or ``("(-inf, 0) | (0, inf)",)``; the whole real line if not given.
            One string stands for all operands.
        doc: the formula in one line.
        kink: a function of the operands that is zero exactly where the op has no derivative
            (``lambda x, y: x - y`` for maximum); there the partials follow a written convention.

    Rules are generic over the number type: written with operators and `mgcore.ops`, the same rule
    runs on floats, on Values (for higher derivatives) and on a compiler's symbols.

    Raises:
        OpDefinitionError: if the name is no free identifier or a rule takes the wrong number of
            arguments.

    >>> square = Op("square", forward=lambda x: x * x, partials=(lambda out, x: 2 * x,))
    >>> square(3.0)
    9.0

    """

    name: str = attrs.field()
    forward: Rule = attrs.field()
    partials: Partials = attrs.field(converter=_as_tuple)
    symbol: str = attrs.field(default=None, kw_only=True, converter=attrs.converters.optional(str))
    domain: tuple[str, ...] | None = attrs.field(
        default=None, kw_only=True, converter=attrs.converters.optional(_as_domain)
    )
    doc: str | None = attrs.field(default=None, kw_only=True)
    kink: Rule | None = attrs.field(default=None, kw_only=True)
    arity: int | None = attrs.field(init=False)

    @name.validator
    def _check_name(self, _: object, name: object) -> None:
        if not isinstance(name, str) or not name.isidentifier() or keyword.iskeyword(name):
            raise _ill_defined(f"an op's name must be a Python identifier, not {name!r}")
        if name.startswith("_") or name in RESERVED_NAMES:
            raise _ill_defined(
                f"an op cannot be called {name!r}: the name starts with an underscore or is an "
                "attribute of Value; choose another"
            )

    @arity.default
    def _count_operands(self) -> int | None:
        return len(self.partials) if isinstance(self.partials, tuple) else None

    def __attrs_post_init__(self) -> None:
        if self.symbol is None:
            object.__setattr__(self, "symbol", self.name)
        if self.domain is not None and len(self.domain) == 1:
            object.__setattr__(self, "domain", self.domain * (self.arity or 1))
        for i, text in enumerate(self.domain or ()):
            try:
                parse_domain(text, f"operand {i} of {self.name}")
            except OpDefinitionError as error:
                raise _ill_defined(str(error)) from None
        if self.arity is None:
            if not callable(self.partials):
                raise _ill_defined(
                    f"op {self.name}: partials must be a tuple of callables, one per operand, or "
                    f"one callable that returns all, not {_short(self.partials)}"
                )
            return
        if self.arity == 0:
            raise _ill_defined(f"op {self.name}: partials is empty; give one per operand")
        if self.domain is not None and len(self.domain) != self.arity:
            raise _ill_defined(
                f"op {self.name}: {len(self.domain)} domains for {self.arity} operands"
            )
        _check_signature(self, "forward", self.forward, self.arity)
        for i, partial in enumerate(self.partials):  # type: ignore[arg-type]  # arity says tuple
            _check_signature(self, f"partial {i}", partial, self.arity + 1)

    def __call__(self, *operands: Any) -> Any:
        """Apply the op: numbers give a float; a type with ``__mgcore_apply__`` takes over.

        Raises:
            OperandTypeError: if an operand is no number and its type does not take over.
            ArityError: if the number of operands is wrong.
            DomainError, DivisionByZeroError, RangeError: if the result is no real float64.

        """
        plain = True
        for x in operands:
            if type(x) is float:
                continue
            plain = False
            take_over = getattr(type(x), "__mgcore_apply__", None)
            if take_over is not None:
                out = take_over(self, operands)
                if out is not NotImplemented:
                    return out
        if not plain:
            operands = tuple([real(x, self, i) for i, x in enumerate(operands)])
        try:
            out = self.forward(*operands)
            return out if type(out) is float else real_result(self, operands, out)
        except Exception as error:
            raise describe_failure(error, self, operands) from error

    @property
    def operand_names(self) -> tuple[str, ...]:
        """Return the names of the operands as the rules call them; ``("*xs",)`` for any number."""
        rule = self.partials[0] if isinstance(self.partials, tuple) else self.partials
        try:
            parameters = list(inspect.signature(rule).parameters.values())[1:]
        except (TypeError, ValueError):
            parameters = []
        if self.arity is None:
            return ("*xs",)
        if len(parameters) == self.arity:
            return tuple(p.name for p in parameters)
        return tuple(f"x{i}" for i in range(self.arity))

    def __repr__(self) -> str:
        return f"<op {self.name}>"

    def __reduce__(self) -> tuple[Any, ...]:
        from mgcore.registry import reduce_op  # the registry stands above the op

        return reduce_op(self)

    @hookimpl
    def mgcore_register_ops(self) -> "Iterable[Op]":
        """Answer the registry's question with itself: an op is a plugin."""
        return (self,)


def _ill_defined(text: str) -> OpDefinitionError:
    where = definition_place(sys._getframe(1))  # noqa: SLF001 - the documented way to a caller's line
    return OpDefinitionError(f"{text}; the op is defined in {where}")


# An op of one of these names could not be reached as a method of Value.
RESERVED_NAMES = frozenset({"data", "grad", "op", "operands", "label", "backward"})


def _check_signature(op: Op, what: str, rule: object, count: int) -> None:
    if not callable(rule):
        raise _ill_defined(f"op {op.name}: {what} must be callable, not {_short(rule)}")
    try:
        signature = inspect.signature(rule)
    except (TypeError, ValueError):  # some builtins do not tell
        return
    try:
        signature.bind(*range(count))
    except TypeError as error:
        wanted = "the result and each operand" if what != "forward" else "each operand"
        raise _ill_defined(
            f"op {op.name}: {what} must take {count} positional argument{'s' * (count > 1)} "
            f"({wanted}; partials has {op.arity}), but its signature is {signature}"
        ) from error


def real_result(op: Op, operands: Iterable[object], out: object) -> float:
    """Return what a forward rule gave as a float, or say what is wrong with it."""
    if type(out) is float:
        return out
    if isinstance(out, complex):
        raise DomainError(f"{op.name}({_listing(operands)}) is not a real number")
    if isinstance(out, Real):
        return float(out)
    raise RuleError(
        f"the forward rule of {op.name} returned {type(out).__name__} ({_short(out)}), not a "
        f"number; it stands in {rule_place(op.forward)}"
    )


def _listing(operands: Iterable[object]) -> str:
    shown = [_operand_text(x) for x in operands]
    return ", ".join(shown if len(shown) <= 8 else [*shown[:7], f"... {len(shown)} operands"])


def _operand_text(x: object) -> str:
    label, data = getattr(x, "label", ""), getattr(x, "data", x)
    return f"{label}={data!r}" if label else repr(data)


def describe_failure(
    error: Exception,
    op: Op,
    operands: tuple[Any, ...],
    derivative: str | None = None,
    rule: object = None,
    on_floats: bool = False,
) -> MgcoreError:
    """Turn what a rule raised into an error that names the op, its operands and a remedy.

    Args:
        error: what the rule raised.
        op: whose rule it is.
        operands: the operands it ran on: numbers, or things with ``data`` and ``label``.
        derivative: what was differentiated by, such as "operand 0"; None for the forward rule.
        rule: which rule raised it, for its place; the forward rule if not given.
        on_floats: whether the rule ran on the operands' numbers, whatever the operands are.

    """
    if isinstance(error, MgcoreError) and derivative is None:
        return error
    count = len(operands)
    if derivative is None and op.arity is not None and count != op.arity:
        plural = "operand" if op.arity == 1 else "operands"
        return ArityError(f"{op.name} takes {op.arity} {plural}, got {count}")
    what = f"{op.name}({_listing(operands)})"
    if derivative is not None:
        what = f"the derivative of {what} with respect to {derivative}"
    if isinstance(error, (DomainError, RangeError, NotGenericError)):
        return type(error)(f"{what} is not defined: {error}")
    if isinstance(error, MgcoreError):
        return error
    domain = f" (domain: {' x '.join(op.domain)})" if op.domain else ""
    place = rule_place(rule if rule is not None else op.forward)
    if isinstance(error, ZeroDivisionError):
        return DivisionByZeroError(
            f"{what} divides by zero{domain}; keep the operands away from it"
        )
    if isinstance(error, OverflowError):
        return RangeError(
            f"{what} is too large for a float64; scale the operands down or use a saturating op"
        )
    if isinstance(error, ValueError):
        return DomainError(f"{what} is not defined{domain}: {error}")
    on_floats = on_floats or all(isinstance(x, Real) for x in operands)
    if isinstance(error, TypeError) and not on_floats:
        return NotGenericError(
            f"{what} needs a rule that is generic over the number type, but it failed on "
            f"{type(operands[0]).__name__}: {error}. Write the rule with operators and mgcore.ops "
            f"instead of math or numpy functions and comparisons; the rule stands in {place}"
        )
    return RuleError(
        f"{what} failed in the op's own rule, which stands in {place}: "
        f"{type(error).__name__}: {error}"
    )
