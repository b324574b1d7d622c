"""An operator: a name, a forward rule, and one local derivative per operand."""

import inspect
import keyword
import math
import sys
from collections.abc import Callable, Iterable, Mapping
from numbers import Real
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs

from mgcore.domain import parse_domain
from mgcore.errors import (
    DomainError,
    OpDefinitionError,
    OperandTypeError,
    RangeError,
    RuleError,
)
from mgcore.failures import describe_failure, listing, short
from mgcore.fixed import family_of
from mgcore.hookspecs import hookimpl
from mgcore.ieee import refuse_nonfinite, result_where_python_raises
from mgcore.places import definition_place, rule_place
from mgcore.seam import library

if TYPE_CHECKING:
    from mgcore.family import Family

__all__ = ["Op", "Partials", "Rule", "describe_failure", "no_derivative", "real"]

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
    if type(x) is int:
        try:
            return float(x)
        except OverflowError:
            pass  # told below
    place = f"operand {index} of {op.name}" if op is not None else "a Value's data"
    if isinstance(x, bool):
        raise OperandTypeError(f"{place} is the bool {x}; write {float(x)} where a number is meant")
    if isinstance(x, Real):
        try:
            return float(x)
        except OverflowError as error:
            raise RangeError(f"{place} is {short(x)}, too large for a float64") from error
    raise OperandTypeError(
        f"{place} must be a real number or a Value, not {type(x).__name__} ({short(x)}); "
        "apply ops to one scalar at a time"
    )


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
            One string stands for all operands; where there may be any number, the last one for
            those that follow.
        doc: the formula in one line.
        kink: a function of the operands that is zero exactly where the op has no derivative
            (``lambda x, y: x - y`` for maximum); there the partials follow a written convention.
        surrogate: the function whose derivatives the partials are on purpose, where that is not
            the forward rule, as for a straight-through estimator (``lambda x: x`` for rounding).
        robust: the operands, written as `domain` is, at which you promise full marks: no overflow
            on the way and no digits lost, in float64 and float32. The conformance kit holds you to
            it there and lets it be elsewhere; if not given, it advises on the whole domain.

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
    surrogate: Rule | None = attrs.field(default=None, kw_only=True)
    robust: tuple[str, ...] | None = attrs.field(
        default=None, kw_only=True, converter=attrs.converters.optional(_as_domain)
    )
    arity: int | None = attrs.field(init=False)
    family: "Family | None" = attrs.field(init=False, default=None)
    settings: "Mapping[str, float]" = attrs.field(init=False, factory=dict)

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
        _check_intervals(self, "domain")
        _check_intervals(self, "robust")
        if self.arity is None:
            if not callable(self.partials):
                raise _ill_defined(
                    f"op {self.name}: partials must be a tuple of callables, one per operand, or "
                    f"one callable that returns all, not {short(self.partials)}"
                )
            return
        if self.arity == 0:
            raise _ill_defined(f"op {self.name}: partials is empty; give one per operand")
        for what, given in (("domains", self.domain), ("robust ranges", self.robust)):
            if given is not None and len(given) != self.arity:
                raise _ill_defined(f"op {self.name}: {len(given)} {what} for {self.arity} operands")
        _check_signature(self, "forward", self.forward, self.arity)
        for i, partial in enumerate(self.partials):  # type: ignore[arg-type]  # arity says tuple
            _check_signature(self, f"partial {i}", partial, self.arity + 1)

    def __call__(self, *operands: Any) -> Any:
        """Apply the op: numbers give a float; a type with ``__mgcore_apply__`` takes over.

        Raises:
            OperandTypeError: if an operand is no number and its type does not take over.
            ArityError: if the number of operands is wrong.
            DomainError, DivisionByZeroError, RangeError: within `raise_nonfinite`, if the result
                is no finite float64; else infinities and NaN are results like others.

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
            if type(out) is not float:
                out = real_result(self, operands, out)
        except Exception as error:
            return result_where_python_raises(error, self, operands, operands)
        if out - out != 0.0:  # infinite or NaN
            refuse_nonfinite(self, operands, out)
        return out

    @property
    def operand_names(self) -> tuple[str, ...]:
        """Return the names of the operands as the rules call them; ``("*xs",)`` for any number."""
        rules = self.partials if isinstance(self.partials, tuple) else (self.partials,)
        rule = next((r for r in rules if r is not no_derivative), rules[0])
        try:
            parameters = list(inspect.signature(rule).parameters.values())[1:]
        except (TypeError, ValueError):
            parameters = []
        if self.arity is None:
            return ("*xs",)
        if len(parameters) == self.arity:
            return tuple(p.name for p in parameters)
        return tuple(f"x{i}" for i in range(self.arity))

    def with_settings(self, *given: float, **named: float) -> "Op":
        """Return the member of the op's family that has these settings, the others being usual.

        The settings of an op of several operands are those after the first: it is the op of that
        one alone, the others fixed to these numbers.

        Raises:
            OpSettingsError: if the op has no settings, or not these.

        """
        return family_of(self).member(*given, **named)

    def __repr__(self) -> str:
        return f"<op {self.name}>"

    @hookimpl
    def mgcore_register_ops(self) -> "Iterable[Op]":
        """Answer the registry's question with itself: an op is a plugin."""
        return (self,)


