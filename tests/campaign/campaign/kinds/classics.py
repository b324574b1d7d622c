"""What people differentiate, and what other systems got wrong: algebra, statistics, safe forms."""

from __future__ import annotations

import math

from campaign.graphs import Maker
from campaign.kinds.draw import NICE, SMOOTH, leaves, number, rows_for


def elimination(rng):
    """Solve a small linear system: Gauss, Cholesky or a determinant, pivots kept from 0."""
    m = Maker()
    n = rng.randint(2, 3)
    place = m.x if rng.random() < 0.5 else m.w
    a = [[place(number(rng)) for _ in range(n)] for _ in range(n)]
    b = [m.x(number(rng)) for _ in range(n)]
    form = rng.choice(["gauss", "cholesky"])
    s = [[m.dot(a[i], a[j]) + (1.5 if i == j else 0.0) for j in range(n)] for i in range(n)]
    if form == "gauss":
        for k in range(n):
            for i in range(k + 1, n):
                f = s[i][k] / s[k][k]
                s[i] = [s[i][j] - f * s[k][j] for j in range(n)]
                b[i] = b[i] - f * b[k]
        u = [None] * n
        for i in reversed(range(n)):
            rest = [s[i][j] * u[j] for j in range(i + 1, n)]
            u[i] = ((b[i] - m.sum(*rest)) if rest else b[i]) / s[i][i]
        return m.graph(m.dot(u, u), rows_for(m, rng, 2))
    low = [[None] * n for _ in range(n)]
    for i in range(n):
        for j in range(i + 1):
            rest = m.sum(*[low[i][k] * low[j][k] for k in range(j)]) if j else 0.0
            left = s[i][j] - rest
            low[i][j] = m.op("sqrt", left) if i == j else left / low[j][j]
    y = m.sum(*[m.op("log", low[i][i]) for i in range(n)], m.dot(b, low[-1]))
    return m.graph(y, rows_for(m, rng, 2))


def complex_numbers(rng):
    """Products, quotients and absolute values of complex numbers; the steps of Mandelbrot's set."""
    m = Maker()
    a, b = (m.x(number(rng)), m.x(number(rng))), (m.w(number(rng)), m.w(number(rng)))

    def times(p, q):
        return p[0] * q[0] - p[1] * q[1], p[0] * q[1] + p[1] * q[0]

    z = a
    for _ in range(rng.randint(1, 4)):
        step = rng.choice(["square", "times", "divide", "add"])
        if step == "square":
            z = times(z, z)
        elif step == "times":
            z = times(z, b)
        elif step == "add":
            z = z[0] + b[0], z[1] + b[1]
        else:
            size = z[0] * z[0] + z[1] * z[1] + 0.25
            z = (b[0] * z[0] + b[1] * z[1]) / size, (b[1] * z[0] - b[0] * z[1]) / size
        if max(abs(z[0].data), abs(z[1].data)) > 50:
            z = m.op("tanh", z[0]), m.op("sin", z[1])
    size = z[0] * z[0] + z[1] * z[1]
    y = rng.choice(
        [
            lambda: size,
            lambda: m.op("sqrt", size + 1e-3),
            lambda: m.op("log", size + 0.5),
            lambda: m.op("atan", z[1] / (z[0] * z[0] + 0.5)),
            lambda: [z[0], z[1]],
        ]
    )()
    outputs = y if isinstance(y, list) else [y]
    outputs = [out + m.dot(a, a) * 0.25 for out in outputs]
    return m.graph(outputs, rows_for(m, rng))


