"""The ways to compute a graph. Each gives cases: what to run, and what should come out."""

from __future__ import annotations

import functools
import inspect
import os
from functools import cached_property
from unittest import mock

import attrs
import numpy as np

import mgcompile
from campaign import truth as truths
from campaign.beside import by_torch, knows
from campaign.graphs import names, record
from mgcompile.reroll import inner_loops
from mgcore import Value, grad, hessian, hvp, jacobian, jvp, vjp
from mgnn import optim

__all__ = ["MODES", "Case", "Subject"]

inner_loops.SHORTEST_BODY = 12  # bodies are short here, and are to have loops inside all the same

_OPTIONS = inspect.signature(mgcompile.compile).parameters


@attrs.frozen
class Case:
    """One number or array to be compared.

    Args:
        what: its name.
        run: computes it.
        expected: the truth, columns last.
        script: the line that computes it, after `Graph.script`.
        dtype: of the computation.
        derivative: whether it is a derivative: may be undefined where a value may not.
        second: whether it is a second derivative.
        rows: which samples it depends on.
        slack: how far off it may be besides, in parts of the largest number.
    """

    what: str
    run: object
    expected: object
    script: str
    dtype: str = "float64"
    derivative: bool = True
    second: bool = False
    rows: object = (0,)
    slack: float = 0.0


def _odd(k):
    """Return the k-th factor of a direction: short in binary, and no sum of a few is 0."""
    return (1.0 if k % 2 else -1.0) * (1.0 - (k * 389 % 1021) / 2048)


@attrs.define(slots=False)
class Subject:
    """A graph with its truth and the random choices of a run."""

    graph: object
    rng: object
    only: str | None = None
    """The one case that is asked for; else each kernel computes a part of what it could."""

    def parts(self, *names):
        """Draw which parts of a kernel are computed: compiling each takes its time."""
        drawn = self.rng.sample(names, 1 if self.rng.random() < 0.8 else 2)
        return names if self.only else drawn

    @cached_property
    def directions(self):
        """Direction 0 moves inputs alone, 1 parameters alone; or each leaf has its own."""
        n, n_inputs = len(self.graph.leaves), len(self.graph.inputs)
        if n <= 5:
            return np.eye(n)
        signs = np.array([_odd(k) for k in range(n)])
        first = np.where(np.arange(n) < n_inputs, signs, 0.0)
        return np.stack([first, signs - first])

    _truth: object = None

    @property
    def truth(self):
        """The truth as far as it was asked for: values and gradients, at least."""
        return self._truth or self._evaluated(truths.FIRST)

    @property
    def second(self):
        """The truth with Hessians."""
        known = self._truth
        return known if known and known.h[0] is not None else self._evaluated(truths.SECOND)

    def _evaluated(self, order):
        self._truth = truths.evaluate(
            self.graph, order=order, directions=self.directions, seed=self.graph.seed % 991
        )
        return self._truth

    @cached_property
    def whole(self):
        """Whether every leaf has a direction of its own."""
        return len(self.directions) == len(self.graph.leaves)

    def factors(self, source):
        """Return the combination of directions that moves inputs, params, or both."""
        n, n_inputs = len(self.graph.leaves), len(self.graph.inputs)
        if not self.whole:
            return {"inputs": (1.0, 0.0), "params": (0.0, 1.0), "both": (1.0, 1.0)}[source]
        signs = [_odd(k) for k in range(n)]
        return [
            s * (source == "both" or (k < n_inputs) == (source == "inputs"))
            for k, s in enumerate(signs)
        ]

    def vector(self, source):
        """Return that combination as one number per leaf."""
        return np.asarray(self.factors(source)) @ self.directions

    def good(self, dtype):
        """Return the samples that can be judged in a precision."""
        usable = self.truth.usable[dtype]
        if dtype == "float32":
            usable = usable & ~self.truth.wild[dtype]
        return [r for r in range(len(usable)) if usable[r]]


# The engine


def _eager(subject, run):
    """Cases of the engine at the sample recorded, and at another."""
    good = subject.good("float64")
    if 0 not in good or _constant_outputs(subject.graph):
        return
    yield from run(subject, 0)
    others = [r for r in good if r]
    # Recorded at another sample, cond may call the other function: another graph.
    if others and "cond" not in subject.graph.ops and subject.rng.random() < 0.3:
        yield from run(subject, subject.rng.choice(others))


