"""The structures: each a function of a random generator that returns a graph."""

from __future__ import annotations

import math
import random

import attrs

from campaign.graphs import Maker

__all__ = ["KINDS", "make"]

UNARY = [
    *("neg", "exp", "log", "sqrt", "abs", "sin", "cos", "erf", "relu", "leaky_relu", "elu"),
    *("tanh", "sigmoid", "softplus", "silu", "gelu"),
]
SMOOTH = ["sin", "cos", "tanh", "sigmoid", "erf", "softplus", "gelu", "silu"]
BINARY = ["add", "sub", "mul", "div", "maximum", "minimum", "gt", "ge", "lt", "le", "pow"]
VARIADIC = ["sum", "dot", "logsumexp"]
NICE = [0.0, 1.0, -1.0, 2.0, -2.0, 0.5, -0.5, 3.0, -3.0, 0.25, 1.5, 4.0, -0.75]
EDGES = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    1e-8,
    -1e-8,
    1e-300,
    5e-324,
    1e8,
    -1e8,
    20.0,
    -20.0,
    40.0,
    -40.0,
    88.0,
    -104.0,
    709.0,
    -745.0,
    1e17,
    math.pi,
    math.pi / 2,
    2.0**-53,
    1.0 + 2.0**-52,
]


def number(rng):
    """Return a leaf's number: whole, dyadic, or any."""
    kind = rng.random()
    if kind < 0.25:
        return rng.choice(NICE)
    if kind < 0.5:
        return rng.randint(-32, 32) / 16
    return round(rng.uniform(-2, 2), rng.choice([1, 3, 17]))


def numbers(rng, count):
    return [number(rng) for _ in range(count)]


def bounded(node):
    """Return the node, squashed where it is large or undefined."""
    if not abs(node.data) < 30.0:
        return node.maker.op("tanh", node) if node.data == node.data else None
    return node


def guarded(m, rng, op, x):
    """Apply an op of one operand, most times so that it is defined."""
    if op in ("log", "sqrt") and not (x.data > 0.05 and rng.random() < 0.5):
        x = x * x + rng.choice([0.5, 1.0, 0.125])
    if op == "exp" and abs(x.data) > 5:
        x = m.op("tanh", x)
    return m.op(op, x)


def applied(m, rng, nodes):
    """Apply a random op to random nodes."""
    pick = lambda: rng.choice(nodes)  # noqa: E731 - one short name
    kind = rng.random()
    if kind < 0.3:
        return guarded(m, rng, rng.choice(UNARY), pick())
    if kind < 0.6:
        op = rng.choice(["add", "sub", "mul", "mul", "maximum", "minimum", "gt", "ge", "lt", "le"])
        other = number(rng) if rng.random() < 0.25 else pick()
        return m.op(op, *([pick(), other] if rng.random() < 0.7 else [other, pick()]))
    if kind < 0.68:
        y = pick()
        y = y if abs(y.data) > 0.1 and rng.random() < 0.5 else y * y + 1.0
        return (number(rng) if rng.random() < 0.2 else pick()) / y
    if kind < 0.76:
        return m.op("select", m.op(rng.choice(["gt", "le"]), pick(), number(rng)), pick(), pick())
    if kind < 0.86:
        return powered(m, rng, pick(), pick())
    op, count = rng.choice(VARIADIC), rng.randint(1, 4)
    return m.op(op, *(pick() for _ in range(count * (2 if op == "dot" else 1))))


def powered(m, rng, x, y):
    kind = rng.random()
    if kind < 0.5:  # negative, zero and positive bases alike
        exponent = rng.choice([2.0, 3.0, 2.0, 4.0, 1.0, 5.0, 0.0])
        return x**exponent
    if kind < 0.65 and abs(x.data) > 0.2:
        return x ** rng.choice([-1.0, -2.0, -3.0])
    if kind < 0.85:
        return (m.op("tanh", x) + 1.5) ** rng.choice([0.5, -1.5, 2.5, 1.0 / 3.0])
    if kind < 0.95:
        return (m.op("tanh", x) + 1.5) ** m.op("tanh", y)
    return rng.choice([2.0, 0.5, 1.0, 10.0]) ** m.op("tanh", y)


def leaves(m, rng, inputs, params):
    x = [m.x(number(rng)) for _ in range(inputs)]
    return x, [m.w(number(rng)) for _ in range(params)]


