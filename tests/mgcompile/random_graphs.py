"""Random graphs of every kind that the compiler tells apart, each told by its seed."""

from __future__ import annotations

import random

from mgcore import Value, ops

# An op, and a map that brings any number into its domain, away from overflow.
UNARY = {
    "neg": lambda x: x,
    "exp": lambda x: ops.tanh(x),
    "log": lambda x: x * x + 0.5,
    "sqrt": lambda x: x * x + 0.5,
    "abs": lambda x: x,
    "sin": lambda x: x,
    "cos": lambda x: x,
    "erf": lambda x: x,
    "relu": lambda x: x,
    "leaky_relu": lambda x: x,
    "elu": lambda x: x,
    "tanh": lambda x: x,
    "sigmoid": lambda x: x,
    "softplus": lambda x: x,
    "silu": lambda x: ops.tanh(x) * 3.0,
    "gelu": lambda x: ops.tanh(x) * 3.0,
}
BINARY = ("add", "sub", "mul", "maximum", "minimum", "gt", "ge", "lt", "le")
VARIADIC = ("sum", "dot", "logsumexp")
SMOOTH = ("sin", "cos", "tanh", "sigmoid", "erf", "softplus", "gelu", "elu")

Graph = tuple[Value, list[Value], list[Value]]


def leaves(count, rng, label):
    """Return new leaves at random numbers."""
    return [Value(rng.uniform(-1, 1), f"{label}{i}") for i in range(count)]


def applied(rng, nodes):
    """Apply a random op to random nodes."""
    kind = rng.random()
    if kind < 0.4:
        name = rng.choice(list(UNARY))
        return getattr(ops, name)(UNARY[name](rng.choice(nodes)))
    if kind < 0.7:
        return getattr(ops, rng.choice(BINARY))(rng.choice(nodes), rng.choice(nodes))
    if kind < 0.78:
        return rng.choice(nodes) / (rng.choice(nodes) ** 2 + 1.0)
    if kind < 0.84:
        return ops.select(ops.gt(rng.choice(nodes), 0.1), rng.choice(nodes), rng.choice(nodes))
    if kind < 0.88:
        return (ops.tanh(rng.choice(nodes)) + 1.5) ** rng.choice([2.0, 3.0, -1.5, 0.5])
    if kind < 0.9:
        return (ops.tanh(rng.choice(nodes)) + 1.5) ** ops.tanh(rng.choice(nodes))
    name, count = rng.choice(VARIADIC), rng.randint(1, 4)
    count *= 2 if name == "dot" else 1
    return getattr(ops, name)(*(rng.choice(nodes) for _ in range(count)))


def any_ops(seed: int) -> Graph:
    """Return a bounded graph over all ops, in which every input matters."""
    rng = random.Random(seed)
    inputs, params = leaves(rng.randint(1, 5), rng, "x"), leaves(rng.randint(1, 6), rng, "p")
    nodes = [*inputs, *params]
    for _ in range(rng.randint(5, 60)):
        made = applied(rng, nodes)
        nodes.append(made if abs(made.data) < 20.0 else ops.tanh(made))
    output = ops.dot(*inputs, *(rng.choice(nodes) for _ in inputs))
    return output + ops.sum(*nodes[-4:]), inputs, params


def cell(rng, state, others):
    """Return a random function of a state and other numbers, to be applied again and again.

    It takes (state, others), lists of the lengths given, and returns the next state, in -1..1.
    """
    recipe = []
    for number in range(rng.randint(2, 7)):
        known = state + others + number
        kind = rng.choice(["unary", "binary", "binary", "dot", "mixed"])
        names = {"unary": SMOOTH, "binary": ("add", "sub", "mul", "maximum"), "dot": ("dot",)}
        name = rng.choice(names.get(kind, ("scaled",)))
        recipe.append((kind, name, [rng.randrange(known) for _ in range(4)], rng.uniform(-1, 1)))
    last = [rng.randrange(state + others + len(recipe)) for _ in range(state)]

    def apply(now, more):
        nodes = [*now, *more]
        for kind, name, places, factor in recipe:
            picked = [nodes[place] for place in places]
            if kind == "mixed":
                nodes.append(picked[0] * factor + picked[1] * 0.5)
            else:
                arity = {"unary": 1, "binary": 2, "dot": 4}[kind]
                nodes.append(getattr(ops, name)(*picked[:arity]))
        # the state itself takes part, so that no input is lost
        return [ops.tanh(nodes[place] + 0.3 * s) for place, s in zip(last, now, strict=True)]

    return apply


