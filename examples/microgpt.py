"""Train a character GPT on single numbers, the same lines in three stages.

The architecture is A. Karpathy's microgpt (2026): embeddings of 16 numbers, one layer of causal
attention with 4 heads, a net of 64 relu units, no biases; Adam, one name a step.

Usage: python examples/microgpt.py --stage script|mgcore|compiled [--steps 1000] [--samples 20]

- script: on a Value of its own, as everybody writes it;
- mgcore: the same lines on `mgcore.Value`;
- compiled: the same lines once more, traced into one kernel for names of any length: the positions
  after a name's end have the weight 0 in the loss.
"""

import argparse
import math
import random
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import attrs
import numpy as np

import mgcompile
from mgcore import Value, ops
from mgnn import optim, softmax

WIDTH, HEADS, POSITIONS = 16, 4, 16
LETTERS = "abcdefghijklmnopqrstuvwxyz"
EDGE = len(LETTERS)  # the token before and after a name
RATE, BETA1, BETA2, EPS = 0.01, 0.85, 0.99, 1e-8


def names(count: int, seed: int) -> list[str]:
    """Make up names of two or three syllables."""
    rng = random.Random(seed)
    heads, tails = (
        [
            "b",
            "br",
            "c",
            "d",
            "f",
            "g",
            "gr",
            "h",
            "j",
            "k",
            "l",
            "m",
            "n",
            "p",
            "r",
            "s",
            "st",
            "t",
            "v",
            "z",
        ],
        ["", "", "n", "r", "l", "s"],
    )
    return [
        "".join(rng.choice(heads) + rng.choice("aeiou") for _ in range(rng.choice((2, 2, 3))))
        + rng.choice(tails)
        for _ in range(count)
    ]


def tokens_of(name: str) -> list[int]:
    return [EDGE, *map(LETTERS.index, name), EDGE][: POSITIONS + 1]


# The model. `x` is a list of numbers; what a number is, differs from stage to stage.


class Tools(NamedTuple):
    """What a stage does its own way: leave softmax and the two look-ups to it."""

    softmax: Callable[[list[Any]], list[Any]]
    row: Callable[[Any, list[list[Any]]], list[Any]]  # the row of a table that a token chooses
    pick: Callable[[Any, list[Any]], Any]  # the number that a token chooses


def matrices(number: Callable[[float], Any], seed: int) -> dict[str, list[list[Any]]]:
    """Return the parameters, 4,192 numbers."""
    rng = random.Random(seed)
    shapes = {
        "tokens": (len(LETTERS) + 1, WIDTH),
        "positions": (POSITIONS, WIDTH),
        "query": (WIDTH, WIDTH),
        "key": (WIDTH, WIDTH),
        "value": (WIDTH, WIDTH),
        "mixed": (WIDTH, WIDTH),
        "wide": (4 * WIDTH, WIDTH),
        "narrow": (WIDTH, 4 * WIDTH),
        "logits": (len(LETTERS) + 1, WIDTH),
    }
    return {
        name: [[number(rng.gauss(0.0, 0.08)) for _ in range(columns)] for _ in range(rows)]
        for name, (rows, columns) in shapes.items()
    }


def dot(xs: Sequence[Any], ys: Sequence[Any]) -> Any:
    return sum((x * y for x, y in zip(xs[1:], ys[1:], strict=True)), xs[0] * ys[0])


def linear(matrix: list[list[Any]], x: list[Any]) -> list[Any]:
    return [dot(row, x) for row in matrix]


def add(xs: list[Any], ys: list[Any]) -> list[Any]:
    return [x + y for x, y in zip(xs, ys, strict=True)]


def rmsnorm(x: list[Any]) -> list[Any]:
    scale = (dot(x, x) / len(x) + 1e-5) ** -0.5
    return [z * scale for z in x]


def attend(query: list[Any], keys: list[list[Any]], values: list[list[Any]], tools: Tools) -> Any:
    weights = tools.softmax([dot(query, key) / len(query) ** 0.5 for key in keys])
    return [dot(weights, column) for column in zip(*values, strict=True)]


