"""A few ops: at nice numbers, at edges, at zeros; many ops in no order."""

from __future__ import annotations

from campaign import by_reference
from campaign.graphs import Maker
from campaign.kinds.draw import (
    BINARY,
    EDGES,
    NICE,
    SMOOTH,
    UNARY,
    bounded,
    grown,
    leaves,
    number,
    rows_for,
)
from campaign.plain import PLAIN
from mgcore import ops


def any_ops(rng):
    m = Maker()
    x, w = leaves(m, rng, rng.randint(1, 4), rng.randint(0, 4))
    nodes = grown(m, rng, [*x, *w], rng.randint(2, 30))
    y = m.dot(x, [rng.choice(nodes) for _ in x]) + m.sum(*nodes[-3:])
    return m.graph(y, rows_for(m, rng))


def small(rng):
    """A few ops on one or two leaves, at nice numbers: ties, zeros, negative bases."""
    m = Maker()
    x = [m.x(rng.choice(NICE)) for _ in range(rng.randint(1, 2))]
    w = [m.w(rng.choice(NICE)) for _ in range(rng.randint(0, 1))]
    nodes = [*x, *w]
    for _ in range(rng.randint(1, 5)):
        kind = rng.random()
        pick = lambda: rng.choice(nodes)  # noqa: E731 - one short name
        if kind < 0.4:
            made = m.op(rng.choice(UNARY), pick())
        elif kind < 0.8:
            op = rng.choice(["add", "sub", "mul", "mul", "div", "maximum", "minimum", "pow"])
            made = m.op(
                op, pick(), rng.choice(NICE) if rng.random() < 0.4 or op == "pow" else pick()
            )
        elif kind < 0.9:
            made = m.op("select", m.op(rng.choice(["gt", "ge"]), pick(), 0.0), pick(), pick())
        else:
            made = m.op("dot", pick(), pick(), pick(), pick())
        made = bounded(made)
        if made is not None:
            nodes.append(made)
    return m.graph(
        nodes[-1] if nodes[-1] not in x else nodes[-1] * 1.5,
        [[rng.choice(NICE) for _ in x] for _ in range(3)],
    )


def edges(rng):
    """One or two ops at the edges of what they are defined and representable on."""
    m = Maker()

    def leaf():
        value = rng.choice(EDGES) * (1 if rng.random() < 0.7 else rng.uniform(0.5, 1.5))
        return m.x(value)

    kind = rng.random()
    if kind < 0.6:
        y = m.op(rng.choice(UNARY), leaf())
    elif kind < 0.8:
        y = m.op(rng.choice(BINARY), leaf(), leaf())
    else:
        y = m.op("logsumexp", *[leaf() for _ in range(rng.randint(1, 3))])
    if rng.random() < 0.4:
        y = m.op(rng.choice(UNARY), y)
    if rng.random() < 0.3:
        y = y * rng.choice(m.inputs)
    return m.graph(y, [[rng.choice(EDGES) for _ in m.inputs] for _ in range(3)])


def several(rng):
    """Several outputs: shared parts, an output that is another's part, a leaf, one twice."""
    m = Maker()
    x, w = leaves(m, rng, rng.randint(1, 3), rng.randint(0, 3))
    nodes = grown(m, rng, [*x, *w], rng.randint(2, 14))
    outputs = [rng.choice(nodes) for _ in range(rng.randint(1, 3))]
    outputs.append(m.dot(x, [rng.choice(nodes) for _ in x]))
    if rng.random() < 0.2:
        outputs.append(outputs[0])
    if rng.random() < 0.3:
        outputs.append(1.0 / x[0] if x[0].data else x[0] * x[0])
    rng.shuffle(outputs)
    outputs = [o if o.place >= 0 and m.nodes[o.place].op != "c" else x[0] for o in outputs]
    return m.graph(outputs, rows_for(m, rng))


