"""Model the time of a training step on a Dask cluster, from runs with 1, 2 and 4 processes here.

``python benchmarks/scale.py`` measures, fits, prints the tables of docs/scale.md and draws
docs/images/scale.png. With a file's name it leaves the measurements there, or takes them from it;
of several files it takes the least.

A step is one wave of tasks: the parameters go out, every partition gives a gradient, and these are
added up in a tree. Its time is a sum of what has to happen one after the other:

- once for a wave: what client, scheduler and a worker need for any round trip;
- for each task: the scheduler and the client handle them one by one;
- for each task of one worker: receiving, running and reporting it;
- for each parameter and sample of one worker: arithmetic;
- for each byte on the longest way: copies, and with a network its bandwidth;
- for each message on the longest way: the network's latency.

All but the first are fitted to processor times, of this process (client and scheduler) and of the
workers, which tell the same on a busy machine; the first is what the shortest steps took beyond.
"""

from __future__ import annotations

import json
import math
import os
import sys
import time
from itertools import pairwise, product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
from scipy.optimize import nnls

from mgcompile.dask.reduction import FAN_IN

if TYPE_CHECKING:
    from collections.abc import Sequence

PICTURE = Path(__file__).parents[1] / "docs" / "images" / "scale.png"
CORES = os.cpu_count() or 1
NETS = {561: (16, [16, 16, 1]), 49_921: (64, [256, 128, 1])}  # by their parameters
REPEATS = 25