class _Recording:
    """Records the graph when first asked, so that an error belongs to the case that asks."""

    def __init__(self, graph):
        self.graph = graph

    @cached_property
    def values(self):
        return record(self.graph)

    @property
    def outputs(self):
        return [self.values[i] for i in self.graph.outputs]

    @property
    def leaves(self):
        return [self.values[i] for i in self.graph.leaves]


def _first(subject, r):
    t, graph = subject.truth, subject.graph
    made = _Recording(graph.moved(graph.samples[r]))
    here = {"rows": (r,)}
    values = np.stack([v[r] for v in t.v])
    yield Case(
        "values",
        lambda: [y.data if isinstance(y, Value) else y for y in made.outputs],
        values,
        "[y.data for y in Y]",
        derivative=False,
        **here,
    )
    gradients = np.stack([g[:, r] for g in t.g])

    def swept():
        for x in made.leaves:
            x.grad = 0.0
        found = []
        for y in made.outputs:
            y.backward()
            found.append([x.grad for x in made.leaves])
            for x in made.leaves:
                x.grad = 0.0
        return found

    yield Case(
        "grad",
        lambda: [grad(y, made.leaves) for y in made.outputs],
        gradients,
        "[grad(y, leaves) for y in Y]",
        **here,
    )
    if not _shares_leaf(graph):
        yield Case(
            "backward", swept, gradients, "Y[0].backward(); [x.grad for x in leaves]", **here
        )
    if len(graph.outputs) > 1:
        seeds = [1.0 - 0.5 * k for k in range(len(graph.outputs))]
        mixed = sum(g[:, r] * truths.F(s) for g, s in zip(t.g, seeds, strict=True))
        yield Case(
            "vjp",
            lambda: vjp(made.outputs, made.leaves, seeds),
            mixed,
            f"vjp(Y, leaves, {seeds})",
            **here,
        )


def _shares_leaf(graph):
    """Tell whether an output is a leaf, or no Value: backward has nothing to walk."""
    return any(graph.nodes[i].leaf for i in graph.outputs)


def _jvp_truth(subject, output, r, vector):
    g = subject.truth.g[output][:, r]
    return sum(g[k] * truths.F(v) for k, v in enumerate(vector) if v)


def _second(subject, r):
    t, graph = subject.second, subject.graph
    made = _Recording(graph.moved(graph.samples[r]))
    here = {"rows": (r,)}
    vector = [float(v) for v in subject.vector("both")]
    expected = np.stack([_jvp_truth(subject, o, r, vector) for o in range(len(t.v))])
    yield Case(
        "jvp",
        lambda: jvp(made.outputs, made.leaves, vector),
        expected,
        f"jvp(Y, leaves, {vector})",
        **here,
    )
    o = subject.rng.randrange(len(t.v))
    first = t.g[o][:, r]
    yield Case(
        "create_graph",
        lambda: [d.data for d in grad(made.outputs[o], made.leaves, create_graph=True)],
        first,
        f"grad(Y[{o}], leaves, create_graph=True)",
        **here,
    )
    product = t.hessian_times(o, subject.factors("both"))[:, r]

    def over():
        d = grad(made.outputs[o], made.leaves, create_graph=True)
        total = sum(f * x for f, x in zip(vector, d, strict=True) if f)
        return (
            grad(total, made.leaves)
            if isinstance(total, Value) and total.op
            else [0.0] * len(vector)
        )

    yield Case(
        "grad of grad",
        over,
        product,
        f"G = grad(Y[{o}], leaves, create_graph=True); "
        f"grad(sum(f * d for f, d in zip({vector}, G) if f), leaves)",
        **here,
        second=True,
    )
    yield Case(
        "hvp",
        lambda: hvp(made.outputs[o], made.leaves, vector),
        product,
        f"hvp(Y[{o}], leaves, {vector})",
        **here,
        second=True,
    )
    if subject.whole:
        square = t.h[o][:, :, r]
        yield Case(
            "hessian",
            lambda: hessian(made.outputs[o], made.leaves),
            square,
            f"hessian(Y[{o}], leaves)",
            **here,
            second=True,
        )
    else:
        yield Case(
            "hessian",
            lambda: np.array(hessian(made.outputs[o], made.leaves)) @ np.array(vector),
            product,
            f"np.array(hessian(Y[{o}], leaves)) @ np.array({vector})",
            **here,
            second=True,
        )
    yield Case(
        "jacobian",
        lambda: jacobian(made.outputs, made.leaves),
        np.stack([g[:, r] for g in t.g]),
        "jacobian(Y, leaves)",
        **here,
    )


