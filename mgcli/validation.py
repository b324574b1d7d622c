"""Rows put aside to choose by, and whether one model is surely better on them than another."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import attrs

from mgcli.linear import Linear
from mgcli.problem import Problem

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["Fold", "Validation", "validation_of"]

MOST_ROWS = 12_000  # that are looked at; more tell no more about the settings
FOLDS, FOLDED_BELOW = 5, 2_000  # rows; larger tables are judged on one part of five
SURE = 3.0  # standard errors by which a model has to be better than a simpler one
STRENGTHS = (10.0, 100.0, 1000.0)  # of the linear model's penalty, tried beside the usual 1


@attrs.frozen(eq=False)
class Fold:
    """Hold the rows to train on, those to judge on, and a linear model of the first.

    Attributes:
        train: what a model may see.
        test: what it is judged on.
        linear: fitted to `train`.

    """

    train: Problem
    test: Problem
    linear: Linear


@attrs.frozen(eq=False)
class Validation:
    """Hold all rows that are judged on, each of them in one fold.

    Attributes:
        folds: they; at least one.
        strength: of the penalty of their linear models.

    Outputs for the rows judged on are arrays (rows, outputs), those of all folds in a row.

    """

    folds: tuple[Fold, ...]
    strength: float = 1.0

    def linear(self) -> "Floats":
        """Return the linear models' outputs."""
        import numpy as np

        return np.concatenate([fold.linear.outputs(fold.test.X) for fold in self.folds])

    def losses(self, outputs: "Floats") -> "Floats":
        """Return the loss of each row."""
        import numpy as np

        parts = self._parts(outputs)
        return np.concatenate([p.row_losses(out) for p, out in parts])

    def wrong(self, outputs: "Floats") -> "Floats":
        """Return the weight of each row that is given another class, 0 for the others."""
        import numpy as np

        return np.concatenate([p.wrong(out) for p, out in self._parts(outputs)])

    def better(self, outputs: "Floats", simple: "Floats") -> bool:
        """Tell whether outputs are surely better than those of a simpler model.

        They are if the mean loss is smaller by three standard errors of the paired differences; and
        where other rows are given their class, so is the mean number of wrong ones. The simpler
        model stays where it is in doubt (the rule of one standard error, Breiman et al. 1984); of
        some thirty settings that are equally good, the luckiest is two standard errors ahead, hence
        three.
        """
        found = self.wrong(simple) - self.wrong(outputs)
        return _sure(self.losses(simple) - self.losses(outputs)) and (
            not found.any() or _sure(found)
        )

    def _parts(self, outputs: "Floats") -> "Iterator[tuple[Problem, Floats]]":
        import numpy as np

        ends = np.cumsum([len(fold.test.y) for fold in self.folds])[:-1]
        parts = np.split(outputs, ends)
        return zip([fold.test for fold in self.folds], parts, strict=True)


def _sure(gain: "Floats") -> bool:
    return bool(gain.mean() > SURE * gain.std(ddof=1) / len(gain) ** 0.5)


def validation_of(problem: Problem) -> Validation:
    """Return a problem's folds, with linear models as strong as serves them.

    A stronger penalty than scikit-learn's default is taken only where it is surely better.
    """
    usual = Validation(tuple(_folds(problem)))
    simple = usual.linear()
    stronger = [_with_strength(usual, strength) for strength in STRENGTHS]
    best = min(stronger, key=lambda v: float(v.losses(v.linear()).mean()))
    return best if usual.better(best.linear(), simple) else usual


def _with_strength(usual: Validation, strength: float) -> Validation:
    folds = [attrs.evolve(fold, linear=fold.train.linear(strength)) for fold in usual.folds]
    return Validation(tuple(folds), strength)


def _folds(problem: Problem) -> Iterator[Fold]:
    """Yield parts to train on and to judge on; classes in the same shares in both."""
    import numpy as np

    rng = np.random.default_rng(problem.seed)
    rows = rng.permutation(len(problem.y))[:MOST_ROWS]
    if problem.classes:
        rows = rows[np.argsort(problem.y[rows], kind="stable")]
    for first in range(min(FOLDS, len(rows) // 2)):
        test = np.arange(len(rows)) % FOLDS == first  # of each class every fifth row
        train = problem.part(np.sort(rows[~test]))
        yield Fold(train, problem.part(np.sort(rows[test])), train.linear())
        if len(rows) >= FOLDED_BELOW:
            return
