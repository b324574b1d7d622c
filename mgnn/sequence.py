"""Modules for sequences, each like its definition: Linear, Embedding, RMSNorm, attention."""

import random
from collections.abc import Sequence
from typing import Any

from mgcore import Value, ops
from mgnn.errors import ShapeError
from mgnn.functional import attention, rmsnorm
from mgnn.module import Module
from mgnn.settings import count_of, not_negative, seed_of

__all__ = ["Embedding", "Linear", "MultiHeadAttention", "RMSNorm"]


def _drawing(seed: int | None, rng: Any) -> Any:
    """Return where numbers come from: `rng`, a generator of `seed`, or the module `random`."""
    if rng is not None:
        return rng
    return random if seed_of(seed) is None else random.Random(seed)  # noqa: S311 - no secret


def _matrix(rows: int, columns: int, std: float, rng: Any) -> list[list[Value]]:
    return [
        [Value(rng.gauss(0.0, std), label=f"w{i},{j}") for j in range(columns)] for i in range(rows)
    ]


class Linear(Module):
    """Compute w x, or w x + b.

    Args:
        nin: numbers that go in.
        nout: numbers that come out.
        bias: whether there is a b, which begins at 0.
        std: standard deviation of the weights at the start; 1 / sqrt(nin) by default.
        seed: makes the weights repeatable.
        rng: where the numbers come from, instead: has `gauss`, as `random.Random`.

    Raises:
        ShapeError: if a size is no positive whole number.

    """

    def __init__(
        self,
        nin: int,
        nout: int,
        *,
        bias: bool = True,
        std: float | None = None,
        seed: int | None = None,
        rng: Any = None,
    ) -> None:
        nin, nout = count_of("nin", nin, ShapeError), count_of("nout", nout, ShapeError)
        std = nin**-0.5 if std is None else not_negative("std", std, ShapeError)
        self.w = _matrix(nout, nin, std, _drawing(seed, rng))
        self.b = [Value(0.0, label=f"b{i}") for i in range(nout)] if bias else []

    def __call__(self, x: Sequence[Any]) -> list[Any]:
        """Return `nout` Values for `nin` numbers or Values.

        Raises:
            ShapeError: if `x` has another length.

        """
        if len(x) != len(self.w[0]):
            raise ShapeError(f"x has {len(x)} numbers, but this layer has {len(self.w[0])} inputs")
        out = [ops.dot(*row, *x) for row in self.w]
        return [z + b for z, b in zip(out, self.b, strict=True)] if self.b else out

    def __repr__(self) -> str:
        return f"Linear({len(self.w[0])}, {len(self.w)}{'' if self.b else ', bias=False'})"


class Embedding(Module):
    """Look up a row of a table of parameters.

    Args:
        count: rows: how many tokens, or positions, there are.
        dim: numbers in a row.
        std: standard deviation of the numbers at the start.
        seed: makes them repeatable.
        rng: where they come from, instead.

    Raises:
        ShapeError: if a size is no positive whole number.

    """

    def __init__(
        self, count: int, dim: int, *, std: float = 1.0, seed: int | None = None, rng: Any = None
    ) -> None:
        count, dim = count_of("count", count, ShapeError), count_of("dim", dim, ShapeError)
        self.table = _matrix(count, dim, not_negative("std", std, ShapeError), _drawing(seed, rng))

    def __call__(self, index: Any) -> list[Any]:
        """Return the `dim` numbers of a row.

        Args:
            index: a whole number gives the parameters of the row themselves; a Value or a symbol,
                such as a kernel's input, gives what `ops.take` finds for it, in a kernel too.

        Raises:
            ShapeError: if there is no such row.

        """
        if hasattr(type(index), "__mgcore_apply__"):
            return [ops.take(index, *column) for column in zip(*self.table, strict=True)]
        if isinstance(index, bool) or index != int(index) or not 0 <= index < len(self.table):
            raise ShapeError(f"there is no row {index!r} in a table of {len(self.table)}")
        return list(self.table[int(index)])

    def __repr__(self) -> str:
        return f"Embedding({len(self.table)}, {len(self.table[0])})"


class RMSNorm(Module):
    """Divide numbers by the root of their mean square, and scale each (Zhang and Sennrich 2019).

    Args:
        dim: how many numbers.
        eps: added to the mean square.
        gain: whether each number has a factor that is trained; it begins at 1.

    Raises:
        ShapeError: if `dim` is no positive whole number.

    """

    def __init__(self, dim: int, *, eps: float = 1e-5, gain: bool = True) -> None:
        self.dim = count_of("dim", dim, ShapeError)
        self.eps = not_negative("eps", eps, ShapeError)
        self.gain = [Value(1.0, label=f"g{i}") for i in range(self.dim)] if gain else []

    def __call__(self, x: Sequence[Any]) -> list[Any]:
        """Return `dim` numbers for `dim` numbers or Values.

        Raises:
            ShapeError: if `x` has another length.

        """
        if len(x) != self.dim:
            raise ShapeError(f"x has {len(x)} numbers, but this norm is one of {self.dim}")
        out = rmsnorm(x, self.eps)
        return [z * g for z, g in zip(out, self.gain, strict=True)] if self.gain else out

    def __repr__(self) -> str:
        return f"RMSNorm({self.dim}{'' if self.gain else ', gain=False'})"


class MultiHeadAttention(Module):
    """Let each position of a sequence look at those up to itself (Vaswani et al. 2017).

    Args:
        dim: numbers at a position.
        heads: how many parts of `dim` look for themselves; divides `dim`.
        std: standard deviation of the weights at the start; 1 / sqrt(dim) by default.
        seed: makes them repeatable.
        rng: where they come from, instead.

    Raises:
        ShapeError: if a size is no positive whole number, or `heads` does not divide `dim`.

    """

    def __init__(
        self,
        dim: int,
        heads: int,
        *,
        std: float | None = None,
        seed: int | None = None,
        rng: Any = None,
    ) -> None:
        dim, self.heads = count_of("dim", dim, ShapeError), count_of("heads", heads, ShapeError)
        if dim % heads:
            raise ShapeError(f"{heads} heads do not divide {dim} numbers")
        rng = _drawing(seed, rng)
        self.query, self.key, self.value, self.out = (
            Linear(dim, dim, bias=False, std=std, rng=rng) for _ in range(4)
        )

    def __call__(self, xs: Sequence[Sequence[Any]]) -> list[list[Any]]:
        """Return a list of `dim` numbers for each position of a sequence.

        Raises:
            ShapeError: if a position has another number of numbers.

        """
        keys: list[list[Any]] = []
        values: list[list[Any]] = []
        return [self.step(x, keys, values) for x in xs]

    def step(self, x: Sequence[Any], keys: list[list[Any]], values: list[list[Any]]) -> list[Any]:
        """Go on by one position.

        Args:
            x: `dim` numbers of the position.
            keys: of the positions before; this one's is appended.
            values: likewise.

        Returns:
            The position's `dim` numbers after attention.

        """
        query = self.query(x)
        keys.append(self.key(x))
        values.append(self.value(x))
        found: list[Any] = []
        size = len(query) // self.heads
        for first in range(0, len(query), size):
            part = slice(first, first + size)
            found += attention(query[part], [k[part] for k in keys], [v[part] for v in values])
        return self.out(found)

    def __repr__(self) -> str:
        return f"MultiHeadAttention({len(self.query.w)}, {self.heads})"
