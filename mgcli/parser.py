"""Read an arithmetic expression: a whitelist over Python's syntax tree, and never `eval`.

`parse` turns text into a flat list of steps, operands first, without recursion.
"""

import ast
import math
import warnings
from typing import NoReturn, cast

from mgcli.errors import ExpressionError
from mgcli.expression import Expression, Step
from mgcore import MgcoreError, Op, ops

__all__ = ["parse"]

MAX_LENGTH = 2_000  # characters
MAX_DEPTH = 50  # brackets, powers and signs within one another

ARITHMETIC: dict[type[ast.AST], str] = {
    ast.Add: "add",
    ast.Sub: "sub",
    ast.Mult: "mul",
    ast.Div: "div",
    ast.Pow: "pow",
    ast.USub: "neg",
}
ALLOWED = "numbers, names, + - * / ** and calls of ops"


def parse(text: str) -> Expression:
    """Read `text` as arithmetic on numbers, names and registered ops.

    Raises:
        ExpressionError: naming the column of whatever else it holds.

    """
    return _Reader(text).read()


class _Reader:
    """Turn one text into steps, depth first with a stack of its own."""

    def __init__(self, text: str) -> None:
        self.text = "".join(" " if c.isspace() else c for c in text)
        self.code = self.text.lstrip()
        self.offset = len(self.text) - len(self.code)
        self.steps: list[Step] = []

    def read(self) -> Expression:
        self._check_text()
        # Each entry is a node and its depth; then, once its operands are read, how many they are.
        stack: list[tuple[ast.expr, int, int | None]] = [(self._tree(), 0, None)]
        done: list[int] = []
        while stack:
            node, depth, count = stack.pop()
            if depth > MAX_DEPTH:
                self._refuse(node, f"nested more than {MAX_DEPTH} deep; split the expression")
            if count is None:
                operands = self._operands(node)
                stack.append((node, depth, len(operands)))
                chain = isinstance(node, ast.BinOp)  # in a + b + c the left one nests for nothing
                for i, operand in reversed(list(enumerate(operands))):
                    stack.append((operand, depth + (not chain or i > 0), None))
            else:
                first = len(done) - count
                done[first:] = [self._emit(node, tuple(done[first:]))]
        return Expression(self.text, tuple(self.steps))

    def _check_text(self) -> None:
        if not self.code:
            self._fail("the expression is empty; write for instance a*b + tanh(c)", 1)
        if len(self.text) > MAX_LENGTH:
            self._fail(
                f"the expression has {len(self.text)} characters, more than {MAX_LENGTH}; "
                "write it as a Python program",
                MAX_LENGTH + 1,
            )
        for i, c in enumerate(self.text):
            if c == "#" or not c.isprintable():
                self._fail(f"the character {c!r} is not allowed; write {ALLOWED}", i + 1)
        depth = 0
        for i, c in enumerate(self.text):
            depth += (c in "([{") - (c in ")]}")
            if depth > MAX_DEPTH:
                self._fail(f"brackets nested more than {MAX_DEPTH} deep", i + 1)

    def _tree(self) -> ast.expr:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # hints about syntax that is refused below anyway
                return ast.parse(self.code, mode="eval").body
        except SyntaxError as error:
            at = (error.offset or 0) - 1
            if not 0 <= at < len(self.code):  # Python says nothing when the end came too early
                at = len(self.code)
            self._fail(_syntax_problem(error, self.code[at:]), self.offset + at + 1)
        except (MemoryError, RecursionError, ValueError):
            self._fail("nested too deep to be read; split the expression", self.offset + 1)

    def _operands(self, node: ast.expr) -> list[ast.expr]:
        """Return what `node` is applied to, or refuse what is not on the list."""
        match node:
            case ast.BinOp(left=left, op=op, right=right):
                if type(op) not in ARITHMETIC:
                    self._refuse(node, _instead_of(op))
                return [left, right]
            case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
                return [operand]
            case ast.Call(func=ast.Name(), args=args, keywords=keywords):
                for x in [*args, *(k.value for k in keywords)]:
                    if isinstance(x, ast.Starred) or x not in args:
                        self._refuse(x, "an op takes its operands one by one, without * and names")
                self._op(node)
                return args
            case ast.Constant() | ast.Name():
                return []
            case _:
                return self._refuse(node, _refusal(node))

    def _emit(self, node: ast.expr, operands: tuple[int, ...]) -> int:
        """Append the step for `node`, and return its index."""
        what: float | str | Op
        column = self._column(node)
        match node:
            case ast.Constant():
                what = self._number(node)
            case ast.Name():
                what = node.id
            case ast.UnaryOp(op=ast.UAdd()):
                return operands[0]
            case ast.UnaryOp():
                what = ops.neg
            case ast.BinOp():
                what = getattr(ops, ARITHMETIC[type(node.op)])
                column = self._sign_column(node)
            case _:
                what = self._op(cast("ast.Call", node))
        self.steps.append(Step(column, what, operands))
        return len(self.steps) - 1

    def _number(self, node: ast.Constant) -> float:
        if type(node.value) not in (int, float):
            self._refuse(node, f"{node.value!r} is no real number; write {ALLOWED}")
        try:
            number = float(cast("float", node.value))
        except OverflowError:
            number = math.inf
        if math.isinf(number):
            self._refuse(node, "this number is too large for a float64")
        return number

    def _op(self, node: ast.Call) -> Op:
        name = cast("ast.Name", node.func).id
        try:
            op: object = None if name.startswith("_") else getattr(ops, name)
        except MgcoreError as error:
            self._refuse(node, str(error))
        if not isinstance(op, Op):
            self._refuse(node, f"no op is called {name!r}; mg ops lists all that are installed")
        if op.arity is not None and op.arity != len(node.args):
            plural = "operand" if op.arity == 1 else "operands"
            self._refuse(node, f"{name} takes {op.arity} {plural}, got {len(node.args)}")
        return op

    def _column(self, node: ast.expr) -> int:
        return self._character(node.col_offset) + 1

    def _character(self, byte: int) -> int:
        """Turn an offset in UTF-8 bytes of the code into one in characters of the text."""
        return self.offset + len(self.code.encode()[:byte].decode())

    def _sign_column(self, node: ast.BinOp) -> int:
        """Return the column of the operator's sign: what stands between its two operands."""
        start = self._character(node.left.end_col_offset or 0)
        between = self.text[start : self._character(node.right.col_offset)]
        return start + len(between) - len(between.lstrip(" )")) + 1

    def _refuse(self, node: ast.AST, problem: str) -> NoReturn:
        column = self._column(cast("ast.expr", node))
        named = node.func if isinstance(node, ast.Call) else node
        if isinstance(node, ast.BinOp):
            column = self._sign_column(node)
        elif isinstance(named, ast.Attribute):
            column = self._character(named.value.end_col_offset or 0) + 1
        self._fail(problem, column)

    def _fail(self, problem: str, column: int) -> NoReturn:
        raise ExpressionError(problem, self.text, column)


