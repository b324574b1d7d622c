"""Train a net on data and judge it on rows that were held out, beside a linear baseline."""

import math
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs

from mgcli.choices import Choices
from mgcli.data import Data
from mgcli.errors import CliError
from mgcli.judging import Score, judge
from mgcli.merging import linear_net, one_net
from mgcli.offset import rows_with_offset, with_offset
from mgcli.problem import Problem
from mgcli.search import Found, search
from mgcli.session import Sessions, Settings
from mgnn import MLP, History
from mgnn.features import encode_all, fit_feature, inputs_of
from mgnn.modelparts import MOST_PARAMETERS, parameter_count
from mgnn.tablemodel import TableModel

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mgnn import Epoch, losses

    Floats = NDArray[np.float64]

__all__ = ["SOLVED", "Choices", "Job", "Outcome", "Score", "learn"]

SOLVED = "scikit-learn"  # the backend of a linear model, which takes no epochs
MOST_MEMBERS = 5  # nets of which the mean is taken
FINAL_WORK = 1e10  # multiplications and additions that they may take together
MERGED_PARAMETERS = 40_000  # of several nets of more than one hidden layer in one


@attrs.frozen(eq=False)
class Job:
    """Hold what is about to be trained, once settings are chosen.

    Attributes:
        net: before training.
        X: its inputs (n, inputs).
        y: the targets as the loss sees them.
        loss: it.
        settings: how.
        members: of how many nets the mean is taken.
        found: what the search said, if there was one.
        held_out: how many rows were put aside.

    """

    net: MLP
    X: "Floats"
    y: "Floats"
    loss: "losses.Loss"
    settings: Settings
    members: int
    found: Found | None
    held_out: int


Callback: TypeAlias = Callable[["Epoch"], Any]
Watch: TypeAlias = Callable[[Job], Callback | None]


@attrs.frozen(eq=False)
class Outcome:
    """Hold what training gave.

    Attributes:
        model: the trained net and all it needs.
        history: losses, scores and time of each epoch; of the first net if there are several.
        scores: of the net, of the linear baseline and of the best constant, in this order; none
            where no rows were held out.
        loss: the name of the loss.
        inputs: the names of the net's inputs.
        held_out: the net's inputs for the rows held out (the training rows if there are none),
            shape (m, inputs).
        targets: their targets as the loss sees them (m,).
        rows: their numbers in the data (m,).

    """

    model: TableModel
    history: History
    scores: tuple[Score, ...]
    loss: str
    inputs: tuple[str, ...]
    held_out: "Floats"
    targets: "Floats"
    rows: "NDArray[np.int64]"

    @property
    def interrupted(self) -> bool:
        """Tell whether the user stopped the training."""
        return self.history.note.startswith("interrupted")


def learn(
    data: Data,
    choices: Choices,
    *,
    progress: bool = False,
    watch: Watch | None = None,
    tell: Callable[[str], Any] = lambda _: None,
) -> Outcome:
    """Train an MLP on `data`.

    Args:
        data: what to learn.
        choices: how.
        progress: whether to show a bar on stderr.
        watch: called with the job when all is ready; may return a callback for `mgnn.fit`.
        tell: called with a line on how far the search is.

    Raises:
        CliError: if the net would be too large.
        MgcoreError: whatever mgnn has to say about the settings.

    """
    train, test = _split(data, choices)
    seen = data.rows(train)
    features = tuple(
        fit_feature(c.name, c.kind, seen[c.name], notation=c.code) for c in data.features
    )
    mean, scale = _unit_of(data, train)
    y = data.target[train] if data.classes else (data.target[train] - mean) / scale
    X = encode_all(features, seen)
    problem = Problem(
        data.task, X, y, _weights(data, train, choices), len(data.classes), choices.seed
    )
    _check_size(problem, choices)
    net, history = _trained(problem, choices, len(test), progress, watch, tell)
    model = TableModel(
        net=net,
        features=features,
        target=data.target_name,
        task=data.task,
        classes=data.classes,
        mean=mean,
        scale=scale,
        source=data.source,
        na=data.na,
        keep_na=data.keep_na,
    )
    held = encode_all(features, data.rows(test)) if len(test) else X
    rows = test if len(test) else train
    scores = judge(data, model, problem, held, data.target[rows]) if len(test) else ()
    return Outcome(
        model=model,
        history=history,
        scores=scores,
        loss=problem.loss.name,
        inputs=inputs_of(features),
        held_out=held,
        targets=(data.target[rows] - mean) / scale,
        rows=rows,
    )