def logits(m: dict[str, Any], tokens: Sequence[Any], tools: Tools) -> list[list[Any]]:
    """Return for each token the scores of what may come next."""
    keys: list[list[Any]] = []
    values: list[list[Any]] = []
    out = []
    for position, token in enumerate(tokens):
        x = rmsnorm(add(tools.row(token, m["tokens"]), m["positions"][position]))
        y = rmsnorm(x)
        query = linear(m["query"], y)
        keys.append(linear(m["key"], y))
        values.append(linear(m["value"], y))
        heads = []
        for first in range(0, WIDTH, WIDTH // HEADS):
            part = slice(first, first + WIDTH // HEADS)
            heads += attend(query[part], [k[part] for k in keys], [v[part] for v in values], tools)
        x = add(x, linear(m["mixed"], heads))
        hidden = [z.relu() for z in linear(m["wide"], rmsnorm(x))]
        x = add(x, linear(m["narrow"], hidden))
        out.append(linear(m["logits"], x))
    return out


def loss(m: dict[str, Any], tokens: Sequence[Any], weights: Sequence[Any], tools: Tools) -> Any:
    """Return the weighted sum of -log(probability) of each token, given those before it."""
    losses = [
        -tools.pick(token, tools.softmax(scores)).log()
        for token, scores in zip(tokens[1:], logits(m, tokens[:-1], tools), strict=True)
    ]
    return dot(losses, weights)


# Stage 1: a Value as everybody writes it.


class Number:
    """A number that knows its operands, and d(itself)/d(each of them)."""

    __slots__ = ("data", "grad", "operands", "slopes")

    def __init__(self, data: float, operands: Any = (), slopes: Any = ()) -> None:
        self.data, self.grad, self.operands, self.slopes = data, 0.0, operands, slopes

    def __add__(self, other: Any) -> "Number":
        other = other if isinstance(other, Number) else Number(other)
        return Number(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other: Any) -> "Number":
        other = other if isinstance(other, Number) else Number(other)
        return Number(self.data * other.data, (self, other), (other.data, self.data))

    def __pow__(self, n: float) -> "Number":
        return Number(self.data**n, (self,), (n * self.data ** (n - 1),))

    def exp(self) -> "Number":
        out = math.exp(self.data)
        return Number(out, (self,), (out,))

    def log(self) -> "Number":
        return Number(math.log(self.data), (self,), (1.0 / self.data,))

    def relu(self) -> "Number":
        return Number(max(0.0, self.data), (self,), (float(self.data > 0.0),))

    def __neg__(self) -> "Number":
        return self * -1.0

    def __sub__(self, other: Any) -> "Number":
        return self + -other

    def __truediv__(self, other: Any) -> "Number":
        return self * other**-1

    def backward(self) -> None:
        order: list[Number] = []
        seen = set()
        stack = [(self, False)]
        while stack:
            node, done = stack.pop()
            if done:
                order.append(node)
            elif node not in seen:
                seen.add(node)
                stack.append((node, True))
                stack += [(operand, False) for operand in node.operands]
        self.grad = 1.0
        for node in reversed(order):
            for operand, slope in zip(node.operands, node.slopes, strict=True):
                operand.grad += slope * node.grad


def shifted_softmax(xs: list[Any]) -> list[Any]:
    top = max(x.data for x in xs)
    powers = [(x - top).exp() for x in xs]
    total = sum(powers[1:], powers[0])
    return [p / total for p in powers]


BY_INDEX = Tools(shifted_softmax, lambda token, table: table[token], lambda token, xs: xs[token])


class Adam:
    """One update after the other, on numbers with `data` and `grad`."""

    def __init__(self, parameters: list[Any], steps: int) -> None:
        self.parameters, self.steps, self.step = parameters, steps, 0
        self.m = [0.0] * len(parameters)
        self.v = [0.0] * len(parameters)

    def update(self) -> None:
        rate = RATE * (1.0 - self.step / self.steps)
        self.step += 1
        for i, p in enumerate(self.parameters):
            self.m[i] = BETA1 * self.m[i] + (1.0 - BETA1) * p.grad
            self.v[i] = BETA2 * self.v[i] + (1.0 - BETA2) * p.grad**2
            m = self.m[i] / (1.0 - BETA1**self.step)
            v = self.v[i] / (1.0 - BETA2**self.step)
            p.data -= rate * m / (v**0.5 + EPS)
            p.grad = 0.0


def train_eagerly(number: Any, documents: list[list[int]]) -> tuple[Any, list[float]]:
    """Train on Numbers or on Values; return the parameters and the losses."""
    m = matrices(number, seed=42)
    steps = len(documents)
    optimizer = Adam([p for matrix in m.values() for row in matrix for p in row], steps)
    losses = []
    for tokens in documents:
        count = len(tokens) - 1
        found = loss(m, tokens, [1.0 / count] * count, BY_INDEX)
        found.backward()
        optimizer.update()
        losses.append(found.data)
    return m, losses


# Stage 3: the same lines as one kernel for names of any length.

BY_OPS = Tools(
    softmax,
    lambda token, table: [ops.take(token, *column) for column in zip(*table, strict=True)],
    lambda token, xs: ops.take(token, *xs),
)


def padded(tokens: list[int]) -> list[float]:
    """Return a name as a row of data: all positions' tokens, and the weights of their losses."""
    count, rest = len(tokens) - 1, POSITIONS + 1 - len(tokens)
    return [*map(float, tokens), *[EDGE] * rest, *[1.0 / count] * count, *[0.0] * rest]


class Compiled:
    """The model as kernels: of the loss, and of the scores at all positions."""

    def __init__(self, steps: int) -> None:
        self.matrices = matrices(Value, seed=42)
        self.parameters = [p for matrix in self.matrices.values() for row in matrix for p in row]
        self.all_scores = mgcompile.trace(
            lambda tokens: logits(self.matrices, tokens, BY_OPS),
            [EDGE] * POSITIONS,
            params=self.parameters,
        )
        self.loss = mgcompile.trace(
            lambda tokens, weights: loss(self.matrices, tokens, weights, BY_OPS),
            ([EDGE] * (POSITIONS + 1), [1.0 / POSITIONS] * POSITIONS),
            params=self.parameters,
        )
        self.optimizer = optim.Adam(
            lr=lambda update: RATE * (1.0 - update / steps), betas=(BETA1, BETA2), eps=EPS
        )

    def prepare(self) -> None:
        """Compile what the first training, at rate 0 here, and the first name would compile."""
        still = attrs.evolve(self.optimizer, lr=0.0)
        self.loss.train(np.zeros((1, 2 * POSITIONS + 1)), still)
        self.loss.optimizer_state = None
        self.all_scores([float(EDGE)] * POSITIONS)

    def train(self, documents: list[list[int]]) -> float:
        """Do an update for each name; return the mean of the losses before each."""
        rows = np.array([padded(tokens) for tokens in documents])
        (found,) = self.loss.train(rows, self.optimizer, batch_size=1, shuffle=False)
        return found

    def scores(self) -> Callable[[list[int]], Any]:
        """Return a function that gives the scores at all positions of some tokens.

        What comes later changes nothing before it, so any padding does.
        """
        self.all_scores.params = self.loss.params

        def scores(tokens: list[int]) -> Any:
            rest = [float(EDGE)] * (POSITIONS - len(tokens))
            return np.reshape(self.all_scores([*map(float, tokens), *rest]), (POSITIONS, -1))

        return scores


def sample(scores: Callable[[list[int]], list[list[float]]], count: int, seed: int) -> list[str]:
    """Draw names, letter by letter."""
    rng = random.Random(seed)
    found = []
    for _ in range(count):
        tokens = [EDGE]
        while len(tokens) < POSITIONS:
            row = scores(tokens)[len(tokens) - 1]
            weights = [math.exp(2.0 * (x - max(row))) for x in row]  # temperature 0.5
            token = rng.choices(range(len(row)), weights)[0]
            if token == EDGE:
                break
            tokens.append(token)
        found.append("".join(LETTERS[t] for t in tokens[1:]))
    return found


def main(arguments: list[str] | None = None) -> list[float]:
    """Train, and show made-up names; return mean losses."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stage", default="compiled", choices=["script", "mgcore", "compiled"])
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--samples", type=int, default=20)
    options = parser.parse_args(arguments)
    documents = [tokens_of(name) for name in names(options.steps, seed=7)]

    began = time.perf_counter()
    if options.stage == "compiled":
        model = Compiled(options.steps)
        model.prepare()
        print(f"ready in {time.perf_counter() - began:.1f} s")
        began = time.perf_counter()
        parts = [documents[i : i + 100] for i in range(0, len(documents), 100)]
        means = [model.train(part) for part in parts]
    else:
        m, losses = train_eagerly(Number if options.stage == "script" else Value, documents)
        means = [sum(part) / len(part) for part in (losses[:100], losses[-100:])]
    seconds = time.perf_counter() - began
    print(
        f"{options.steps} steps in {seconds:.2f} s, {1e6 * seconds / options.steps:.0f} us a step"
    )
    print(f"mean loss of the first names {means[0]:.4f}, of the last {means[-1]:.4f}")
    if options.samples:
        if options.stage == "compiled":
            scores = model.scores()
        else:

            def scores(tokens: list[int]) -> list[list[float]]:
                return [[x.data for x in row] for row in logits(m, tokens, BY_INDEX)]

        print(" ".join(sample(scores, options.samples, seed=1)))
    return means


if __name__ == "__main__":
    main()