def forest(rng):
    """The sum of small graphs of several kinds that share no leaves."""
    m = Maker()
    trees = []
    for _ in range(rng.randint(2, 4)):
        x, w = leaves(m, rng, rng.randint(1, 2), rng.randint(0, 2))
        nodes = grown(m, rng, [*x, *w], rng.randint(2, 10))
        trees.append(m.sum(*nodes[-2:]) + m.dot(x, x) * 0.25)
    return m.graph(m.sum(*trees) if rng.random() < 0.6 else trees, rows_for(m, rng))


def zeros(rng):
    """Contributions whose factor is exactly 0, and branches that are not taken."""
    m = Maker()
    x = m.x(rng.choice([0.0, -1.0, 0.0, 2.0]))
    other = rng.choice([m.w, m.x])(rng.choice([-1.0, -0.5, 0.0, 1.0]))
    f = rng.choice(["sqrt", "log", "abs", "exp"])
    safe = rng.random() < 0.5
    inner = m.op("maximum", x, 1e-300 if f == "log" else 0.0) if safe else x
    if not safe and f in ("sqrt", "log"):
        inner = x * x + rng.choice([0.0, 0.0, 1.0]) if f == "sqrt" else x * x + 0.5
    steep = m.op(f, inner)
    form = rng.randrange(7)
    if form == 0:
        y = m.op("relu", other) * steep
    elif form == 1:
        y = m.op("select", m.op("gt", x, 0.0), m.op(f, x), rng.choice([0.0, other]))
    elif form == 2:
        y = steep**2.0
    elif form == 3:
        y = x * steep
    elif form == 4:
        y = m.op("maximum", steep, rng.choice([1e-10, 1.0]))
    elif form == 5:
        y = m.op("maximum", x, 0.0) * m.op("log", m.op("maximum", x, 1e-300))
    else:
        y = m.op("minimum", m.op("sqrt", x * x + other * other), 1.0) * other
    y = y + 0.5 * other + x * 0.25
    outputs = [y, x * other] if rng.random() < 0.3 else [y]
    return m.graph(
        outputs, [[rng.choice([0.0, -1.0, 1.0, 2.0]) for _ in m.inputs] for _ in range(3)]
    )


def branches(rng):
    """Functions of which `cond` calls one: the other leaves no trace, and may be undefined."""
    m = Maker()
    x, w = leaves(m, rng, rng.randint(1, 3), rng.randint(0, 2))
    nodes = [*x, *w]
    for _ in range(rng.randint(1, 3)):
        test = m.op(rng.choice(["gt", "le", "lt", "ge"]), rng.choice(x), rng.choice(NICE))
        ways = []
        for _ in range(2):
            pick = rng.choice(nodes)
            ways.append(
                m.op(rng.choice(["sqrt", "log", "acosh", "reciprocal"]), pick)
                if rng.random() < 0.4
                else grown(m, rng, list(nodes), rng.randint(1, 3))[-1]
            )
        made = bounded(m.op("cond", test, *ways))
        if made is not None:
            nodes.append(made)
    return m.graph(m.sum(nodes[-1] * 0.5, m.dot(x, x)), rows_for(m, rng))


def same_operands(rng):
    """One node in several places of an op: x / x, x**x, dot(x, x), select(x, x, x)."""
    m = Maker()
    x = m.x(rng.choice(NICE))
    node = rng.choice([x, x * m.w(number(rng)), m.op(rng.choice(SMOOTH), x), -x])
    op = rng.choice([*BINARY, "dot", "sum", "logsumexp", "select", "dot"])
    if op == "pow":
        node = node * node + 0.5
    count = {"select": 3, "dot": rng.choice([2, 4, 6])}.get(op, 2)
    y = m.op(op, *[node] * count)
    if rng.random() < 0.5:
        y = m.op(op, *[bounded(y) or node] * count)
    return m.graph(m.sum(y, 0.5 * x), [[rng.choice(NICE)] for _ in range(3)])