def eager(subject):
    yield from _eager(subject, _first)


def eager_second(subject):
    yield from _eager(subject, _second)


def eager_chained(subject):
    """Derivatives by nodes that are computed from one another, one meaning in every function."""
    graph, rng = subject.graph, subject.rng
    plain = _plain_nodes(graph)
    inner = [i for i, n in enumerate(graph.nodes) if not n.leaf and not plain[i]]
    if 0 not in subject.good("float64") or not inner or _constant_outputs(graph):
        return
    points = [*rng.sample(inner, min(len(inner), 2)), *graph.leaves[:2]]
    rng.shuffle(points)
    n = len(points)
    graph = graph.moved(graph.samples[0])
    t = truths.evaluate(graph, directions=np.eye(n), points=points, seed=graph.seed % 991)
    made = _Recording(graph)
    chosen = functools.cache(lambda: [made.values[i] for i in points])
    # after the leaves have been recorded, by name
    shown = f"P = [{', '.join(names(graph)[i] for i in points)}]; "
    gradients = np.stack([g[:, 0] for g in t.g])
    vector = [_odd(k) for k in range(n)]
    along = sum(gradients[:, k] * truths.F(v) for k, v in enumerate(vector))
    y = rng.randrange(len(graph.outputs))
    yield Case(
        "grad",
        lambda: [grad(out, chosen()) for out in made.outputs],
        gradients,
        shown + "[grad(y, P) for y in Y]",
    )
    yield Case(
        "jacobian", lambda: jacobian(made.outputs, chosen()), gradients, shown + "jacobian(Y, P)"
    )
    many = [made.graph.outputs[y]] * (n + 1)
    yield Case(
        "jacobian, forward",
        lambda: jacobian([made.values[i] for i in many], chosen()),
        np.stack([gradients[y]] * (n + 1)),
        shown + f"jacobian([Y[{y}]] * {n + 1}, P)",
    )
    yield Case(
        "jvp", lambda: jvp(made.outputs, chosen(), vector), along, shown + f"jvp(Y, P, {vector})"
    )
    square = t.h[y][:, :, 0]
    yield Case(
        "hessian",
        lambda: hessian(made.outputs[y], chosen()),
        square,
        shown + f"hessian(Y[{y}], P)",
        second=True,
    )
    product = sum(square[:, k] * truths.F(v) for k, v in enumerate(vector))
    yield Case(
        "hvp",
        lambda: hvp(made.outputs[y], chosen(), vector),
        product,
        shown + f"hvp(Y[{y}], P, {vector})",
        second=True,
    )


def _plain_nodes(graph):
    """Return per node whether it comes from plain numbers alone, so that it is no Value."""
    plain = []
    for node in graph.nodes:
        plain.append(node.op == "c" or (not node.leaf and all(plain[i] for i in node.operands)))
    return plain


def torch(subject):
    """PyTorch against the truth: a fault here is one of the truth."""
    t, graph = subject.truth, subject.graph
    if 0 not in subject.good("float64") or t.broken[0] or t.wild["float64"][0]:
        return
    if not _smooth(graph) or not knows(graph):
        return
    found = functools.cache(lambda: by_torch(graph))
    values, slopes = np.stack([v[0] for v in t.v]), np.stack([g[:, 0] for g in t.g])
    yield Case("values", lambda: found()[0], values, "torch", derivative=False, slack=1e-9)
    yield Case("grad", lambda: found()[1], slopes, "torch", slack=1e-9)


KINKS = {
    **dict.fromkeys(("relu", "abs", "leaky_relu", "elu", "selu"), (0.0,)),
    "relu6": (0.0, 6.0),
    "hardtanh": (-1.0, 1.0),
    "hardsigmoid": (-3.0, 3.0),
    "hardswish": (-3.0, 3.0),
}


def _smooth(graph):
    """Tell whether no operand of an op with a kink is 0, or two of them alike."""
    from campaign.plain import plain

    numbers = []
    for node in graph.nodes:
        operands = [numbers[i] for i in node.operands]
        if operands and operands[0] in KINKS.get(node.op, ()):
            return False
        if node.op in ("maximum", "minimum") and operands[0] == operands[1]:
            return False
        numbers.append(node.number if node.leaf else plain(node.op, operands))
    return True


