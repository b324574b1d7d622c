"""Say in a sentence how good a model is, beside what needs no net."""

from collections.abc import Sequence

import attrs

from mgview.numbers import measured, percent

_SIGMAS = 2.0  # a difference within two standard errors may be chance
_ALIKE = 0.05  # errors that differ by less than this share are about as large


@attrs.frozen
class Judged:
    """Hold how good somebody is on the judged rows.

    Attributes:
        who: what is judged, such as "ridge regression".
        score: accuracy in [0, 1], or R^2.
    """

    who: str
    score: float


def verdict(model: Judged, baselines: Sequence[Judged], rows: int, score_name: str) -> str:
    """Compare a model with the best baseline, in one sentence.

    Args:
        model: the model's score.
        baselines: at least one.
        rows: on how many rows they were judged.
        score_name: "accuracy" or "R2".

    Returns:
        The sentence; it says so where the difference may be chance.
    """
    best = max(baselines, key=lambda judged: judged.score)
    if score_name == "accuracy":
        return _of_accuracy(model, best, rows)
    return _of_error(model, best)


def _of_accuracy(model: Judged, best: Judged, rows: int) -> str:
    a, b = model.score, best.score
    points = f"{percent(abs(a - b)).removesuffix('%')} points"
    error = ((a * (1 - a) + b * (1 - b)) / rows) ** 0.5
    count = round(abs(a - b) * rows)
    if count == 0:
        found = "no better and no worse"
    elif abs(a - b) <= _SIGMAS * error:
        word = "better" if a > b else "worse"
        found = f"{count} row{'s' if count > 1 else ''} of {rows} {word}, which may be chance"
    elif a > b:
        found = f"{points} better, more than chance explains"
    else:
        found = f"{points} worse: the baseline is the better model here"
    return f"{_capital(model.who)} is right on {percent(a)}, {best.who} on {percent(b)}: {found}."


def _of_error(model: Judged, best: Judged) -> str:
    lost = (max(1 - model.score, 0.0), max(1 - best.score, 0.0))
    ratio = (lost[0] / lost[1]) ** 0.5 if lost[1] else 1.0
    if model.score < 0.0 and best.score <= 0.0:
        found = "it does worse than always saying the mean"
    elif abs(ratio - 1.0) < _ALIKE:
        found = "its error is about as large"
    elif ratio < 1.0:
        found = f"its error is {percent(1 - ratio, 0)} smaller"
    else:
        found = (
            f"its error is {percent(ratio - 1, 0)} larger: the baseline is the better model here"
        )
    scores = f"R2 {measured(model.score)}, {best.who} {measured(best.score)}"
    return f"{_capital(model.who)} has {scores}: {found}."


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