def rows_for(m, rng, count=3):
    return [numbers(rng, len(m.inputs)) for _ in range(count)]


def grown(m, rng, nodes, count):
    """Add random ops to a pool of nodes."""
    for _ in range(count):
        made = bounded(applied(m, rng, nodes))
        if made is not None:
            nodes.append(made)
    return nodes


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


def cell(m, rng, state, others):
    """Return a random function of a state and other numbers, to be applied again and again."""
    recipe = []
    for k in range(rng.randint(1, 6)):
        known = state + others + k
        kind = rng.choice(["unary", "binary", "binary", "dot", "scaled", "power"])
        name = {"unary": rng.choice(SMOOTH), "dot": "dot"}.get(
            kind, rng.choice(["add", "sub", "mul", "maximum"])
        )
        recipe.append((kind, name, [rng.randrange(known) for _ in range(4)], number(rng)))
    last = [rng.randrange(state + others + len(recipe)) for _ in range(state)]
    squash = rng.choice(["tanh", "sin", "sigmoid"])

    def apply_cell(now, more):
        nodes = [*now, *more]
        for kind, name, places, factor in recipe:
            picked = [nodes[place] for place in places]
            if kind == "scaled":
                nodes.append(picked[0] * factor + picked[1] * 0.5)
            elif kind == "power":
                nodes.append(picked[0] ** 2.0)
            else:
                arity = {"unary": 1, "binary": 2, "dot": 4}[kind]
                nodes.append(m.op(name, *picked[:arity]))
        return [m.op(squash, nodes[place] + 0.3 * s) for place, s in zip(last, now, strict=True)]

    return apply_cell


def recurrence(rng):
    """A random cell unrolled along depth: shared and own parameters, inputs at every step."""
    m = Maker()
    steps, size = rng.randint(2, 14), rng.randint(1, 3)
    constant = rng.random() < 0.25  # starts from plain numbers
    shared = [m.w(number(rng)) for _ in range(rng.randint(0, 3))]
    own_w, own_x = rng.choice([0, 0, 1]), rng.choice([0, 0, 1]) if not constant else 1
    state = [m.c(number(rng)) if constant else m.x(number(rng)) for _ in range(size)]
    apply_cell = cell(m, rng, size, len(shared) + own_w + own_x)
    seen = list(state)
    for _ in range(steps):
        w, x = [m.w(number(rng)) for _ in range(own_w)], [m.x(number(rng)) for _ in range(own_x)]
        state = apply_cell(state, [*shared, *w, *x])
        if rng.random() < 0.03:
            state[0] = m.op("sin", state[0])  # an exception to the rule
        if x and rng.random() < 0.7:
            state[0] = state[0] + 0.125 * x[0]
        seen.append(state[-1])
    kept = seen if rng.random() < 0.5 else state
    return m.graph(m.sum(*kept) * 0.5, rows_for(m, rng, 2))


def stencil(rng):
    """Cells in a row that feel their neighbours, step after step: held or periodic ends."""
    m = Maker()
    cells, steps = rng.randint(2, 7), rng.randint(1, 7)
    held, n_inputs = rng.random() < 0.5, rng.randint(1, cells)
    rate = rng.choice([m.w(0.25), m.w(0.1), 0.2, 0.25])
    u = [m.x(number(rng)) if i < n_inputs else m.c(number(rng)) for i in range(cells)]
    if rng.random() < 0.3:
        rng.shuffle(u)
    reaction = rng.choice([None, None, "tanh", "cubic"])
    form = rng.random()
    for _ in range(steps):
        new = []
        for i in range(cells):
            left, right = u[i - 1], u[(i + 1) % cells]
            if held and i in (0, cells - 1):
                if form < 0.5:
                    new.append(u[i])
                    continue
                left, right = u[max(i - 1, 0)], u[min(i + 1, cells - 1)]
            flow = left - 2.0 * u[i] + right if form < 0.7 else (left - u[i]) + (right - u[i])
            made = u[i] + rate * flow
            if reaction == "tanh":
                made = m.op("tanh", made)
            if reaction == "cubic":
                made = made - 0.125 * u[i] * u[i] * u[i]
            new.append(made)
        u = new
    y = rng.choice(
        [
            lambda: m.sum(*u),
            lambda: sum(u[1:], u[0]),
            lambda: m.dot(u, u),
            lambda: u[rng.randrange(cells)] * 1.0 + m.x(0.5),
        ]
    )()
    return m.graph(y, rows_for(m, rng, rng.choice([0, 1, 3])))


