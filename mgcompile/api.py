"""Compile a recorded graph: the list of stages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal, overload

import attrs
import numpy as np

from mgcompile.backends.interface import Options
from mgcompile.errors import LeafError, OperandCountError, OptionError, UnusedInputError
from mgcompile.graph.capture import capture
from mgcompile.graph.ir import INPUT
from mgcompile.graph.pipeline import canonicalize
from mgcompile.passes import passes
from mgcompile.program.verifier import verify as verified
from mgcompile.reroll.pipeline import reroll, with_recorded
from mgcompile.runtime.compiled_programs import Built
from mgcompile.runtime.early import Early
from mgcompile.runtime.kernel import Kernel, Signature
from mgcompile.runtime.nan_trace import Recording
from mgcompile.runtime.proof import chosen_level
from mgcompile.runtime.prove import numbers_of, prove
from mgcompile.runtime.quick_form import quick_form
from mgcompile.support.cache_dir import cache_folder
from mgcompile.support.op_traits import traits_of
from mgcompile.support.passes import check_names
from mgcompile.support.times import timed
from mgcore import Constant, Value
from mgcore.gc_pause import collector_paused

if TYPE_CHECKING:
    from mgcompile.backends.interface import Backend
    from mgcompile.graph.ir import Graph
    from mgcompile.runtime.proof import Proof
    from mgcompile.runtime.result_types import Numbers
    from mgcompile.verification.check import Level
    from mgcompile.verification.points import Recorded

__all__ = ["build", "check_graph", "check_leaves", "compile", "early_of", "options_of"]

MOST_OPERANDS = 2048
"""Of an op whose rule has to be written out for each operand."""


@overload
def compile(  # noqa: A001 - as below
    outputs: Value,
    inputs: Sequence[Value] = ...,
    params: Sequence[Value] = ...,
    *,
    dtype: Literal["float64", "float32"] = ...,
    backend: str | Backend = ...,
    threads: int = ...,
    cache: bool = ...,
    checks: bool = ...,
    strict: bool = ...,
    verify: Literal["full"] | bool | None = ...,
    background: bool | int = ...,
) -> Kernel[Numbers]: ...
@overload
def compile(  # noqa: A001 - as below
    outputs: Sequence[Value],
    inputs: Sequence[Value] = ...,
    params: Sequence[Value] = ...,
    *,
    dtype: Literal["float64", "float32"] = ...,
    backend: str | Backend = ...,
    threads: int = ...,
    cache: bool = ...,
    checks: bool = ...,
    strict: bool = ...,
    verify: Literal["full"] | bool | None = ...,
    background: bool | int = ...,
) -> Kernel[list[Numbers]]: ...
def compile(  # noqa: A001 - the name says what it does, as re.compile's does
    outputs: Value | Sequence[Value],
    inputs: Sequence[Value] = (),
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
    """Compile the graph below `outputs` into a kernel.

    Args:
        outputs: A Value, or a list of them.
        inputs: Leaves that become columns of X, in this order.
        params: Leaves that become parameters, in this order. All other leaves are constants.
        dtype: "float64" or "float32".
        backend: Name of a backend (entry-point group `mgcore.backends`), or a backend.
        threads: How many threads a call may use; results do not depend on it.
        cache: Whether compiled objects are kept in the user's cache folder.
        checks: Whether NaN and infinity in parameters and results are errors.
        strict: Whether values and gradients are those of Python's order of operations and rounding:
            in float64 the bits that the engine has, but for elementary functions, which are within
            3 ulp (of graphs of more than 20,000 nodes the values alone). Sums are then added up
            term by term, and no matrix product is made of them.
        verify: Whether what is compiled is checked against the recorded graph before it is handed
            out (see `Kernel.verified`): True, of large graphs a sample; "full", all of them and at
            more points; False, not at all. By default as MGCOMPILE_VERIFY says, else True.
        background: Whether the kernel is usable at once, and machine code is made in a thread of
            its own for what is called. The first calls of each kind (`value_and_grad`, ...) then
            run in a quick form that is checked as well: as long as compiling takes by an estimate
            that knows no clock, or so many calls as this says. The next one waits for the machine
            code if need be. So results are the same on every run; see also `Kernel.wait`.

    Returns:
        The kernel.

    Raises:
        LeafError: naming an input or parameter that is no leaf, or is given twice.
        UnusedInputError: naming an input that no output depends on.
        OperandCountError: naming an op whose rule cannot be written out for so many operands.
        OptionError: for an impossible option.
        BackendNotFoundError: if there is no such backend.
        MiscompiledError: if what was compiled does not compute the recorded graph.
    """
    check_names(passes())
    several = not isinstance(outputs, Value)
    roots = list(outputs) if isinstance(outputs, Sequence) else [outputs]
    _check_roots(roots)
    inputs, params = _listed("inputs", inputs), _listed("params", params)
    check_leaves(inputs, params)
    options, level = options_of(dtype, threads, cache, strict), chosen_level(verify)
    early = early_of(background)
    with collector_paused(), timed("capture"):
        graph = capture(roots, inputs, params)
    check_graph(graph, [x.label for x in inputs])
    # Only a kernel with checks keeps the graph that it was made from: to follow a NaN.
    recording = Recording(tuple(roots), tuple(inputs), tuple(params)) if checks else None
    kernel = build(
        graph, [x.label for x in inputs], params, options, backend, several=several,
        recording=recording, strict=strict, recorded=numbers_of(roots, inputs, params), level=level,
        early=early,
    )  # fmt: skip
    return kernel if early else kernel.prepare()


def build(
    graph: Graph,
    inputs: Sequence[str],
    params: Sequence[Value],
    options: Options,
    backend: str | Backend,
    *,
    several: bool,
    recording: Recording | None = None,
    strict: bool = False,
    recorded: Recorded | None = None,
    level: Level = False,
    early: EarlyCalls | None = None,
) -> Kernel:
    """Return the kernel of a captured graph: the list of stages after `capture`.

    Args:
        graph: As `capture` gave it.
        inputs: Labels of the columns; an output need not depend on each.
        params: The leaves that are parameters.
        options: How to build.
        backend: A backend or its name.
        several: Whether the outputs are a list.
        strict: As for `compile`.
        recording: What was captured; given, NaN and infinity are errors, and are followed in it.
        recorded: The numbers of the leaves and of the outputs, for the check.
        level: How much of what is built is checked.
        early: Given, a quick form runs until machine code is there.
    """
    with collector_paused():
        graph = attrs.evolve(graph, strict=strict)
        canonical = canonicalize(graph)
        program = verified(reroll(canonical, len(inputs), len(params)))
        program = with_recorded(program, graph)
    signature = Signature(
        inputs=tuple(inputs),
        params=tuple(p.label for p in params),
        several=several,
        checks=recording is not None,
    )
    values = np.array([p.data for p in params], dtype=np.float64)

    def proof() -> Proof | None:
        if not level or recorded is None:
            return None
        return prove(graph, recorded, program, options, backend, level)

    kernel = Kernel(program, signature, values, options, backend, params, recording, proof())
    if early is None:
        return kernel
    with collector_paused():
        form = quick_form(canonical, program, options, kernel.built.backend_name)
    if form is None:
        return kernel
    quick = Built(form.program, options, form.backend or backend, proof())
    return kernel.hasten(Early(form, quick, kernel.built, early.most))


@attrs.frozen(slots=True)
class EarlyCalls:
    """That a kernel is usable at once, and how many calls of each kind are quick; None: some."""

    most: int | None


def early_of(background: object) -> EarlyCalls | None:
    """Return what the option `background` says.

    Raises:
        OptionError: for what is neither a truth value nor a number of calls.
    """
    if background is True or background is False:
        return EarlyCalls(None) if background else None
    if not isinstance(background, int) or background < 1:
        message = (
            f"background is {background!r}; it is True, False, or how many calls of each kind are "
            "not to be in machine code, 1 or more"
        )
        raise OptionError(message)
    return EarlyCalls(background)


def _check_roots(roots: list[Any]) -> None:
    if not roots:
        message = "outputs is empty; give a Value or a list of them"
        raise OptionError(message)
    for place, root in enumerate(roots):
        if not isinstance(root, Value):
            message = f"output {place} is {type(root).__name__} ({root!r}), not a Value"
            raise LeafError(message)


def _listed(what: str, leaves: Iterable[Value]) -> list[Value]:
    if isinstance(leaves, Value) or not isinstance(leaves, Iterable):
        message = f"{what} is {type(leaves).__name__}; give a list of Values"
        raise LeafError(message)
    return list(leaves)


def _named(what: str, place: int, label: str) -> str:
    return f"{what}[{place}]" + (f" ({label!r})" if label else "")


def check_leaves(inputs: list[Any], params: list[Any]) -> None:
    """Refuse inputs and parameters that are no leaves, or are given twice."""
    seen: dict[int, tuple[str, int]] = {}
    for what, leaves in (("inputs", inputs), ("params", params)):
        for place, leaf in enumerate(leaves):
            label = getattr(leaf, "label", "")
            if not isinstance(leaf, Value) or isinstance(leaf, Constant):
                name = _named(what, place, label)
                message = f"{name} is {type(leaf).__name__}; give the Value that was recorded"
                raise LeafError(message)
            if leaf.op is not None:
                name = _named(what, place, label)
                message = (
                    f"{name} is no leaf: it was computed by {leaf.op.name}; give the Values that "
                    "the graph starts from"
                )
                raise LeafError(message)
            if id(leaf) in seen:
                name, first = _named(what, place, label), _named(*seen[id(leaf)], label)
                message = f"{name} is the same Value as {first}; give each leaf once"
                raise LeafError(message)
            seen[id(leaf)] = what, place


def options_of(dtype: Any, threads: object, cache: object, strict: object) -> Options:
    """Return how to build.

    Raises:
        OptionError: for an impossible option.
    """
    if not isinstance(dtype, str) or dtype not in ("float64", "float32"):
        message = f"dtype is {dtype!r}; it is 'float64' or 'float32'"
        raise OptionError(message)
    if not isinstance(threads, int) or isinstance(threads, bool) or threads < 1:
        message = f"threads is {threads!r}; it is a whole number of at least 1"
        raise OptionError(message)
    if not isinstance(strict, bool):
        message = f"strict is {strict!r}; it is True or False"
        raise OptionError(message)
    folder = cache_folder() if cache else None
    return Options(dtype, threads, folder)  # type: ignore[arg-type]  # one of the two


def check_graph(graph: Graph, inputs: Sequence[str]) -> None:
    """Refuse a graph that does not use an input, or has an op of too many operands.

    Args:
        graph: As it was recorded.
        inputs: Labels.
    """
    _check_used(graph, inputs)
    _check_widths(graph)


def _check_widths(graph: Graph) -> None:
    """Refuse an op of so many operands that its rule, written out, would not be compiled soon."""
    width = np.diff(graph.start)
    for node in np.flatnonzero(width > MOST_OPERANDS).tolist():
        op, count = graph.ops[int(graph.code[node])], int(width[node])
        if traits_of(op).endless:
            continue
        message = (
            f"op {op.name} is applied to {count:,} operands, and its rule is written out for each; "
            f"beyond {MOST_OPERANDS:,} that takes too long to compile. Apply it to fewer at a "
            f"time, or record what it computes with ops.sum and ops of one or two operands"
        )
        raise OperandCountError(message)


def _check_used(graph: Graph, inputs: Sequence[str]) -> None:
    used = np.zeros(len(graph.code), dtype=bool)
    used[graph.operand] = True
    used[graph.roots] = True
    unused = graph.index[(graph.code == INPUT) & ~used]
    if len(unused):
        place = int(unused[0])
        message = (
            f"the outputs do not depend on {_named('inputs', place, inputs[place])}; leave it "
            "out, or check how the graph was recorded"
        )
        raise UnusedInputError(message)