def _syntax_problem(error: SyntaxError, rest: str) -> str:
    text = error.msg.removesuffix(".")
    if text == "invalid syntax":
        text = "something is missing before the end"
        if rest.startswith("="):
            text = 'values stand after the expression, as in "a*b" a=2 b=3'
        elif rest:
            text = f"{rest[0]!r} does not fit here"
    return f"this is no expression: {text[:1].lower()}{text[1:]}"


def _instead_of(op: ast.operator) -> str:
    hints = {
        ast.BitXor: "^ is not a power; write **",
        ast.MatMult: "@ is not allowed; write dot(w1, w2, x1, x2)",
    }
    return hints.get(type(op), f"this operator is not allowed; write {ALLOWED}")


REFUSED: dict[type[ast.AST], str] = {
    ast.Compare: "comparisons are not allowed; write lt(a, b), le, gt or ge",
    ast.IfExp: "if ... else is not allowed; write select(condition, a, b)",
    ast.BoolOp: "and, or are not allowed; write maximum(a, b) or minimum(a, b)",
    ast.Lambda: "lambda is not allowed",
    ast.List: "lists are not allowed",
    ast.ListComp: "comprehensions are not allowed",
    ast.SetComp: "comprehensions are not allowed",
    ast.DictComp: "comprehensions are not allowed",
    ast.GeneratorExp: "comprehensions are not allowed",
    ast.Subscript: "brackets [ ] are not allowed",
    ast.Tuple: "a comma is allowed between operands of an op only",
    ast.NamedExpr: "assignments are not allowed; give values as name=number after the expression",
    ast.JoinedStr: "strings are not allowed",
    ast.Starred: "* before a name is not allowed",
}


def _refusal(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"the attribute .{node.attr} is refused; write {ALLOWED}"
    if isinstance(node, ast.Call):
        if isinstance(node.func, ast.Attribute):
            return f"an op is called by its name alone, as in {node.func.attr}(x)"
        return "only ops can be called, by their names; mg ops lists them"
    if isinstance(node, ast.UnaryOp):
        return f"this sign is not allowed; write {ALLOWED}"
    known = REFUSED.get(type(node))
    return f"{known or 'this is not allowed'}" + ("" if known else f"; write {ALLOWED}")
