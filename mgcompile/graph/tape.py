"""Record what a function does with its arguments straight into numbers: no Value for any node.

The tape is a flat list of three whole numbers for each node, appended to by one call. What the
symbols of a tape know is where on it they stand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

import numpy as np

from mgcompile.errors import TraceError
from mgcompile.graph.dce import renumbered, without
from mgcompile.graph.ir import CONST, INPUT, PARAM, Graph
from mgcompile.support.csr import starts
from mgcore import Value, ops
from mgcore.foreign import ASKING, with_operators
from mgcore.methods import Method
from mgcore.nest import flatten
from mgcore.op import real
from mgcore.seam import library

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from mgcore import Op
    from mgcore.scan import Step

    Numbers = NDArray[np.int64]

__all__ = ["Symbol", "Tape"]

RECORD = 3
"""Numbers on the tape for a node: its code, and its operands' places, or what `NONE` says."""

NONE = -1
"""The third number of a node of one operand, and of a leaf. Smaller ones, down from -2, say how
many operands a node has that stand among `Tape.many`, from where the second number says."""


class Tape(list[int]):
    """What was recorded: `RECORD` numbers for each node, operands first.

    It is a list itself, so that an operator of a symbol writes a node by one call.

    Args:
        params: Values that become parameters wherever they are met.
        n_inputs: How many inputs there are.
        scan: What writes down a loop (`tape_scan.record_scan`).

    Attributes:
        ops: The distinct ops; the arithmetic ones come first, in the order of `_ARITHMETIC`.
        many: Places of the operands of nodes that have more than two.
        numbers: The constants.
        constants: Their places by number; zeros are there by their text, since 0.0 equals -0.0.
    """

    def __init__(self, params: Sequence[Value], n_inputs: int, scan: Callable[..., Any]) -> None:
        super().__init__()
        self.scan = scan
        self.ops: list[Op] = [getattr(ops, name) for name in _ARITHMETIC]
        self.many: list[int] = []
        self.numbers: list[float] = []
        self._codes = {op: code for code, op in enumerate(self.ops)}
        self.constants: dict[float | str, int] = {}
        self._values: dict[int, int] = {}
        self._alive: list[Value] = list(params)  # a Value's `id` names it for as long as it lives
        for place, param in enumerate(params):
            self._values[id(param)] = self.append_node(PARAM, place, NONE)
        methods = {name: Method(name) for name in library().names() if not hasattr(Symbol, name)}
        own = {"__slots__": (), "tape": self, **methods}
        self._kind: type[Symbol] = type("Symbol", (Symbol,), own)
        self.inputs = [self.symbol(self.append_node(INPUT, k, NONE)) for k in range(n_inputs)]
        self._leaves = len(params) + n_inputs

    def symbol(self, place: int) -> Symbol:
        """Return a symbol for the node at a place."""
        made = self._kind()
        made.place = place
        return made

    def append_node(self, code: int, first: int, second: int) -> int:
        """Write down a node; return its place."""
        place = len(self)
        self.extend((code, first, second))
        return place

    def place_of(self, x: object, op: Op | None = None, index: int | None = None) -> int:
        """Return where a symbol, a Value or a number stands; write it down if it is new.

        Raises:
            TraceError: if the symbol is of another tape.
            OperandTypeError: if `x` is nothing that ops are applied to.
        """
        if isinstance(x, Symbol):
            if x.tape is not self:
                message = (
                    "a symbol of another trace is used in this one; it was kept beyond the call "
                    "of the function that was traced"
                )
                raise TraceError(message)
            return x.place
        if isinstance(x, Value):
            found = self._values.get(id(x))
            return self._value(x) if found is None else found
        return self._constant(real(x, op, index))

    def apply(self, op: Op, operands: Sequence[object]) -> Symbol:
        """Write down the application of an op."""
        code = self._code(op)
        places = [self.place_of(x, op, i) for i, x in enumerate(operands)]
        if op.arity is not None and len(places) != op.arity:
            message = f"op {op.name} takes {op.arity} operands, not {len(places)}"
            raise TraceError(message)
        return self.symbol(self._node(code, places))

    def forget(self, place: int) -> None:
        """Drop the nodes from `place` on; nobody may use a symbol of them any more."""
        del self[place:]
        self.constants = {x: at for x, at in self.constants.items() if at < place}
        self._values = {x: at for x, at in self._values.items() if at < place}

    def graph(self, outputs: Sequence[object]) -> Graph:
        """Return the nodes that the outputs depend on as a graph."""
        roots = np.array([self.place_of(x) for x in outputs], dtype=np.int64) // RECORD
        table = np.fromiter(self, np.int64, len(self)).reshape(-1, RECORD)
        code, first, second = table.T
        width = np.where(code < 0, 0, np.where(second >= 0, 2, np.where(second == NONE, 1, 0)))
        wide = (code >= 0) & (second < NONE)
        width[wide] = -1 - second[wide]
        start = starts(width)
        operand = np.zeros(int(start[-1]), dtype=np.int64)
        plain = (code >= 0) & ~wide
        operand[start[:-1][plain]] = first[plain]
        both = plain & (second >= 0)
        operand[start[:-1][both] + 1] = second[both]
        edges = np.repeat(first[wide] - start[:-1][wide], width[wide])
        slots = np.flatnonzero(np.repeat(wide, width))
        operand[slots] = np.array(self.many, dtype=np.int64)[edges + slots]
        constants = code == CONST
        value = np.zeros(len(code))
        value[constants] = np.array(self.numbers, dtype=np.float64)[first[constants]]
        graph = Graph(
            ops=tuple(self.ops),
            code=code.copy(),
            start=start,
            operand=operand // RECORD,
            index=np.where((code == PARAM) | (code == INPUT), first, 0),
            value=value,
            roots=roots,
        )
        return _from_the_outputs(_live(graph), self._leaves)

    def _code(self, op: Op) -> int:
        code = self._codes.get(op)
        if code is None:
            code = self._codes[op] = len(self.ops)
            self.ops.append(op)
        return code

    def _node(self, code: int, places: list[int]) -> int:
        if len(places) <= 2:
            return self.append_node(code, places[0], places[1] if len(places) == 2 else NONE)
        first = len(self.many)
        self.many += places
        return self.append_node(code, first, NONE - len(places))

    def _constant(self, number: float) -> int:
        key = number or repr(number)  # 0.0 == -0.0
        place = self.constants.get(key)
        if place is None:
            place = self.constants[key] = self.append_node(CONST, len(self.numbers), NONE)
            self.numbers.append(number)
        return place

    def _value(self, value: Value) -> int:
        """Write down a Value that is no parameter, and what it was computed from."""
        stack = [value]
        while stack:
            node = stack[-1]
            if id(node) in self._values:
                stack.pop()
            elif node.op is None:
                self._keep(node, self._constant(node.data))
            elif missing := [x for x in node.operands if id(x) not in self._values]:
                stack += missing
            else:
                places = [self._values[id(x)] for x in node.operands]
                self._keep(node, self._node(self._code(node.op), places))
        return self._values[id(value)]

    def _keep(self, value: Value, place: int) -> None:
        self._values[id(value)] = place
        self._alive.append(value)