# Kernels


def options(backend, dtype, **more):
    found = {"backend": backend, "dtype": dtype, "cache": False, **more}
    if "verify" in _OPTIONS:
        found.setdefault("verify", False)
    return {k: v for k, v in found.items() if k in _OPTIONS}


class _Compiled:
    def __init__(self, graph, chosen):
        self.graph, self.chosen = graph, chosen

    @cached_property
    def kernel(self):
        made = record(self.graph)
        outputs = [made[i] for i in self.graph.outputs]
        return mgcompile.compile(
            outputs if len(outputs) > 1 else outputs[0],
            [made[i] for i in self.graph.inputs],
            [made[i] for i in self.graph.params],
            **self.chosen,
        )


def _constant_outputs(graph):
    """Tell whether an output came from plain numbers alone, so that it is a float."""
    plain = _plain_nodes(graph)
    return any(plain[i] for i in graph.outputs)


def kernel(backend, dtype="float64", **more):
    chosen = options(backend, dtype, **more)

    def mode(subject):
        graph, rng = subject.graph, subject.rng
        good = subject.good(dtype)
        if not good or _constant_outputs(graph) or 0 not in subject.good("float64"):
            return
        if not graph.inputs:
            yield from _without_inputs(subject, chosen, dtype)
            return
        if dtype == "float64" or not subject.truth.broken.all():
            yield from _with_inputs(subject, chosen, dtype, good, rng)

    return mode


def _calls(graph, chosen):
    shown = ", ".join(f"{k}={v!r}" for k, v in chosen.items())
    return f"kernel = mgcompile.compile(y, inputs, params, {shown}); "


def _with_inputs(subject, chosen, dtype, good, rng):
    graph, t = subject.graph, subject.truth
    count = rng.choice([1, len(good), len(good), 5, 9, 67])
    picked = [good[k % len(good)] for k in range(count)]
    X = np.array([graph.samples[r] for r in picked], dtype=float)
    compiled, several = _Compiled(graph, chosen), len(graph.outputs) > 1
    n_params = len(graph.params)
    start = _calls(graph, chosen) + f"X = np.array(X)[{picked if count < 20 else 'rows'}]; "
    here = {"dtype": dtype, "rows": tuple(picked)}
    values = np.stack([v[picked] for v in t.v])
    values = values if several else values[0]
    parts = subject.parts("values", "slopes", "loss", "second", "jacobian")
    yield Case(
        "values", lambda: compiled.kernel(X), values, start + "kernel(X)", derivative=False, **here
    )
    single = picked[-1]
    yield Case(
        "one sample",
        lambda: compiled.kernel(X[-1]),
        values[..., -1, :],
        start + "kernel(X[-1])",
        derivative=False,
        dtype=dtype,
        rows=(single,),
    )
    if "slopes" in parts:
        yield from _slopes(subject, compiled, picked, start, here, X)
    sound = [
        r for r in picked if not t.broken[r] and all(np.isfinite(g[:, r, 0]).all() for g in t.g)
    ]
    if "loss" in parts and n_params and sound and not several:
        yield from _loss(subject, compiled, sound, start, dtype)
    if "second" in parts and not several:
        yield from _products(subject, compiled, picked, sound, start, here, X)
    if "jacobian" in parts:
        yield from _jacobians(subject, compiled, picked, sound, start, here, X)


def _jacobians(subject, compiled, picked, sound, start, here, X):
    t, n_inputs = subject.truth, len(subject.graph.inputs)
    rows = np.stack([np.moveaxis(g[:n_inputs][:, picked], 0, 1) for g in t.g], axis=1)
    yield Case(
        "jacobian",
        lambda: np.reshape(compiled.kernel.jacobian(X, wrt="inputs"), rows.shape[:-1]),
        rows,
        start + "kernel.jacobian(X, wrt='inputs')",
        **here,
    )
    if subject.graph.params and sound:
        A, again = _sound_samples(subject, sound, start)
        summed = np.stack([g[n_inputs:][:, sound].sum(axis=1) for g in t.g])
        each = np.stack([np.moveaxis(g[n_inputs:][:, sound], 0, 1) for g in t.g], axis=1)
        for per_sample, right in ((False, summed), (True, each)):
            yield Case(
                "jacobian to params" + per_sample * ", per sample",
                lambda per_sample=per_sample, right=right: np.reshape(
                    compiled.kernel.jacobian(A, wrt="params", per_sample=per_sample),
                    right.shape[:-1],
                ),
                right,
                again + f"kernel.jacobian(A, wrt='params', per_sample={per_sample})",
                dtype=here["dtype"],
                rows=tuple(sound),
            )


