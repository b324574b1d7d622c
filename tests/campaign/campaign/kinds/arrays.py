"""What was written over arrays: pairs, sums, nets, attention, data sets."""

from __future__ import annotations

import random

from campaign.graphs import Maker
from campaign.kinds.draw import SMOOTH, leaves, number, rows_for
from campaign.kinds.steps import cell


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


TRIANGLES = {
    "lower": lambda i, n: range(i + 1),
    "upper": lambda i, n: range(i, n),
    "trapezoid": lambda i, n: range(min(i + 3, n)),
    "downwards": lambda i, n: range(n - i),
}


def triangles(rng):
    """Rows of parameters that grow by a column, 24 or more, times one vector or two."""
    m = Maker()
    n, form = rng.choice([24, 25, 27, 32, 33, 36]), rng.choice(list(TRIANGLES))
    columns = [TRIANGLES[form](i, n) for i in range(n - 2 if form == "trapezoid" else n)]
    x = [m.x(number(rng)) for _ in range(n)]
    rows = [[m.w(number(rng)) for _ in row] for row in columns]
    g = rng.choice(SMOOTH)
    vectors = [x if rng.random() < 0.5 else [m.op(g, v) for v in x]]
    if rng.random() < 0.3:
        vectors.append([v * v for v in x])
    f, outs = rng.choice([*SMOOTH, "relu", "abs"]), []
    for vector in vectors:
        made = [
            m.dot(row, [vector[j] for j in read]) for row, read in zip(rows, columns, strict=True)
        ]
        outs.append([m.op(f, 0.125 * z) for z in made])
    ends = [m.sum(*z) if rng.random() < 0.6 else m.dot(z, z) for z in outs]
    if rng.random() < 0.15:
        rng.shuffle(m.params)
    if rng.random() < 0.3:
        return m.graph([*ends, outs[0][rng.randrange(len(columns))]], rows_for(m, rng, 1))
    return m.graph(m.sum(*ends), rows_for(m, rng, rng.choice([1, 3])))


def rows_in_blocks(rng):
    """Sums, weighted means or logarithms over as many rows of many lengths as are put in blocks."""
    m = Maker()
    n, form = rng.choice([8, 9, 11, 12, 13, 16, 17, 20]), rng.choice(["sum", "mean", "log", "pair"])
    x = [m.x(number(rng)) for _ in range(n)]
    w = [m.w(number(rng)) for _ in range(2)]
    g = rng.choice(SMOOTH)
    y = [m.op(g, v * w[0]) for v in x]
    seen = y if rng.random() < 0.7 else y[::-1]
    f, outs = rng.choice([*SMOOTH, "square", "abs"]), []
    for i in range(n):
        part = seen[: i + 1]
        if form == "sum":
            outs.append(m.op(f, m.sum(*part) * w[1]))
            continue
        scores = [z * w[1] if form == "mean" else m.op("tanh", x[i] * z) for z in part]
        if form == "log":
            outs.append(m.op("logsumexp", *scores))
            continue
        powers = [m.op("exp", score) for score in scores]
        total = m.sum(*powers)
        outs.append(m.op(f, m.dot([power / total for power in powers], part)))
    ends = m.sum(*outs) if rng.random() < 0.6 else m.dot(outs, outs)
    if rng.random() < 0.3:
        return m.graph([ends, outs[-1], rng.choice(outs)], rows_for(m, rng, 2))
    return m.graph(ends, rows_for(m, rng))


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


def convolution(rng):
    """A filter along a row or over a grid, its maximum or mean over windows after it."""
    m = Maker()
    width, height = rng.randint(3, 9), rng.choice([1, 1, 2, 3])
    size = rng.randint(1, min(3, width))
    tall = 1 if height == 1 else 2
    x = [[m.x(number(rng)) for _ in range(width)] for _ in range(height)]
    w = [[m.w(number(rng)) for _ in range(size)] for _ in range(tall)]
    bias, f = m.w(number(rng)), rng.choice(["relu", "tanh", "mish", "relu6"])
    stride, outs = rng.choice([1, 1, 2]), []
    for i in range(height - tall + 1):
        for j in range(0, width - size + 1, stride):
            seen = [x[i + a][j + b] for a in range(tall) for b in range(size)]
            outs.append(m.op(f, m.dot([v for row in w for v in row], seen) + bias))
    pooled = []
    for k in range(0, len(outs), 2):
        pair = outs[k : k + 2]
        if len(pair) == 1:
            pooled.append(pair[0])
        else:
            pooled.append(
                m.op("maximum", *pair) if rng.random() < 0.7 else (pair[0] + pair[1]) * 0.5
            )
    y = m.sum(*pooled) if rng.random() < 0.5 else m.op("logsumexp", *pooled)
    return m.graph(y + 0.125 * m.dot(x[0], x[-1]), rows_for(m, rng, 2))


def tails(rng):
    """Sums, products of matrices and elementwise rows whose lengths lie about a vector's width."""
    m = Maker()
    n = rng.choice([3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33])
    x = [m.x(number(rng)) for _ in range(n)]
    form = rng.choice(["dot", "row", "matrix", "norm", "chain"])
    if form == "dot":
        y = m.dot([m.w(number(rng)) for _ in range(n)], x)
    elif form == "row":
        w = m.w(number(rng))
        y = m.sum(*[m.op("tanh", v * w) for v in x])
    elif form == "matrix":
        rows = [[m.w(number(rng)) for _ in x] for _ in range(rng.choice([2, 3, 5]))]
        y = m.sum(*[m.op("sigmoid", m.dot(row, x)) for row in rows])
    elif form == "norm":
        mean = m.sum(*x) / float(n)
        centred = [v - mean for v in x]
        scale = m.op("rsqrt", m.dot(centred, centred) / float(n) + 0.0625)
        y = m.dot([m.w(number(rng)) for _ in x], [c * scale for c in centred])
    else:
        y = x[0]
        for v in x[1:]:
            y = m.op("sin", y + v)
    return m.graph(m.sum(y, x[0] * x[-1]), rows_for(m, rng, rng.choice([1, 3])))
