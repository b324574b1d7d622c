"""Compare ``mg train`` with scikit-learn's defaults on tables that packages bundle.

    python benchmarks/tabular.py [--tables iris,cars] [--seeds 3] [--first-seed 0]

Every table is written as CSV and read as ``mg train`` reads it; the same rows are held out for all
contestants, which get the same inputs (imputed, standardised, one-hot encoded). Shown are means
over the seeds of accuracy or R2, the rank of ``mg train`` among the four, how far it is behind the
linear model in standard errors (see `behind`), and the most processor seconds that its choosing and
training took for a seed.

The tables come with scikit-learn, statsmodels, plotly, vega_datasets, ISLP and palmerpenguins (all
BSD or MIT); the data themselves are in the public domain, or published there for teaching. Only the
tables of the last two are used, so they are installed without what they need.
"""

from __future__ import annotations

import argparse
import tempfile
import time
import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from mgcli.bundled import NAMES, bundled
from mgcli.data import Data, Reading, from_csv
from mgcli.learning import Choices, Job, learn
from mgnn.forward import forward

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

WHO = ("mg train", "MLP", "linear", "boosting")

# name: (package, table, target, columns to leave out: names, leaks of the target, identical ones)
TABLES: dict[str, tuple[str, str, str, tuple[str, ...]]] = {
    "anes96": ("statsmodels", "anes96", "vote", ()),
    "ccard": ("statsmodels", "ccard", "AVGEXP", ()),
    "fair": ("statsmodels", "fair", "affairs", ()),
    "grunfeld": ("statsmodels", "grunfeld", "invest", ()),
    "heart": ("statsmodels", "heart", "survival", ()),
    "modechoice": ("statsmodels", "modechoice", "choice", ("individual",)),
    "randhie": ("statsmodels", "randhie", "mdvis", ()),
    "scotland": ("statsmodels", "scotland", "YES", ()),
    "star98": ("statsmodels", "star98", "NABOVE", ("NBELOW",)),
    "statecrime": ("statsmodels", "statecrime", "murder", ()),
    "gapminder": ("plotly", "gapminder", "lifeExp", ("country", "iso_alpha", "iso_num")),
    "tips": ("plotly", "tips", "tip", ()),
    "barley": ("vega_datasets", "barley", "yield", ()),
    "cars": ("vega_datasets", "cars", "Miles_per_Gallon", ("Name",)),
    "driving": ("vega_datasets", "driving", "gas", ("side",)),
    "weather": ("vega_datasets", "seattle_weather", "weather", ()),
    "Bikeshare": ("ISLP", "Bikeshare", "bikers", ("casual", "registered")),
    "BrainCancer": ("ISLP", "BrainCancer", "status", ()),
    "Caravan": ("ISLP", "Caravan", "Purchase", ()),
    "Carseats": ("ISLP", "Carseats", "Sales", ()),
    "College": ("ISLP", "College", "Private", ()),
    "Credit": ("ISLP", "Credit", "Balance", ("ID",)),
    "Default": ("ISLP", "Default", "default", ()),
    "Hitters": ("ISLP", "Hitters", "Salary", ()),
    "OJ": ("ISLP", "OJ", "Purchase", ()),
    "Publication": ("ISLP", "Publication", "status", ()),
    "Wage": ("ISLP", "Wage", "wage", ("logwage",)),
    "Weekly": ("ISLP", "Weekly", "Direction", ("Today",)),
    "penguins": ("palmerpenguins", "penguins", "species", ()),
}
SKLEARN = tuple(name for name in NAMES if name not in ("moons", "circles"))
ROUNDING = 1e-9  # differences of equal models, computed in another order
MOST_ROWS = 6_000  # of a table, for the sake of the peers' time


def read(name: str, folder: Path) -> Data:
    """Return a table as mg train would read it."""
    if name in SKLEARN:
        return bundled(name)
    package, table, target, drop = TABLES[name]
    frame = frame_of(package, table)
    if len(frame) > MOST_ROWS:
        frame = frame.sample(MOST_ROWS, random_state=0)
    path = folder / f"{name}.csv"
    frame.to_csv(path, index=False)
    return from_csv(path, Reading(target=target, drop=drop))


def frame_of(package: str, table: str) -> Any:
    """Return a bundled table as a frame."""
    if package == "statsmodels":
        import statsmodels.api as sm

        return getattr(sm.datasets, table).load_pandas().data
    if package == "plotly":
        import plotly.express as px

        return getattr(px.data, table)()
    if package == "vega_datasets":
        from vega_datasets import local_data

        return getattr(local_data, table)()
    import pandas as pd

    spec = find_spec(package)  # found, not imported: the tables need nothing of the package
    if spec is None or spec.origin is None:
        raise SystemExit(f"{package} is not installed: make bench installs it")
    return pd.read_csv(Path(spec.origin).parent / "data" / f"{table}.csv")