def _slopes(subject, compiled, picked, start, here, X):
    t, n_inputs = subject.truth, len(subject.graph.inputs)
    several = len(t.v) > 1
    slopes = np.stack([np.moveaxis(g[:n_inputs][:, picked], 0, 1) for g in t.g])
    slopes = slopes if several else slopes[0]
    yield Case(
        "value_and_grad",
        lambda: compiled.kernel.value_and_grad(X)[1],
        slopes,
        start + "kernel.value_and_grad(X)[1]",
        **here,
    )


def _sound_samples(subject, sound, start):
    A = np.array([subject.graph.samples[r] for r in sound])
    return A, start + f"A = np.array({A.tolist() if len(A) < 10 else 'A'}); "


def _loss(subject, compiled, sound, start, dtype):
    t, n_inputs = subject.truth, len(subject.graph.inputs)
    A, again = _sound_samples(subject, sound, start)
    here = {"dtype": dtype, "rows": tuple(sound)}
    yield Case(
        "loss",
        lambda: compiled.kernel.loss_and_grad(A)[0],
        t.v[0][sound].mean(axis=0),
        again + "kernel.loss_and_grad(A)[0]",
        **here,
    )
    yield Case(
        "loss_and_grad",
        lambda: compiled.kernel.loss_and_grad(A)[1],
        t.g[0][n_inputs:][:, sound].mean(axis=1),
        again + "kernel.loss_and_grad(A)[1]",
        **here,
    )


def _products(subject, compiled, picked, sound, start, here, X):
    t, graph, rng = subject.second, subject.graph, subject.rng
    n_inputs = len(graph.inputs)
    vector = subject.vector("inputs")[:n_inputs]
    product = t.hessian_times(0, subject.factors("inputs"))[:n_inputs][:, picked]
    yield Case(
        "hvp",
        lambda: compiled.kernel.hvp(X, vector, wrt="inputs"),
        np.moveaxis(product, 0, 1),
        start + f"kernel.hvp(X, np.array({vector.tolist()}), wrt='inputs')",
        **here,
        second=True,
    )
    if subject.whole and (rng.random() < 0.3 or subject.only):
        square = np.moveaxis(t.h[0][:n_inputs, :n_inputs][:, :, picked], 2, 0)
        yield Case(
            "hessian",
            lambda: compiled.kernel.hessian(X, wrt="inputs"),
            square,
            start + "kernel.hessian(X, wrt='inputs')",
            **here,
            second=True,
        )
    if graph.params and sound and (rng.random() < 0.3 or subject.only):
        A, again = _sound_samples(subject, sound, start)
        along = subject.vector("params")[n_inputs:]
        product = t.hessian_times(0, subject.factors("params"))[n_inputs:][:, sound].mean(axis=1)
        yield Case(
            "hvp to params",
            lambda: compiled.kernel.hvp(A, along, wrt="params"),
            product,
            again + f"kernel.hvp(A, np.array({along.tolist()}), wrt='params')",
            dtype=here["dtype"],
            rows=tuple(sound),
            second=True,
        )


OPTIONAL = [each.name for each in mgcompile.passes() if each.optional]


def passes_off(mode):
    """Return a mode in which each optional pass is left out by chance, at least one of them."""

    def cases(subject):
        rng = subject.rng
        off = [name for name in OPTIONAL if rng.random() < 0.15] or [rng.choice(OPTIONAL)]
        text = ",".join(off)

        def without(run):
            with mock.patch.dict(os.environ, MGCOMPILE_SKIP=text):
                return run()

        setting = f"import os; os.environ['MGCOMPILE_SKIP'] = {text!r}; "
        for case in mode(subject):
            run = functools.partial(without, case.run)
            yield attrs.evolve(case, run=run, script=setting + case.script)

    return cases