def repetition(seed: int) -> Graph:
    """Return a random cell unrolled along depth; inputs and parameters may enter at every step."""
    rng = random.Random(seed)
    steps, size = rng.randint(3, 40), rng.randint(1, 4)
    shared = leaves(rng.randint(1, 4), rng, "p")
    own_params = rng.choice([0, 0, 1, 2])
    own_inputs = rng.choice([0, 0, 1])
    apply = cell(rng, size, len(shared) + own_params + own_inputs)
    inputs = leaves(size, rng, "x")
    params, state, total = list(shared), list(inputs), []
    for step in range(steps):
        w, x = leaves(own_params, rng, f"w{step}_"), leaves(own_inputs, rng, f"u{step}_")
        params, inputs = params + w, inputs + x
        state = apply(state, [*shared, *w, *x])
        if rng.random() < 0.02:
            state[0] = ops.sin(state[0])  # an exception to the rule
        if x:
            state[0] = state[0] + 0.1 * x[0]
        total.append(state[-1])
    kept = total if rng.random() < 0.5 else [state[-1]]
    return ops.sum(*kept, *state) * (1.0 / len(kept)), inputs, params


def layered(seed: int) -> Graph:
    """Return a random net: widths, order of terms, skips, shared layers, an irregular rest."""
    rng = random.Random(seed)
    x = inputs = leaves(rng.randint(1, 9), rng, "x")
    params, h, pools, known = [], x, [], {}
    for _ in range(rng.randint(1, 4)):
        width, count = rng.choice([1, 2, 3, 5, 8, 17]), len(h)
        shared = rng.random() < 0.25 and (count, width) in known
        if not shared:
            rows = [leaves(count + 1, rng, "w") for _ in range(width)]
            params += [w for row in rows for w in row]
            known[count, width] = rows
        rows = known[count, width]
        activation = rng.choice(["relu", "leaky_relu", *SMOOTH])
        outs = []
        for row in rows:
            terms = [w * v if rng.random() < 0.5 else v * w for w, v in zip(row, h, strict=False)]
            terms.append(row[-1])
            if rng.random() < 0.3:
                rng.shuffle(terms)
            total = ops.sum(*terms) if rng.random() < 0.2 else sum(terms[1:], terms[0])
            outs.append(getattr(ops, activation)(total * (1.0 / count)))
        if len(outs) == len(h) and rng.random() < 0.5:
            outs = [a + b for a, b in zip(outs, h, strict=True)]
        pools.append(outs)
        h = outs
    output = rng.choice([ops.sum, ops.logsumexp])(*h) + 0.1 * ops.dot(*x, *x)
    if rng.random() < 0.5:
        nodes = [*params[:10], *rng.choice(pools)]
        for _ in range(rng.randint(5, 40)):
            made = applied(rng, nodes)
            nodes.append(made if abs(made.data) < 20.0 else ops.tanh(made))
        output = output + 0.1 * ops.tanh(ops.sum(*nodes[-3:]))
    if rng.random() < 0.5:
        order = list(params)
        rng.shuffle(order)
        params = order
    return output, inputs, params


def over_data(seed: int) -> Graph:
    """Return the mean of a random function over samples that are constants, without inputs."""
    rng = random.Random(seed)
    samples, columns = rng.randint(2, 40), rng.randint(1, 4)
    params = leaves(rng.randint(1, 8), rng, "p")
    apply = cell(rng, columns, len(params))
    losses = []
    for _ in range(samples):
        row = [Value(rng.uniform(-1, 1)) for _ in range(columns)]
        first = [v * rng.choice(params[:1]) + params[-1] for v in row]
        losses.append(ops.sum(*apply(first, params)) ** 2)
    total = ops.sum(*losses) if rng.random() < 0.5 else sum(losses[1:], losses[0])
    penalty = ops.dot(*params, *params) * 0.01
    return total * (1.0 / samples) + penalty, [], params


KINDS = {"any ops": any_ops, "repetition": repetition, "layered": layered, "over data": over_data}