def polynomial(rng):
    """Sums of powers and Horner's scheme, in one or several variables."""
    m = Maker()
    degree, form = rng.randint(1, 12), rng.random()
    x = m.x(rng.choice([*NICE, -0.5, -0.5, 0.9]))
    parameters = rng.random() < 0.5
    a = [m.w(number(rng)) if parameters else number(rng) for _ in range(degree + 1)]
    if form < 0.4:
        y = m.sum(*[a[i] * x ** float(i) for i in range(degree + 1)])
    elif form < 0.5:
        y = m.sum(*[x ** float(i) for i in range(degree + 1)])
    elif form < 0.8:
        y = x * 0.0 + a[-1]
        for c in reversed(a[:-1]):
            y = y * x + c
    else:
        power, terms = x, [a[0] + x]
        for c in a[1:]:
            terms.append(c * power)
            power = power * x
        y = sum(terms[1:], terms[0])
    if rng.random() < 0.3:
        y = y * m.x(number(rng)) ** 2.0
    return m.graph(y, rows_for(m, rng))


def pairs(rng):
    """Energies of pairs of bodies, inputs or parameters in another order than recorded."""
    m = Maker()
    count, dims = rng.randint(2, 5), rng.choice([1, 1, 2])
    place = m.w if rng.random() < 0.4 else m.x
    bodies = [[place(number(rng)) for _ in range(dims)] for _ in range(count)]
    if place is m.w and rng.random() < 0.8:
        shift = m.x(number(rng))
        bodies = (
            [[b + shift * 0.5 for b in body] for body in bodies] if rng.random() < 0.5 else bodies
        )
    weights = [m.w(number(rng)) for _ in range(count)] if rng.random() < 0.4 else None
    form = rng.choice(["well", "abs", "gauss", "tanh", "spring", "max"])
    terms, every = [], rng.random() < 0.3
    order = list(range(count))
    rng.shuffle(order)
    for i in order:
        for j in order:
            if i == j or (not every and i > j):
                continue
            d = [a - b for a, b in zip(bodies[i], bodies[j], strict=True)]
            r2 = d[0] * d[0] if rng.random() < 0.5 else d[0] ** 2.0
            if dims == 2:
                r2 = r2 + d[1] * d[1]
            made = {
                "well": lambda: 1.0 / (1.0 + r2),  # noqa: B023 - called in its turn
                "abs": lambda: m.op("abs", d[0]),  # noqa: B023 - called in its turn
                "gauss": lambda: m.op("exp", -r2),  # noqa: B023 - called in its turn
                "tanh": lambda: m.op("tanh", d[0]),  # noqa: B023 - called in its turn
                "spring": lambda: r2 * 0.5,  # noqa: B023 - called in its turn
                "max": lambda: m.op("maximum", bodies[i][0], bodies[j][0]),  # noqa: B023 - called in its turn
            }[form]()
            if weights:
                made = weights[i] * weights[j] * made
            terms.append(made)
    y = m.sum(*terms) if rng.random() < 0.6 else sum(terms[1:], terms[0])
    if form == "max" or not m.inputs:
        y = y + 0.5 * m.x(number(rng))
    rng.shuffle(m.inputs)
    if rng.random() < 0.5:
        rng.shuffle(m.params)
    return m.graph(y, rows_for(m, rng))


def permuted_reads(rng):
    """dot(*w, *[f(x[p[i]] - x[p[j]])]): reads through equal tables of different shapes."""
    m = Maker()
    n = rng.randint(2, 5)
    p = list(range(n))
    rng.shuffle(p)
    x = [m.x(number(rng)) for _ in range(n)]
    f, g = rng.choice(SMOOTH), rng.choice(["sub", "add", "mul"])
    terms = [m.op(f, m.op(g, x[p[i]], x[p[j]])) for i in range(n) for j in range(n)]
    w = [m.w(number(rng)) for _ in terms]
    rng.shuffle(m.params)
    return m.graph(
        m.dot(w, terms)
        if rng.random() < 0.6
        else m.sum(*[a * b for a, b in zip(w, terms, strict=True)]),
        rows_for(m, rng),
    )