_ARITHMETIC = {"add": "add", "sub": "sub", "mul": "mul", "div": "truediv", "pow": "pow"}
"""Ops of Python's operators, and the names of their special methods."""


def _asked(what: str) -> Any:
    def asked(x: Symbol, *_: object) -> NoReturn:
        message = (
            f"the traced function asks {x!r} for its value ({what}), which it has none of while it "
            "is recorded: use the ops gt, lt, maximum, minimum and select, or mgcore.cond; or "
            "record Values, and compile what was recorded with mgcompile.compile"
        )
        raise TraceError(message)

    return asked


@with_operators
class Symbol:
    """What a traced function computes with instead of numbers.

    Those of a tape are of a class of their own, since to make one is half of what an operator does,
    and takes least where a symbol holds one thing and its class has no `__init__`. The ops are
    methods in that class, and not found by name: Python 3.11 reads every attribute at half the
    speed where a class has `__getattr__`. `trace` answers a slip with the near matches.

    Attributes:
        tape: Where it is recorded.
        place: Its place there.
    """

    __slots__ = ("place",)
    __array_ufunc__ = None  # NumPy's scalars and arrays leave the operators to us
    tape: ClassVar[Tape]
    place: int

    @staticmethod
    def __mgcore_apply__(op: Op, operands: tuple[Any, ...]) -> Any:
        """Write down the application of `op` to symbols, Values and numbers."""
        for x in operands:
            if isinstance(x, Symbol):
                return x.tape.apply(op, operands)
        raise AssertionError

    @staticmethod
    def __mgcore_scan__(f: Step, init: Any, xs: Sequence[Any] | None, steps: int) -> Any:
        """Write down a loop (see `mgcore.scan`)."""
        leaves = flatten((init, xs))[0]
        tape: Tape = next(x.tape for x in leaves if isinstance(x, Symbol))
        return tape.scan(tape, f, init, xs, steps)

    __hash__ = object.__hash__
    for _special, _what in ASKING.items():
        locals()[f"__{_special}__"] = _asked(_what)
    del _special, _what

    def __index__(self) -> int:
        return int(_asked("as an index")(self))  # it raises

    def __repr__(self) -> str:
        code, first, _ = self.tape[self.place : self.place + RECORD]
        if code == INPUT:
            return f"<symbol: input {first}>"
        name = self.tape.ops[code].name if code >= 0 else "a number"
        return f"<symbol: {name}>"