def _without_inputs(subject, chosen, dtype):
    graph, t = subject.graph, subject.truth
    compiled, several = _Compiled(graph, chosen), len(graph.outputs) > 1
    start = _calls(graph, chosen)
    values = np.stack([v[0] for v in t.v])
    yield Case(
        "values",
        lambda: compiled.kernel(),
        values if several else values[0],
        start + "kernel()",
        derivative=False,
        dtype=dtype,
    )
    if several:
        return
    parts = subject.parts("values", "loss", "loss", "second")
    if "loss" in parts:
        yield Case(
            "loss_and_grad",
            lambda: compiled.kernel.loss_and_grad()[1],
            t.g[0][:, 0],
            start + "kernel.loss_and_grad()[1]",
            dtype=dtype,
        )
    if "second" not in parts:
        return
    t = subject.second
    vector = subject.vector("params")
    product = t.hessian_times(0, subject.factors("params"))[:, 0]
    yield Case(
        "hvp",
        lambda: compiled.kernel.hvp(v=vector),
        product,
        start + f"kernel.hvp(v=np.array({vector.tolist()}))",
        dtype=dtype,
        second=True,
    )
    if subject.whole and (subject.rng.random() < 0.3 or subject.only):
        yield Case(
            "hessian",
            lambda: compiled.kernel.hessian(),
            t.h[0][:, :, 0],
            start + "kernel.hessian()",
            dtype=dtype,
            second=True,
        )


def train(backend="llvm", dtype="float64"):
    chosen = options(backend, dtype)

    def mode(subject):
        graph, rng = subject.graph, subject.rng
        good = [r for r in subject.good(dtype) if not subject.truth.broken[r]]
        if not graph.params or len(graph.outputs) > 1 or not good or _constant_outputs(graph):
            return
        if not graph.inputs and (0 not in good):
            return
        batch = rng.choice([None, 1, 2]) if graph.inputs else None
        epochs, rate = rng.choice([1, 2, 3]), 2.0**-5
        expected = _trained(subject, good, batch, epochs, rate, dtype)
        if expected is None:
            return
        compiled = _Compiled(graph, chosen)
        X = np.array([graph.samples[r] for r in good]) if graph.inputs else None
        given = f"np.array({X.tolist()}), " if graph.inputs else ""

        def run():
            made = compiled.kernel
            rule = optim.SGD(lr=rate)
            more = {"epochs": epochs, "shuffle": False}
            if graph.inputs:
                made.train(X, rule, batch_size=batch, **more)
            else:
                made.train(optimizer=rule, **more)
            return made.params

        yield Case(
            "train",
            run,
            expected,
            _calls(graph, chosen)
            + f"kernel.train({given}optimizer=optim.SGD(lr={rate}), epochs={epochs}, "
            + f"batch_size={batch}, shuffle=False); kernel.params",
            dtype=dtype,
            rows=tuple(good),
        )

    return mode


def _trained(subject, good, batch, epochs, rate, dtype):
    """Return the parameters after training by the truth, (n_params, K), or None if undefined."""
    graph = subject.graph
    n_inputs = len(graph.inputs)
    size = batch or len(good)
    params = np.array([[graph.nodes[p].number] * truths.K for p in graph.params], dtype=truths.F)
    if dtype == "float32":
        params = params * (1 + truths.Noise(3)(len(params)))
    for _ in range(epochs):
        for first in range(0, len(good), size):
            samples = [graph.samples[r] for r in good[first : first + size]]
            part = attrs.evolve(graph.moved(samples[0]), rows=tuple(samples[1:]))
            t = truths.evaluate(part, order=truths.FIRST, params=params, seed=first)
            if t.broken.any() or not t.usable[dtype].all():
                return None
            slope = t.g[0][n_inputs:].mean(axis=1)
            if not np.isfinite(slope[:, 0]).all():
                return None
            params = params - truths.F(rate) * slope
            if np.abs(params).max() > truths.WILD[dtype][1]:
                return None
            params = params * (1 + truths.Noise(first + 11)(len(params)))
    return params


MODES = {
    "eager": eager,
    "eager second": eager_second,
    "eager chained": eager_chained,
    "torch": torch,
    "numpy": kernel("numpy"),
    "llvm": kernel("llvm"),
    "llvm float32": kernel("llvm", "float32"),
    "llvm strict": kernel("llvm", strict=True),
    "llvm threads": kernel("llvm", threads=2),
    "numpy, passes off": passes_off(kernel("numpy")),
    "llvm, passes off": passes_off(kernel("llvm")),
    "llvm float32, passes off": passes_off(kernel("llvm", "float32")),
    "train, passes off": passes_off(train()),
    "train": train(),
    "train float32": train(dtype="float32"),
}
if "strict" not in _OPTIONS:
    del MODES["llvm strict"]