def ragged(rng):
    """Sums of different lengths: triangular, growing, random; sums of sums."""
    m = Maker()
    n = rng.randint(2, 6)
    x, w = leaves(m, rng, n, rng.choice([0, n]))
    form = rng.choice(["triangle", "prefix", "random", "window"])
    f = rng.choice([*SMOOTH, "relu", "abs"])
    outs = []
    for i in range(n):
        if form == "triangle":
            part = x[: i + 1]
        elif form == "prefix":
            part = [outs[-1], x[i]] if outs else [x[0]]
        elif form == "window":
            part = x[max(0, i - 1) : i + 2]
        else:
            part = [rng.choice(x) for _ in range(rng.randint(1, n))]
        total = m.sum(*part) if rng.random() < 0.7 else sum(part[1:], part[0])
        if w:
            total = w[i] * total if rng.random() < 0.7 else total + w[i]
        outs.append(m.op(f, total))
    y = m.sum(*outs) if rng.random() < 0.5 else m.dot(outs, x)
    return m.graph(y, rows_for(m, rng))


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


def layer(m, rng, x, width, activation, rows=None):
    """One layer of a net; returns outs and the sums before their bias."""
    rows = rows or [[m.w(number(rng)) for _ in range(len(x) + 1)] for _ in range(width)]
    outs, sums = [], []
    form = rng.random()
    for row in rows:
        if form < 0.4:
            total = m.dot(row[:-1], x)
        else:
            terms = [a * b if form < 0.7 else b * a for a, b in zip(row, x, strict=False)]
            total = m.sum(*terms) if rng.random() < 0.3 else sum(terms[1:], terms[0])
        sums.append(total)
        outs.append(m.op(activation, total + row[-1]))
    return outs, sums, rows


def net(rng):
    """A small net; shared layers, skips, and sums before their bias used elsewhere too."""
    m = Maker()
    x = h = [m.x(number(rng)) for _ in range(rng.randint(1, 4))]
    known, extra = {}, []
    for _ in range(rng.randint(1, 3)):
        width = rng.choice([1, 2, 3, 5]) if rng.random() < 0.9 else rng.choice([8, 9, 17])
        rows = known.get((len(h), width)) if rng.random() < 0.4 else None
        outs, sums, known[len(h), width] = layer(
            m, rng, h, width, rng.choice(["relu", "leaky_relu", *SMOOTH]), rows
        )
        if rng.random() < 0.25:
            extra.append(m.sum(*[s * s for s in sums]))
        if rng.random() < 0.1:
            extra.append(m.op("logsumexp", *sums))
        if len(outs) == len(h) and rng.random() < 0.5:
            outs = [a + b for a, b in zip(outs, h, strict=True)]
        h = outs
    y = m.sum(*h) if rng.random() < 0.6 else m.op("logsumexp", *h)
    target = rng.random()
    if target < 0.4:
        y = (y - m.x(number(rng))) ** 2.0
    y = m.sum(y, *extra, 0.125 * m.dot(x, x))
    if rng.random() < 0.4:
        rng.shuffle(m.params)
    return m.graph(y, rows_for(m, rng))


def recorded(rng):
    """A data set in the graph: the loss over samples that are constants, without inputs."""
    m = Maker()
    samples, columns = rng.randint(1, 9), rng.randint(1, 3)
    form = rng.choice(["net", "cell", "linear"])
    sample = m.v if rng.random() < 0.6 else m.c
    losses = []
    w = [m.w(number(rng)) for _ in range(rng.randint(1, 3))]
    apply_cell = cell(m, rng, columns, len(w))
    rows = [[m.w(number(rng)) for _ in range(columns + 1)] for _ in range(2)]
    activation = rng.choice(["relu", *SMOOTH])
    seed = rng.random()
    for _ in range(samples):
        row = [sample(number(rng)) for _ in range(columns)]
        if form == "net":
            # the same form for every sample
            outs, _, _ = layer(m, random.Random(seed), row, 2, activation, rows)
            losses.append((m.sum(*outs) - sample(number(rng))) ** 2.0)
        elif form == "cell":
            first = [v * w[0] + w[-1] for v in row]
            losses.append(m.sum(*apply_cell(first, w)) ** 2.0)
        else:
            e = w[0] * row[0] + w[-1] - number(rng)
            losses.append(e * e if rng.random() < 0.9 else m.op("abs", e))
    y = m.sum(*losses) if rng.random() < 0.5 else sum(losses[1:], losses[0])
    y = y * (1.0 / samples)
    if rng.random() < 0.5:
        y = y + m.dot(w, w) * 0.0625
    return m.graph(y)


