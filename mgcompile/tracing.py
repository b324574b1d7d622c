"""Compile a function of numbers: it is called once, on symbols, and no Value is recorded."""

from __future__ import annotations

import inspect
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, overload

import attrs
import numpy as np

from mgcompile.api import build, check_graph, check_leaves, early_of, options_of
from mgcompile.errors import OptionError, TraceError
from mgcompile.graph.ir import CONST
from mgcompile.graph.tape import Symbol, Tape
from mgcompile.graph.tape_scan import record_scan
from mgcompile.passes import passes
from mgcompile.runtime.nan_trace import Recording
from mgcompile.runtime.proof import chosen_level
from mgcompile.support.passes import check_names
from mgcompile.support.times import timed
from mgcompile.verification.points import Recorded
from mgcore import Constant, Value, ops
from mgcore.gc_pause import collector_paused
from mgcore.nest import flatten, unflatten
from mgcore.op import RESERVED_NAMES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from mgcompile.backends.interface import Backend
    from mgcompile.graph.ir import Graph
    from mgcompile.runtime.kernel import Kernel

__all__ = ["kernel", "trace"]


def trace(
    f: Callable[..., Any],
    example: int | Sequence[Any],
    params: Sequence[Value] = (),
    *,
    dtype: Literal["float64", "float32"] = "float64",
    backend: str | Backend = "llvm",
    threads: int = 1,
    cache: bool = True,
    checks: bool = False,
    strict: bool = False,
    verify: Literal["full"] | bool | None = None,
    background: bool | int = False,
) -> Kernel:
    """Compile a function into a kernel by calling it once on symbols.

    What it does with them is written straight into arrays, several times faster than Values are
    recorded, and `mgcore.scan` writes its step down but once. Numbers, and Values that are not
    among `params`, are constants.

    Args:
        f: A function of numbers, made of operators, ops and what is made of these, such as models
            of mgnn; it returns a number, or a list, tuple or dict of numbers, in any nesting,
            which are the kernel's outputs from left to right.
        example: How many numbers `f` takes, one argument each (or all in one list, where `f` has
            but one parameter); or an argument for each parameter of `f`: numbers, and nested lists
            of numbers, each of which becomes an input. Their values matter only for the check.
        params: Values that `f` uses and that become parameters, such as `model.parameters()`.
        dtype: As for `compile`, like all that follow.
        backend: A backend or its name.
        threads: How many threads a call may use.
        cache: Whether compiled objects are kept in the user's cache folder.
        checks: Whether NaN and infinity in parameters and results are errors.
        strict: Whether values are those of Python's order of operations and rounding.
        verify: Whether what is compiled is checked.
        background: Whether the kernel is usable at once.

    Returns:
        The kernel; its inputs are called as the parameters of `f` are, `x[0]`, `x[1]` if one is a
        list.

    Raises:
        TraceError: if `f` asks a symbol for its value (`if x > 0`, `float(x)`), returns something
            else than numbers, or does not take these arguments.
        LeafError, UnusedInputError, OperandCountError, OptionError, BackendNotFoundError,
            MiscompiledError: As `compile` does.

    >>> k = trace(lambda x, y: x * y + x, 2)
    >>> k([3.0, 4.0])
    15.0
    """
    check_names(passes())
    params = list(params)
    check_leaves([], params)
    options, level = options_of(dtype, threads, cache, strict), chosen_level(verify)
    early, arguments = early_of(background), _arguments(f, example)
    with collector_paused(), timed("trace"):
        tape = Tape(params, len(arguments.labels), record_scan)
        with _near_matches():
            outputs, form = flatten(arguments.call(f, tape.inputs))
        _check_outputs(outputs)
        graph = tape.graph(outputs)
    check_graph(graph, arguments.labels)
    at = np.array(arguments.numbers, float)
    recorded = Recorded(at, np.array([p.data for p in params], float), np.zeros(0))
    made = build(
        graph, arguments.labels, params, options, backend, several=form != "leaf", strict=strict,
        recording=_replayed(graph, at, params) if checks else None, recorded=recorded, level=level,
        early=early,
    )  # fmt: skip
    return made if early else made.prepare()


@overload
def kernel(f: Callable[..., Any]) -> Kernel: ...
@overload
def kernel(**options: Any) -> Callable[[Callable[..., Any]], Kernel]: ...
def kernel(f: Callable[..., Any] | None = None, **options: Any) -> Any:
    """Decorate a function with the kernel that `trace` makes of it.

    Args:
        f: The function; each of its parameters is an input.
        options: As for `trace`: `example` where a parameter is a list, `params`, `dtype`, ...

    Returns:
        The kernel, or with options alone what makes one of a function.

    Raises:
        TraceError: if `f` takes any number of arguments, and `example` does not say how many.

    >>> @kernel
    ... def area(width, height):
    ...     return width * height
    >>> area.value_and_grad([3.0, 4.0])
    (12.0, array([4., 3.]))
    """
    if f is None:
        return lambda f: kernel(f, **options)
    if "example" not in options:
        count = _positional(f)
        if count is None:
            message = (
                f"{_name(f)} takes any number of arguments; say how many there are to be: "
                "@mgcompile.kernel(example=2)"
            )
            raise TraceError(message)
        options["example"] = count
    return trace(f, **options)