del Symbol.__getattr__  # type: ignore[attr-defined]  # see its documentation


def _operator(code: int) -> Callable[[Symbol, Any], Symbol]:
    """Return the operator of an arithmetic op: the short way from a call to the tape."""

    def apply(x: Symbol, y: Any) -> Symbol:
        kind = type(x)
        tape = kind.tape
        second = y.place if type(y) is kind else _other(tape, code, y, 1)
        if second is None:
            return NotImplemented  # type: ignore[no-any-return]  # the other's type sees to it
        made = kind()
        made.place = len(tape)
        tape += code, x.place, second
        return made

    return apply


def _reflected(code: int) -> Callable[[Symbol, Any], Symbol]:
    def apply(y: Symbol, x: Any) -> Symbol:
        kind = type(y)
        tape = kind.tape
        first = _other(tape, code, x, 0)
        if first is None:
            return NotImplemented  # type: ignore[no-any-return]  # as above
        made = kind()
        made.place = len(tape)
        tape += code, first, y.place
        return made

    return apply


def _other(tape: Tape, code: int, x: Any, index: int) -> int | None:
    """Return the place of the other operand; None if its own type is to see to it, as arrays do."""
    if type(x) is float and (place := tape.constants.get(x)) is not None:  # the short way
        return place
    if isinstance(x, np.ndarray | list | tuple):
        return None
    return tape.place_of(x, tape.ops[code], index)


for _code, _special in enumerate(_ARITHMETIC.values()):
    setattr(Symbol, f"__{_special}__", _operator(_code))
    setattr(Symbol, f"__r{_special}__", _reflected(_code))


def _from_the_outputs(graph: Graph, leaves: int) -> Graph:
    """Number the nodes as a walk from the outputs would, users before operands, after the leaves.

    It tells the passes in which order the terms of a sum were added.
    """
    n = len(graph.code)
    order = np.concatenate([np.arange(leaves), np.arange(n - 1, leaves - 1, -1)])
    return renumbered(graph, order)


def _live(graph: Graph) -> Graph:
    """Drop the nodes that no output depends on, but for inputs and parameters."""
    live = (graph.code == PARAM) | (graph.code == INPUT)
    used = live.copy()
    used[graph.operand] = True
    used[graph.roots] = True
    if np.all(used):
        return graph
    marks = live.tolist()
    for root in graph.roots.tolist():
        marks[root] = True
    start, operand = graph.start.tolist(), graph.operand.tolist()
    for node in range(len(marks) - 1, -1, -1):
        if marks[node]:
            for x in operand[start[node] : start[node + 1]]:
                marks[x] = True
    return without(graph, ~np.array(marks, dtype=bool))