def near_zero(rng):
    """Tiny operands, where a slope or a second one is tiny too and has to have its digits."""
    m = Maker()

    def tiny():
        return rng.choice([-1, 1]) * rng.uniform(1, 10) * 10.0 ** rng.randint(-100, -1)

    x = m.x(tiny())
    y = m.op(rng.choice(UNARY), x if rng.random() < 0.7 else x * m.w(number(rng)))
    form = rng.random()
    if form < 0.2:
        y = y * m.x(tiny())
    elif form < 0.4:
        y = y / m.x(tiny())
    elif form < 0.6:
        y = m.op(rng.choice(SMOOTH), bounded(y) or x)
    return m.graph(m.sum(y, 0.0 * x), [[tiny() for _ in m.inputs] for _ in range(3)])


OTHERS = [name for name in by_reference.NAMES if name not in PLAIN]
"""Ops of which the campaign knows nothing but their references."""


def by_their_references(rng):
    """One or two ops of which mpmath alone has a say, among others."""
    m = Maker()
    x, w = leaves(m, rng, rng.randint(2, 3), rng.randint(0, 2))
    nodes = [*x, *w]
    for _ in range(rng.randint(1, 2)):
        name = rng.choice(OTHERS)
        op = getattr(ops, name)
        count = op.arity if op.arity is not None else rng.randint(2, 3)
        operands = [rng.choice(nodes) for _ in range(count)]
        if op.domain is not None and rng.random() < 0.8:
            operands = [node * node + 0.25 for node in operands]
        made = bounded(m.op(name, *operands))
        if made is not None:
            nodes.append(made * 0.5 if rng.random() < 0.3 else made)
    return m.graph(m.sum(nodes[-1], 0.25 * m.dot(x, x)), rows_for(m, rng))


WHERE = {
    "any": lambda m, rng, x: x,
    "positive": lambda m, rng, x: x * x + rng.choice([0.25, 1.0]),
    "number": lambda m, rng, x: rng.choice([0.5, 1.0, 1.75, 3.0, 6.5]),
    "number above one": lambda m, rng, x: rng.choice([1.25, 2.0, 3.5, 6.0]),
    "part": lambda m, rng, x: m.op("sigmoid", x) * 0.9 + 0.05,
    "signed part": lambda m, rng, x: m.op("sin", x) * 0.9,
    "whole": lambda m, rng, x: float(rng.randint(0, 4)),
}
"""How an operand of a special function is brought to where it has to lie."""


def special(rng):
    """One special function among others, several times, and of a function of itself."""
    m = Maker()
    x, w = leaves(m, rng, rng.randint(1, 2), rng.randint(0, 2))
    nodes = [*x, *w]
    name = rng.choice(sorted(by_reference.SPECIAL))
    for _ in range(rng.randint(1, 2)):
        operands = [WHERE[where](m, rng, rng.choice(nodes)) for where in by_reference.SPECIAL[name]]
        made = bounded(m.op(name, *operands))
        if made is not None:
            nodes.append(made * rng.choice([1.0, 0.5, -0.25]))
    return m.graph(m.sum(nodes[-1], 0.25 * m.dot(x, x)), rows_for(m, rng, 2))


def taken(rng):
    """Operands chosen by number, constant or an input, and values with slopes of others."""
    m = Maker()
    x, w = leaves(m, rng, rng.randint(1, 3), rng.randint(1, 4))
    nodes = grown(m, rng, [*x, *w], rng.randint(1, 6))
    whole = m.x(float(rng.randrange(3))) if rng.random() < 0.5 else None
    for _ in range(rng.randint(1, 4)):
        index = whole if whole is not None and rng.random() < 0.7 else float(rng.randrange(3))
        nodes.append(m.op("take", index, *(rng.choice(nodes) for _ in range(3))))
        if rng.random() < 0.4:
            nodes.append(m.op(rng.choice(["ste_round", "ste_sign"]), nodes[-1]) + nodes[-1] * 0.5)
    rows = rows_for(m, rng)
    if whole is not None:
        place = m.inputs.index(whole)
        rows = [
            [float(rng.randrange(3)) if k == place else v for k, v in enumerate(row)]
            for row in rows
        ]
    return m.graph(m.sum(nodes[-1], nodes[-2], m.dot(x, x)), rows)