def rotations(rng):
    """A chain of plane rotations, as of a robot's arm, and the distance of its end to a target."""
    m = Maker()
    joints = rng.randint(1, 6)
    angles = [m.x(rng.choice([0.0, math.pi / 2, number(rng)])) for _ in range(joints)]
    lengths = [m.w(number(rng)) for _ in range(joints)] if rng.random() < 0.6 else [1.0] * joints
    px = py = total = None
    for angle, length in zip(angles, lengths, strict=True):
        total = angle if total is None else total + angle
        dx, dy = length * m.op("cos", total), length * m.op("sin", total)
        px, py = (dx, dy) if px is None else (px + dx, py + dy)
    away = (px - 0.5) ** 2.0 + (py - m.x(number(rng))) ** 2.0
    y = m.op("sqrt", away + 0.125) if rng.random() < 0.5 else away
    return m.graph(y, rows_for(m, rng))


def newton(rng):
    """Unrolled iterations: Newton's root, a mean of arithmetic and geometric, a fraction."""
    m = Maker()
    x, w = m.x(abs(number(rng)) + 0.25), m.w(abs(number(rng)) + 0.5)
    form, steps = rng.choice(["root", "mean", "fraction", "reciprocal"]), rng.randint(1, 8)
    y = w
    for _ in range(steps):
        if form == "root":
            y = 0.5 * (y + x / y)
        elif form == "mean":
            x, y = (x + y) * 0.5, m.op("sqrt", x * y)
        elif form == "fraction":
            y = w + 1.0 / (1.0 + y * x)
        else:
            y = y * (2.0 - m.op("tanh", x) * y) * 0.5
    return m.graph(y + x * w, [[abs(number(rng)) + 0.25 for _ in m.inputs] for _ in range(3)])


def stable_forms(rng):
    """Formulas people write so that they neither overflow nor divide by 0."""
    m = Maker()
    x, w = leaves(m, rng, rng.randint(2, 4), 1)
    a, b = x[0], x[1]
    big = m.op("maximum", a, b)
    form = rng.randrange(9)
    if form == 0:  # log(1 + exp(x)) by the maximum
        y = m.op("maximum", a, 0.0) + m.op("log1p", m.op("exp", -m.op("abs", a)))
    elif form == 1:  # a root that is safe at 0 by two selects
        on = m.op("gt", a, 0.0)
        y = m.op("select", on, m.op("sqrt", m.op("select", on, a, 1.0)), 0.0) + b
    elif form == 2:  # softmax less its maximum
        e = [m.op("exp", v - big) for v in x]
        y = m.dot([k / m.sum(*e) for k in e], x)
    elif form == 3:  # cross entropy from a logit
        y = m.op("relu", a) - a * b + m.op("softplus", -m.op("abs", a))
    elif form == 4:  # the length of a vector, at 0 too
        y = m.op("sqrt", m.sum(*[v * v for v in x]) + rng.choice([0.0, 1e-12, 1e-6]))
    elif form == 5:  # hypotenuse by the larger
        large, less = m.op("maximum", m.op("abs", a), 0.125), m.op("minimum", m.op("abs", b), 4.0)
        y = large * m.op("sqrt", 1.0 + (less / large) ** 2.0)
    elif form == 6:  # Huber's loss
        size = m.op("abs", a - b)
        y = m.op("select", m.op("lt", size, 1.0), 0.5 * size * size, size - 0.5)
    elif form == 7:  # sin(x) / x by a select
        on = m.op("gt", m.op("abs", a), 0.0)
        y = m.op("select", on, m.op("sin", a) / m.op("select", on, a, 1.0), 1.0) * b
    else:  # x log x and the entropy of a coin
        p = m.op("sigmoid", a)
        y = -(p * m.op("log", p) + (1.0 - p) * m.op("log1p", -p)) + b
    y = y * w[0] if w[0].data else y + w[0]
    return m.graph(m.sum(y, 0.25 * m.dot(x, x)), [[rng.choice(NICE) for _ in x] for _ in range(3)])


