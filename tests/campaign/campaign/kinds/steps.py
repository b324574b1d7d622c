"""Steps one after another: recurrences, stencils, integrators."""

from __future__ import annotations

from campaign.graphs import Maker
from campaign.kinds.draw import NICE, SMOOTH, number, rows_for


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


def nested_recurrences(rng):
    """A random cell within the step of another: enough of them for loops inside loops."""
    m = Maker()
    size = rng.choice([1, 1, 2])
    shared = [m.w(number(rng)) for _ in range(rng.randint(0, 2))]
    own_outer, own_inner = rng.choice([0, 1]), rng.choice([0, 0, 1])
    state = [m.x(number(rng)) for _ in range(size)]
    inner_cell = cell(m, rng, size, len(shared) + own_inner + 1)
    outer_cell = cell(m, rng, size, len(shared) + own_outer)
    outer, inner = rng.randint(7, 9), rng.choice([3, 8, 9])
    inner_w = [[m.w(number(rng))] * own_inner for _ in range(inner)]  # the same in every outer step
    seen, summed = [], rng.choice(["last", "outer", "inner"])
    for _ in range(outer):
        start = state[0]
        for k in range(inner):
            state = inner_cell(state, [*shared, *inner_w[k], start])
            if summed == "inner":
                seen.append(state[0])
        state = outer_cell(state, [*shared, *[m.w(number(rng)) for _ in range(own_outer)]])
        if summed == "outer":
            seen.append(state[-1])
    return m.graph(m.sum(*state, *seen) * 0.5, rows_for(m, rng, 2))


def stencil(rng):
    """Cells in a row that feel their neighbours, step after step: held, own or periodic ends."""
    m = Maker()
    long = rng.random() < 0.4  # enough of them for loops over rows that differ at a border
    cells, steps = (
        (rng.randint(8, 12), rng.randint(6, 9)) if long else rng.choices(range(1, 8), k=2)
    )
    cells, own = max(cells, 2), rng.random() < 0.2
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
            if own and i == 0:
                made = m.op("sin", u[i]) * 0.75 + left * 0.25
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


def running(rng):
    """Running sums, products, maxima and logsumexps of a row that has zeros and ties."""
    m = Maker()
    n, kind = rng.randint(2, 12), rng.choice(["sum", "prod", "max", "min", "lse", "mean", "affine"])
    x = [
        m.x(rng.choice([0.0, 0.0, *NICE]) if rng.random() < 0.6 else number(rng)) for _ in range(n)
    ]
    w = m.w(number(rng))
    total, seen = x[0], [x[0]]
    for k, new in enumerate(x[1:], 2):
        total = {
            "sum": lambda: total + new,  # noqa: B023 - called in its turn
            "prod": lambda: total * new,  # noqa: B023 - called in its turn
            "max": lambda: m.op("maximum", total, new),  # noqa: B023 - called in its turn
            "min": lambda: m.op("minimum", new, total),  # noqa: B023 - called in its turn
            "lse": lambda: m.op("logsumexp", total, new),  # noqa: B023 - called in its turn
            "mean": lambda: total + (new - total) / float(k),  # noqa: B023 - called in its turn
            "affine": lambda: total * w + new,  # noqa: B023 - called in its turn
        }[kind]()
        seen.append(total)
    y = m.dot(seen, x) if rng.random() < 0.5 else m.sum(*seen)
    return m.graph(y * w, [[rng.choice([0.0, *NICE]) for _ in x] for _ in range(3)])