def peers(task: str, seed: int) -> dict[str, Any]:
    """Return scikit-learn's estimators at their defaults."""
    from sklearn import ensemble, linear_model, neural_network

    if task == "regression":
        return {
            "MLP": neural_network.MLPRegressor(random_state=seed),
            "linear": linear_model.Ridge(),
            "boosting": ensemble.HistGradientBoostingRegressor(random_state=seed),
        }
    return {
        "MLP": neural_network.MLPClassifier(random_state=seed),
        "linear": linear_model.LogisticRegression(max_iter=1000),
        "boosting": ensemble.HistGradientBoostingClassifier(random_state=seed),
    }


@attrs.frozen(eq=False)
class Run:
    """Hold what one seed gave: for each contestant what it is out by, row by row.

    Attributes:
        rows: which rows of the table were held out.
        misses: of each contestant, squared errors or 1 where the class is wrong.
        spread: the variance of a quantity, or 1.
        seconds: of processor time for choosing and training.

    """

    rows: NDArray[np.int64]
    misses: dict[str, NDArray[np.float64]]
    spread: float
    seconds: float

    def score(self, who: str) -> float:
        """Return accuracy or R2."""
        return 1.0 - float(self.misses[who].mean()) / self.spread


def run(data: Data, seed: int) -> Run:
    """Train all contestants on the same rows."""
    jobs: list[Job] = []
    start = time.process_time()
    outcome = learn(data, Choices(seed=seed), watch=jobs.append)
    seconds = time.process_time() - start
    X, y = jobs[0].X, jobs[0].y[:, 0]
    held, truth = outcome.held_out, outcome.targets
    outputs = forward(outcome.model.net, held)
    regression = data.task == "regression"
    said = {"mg train": outputs[:, 0] if regression else outcome.model.class_numbers(outputs)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for who, estimator in peers(data.task, seed).items():
            said[who] = estimator.fit(X, y).predict(held)
    misses = {
        who: ((guess - truth) ** 2 if regression else (guess != truth)).astype(float)
        for who, guess in said.items()
    }
    spread = float(((truth - truth.mean()) ** 2).mean()) if regression else 1.0
    return Run(outcome.rows, misses, spread, seconds)


def behind(runs: list[Run]) -> float:
    """Return by how many standard errors mg train is behind the linear model; negative if ahead.

    Compared are scores on the same rows, of all seeds together. The standard error is that of the
    mean of these paired differences, over rows; what several seeds say of one row is added up
    first, since it is still one row.
    """
    gaps = np.concatenate([(r.misses["mg train"] - r.misses["linear"]) / r.spread for r in runs])
    gaps[abs(gaps) < ROUNDING] = 0.0
    _, row = np.unique(np.concatenate([r.rows for r in runs]), return_inverse=True)
    by_row = np.bincount(row, gaps)
    error = (by_row @ by_row) ** 0.5 / len(gaps)  # about 0, where the two are equally good
    return float(gaps.mean() / error) if error else 0.0


def rows(names: list[str], seeds: range) -> Iterator[tuple[int, float, float]]:
    """Print a line for each table; yield its rank, how far it is behind, and the seconds."""
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            data = read(name, Path(folder))
            runs = [run(data, seed) for seed in seeds]
            scores = {who: float(np.mean([r.score(who) for r in runs])) for who in WHO}
            rank = 1 + sum(scores[who] > scores["mg train"] + 1e-9 for who in WHO[1:])
            gap, seconds = behind(runs), max(r.seconds for r in runs)
            shown = "".join(f"{scores[who]:10.3f}" for who in WHO)
            what = "R2" if data.task == "regression" else "acc"
            print(
                f"{name:14}{len(data):6} {what:4}{shown}{rank:6}{gap:8.1f}{seconds:7.1f}",
                flush=True,
            )
            yield rank, gap, seconds


def main() -> None:
    """Print the comparison."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tables", help="names, separated by commas")
    parser.add_argument("--seeds", type=int, default=3, help="how many")
    parser.add_argument("--first-seed", type=int, default=0, help="others hold out other rows")
    chosen = parser.parse_args()
    names = chosen.tables.split(",") if chosen.tables else [*SKLEARN, *TABLES]
    heads = "".join(f"{who:>10}" for who in WHO)
    print(f"{'table':14}{'rows':>6} {'':4}{heads}{'rank':>6}{'behind':>8}{'CPU s':>7}")
    seeds = range(chosen.first_seed, chosen.first_seed + chosen.seeds)
    found = list(rows(names, seeds))
    ranks, gaps, seconds = zip(*found, strict=True)
    worse = sum(gap > 1.0 + ROUNDING for gap in gaps)
    print(
        f"median rank {np.median(ranks):g}, mean {np.mean(ranks):.2f} of {len(WHO)}; behind the "
        f"linear model by more than one standard error on {worse} of {len(names)} tables; at most "
        f"{max(seconds):.1f} s"
    )


if __name__ == "__main__":
    main()
