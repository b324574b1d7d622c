"""Record what a function does with its arguments in one flat list: no Value for any node.

A node is four objects in the list: its symbol, its op and its operands. A symbol holds nothing,
since to fill it would take a third of the time again: which node it stands for is told by which
object it is, for all symbols at once (`records`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

import attrs
import numpy as np

from mgcompile.errors import TraceError
from mgcompile.graph.dce import without
from mgcompile.graph.ir import CONST, INPUT, PARAM, Graph
from mgcompile.graph.records import RECORD, Block, Nodes, Recorded, numbered
from mgcompile.support.csr import starts
from mgcore import Value, ops
from mgcore.foreign import ASKING, BINARY, UNARY
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


class Tape:
    """What was recorded.

    It keeps symbols alive until their nodes have numbers, so that no two have one address.

    Args:
        params: Values that become parameters wherever they are met.
        n_inputs: How many inputs there are.
        scan: What writes down a loop (`tape_scan.record_scan`).

    Attributes:
        symbol: The class of its symbols; calling it makes one.
        inputs: The symbols of the inputs.
        records: `RECORD` objects for each node, operands first (see `records`).
        blocks: What stands between the records as arrays: loops.
    """

    def __init__(self, params: Sequence[Value], n_inputs: int, scan: Callable[..., Any]) -> None:
        self.scan = scan
        self.records: list[Any] = []
        self.symbol = _symbols_of(self)
        self.inputs = [self.symbol() for _ in range(n_inputs)]
        self.blocks: list[Block] = []
        self._params = [self.symbol() for _ in params]
        self._constants: dict[float | str, Symbol] = {}  # zeros by their text, since 0.0 == -0.0
        self._alive = list(params)  # a Value's `id` names it for as long as it lives
        self._values = {id(x): symbol for x, symbol in zip(params, self._params, strict=True)}
        self._from_values: list[Any] = []  # records of what was computed on Values
        self._codes: dict[Op, int] = {}

    def symbol_of(self, x: object, op: Op | None = None, index: int | None = None) -> Symbol:
        """Return the symbol of a symbol, a Value or a number; write it down if it is new.

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
            return x
        if isinstance(x, Value):
            found = self._values.get(id(x))
            return self._value(x) if found is None else found
        return self._constant(real(x, op, index))

    def other(self, x: object, op: Op, index: int) -> Symbol | None:
        """Return the symbol of the other operand of an operator, None if that is to see to it."""
        if type(x) is float and (found := self._constants.get(x)) is not None:  # the short way
            return found
        return None if isinstance(x, np.ndarray | list | tuple) else self.symbol_of(x, op, index)

    def all_of(self, op: Op, operands: Sequence[object]) -> tuple[Symbol, ...]:
        """Return the symbols of the operands of an op."""
        return tuple([self.symbol_of(x, op, i) for i, x in enumerate(operands)])

    def code(self, op: Op) -> int:
        """Return the place of an op among those of the graph."""
        return self._codes.setdefault(op, len(self._codes))

    def mark(self) -> tuple[int, int]:
        """Return how much was recorded up to now: numbers of objects and of blocks."""
        return len(self.records), len(self.blocks)

    def since(self, mark: tuple[int, int]) -> Recorded:
        """Return what was recorded since then."""
        objects, blocks = mark
        later = [attrs.evolve(b, at=b.at - objects // RECORD) for b in self.blocks[blocks:]]
        return Recorded(self.records[objects:], later)

    def forget(self, mark: tuple[int, int]) -> None:
        """Drop what was recorded since then."""
        objects, blocks = mark
        del self.records[objects:], self.blocks[blocks:]

    def add_block(self, nodes: Nodes, leaves: Sequence[Symbol], wanted: Numbers) -> list[Symbol]:
        """Write down nodes that are arrays already, and return symbols of some of them.

        Args:
            nodes: The nodes.
            leaves: The symbols of their leaves.
            wanted: The numbers of the symbols to return, which may be leaves.
        """
        inner = wanted[wanted >= len(leaves)] - len(leaves)
        made = [self.symbol() for _ in range(len(inner))]
        self.blocks.append(Block(len(self.records) // RECORD, nodes, leaves, made, inner))
        new = iter(made)
        return [leaves[k] if k < len(leaves) else next(new) for k in wanted.tolist()]

    def graph(self, outputs: Sequence[object]) -> Graph:
        """Return the nodes that the outputs depend on as a graph; the tape is empty thereafter.

        Raises:
            TraceError: if a symbol from within a scan is used outside of it.
        """
        roots = [self.symbol_of(x) for x in outputs]
        leaves = [*self._params, *self.inputs, *self._constants.values()]
        blocks = self.blocks
        if self._from_values:
            values = numbered(Recorded(self._from_values, []), leaves, (), self.code)
            made = self._from_values[::RECORD][::-1]
            blocks = [Block(0, values.nodes, leaves, made, np.arange(len(made))), *blocks]
        found = numbered(Recorded(self.records, blocks), leaves, roots, self.code)
        self.records.clear()
        self.blocks.clear()
        if len(found.leaves) > len(leaves):
            message = (
                "a symbol from within the step of a scan is used outside of it; let the step "
                "return it, in its carry or as its y"
            )
            raise TraceError(message)
        return _live(self._graph(found.nodes, found.roots))

    def _graph(self, nodes: Nodes, roots: Numbers) -> Graph:
        counts = len(self._params), len(self.inputs), len(self._constants)
        code = np.concatenate([np.repeat([PARAM, INPUT, CONST], counts), nodes.code])
        index, value = np.zeros(len(code), dtype=np.int64), np.zeros(len(code))
        numbers, end = sum(counts[:2]), sum(counts)
        index[:numbers] = np.concatenate([*map(np.arange, counts[:2])])
        value[numbers:end] = [float(x) for x in self._constants]
        return Graph(
            ops=tuple(self._codes),
            code=code,
            start=starts(np.concatenate([np.zeros(end, dtype=np.int64), nodes.width])),
            operand=nodes.operand,
            index=index,
            value=value,
            roots=roots,
        )

    def _constant(self, number: float) -> Symbol:
        key = number or repr(number)  # 0.0 == -0.0
        found = self._constants.get(key)
        if found is None:
            found = self._constants[key] = self.symbol()
        return found

    def _value(self, value: Value) -> Symbol:
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
                made = self.symbol()
                operands = tuple([self._values[id(x)] for x in node.operands])
                self._from_values += made, node.op, operands, None
                self._keep(node, made)
        return self._values[id(value)]

    def _keep(self, value: Value, symbol: Symbol) -> None:
        self._values[id(value)] = symbol
        self._alive.append(value)


def _asked(what: str) -> Any:
    def asked(x: Symbol, *_: object) -> NoReturn:
        message = (
            f"the traced function asks {x!r} for its value ({what}), which it has none of while it "
            "is recorded: use the ops gt, lt, maximum, minimum and select, or mgcore.cond; or "
            "record Values, and compile what was recorded with mgcompile.compile"
        )
        raise TraceError(message)

    return asked


class Symbol:
    """What a traced function computes with instead of numbers.

    Those of a tape are of a class of their own, which has the operators, and holds the tape. The
    ops are methods in that class, and not found by name: Python 3.11 reads every attribute at half
    the speed where a class has `__getattr__`. `trace` answers a slip with the near matches.

    Attributes:
        tape: Where it is recorded.
    """

    __slots__ = ()
    __array_ufunc__ = None  # NumPy's scalars and arrays leave the operators to us
    tape: ClassVar[Tape]

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

    def __pos__(self) -> Symbol:
        return self

    def __copy__(self) -> Symbol:
        return self

    def __deepcopy__(self, _: object) -> Symbol:
        return self

    def __repr__(self) -> str:
        for place, x in enumerate(self.tape.inputs):
            if x is self:
                return f"<symbol: input {place}>"
        records = self.tape.records
        for made, op in zip(records[::RECORD], records[1::RECORD], strict=True):
            if made is self:
                return f"<symbol: {op.name}>"
        return "<symbol: a number>"


def _symbols_of(tape: Tape) -> type[Symbol]:
    """Return a class for the symbols of a tape."""
    methods = {name: Method(name) for name in library().names() if not hasattr(Symbol, name)}
    kind: Any = type("Symbol", (Symbol,), {"__slots__": (), "tape": tape, **methods})
    kind.__mgcore_apply__ = staticmethod(_application(kind))
    for special, name in BINARY.items():
        apply, reflected = _operator(kind, getattr(ops, name))
        setattr(kind, f"__{special}__", apply)
        setattr(kind, f"__r{special}__", reflected)
    for special, name in UNARY.items():
        setattr(kind, f"__{special}__", _unary(kind, getattr(ops, name)))
    return kind  # type: ignore[no-any-return]  # the class


def _operator(kind: type[Symbol], op: Op) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Return an operator and its reflected form: the short way from a call to the records.

    Python 3.11 and later append to a list without a call.
    """
    records = kind.tape.records

    def apply(x: Symbol, y: Any) -> Any:
        if type(y) is not kind and (y := x.tape.other(y, op, 1)) is None:
            return NotImplemented
        made = kind()
        records.append(made)
        records.append(op)
        records.append(x)
        records.append(y)
        return made

    def reflected(y: Symbol, x: Any) -> Any:
        if (x := y.tape.other(x, op, 0)) is None:
            return NotImplemented
        made = kind()
        records.extend((made, op, x, y))
        return made

    return apply, reflected


def _unary(kind: Any, op: Op) -> Callable[[Symbol], Symbol]:
    return lambda x: kind.__mgcore_apply__(op, (x,))


def _application(kind: type[Symbol]) -> Callable[[Op, tuple[Any, ...]], Symbol]:
    """Return what writes down the application of an op to symbols, Values and numbers."""
    tape, records = kind.tape, kind.tape.records

    def apply(op: Op, operands: tuple[Any, ...]) -> Symbol:
        for x in operands:
            if type(x) is not kind:
                operands = tape.all_of(op, operands)
                break
        if op.arity is not None and len(operands) != op.arity:
            message = f"op {op.name} takes {op.arity} operands, not {len(operands)}"
            raise TraceError(message)
        made = kind()
        records.extend((made, op, operands, None))
        return made

    return apply


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
    for node in range(len(marks)):
        if marks[node]:
            for x in operand[start[node] : start[node + 1]]:
                marks[x] = True
    return without(graph, ~np.array(marks, dtype=bool))