@attrs.frozen(slots=True)
class _Arguments:
    """What a function is called with, as nests of numbers.

    Args:
        labels: A name for each number.
        numbers: Where the check begins.
        form: Of the tuple of arguments.
    """

    labels: list[str]
    numbers: list[float]
    form: Any

    def call(self, f: Callable[..., Any], symbols: list[Symbol]) -> Any:
        """Call a function with symbols for the numbers."""
        return f(*unflatten(symbols, self.form))


def _arguments(f: Callable[..., Any], example: Any) -> _Arguments:
    """Return what `f` is called with, and name it after its parameters."""
    count = _positional(f)
    if isinstance(example, int) and not isinstance(example, bool):
        if example < 1:
            message = f"example is {example}; give the number of inputs, 1 or more, or an argument"
            raise OptionError(message)
        drawn: Any = np.random.default_rng(0x5EED).uniform(0.5, 1.5, example).tolist()
        arguments = (drawn,) if count == 1 and example > 1 else tuple(drawn)
    else:
        arguments = _given(example, count)
    names = _names(f, arguments)
    labels, numbers = [], []
    for name, argument in zip(names, arguments, strict=True):
        for place, number in _labelled(name, argument):
            labels.append(place)
            numbers.append(number)
    return _Arguments(labels, numbers, flatten(arguments)[1])


def _given(example: Any, count: int | None) -> tuple[Any, ...]:
    if not hasattr(example, "__len__") or isinstance(example, str | dict):
        message = f"example is {example!r:.80}; give how many numbers the function takes, or a list"
        raise OptionError(message)
    if count == 1 and not (isinstance(example, tuple) and len(example) == 1):
        return (example,)
    return tuple(example)


def _labelled(name: str, nest: Any) -> list[tuple[str, float]]:
    """Return a name and the number for each leaf of an argument."""
    if hasattr(nest, "tolist"):
        nest = nest.tolist()
    if isinstance(nest, dict):
        return [leaf for key, x in nest.items() for leaf in _labelled(f"{name}[{key!r}]", x)]
    if isinstance(nest, list | tuple):
        return [leaf for i, x in enumerate(nest) for leaf in _labelled(f"{name}[{i}]", x)]
    try:
        return [(name, float(nest.data if isinstance(nest, Value) else nest))]
    except (TypeError, ValueError):
        message = f"{name} of the example is {type(nest).__name__} ({nest!r:.80}), not a number"
        raise OptionError(message) from None


def _names(f: Callable[..., Any], arguments: tuple[Any, ...]) -> list[str]:
    try:
        signature = inspect.signature(f)
        bound = signature.bind(*arguments).arguments
    except ValueError:  # a builtin that does not tell
        return [f"x[{i}]" for i in range(len(arguments))]
    except TypeError as error:
        message = f"{_name(f)}{signature} cannot be called with {len(arguments)} arguments: {error}"
        raise TraceError(message) from None
    names: list[str] = []
    for name in bound:
        if signature.parameters[name].kind is inspect.Parameter.VAR_POSITIONAL:
            names += [f"{name}[{i}]" for i in range(len(bound[name]))]
        else:
            names.append(name)
    return names


def _positional(f: Callable[..., Any]) -> int | None:
    """Return how many arguments a function takes; None if any number, or if it does not tell."""
    try:
        parameters = inspect.signature(f).parameters.values()
    except ValueError:
        return None
    if any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return None
    places = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return sum(p.kind in places and p.default is p.empty for p in parameters)


def _name(f: Callable[..., Any]) -> str:
    return getattr(f, "__qualname__", repr(f))


@contextmanager
def _near_matches() -> Iterator[None]:
    """Answer a slip in the name of an op, asked of a symbol, as a Value answers it."""
    try:
        yield
    except AttributeError as error:
        name = error.name or "_"
        if isinstance(error.obj, Symbol) and name[0] != "_" and name not in RESERVED_NAMES:
            getattr(ops, name)  # raises with the near matches
        raise


def _check_outputs(outputs: list[Any]) -> None:
    if not outputs:
        message = "the traced function returns nothing; let it return a number, or a list of them"
        raise TraceError(message)
    for place, x in enumerate(outputs):
        if not isinstance(x, Symbol | Value | int | float) or isinstance(x, bool):
            message = f"output {place} of the traced function is {x!r:.80}, not a number"
            raise TraceError(message)


def _replayed(graph: Graph, at: np.ndarray[Any, Any], params: Sequence[Value]) -> Recording:
    """Record a traced graph on Values, so that a NaN of the kernel can be followed."""
    inputs = [Value(x) for x in at.tolist()]
    made: dict[int, Value] = dict(enumerate([*params, *inputs]))
    for node in range(len(graph.code) - 1, len(made) - 1, -1):  # operands come after their users
        if (code := int(graph.code[node])) == CONST:
            made[node] = Constant(float(graph.value[node]))
        else:
            operands = graph.operand[graph.start[node] : graph.start[node + 1]].tolist()
            made[node] = graph.ops[code](*[made[x] for x in operands])
    return Recording(tuple(made[x] for x in graph.roots.tolist()), tuple(inputs), tuple(params))