def repeated(rng):
    """A graph without inputs whose equal parts are recorded again and again."""
    m = Maker()
    w = [m.w(number(rng)) for _ in range(rng.randint(1, 4))]
    pool = list(w)

    def expression(seed, depth):
        r = random.Random(seed)
        if depth == 0:
            return w[r.randrange(len(w))]
        a = expression(r.random(), depth - 1)
        if r.random() < 0.3:
            return m.op(r.choice(SMOOTH), a)
        b = expression(r.random(), depth - 1)
        return m.op(r.choice(["add", "mul", "sub"]), a, b)

    seeds = [rng.random() for _ in range(2)]
    chosen = [rng.choice(seeds) for _ in range(rng.randint(2, 5))]
    pool += [m.op("tanh", expression(seed, 3)) for seed in chosen]
    if rng.random() < 0.3:
        pool.append(determinant(m, [[rng.choice(w) for _ in range(3)] for _ in range(3)]))
    return m.graph(m.sum(*pool) * 0.5 + m.dot(w, w) * 0.125)


def determinant(m, a):
    """By expansion, minors recorded anew each time."""
    if len(a) == 1:
        return a[0][0]
    terms = []
    for j in range(len(a)):
        minor = [[row[k] for k in range(len(a)) if k != j] for row in a[1:]]
        term = a[0][j] * determinant(m, minor)
        terms.append(term if j % 2 == 0 else -term)
    return sum(terms[1:], terms[0])


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


def ode(rng):
    """Runge-Kutta or Euler steps of a small system."""
    m = Maker()
    x, v = m.x(number(rng)), m.x(number(rng))
    a, b = m.w(number(rng)), m.w(number(rng))
    h = rng.choice([0.125, 0.1, 0.0625])
    field = rng.choice(
        [
            lambda x, v: (v, -1.0 * x * a - b * v),
            lambda x, v: (a * x - b * x * v, x * v - v),
            lambda x, v: (v, b * (1.0 - x * x) * v - a * x),
            lambda x, v: (m.op("sin", v), a - m.op("tanh", x) * b),
        ]
    )
    for _ in range(rng.randint(1, 6)):
        k1 = field(x, v)
        if rng.random() < 2:
            k2 = field(x + k1[0] * (h / 2), v + k1[1] * (h / 2))
            x, v = x + h * k2[0], v + h * k2[1]
    y = x * x + v if rng.random() < 0.5 else [x, v]
    return m.graph(y, rows_for(m, rng, 2))


def attention(rng):
    """Softmax of scores over a few steps, as logsumexp and exp or as a quotient of sums."""
    m = Maker()
    n, d = rng.randint(2, 4), rng.randint(1, 2)
    x = [[m.x(number(rng)) for _ in range(d)] for _ in range(n)]
    q = [[m.w(number(rng)) for _ in range(d)] for _ in range(d)]
    z = [[m.dot(row, xi) for row in q] for xi in x]
    terms = []
    causal, quotient = rng.random() < 0.5, rng.random() < 0.5
    for i in range(n):
        last = i + 1 if causal else n
        scores = [m.dot(z[i], x[j]) for j in range(last)]
        if any(abs(s.data) > 20 for s in scores):
            scores = [m.op("tanh", s) for s in scores]
        if quotient:
            e = [m.op("exp", m.op("tanh", s)) for s in scores]
            total = m.sum(*e)
            p = [k / total for k in e]
        else:
            total = m.op("logsumexp", *scores)
            p = [m.op("exp", s - total) for s in scores]
        terms += [m.dot(p, [x[j][k] for j in range(last)]) for k in range(d)]
    return m.graph(
        m.dot(terms, terms) if rng.random() < 0.5 else m.sum(*terms), rows_for(m, rng, 2)
    )


KINDS = {
    f.__name__: f
    for f in (
        any_ops,
        small,
        edges,
        recurrence,
        stencil,
        polynomial,
        pairs,
        permuted_reads,
        ragged,
        several,
        net,
        recorded,
        repeated,
        forest,
        zeros,
        ode,
        attention,
    )
}


def make(seed, kind=None):
    """Return the graph of a seed; its kind is drawn from the seed too."""
    rng = random.Random(f"campaign {seed}")
    kind = kind or rng.choice(list(KINDS))
    graph = KINDS[kind](rng)
    return attrs.evolve(graph, kind=kind, seed=seed)