def _trained(
    problem: Problem,
    choices: Choices,
    held_out: int,
    progress: bool,
    watch: Watch | None,
    tell: Callable[[str], Any],
) -> tuple[MLP, History]:
    """Choose the settings, train with them on all rows, and put what came out in one net."""
    import numpy as np

    rows, inputs = problem.X.shape
    settings, found = choices.settings_for(rows, inputs), None
    sessions = Sessions(problem, choices.activation, choices.backend)
    if choices.searched:
        try:
            found = search(problem, settings, choices.free, sessions, tell)
        except ImportError:
            settings = attrs.evolve(choices, quick=True).settings_for(rows, inputs)
    if found is not None and not found.share:
        return _linear_alone(problem, found, held_out, watch)
    settings = settings if found is None else found.settings
    session = sessions.of(settings.hidden)
    linear = problem.linear(found.strength) if found is not None else None
    offset = np.zeros((rows, problem.outputs))
    if linear is not None and settings.beside_linear:
        offset = linear.outputs(problem.X)
    session.start(problem.seed)
    members = _members(problem, settings) if found is not None else 1
    targets = rows_with_offset(problem.y, problem.weights, offset)
    job = Job(session.net, problem.X, targets, session.loss, settings, members, found, held_out)
    callback = watch(job) if watch is not None else None
    history = session.train(problem, offset, settings, callback=callback, progress=progress)
    weights = [session.numbers()]
    for member in range(1, members):
        if history.note.startswith("interrupted"):
            break
        session.start(problem.seed + 1000 * member)
        again = attrs.evolve(problem, seed=problem.seed + 1000 * member)
        more = session.train(again, offset, settings)
        history.note = history.note or more.note
        weights.append(session.numbers())
    session.set_numbers(weights[0])
    if found is None or linear is None:
        return session.net, history
    history.validation_loss, history.best_epoch = list(found.curve), settings.epochs
    beside = 1.0 - found.share + found.share * settings.beside_linear
    return one_net(session.net, weights, found.share, linear, beside, choices.activation), history


def _linear_alone(
    problem: Problem, found: Found, held_out: int, watch: Watch | None
) -> tuple[MLP, History]:
    """Return a linear model, where no net is surely better; its history is one epoch."""
    import numpy as np

    start = time.perf_counter()
    linear = problem.linear(found.strength)
    net = linear_net(linear)
    outputs = linear.outputs(problem.X)
    loss = with_offset(problem.loss)
    targets = rows_with_offset(problem.y, problem.weights, np.zeros_like(outputs))
    settings = attrs.evolve(found.settings, hidden=(), epochs=1, falling=0)
    if watch is not None:
        watch(Job(net, problem.X, targets, loss, settings, 1, found, held_out))
    encoded = np.array(loss.encode(targets.tolist(), problem.outputs))
    return net, History(
        problem.loss.score.name,
        loss=[float(problem.row_losses(outputs).mean())],
        score=[loss.score.of_arrays(outputs, encoded)],
        seconds=time.perf_counter() - start,
        backend=SOLVED,
        validation_loss=[found.linear_loss],
    )


def _members(problem: Problem, settings: Settings) -> int:
    """Return of how many nets the mean is taken: they are one net in the end, whose size counts."""
    size = parameter_count(problem.X.shape[1], [*settings.hidden, problem.outputs])
    work = 6.0 * size * len(problem.y) * settings.epochs
    room = MOST_PARAMETERS // (2 * size)
    if len(settings.hidden) > 1:  # with zeros between the members
        room = max(1, math.isqrt(MERGED_PARAMETERS // size))
    return max(1, min(MOST_MEMBERS, int(FINAL_WORK / work), room))


def _check_size(problem: Problem, choices: Choices) -> None:
    """Refuse a net that would take minutes to make: each parameter is a Value of its own."""
    settings = choices.settings_for(*problem.X.shape)
    sizes = [*settings.hidden, problem.outputs]
    count = parameter_count(problem.X.shape[1], sizes)
    if count > MOST_PARAMETERS:
        what = f"--hidden {','.join(map(str, settings.hidden))} makes"
        remedy = "choose smaller layers"
        if choices.hidden is None:
            what, remedy = f"{problem.X.shape[1]:,} inputs make", "drop columns of many categories"
        raise CliError(
            f"{what} a net of {count:,} parameters; at most {MOST_PARAMETERS:,} are allowed, so "
            f"{remedy}"
        )


def _split(data: Data, choices: Choices) -> "tuple[NDArray[np.int64], NDArray[np.int64]]":
    """Return the rows to train on and those to judge on; classes in the same shares in both."""
    import numpy as np
    from sklearn.model_selection import train_test_split

    n, classes = len(data), len(data.classes)
    if choices.hold_out == 0.0:
        return np.arange(n), np.arange(0)
    count = min(max(round(n * choices.hold_out), classes, 2), n - max(classes, 2))
    train, test = train_test_split(
        np.arange(n),
        test_size=count,
        random_state=choices.seed,
        stratify=data.target if classes else None,
    )
    return np.sort(train), np.sort(test)


def _unit_of(data: Data, train: "NDArray[np.int64]") -> tuple[float, float]:
    """Return mean and standard deviation of a quantity; 0 and 1 for class numbers."""
    if data.task == "classification":
        return 0.0, 1.0
    unit = fit_feature(data.target_name, "number", data.target[train])
    return unit.mean, unit.scale  # type: ignore[union-attr]  # a Number


def _weights(data: Data, train: "NDArray[np.int64]", choices: Choices) -> "Floats":
    """Return how much each row counts; 1 in the mean."""
    import numpy as np

    if choices.class_weight != "balanced":
        return np.ones(len(train))
    if data.task == "regression":
        raise CliError("--class-weight balanced: this target is a quantity, which has no classes")
    counts = np.bincount(data.target[train], minlength=len(data.classes))
    found: Floats = len(train) / (len(data.classes) * counts[data.target[train]])
    return found