def piecewise(rng):
    """A table of pieces by nested selects or a sum of masks; clipping; a sorting network."""
    m = Maker()
    form = rng.choice(["nested", "masks", "clip", "sort", "steps"])
    x = [
        m.x(rng.choice(NICE) if rng.random() < 0.5 else number(rng))
        for _ in range(rng.randint(2, 4))
    ]
    w = [m.w(number(rng)) for _ in range(3)]
    knots = sorted(rng.sample(NICE, 3))
    if form == "nested":
        y = w[0] * x[0] + x[1]
        for k, (knot, v) in enumerate(zip(knots, w, strict=True)):
            y = m.op("select", m.op("lt", x[0], knot), v * x[0] ** float(k), y)
    elif form == "masks":
        y = m.sum(*[m.op("ge", x[0], k) * (v * (x[0] - k)) for k, v in zip(knots, w, strict=True)])
    elif form == "clip":
        y = m.op("maximum", m.op("minimum", x[0] * w[0], knots[2]), knots[0]) * x[1]
    elif form == "steps":
        y = m.sum(
            *[
                v * m.op(rng.choice(["hardtanh", "relu6"]), x[0] - k)
                for k, v in zip(knots, w, strict=True)
            ]
        )
    else:
        row = list(x)
        for i in range(len(row)):
            for j in range(i % 2, len(row) - 1, 2):
                low, high = m.op("minimum", row[j], row[j + 1]), m.op("maximum", row[j], row[j + 1])
                row[j], row[j + 1] = low, high
        y = m.dot(row[:3], w[: len(row)])
    return m.graph(
        m.sum(y, 0.25 * m.dot(x, x), 0.5 * m.dot(w, w)),
        [[rng.choice(NICE) for _ in x] for _ in range(3)],
    )


def statistics(rng):
    """Densities and prices: normal, Student's, mixtures, Black and Scholes, a Weibull's hazard."""
    m = Maker()
    x = [m.x(number(rng)) for _ in range(rng.randint(1, 4))]
    mu, s = m.w(number(rng)), m.op("softplus", m.w(number(rng))) + 0.125
    z = [(v - mu) / s for v in x]
    form = rng.randrange(6)
    if form == 0:
        y = m.sum(*[-0.5 * k * k - m.op("log", s) for k in z])
    elif form == 1:
        y = m.sum(*[-2.5 * m.op("log1p", k * k / 4.0) for k in z])
    elif form == 2:
        parts = [[-0.5 * k * k - c for c in (0.5, s)] for k in z]
        y = m.sum(*[m.op("logsumexp", *p) for p in parts])
    elif form == 3:
        spot, strike = m.op("exp", 0.25 * m.op("tanh", x[0])), 1.0
        d = (m.op("log", spot / strike) + 0.5 * s * s) / s

        def cdf(k):
            return 0.5 * (1.0 + m.op("erf", k * math.sqrt(0.5)))

        y = spot * cdf(d) - strike * cdf(d - s) + m.sum(*x)
    elif form == 4:
        y = m.sum(*[m.op("abs", k) ** 1.5 for k in z])
    else:
        mean = m.sum(*x) / float(len(x))
        y = m.sum(*[(v - mean) ** 2.0 for v in x]) / s
    return m.graph(m.sum(y, mu * mu * 0.5, m.dot(x, x) * 0.25), rows_for(m, rng))


def gated(rng):
    """An LSTM's or a GRU's cell over a few steps, gates as products."""
    m = Maker()
    steps, kind = rng.randint(1, 5), rng.choice(["lstm", "gru"])
    w = [m.w(number(rng)) for _ in range(8)]
    h, c = m.x(number(rng)), m.x(number(rng))
    for k in range(steps):
        x = m.x(number(rng))
        i, f, o = (m.op("sigmoid", m.dot([w[k], w[k + 1]], [x, h])) for k in (0, 2, 4))
        g = m.op("tanh", w[6] * x + w[7] * h)
        if kind == "lstm":
            c = f * c + i * g
            h = o * m.op("tanh", c)
        else:
            h = (1.0 - f) * h + f * m.op(rng.choice(SMOOTH) if k == 0 else "tanh", i * h + g)
    return m.graph(h + c * 0.5 + 0.25 * m.inputs[-1], rows_for(m, rng, 2))