@attrs.frozen
class Setup:
    """A step: `workers` with `parts` partitions each, `samples` a worker, so many parameters.

    `arrays` of the parameters' size travel each way (3 where Adam's state goes along), and a
    partition does `updates` by itself, each with its share of the samples.
    """

    workers: int
    samples: float
    params: int
    parts: int = 1
    arrays: int = 1
    updates: int = 1

    @property
    def joins(self) -> list[int]:
        """The tasks of each level of the tree; the client adds up the last one."""
        level, found = self.workers * self.parts, []
        while level > FAN_IN:
            level = -(-level // FAN_IN)
            found.append(level)
        return found

    @property
    def tasks(self) -> int:
        """Parameters, gradients and joins."""
        return 1 + self.workers * self.parts + sum(self.joins)

    @property
    def own_tasks(self) -> float:
        """Tasks of the busiest worker: a gradient a partition, and its share of the joins."""
        return self.parts + math.ceil(sum(self.joins) / self.workers)

    @property
    def work(self) -> float:
        """Parameters times samples of a worker."""
        return float(self.params) * self.samples * self.updates

    @property
    def own_bytes(self) -> float:
        """Bytes that a worker makes or takes."""
        return 8.0 * self.params * self.arrays * (1 + 2 * self.own_tasks)

    @property
    def messages(self) -> int:
        """One after the other: client, scheduler, worker; a task asks its peer and is answered."""
        return 3 + 4 * (1 + len(self.joins)) + 4

    @property
    def bytes(self) -> float:
        """On the longest way: copies of the parameters double their holders; joins take FAN_IN."""
        copies = math.log2(1 + self.workers)
        taken = [*(FAN_IN for _ in self.joins), min(FAN_IN, self.workers * self.parts)]
        return 8.0 * self.params * self.arrays * (copies + sum(taken))

    @property
    def traffic(self) -> float:
        """Bytes that all machines together send in a step."""
        parts = self.workers * self.parts
        top = self.joins[-1] if self.joins else parts
        moved = self.workers + parts + sum(self.joins[:-1]) + top
        return 8.0 * self.params * self.arrays * moved


@attrs.frozen
class Network:
    """Latency in seconds, bandwidth in bytes a second."""

    name: str
    latency: float = 0.0
    bandwidth: float = math.inf


HERE = Network("this machine")
NETWORKS = (
    Network("10 Gbit/s, 50 µs", 50e-6, 1.25e9),
    Network("1 Gbit/s, 0.5 ms", 0.5e-3, 1.25e8),
    Network("100 Mbit/s, 20 ms", 20e-3, 1.25e7),
)


@attrs.frozen
class Costs:
    """Seconds for a wave, a task, a worker's own task, a parameter and sample, and a byte."""

    wave: float
    task: float
    own: float
    work: float
    byte: float

    def time(self, step: Setup, network: Network = HERE, cores: int | None = None) -> float:
        """Return the seconds of a step; `cores` are shared by the workers, or each has its own."""
        crowd = 1.0 if cores is None else max(1.0, step.workers / cores)
        return (
            self.wave
            + self.task * step.tasks
            + (self.own * step.own_tasks + self.work * step.work) * crowd
            + (self.byte + 1.0 / network.bandwidth) * step.bytes
            + network.latency * step.messages
        )


@attrs.frozen
class Run:
    """A measured step: the least seconds, and processor seconds here and of a worker on average."""

    step: Setup
    seconds: float
    here: float
    worker: float


MEASURED = ("seconds", "here", "worker")


def fitted(runs: Sequence[Run], cores: int) -> Costs:
    """Return the costs; those of processor time have the least relative errors."""
    (_, task) = _least([[1.0, run.step.tasks] for run in runs], [run.here for run in runs])
    columns = [[run.step.own_tasks, run.step.work, run.step.own_bytes] for run in runs]
    own, work, byte = _least(columns, [run.worker for run in runs])
    known = Costs(0.0, task, own, work, byte)
    beyond = [run.seconds - known.time(run.step, cores=cores) for run in runs]
    # The lower quartile: what else a machine does makes steps longer only.
    return attrs.evolve(known, wave=max(0.0, float(np.quantile(beyond, 0.25))))


def _least(columns: Sequence[Sequence[float]], measured: Sequence[float]) -> list[float]:
    """Return what is not negative and has the least sum of squared relative errors."""
    rows = np.array(columns) / np.array(measured)[:, None]
    scale = rows.max(axis=0)
    found, _ = nnls(rows / scale, np.ones(len(rows)))
    numbers: list[float] = (found / scale).tolist()
    return numbers


def best_workers(costs: Costs, network: Network, batch: float, params: int) -> int:
    """Return how many workers are worth it: with twice as many a step is not a tenth shorter."""
    counts = [2**k for k in range(11)]
    times = [costs.time(Setup(w, batch / w, params), network) for w in counts]
    for workers, (now, then) in zip(counts, pairwise(times), strict=False):
        if then > 0.9 * now:
            return workers
    return counts[-1]


# Measuring.


def measured() -> list[Run]:
    """Time steps with 1, 2 and 4 processes; the least of several."""
    from distributed import Client, LocalCluster

    kernels = {params: _kernel(*shape) for params, shape in NETS.items()}
    found = []
    for workers in (1, 2, 4):
        with (
            LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=":0") as made,
            Client(made) as client,
        ):
            for params, parts, samples in product(NETS, (1, 6), (500, 50_000)):
                step = Setup(workers, min(samples, 10**8 // params), params, parts)
                found.append(_timed(client, kernels[params], step))
                print(found[-1])
    return found


def _kernel(inputs: int, widths: list[int]) -> Any:
    import mgcompile
    from mgcore import Value
    from mgnn import MLP

    model = MLP(inputs, widths, activation="tanh", seed=1)
    x, y = [Value(0.1) for _ in range(inputs)], Value(0.2)
    error = model(x) - y
    return mgcompile.compile(error * error, inputs=[*x, y], params=model.parameters())


def _timed(client: Any, kernel: Any, step: Setup) -> Run:
    from mgcompile.dask.cluster import connected
    from mgcompile.dask.shipment import packed
    from mgnn.dask.shards import Cut, gradient

    cluster = connected(client)
    rows, inputs = step.samples // step.parts, kernel.program.n_inputs - 1
    numbers = list(range(step.workers * step.parts))
    made = client.map(_shard, numbers, [rows] * len(numbers), [inputs] * len(numbers), pure=False)
    sent = cluster.constant("kernel", packed(kernel, ["loss"]))
    params, cut = kernel.params, Cut(0, 1, 1)

    def run() -> float:
        began = time.perf_counter()
        cluster.sum("gradient", gradient, made, sent, cluster.constant("params", params), cut)
        return time.perf_counter() - began

    for _ in range(3):
        run()
    before = sum(client.run(time.process_time).values())
    here = time.process_time()
    seconds = min(run() for _ in range(REPEATS))
    here = time.process_time() - here
    worker = (sum(client.run(time.process_time).values()) - before) / step.workers
    return Run(step, seconds, here / REPEATS, worker / REPEATS)


def _shard(number: int, rows: int, inputs: int) -> Any:
    from mgnn.dask.shards import Shard

    table = np.random.default_rng(number).normal(size=(rows, inputs + 1))
    return Shard(number, inputs, 1, table)


# Telling.


def tables(costs: Costs, runs: Sequence[Run]) -> str:
    """Return what docs/scale.md shows, as Markdown."""
    lines = [
        "| cost | fitted here |",
        "|---|---|",
        f"| a wave | {costs.wave * 1e3:.1f} ms |",
        f"| a task, at client and scheduler | {costs.task * 1e3:.2f} ms |",
        f"| a task, at its worker | {costs.own * 1e3:.2f} ms |",
        f"| a parameter and sample | {costs.work * 1e9:.3f} ns |",
        f"| a byte | {costs.byte * 1e9:.2f} ns |",
        "",
        "| workers | partitions each | samples each | parameters | measured | model |",
        "|---|---|---|---|---|---|",
    ]
    for run in runs:
        step, told = run.step, costs.time(run.step, cores=CORES)
        lines.append(
            f"| {step.workers} | {step.parts} | {step.samples:,} | {step.params:,} "
            f"| {run.seconds * 1e3:.1f} ms | {told * 1e3:.1f} ms |"
        )
    off = [abs(costs.time(run.step, cores=CORES) / run.seconds - 1.0) for run in runs]
    lines += [
        "",
        f"Half of the {len(runs)} steps are within {np.median(off):.0%} of the model.",
        "",
        "| 100 machines, 1,000,000 samples a step | "
        + " | ".join(f"{p:,} parameters" for p in NETS)
        + " |",
        "|---|---|---|",
    ]
    steps = [Setup(100, 10_000, params) for params in NETS]
    rows: list[tuple[str, list[str]]] = [
        ("tasks", [f"{s.tasks}" for s in steps]),
        ("bytes sent in all", [f"{s.traffic / 1e6:.1f} MB" for s in steps]),
        ("messages one after the other", [f"{s.messages}" for s in steps]),
        ("arithmetic", [f"{costs.work * s.work * 1e3:.1f} ms" for s in steps]),
    ]
    for network in NETWORKS:
        rows.append(
            (f"a step, {network.name}", [f"{costs.time(s, network) * 1e3:.0f} ms" for s in steps])
        )
        rows.append(
            ("of it latency", [f"{network.latency * s.messages * 1e3:.1f} ms" for s in steps])
        )
        rows.append(
            ("of it bandwidth", [f"{s.bytes / network.bandwidth * 1e3:.1f} ms" for s in steps])
        )
        rows.append(
            ("workers worth it", [str(best_workers(costs, network, 1e6, s.params)) for s in steps])
        )
    lines += [f"| {name} | {' | '.join(cells)} |" for name, cells in rows]
    return "\n".join(lines)


def draw(costs: Costs, runs: Sequence[Run], path: Path) -> None:
    """Draw the model up to 1,000 workers."""
    import matplotlib as mpl

    mpl.use("agg")
    mpl.rcParams |= {"font.size": 9}
    import matplotlib.pyplot as plt

    counts = np.unique(np.round(np.logspace(0, 3, 80)).astype(int)).tolist()
    figure, (left, right) = plt.subplots(1, 2, figsize=(9.6, 4.2), layout="constrained")
    network, params = NETWORKS[0], min(NETS)
    for colour, batch in zip(("C0", "C1", "C2"), (1e5, 1e6, 1e7), strict=True):
        times = [costs.time(Setup(w, batch / w, params), network) for w in counts]
        left.loglog(counts, times, colour, label=f"{batch:,.0f} samples a step")
        rounds = [
            costs.time(Setup(w, batch / w, params, arrays=3, updates=32), network) / 32
            for w in counts
        ]
        left.loglog(counts, rounds, colour, linestyle="--")
        best = best_workers(costs, network, batch, params)
        left.plot(
            [best], [costs.time(Setup(best, batch / best, params), network)], colour, marker="o"
        )
    left.plot([], [], "0.4", linestyle="--", label="the same, local SGD, 32 updates a round")
    left.plot([], [], "0.4", linestyle="", marker="o", label="from here on more workers do not pay")
    left.set(xlabel="workers", ylabel="seconds an update", title="One batch, shared by the workers")
    samples = 50_000
    for colour, line in zip(("C3", "C4", "C5"), NETWORKS, strict=True):
        rate = [w * samples / costs.time(Setup(w, samples, params), line) for w in counts]
        right.loglog(counts, rate, colour, label=f"every step, {line.name}")
        local = [
            w * samples * 32 / costs.time(Setup(w, samples, params, arrays=3, updates=32), line)
            for w in counts
        ]
        right.loglog(counts, local, colour, linestyle="--")
    here = [
        r for r in runs if (r.step.params, r.step.samples, r.step.parts) == (params, samples, 1)
    ]
    rates = [r.step.workers * samples / r.seconds for r in here]
    name = f"measured, {CORES} cores"
    right.plot([r.step.workers for r in here], rates, "k", linestyle="", marker="x", label=name)
    right.set(xlabel="workers", ylabel="samples a second", title=f"{samples:,} samples a worker")
    left.set_ylim(1e-3, 2e1)
    for axes in (left, right):
        axes.set_xticks([1, 10, 100, 1000], ["1", "10", "100", "1,000"])
        axes.grid(visible=True, which="major", color="0.9")
        axes.legend(fontsize=7.5)
    figure.suptitle(f"A net of {params} parameters; left: {network.name}; dashed: local SGD")
    figure.savefig(path, dpi=140)


def read(files: Sequence[Path]) -> list[Run]:
    """Return the least of what was measured at several times."""
    times = [
        [Run(**{**run, "step": Setup(**run["step"])}) for run in json.loads(file.read_text())]
        for file in files
    ]
    return [
        Run(same[0].step, *(min(getattr(run, name) for run in same) for name in MEASURED))
        for same in zip(*times, strict=True)
    ]


def main(*names: str) -> None:
    """Measure, or read what was measured; fit, print and draw."""
    files = [Path(name) for name in names]
    if files and all(file.exists() for file in files):
        runs = read(files)
    else:
        runs = measured()
        for file in files[:1]:
            file.write_text(json.dumps([attrs.asdict(run) for run in runs]))
    costs = fitted(runs, CORES)
    print(tables(costs, runs))
    draw(costs, runs, PICTURE)


if __name__ == "__main__":
    main(*sys.argv[1:])