class _Told:
    """Let ``help`` of an op tell of that op; the class keeps its own."""

    def __init__(self, text: str | None) -> None:
        self.text = text

    def __get__(self, op: Op | None, owner: type) -> str | None:
        return self.text if op is None else library().describe(op)


class _Called:
    """Let ``inspect.signature`` of an op name its operands."""

    def __get__(self, op: Op | None, owner: type) -> inspect.Signature:
        if op is None:
            raise AttributeError("__signature__")
        names = op.operand_names
        if op.arity is None:
            kind: Any = inspect.Parameter.VAR_POSITIONAL
            names = tuple(name.removeprefix("*") for name in names)
        else:
            kind = inspect.Parameter.POSITIONAL_ONLY
        return inspect.Signature([inspect.Parameter(name, kind) for name in names])


Op.__doc__ = _Told(Op.__doc__)  # type: ignore[assignment]  # a text wherever it is read
Op.__signature__ = _Called()  # type: ignore[attr-defined]  # what inspect asks for


def no_derivative(_out: object, *_operands: object) -> float:
    """Stand for a partial that has no rule: NaN, whatever the operands, and an error when watched.

    >>> import math
    >>> math.isnan(no_derivative(0.5, 2.0))
    True

    """
    return math.nan


def _ill_defined(text: str) -> OpDefinitionError:
    where = definition_place(sys._getframe(1))  # noqa: SLF001 - the documented way to a caller's line
    return OpDefinitionError(f"{text}; the op is defined in {where}")


# An op of one of these names could not be reached as a method of Value.
RESERVED_NAMES = frozenset(
    {"data", "grad", "op", "operands", "label", "backward", "number", "tag", "made"}
)


def _check_intervals(op: Op, field: str) -> None:
    given: tuple[str, ...] | None = getattr(op, field)
    if given is not None and len(given) == 1:
        given *= op.arity or 1
        object.__setattr__(op, field, given)
    owner = "" if field == "domain" else f"the {field} range, "
    for i, text in enumerate(given or ()):
        try:
            parse_domain(text, f"{owner}operand {i} of {op.name}")
        except OpDefinitionError as error:
            raise _ill_defined(str(error)) from None


def _check_signature(op: Op, what: str, rule: object, count: int) -> None:
    if not callable(rule):
        raise _ill_defined(f"op {op.name}: {what} must be callable, not {short(rule)}")
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
        raise DomainError(f"{op.name}({listing(operands)}) is not a real number")
    if isinstance(out, Real):
        return float(out)
    raise RuleError(
        f"the forward rule of {op.name} returned {type(out).__name__} ({short(out)}), not a "
        f"number; it stands in {rule_place(op.forward)}"
    )
