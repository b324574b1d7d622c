"""Train a net on data and judge it on rows that were held out, beside a linear baseline."""

import math
import warnings
from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import attrs

from mgcli.data import Data
from mgcli.errors import CliError
from mgcli.model import Model, loss_of, outputs_for
from mgcli.preparation import preparation_for, prepare

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mgnn import MLP, Epoch, History

__all__ = ["Choices", "Job", "Outcome", "Score", "learn"]

OptimizerName: TypeAlias = Literal["adam", "sgd"]
UPDATES = 300  # as many as small tables need; see `Choices.epochs_for`
MOMENTUM = 0.9
MOST_PARAMETERS = 2_000_000  # Values, of which each takes some 100 bytes and 1 us to make


@attrs.frozen
class Choices:
    """Hold the settings of a training run.

    Args:
        hidden: sizes of the hidden layers; none gives a linear model.
        activation: a registered op with one operand.
        epochs: chosen by the number of rows if not given.
        lr: the learning rate at the start, which falls to 0 along half a cosine; 0.03 for adam and
            0.05 for sgd if not given.
        batch_size: rows per update.
        weight_decay: pulls the weights to 0; if not given, 0.01 for a net with more parameters than
            rows, else 0.001.
        optimizer: adam, or sgd with momentum 0.9.
        seed: of weights, order of rows, and which are held out.
        hold_out: the share of rows to judge on, in (0, 1).
        backend: eager, compiled or auto.

    """

    hidden: tuple[int, ...] = (16,)
    activation: str = "relu"
    epochs: int | None = None
    lr: float | None = None
    batch_size: int = 32
    weight_decay: float | None = None
    optimizer: OptimizerName = "adam"
    seed: int = 0
    hold_out: float = 0.2
    backend: str = "auto"

    def epochs_for(self, rows: int) -> int:
        """Return the number of epochs: about 300 updates, in 10 to 100 epochs, if not chosen."""
        if self.epochs is not None:
            return self.epochs
        updates = math.ceil(rows / self.batch_size)
        return max(10, min(100, math.ceil(UPDATES / updates)))

    def rate(self) -> float:
        """Return the learning rate at the start."""
        return self.lr if self.lr is not None else 0.03 if self.optimizer == "adam" else 0.05


@attrs.frozen(eq=False)
class Job:
    """Hold what is about to be trained.

    Attributes:
        net: before training.
        X: its inputs (n, inputs).
        y: the targets as the loss sees them (n,).
        loss: its name.
        epochs: how many.
        held_out: how many rows were put aside.

    """

    net: "MLP"
    X: "NDArray[np.float64]"
    y: "NDArray[np.float64]"
    loss: str
    epochs: int
    held_out: int


Callback: TypeAlias = Callable[["Epoch"], Any]
Watch: TypeAlias = Callable[[Job], Callback | None]


@attrs.frozen
class Score:
    """Hold how good somebody is on the rows held out.

    Attributes:
        who: what is judged.
        score: accuracy in [0, 1], or R^2.
        error: the root mean square error in the target's unit; NaN for classification.

    """

    who: str
    score: float
    error: float


@attrs.frozen(eq=False)
class Outcome:
    """Hold what training gave.

    Attributes:
        model: the trained net and all it needs.
        history: losses, scores and time of each epoch.
        scores: of the net, of the linear baseline and of the best constant, in this order.
        inputs: the names of the net's inputs.
        held_out: the net's inputs for the rows held out, shape (m, inputs).
        targets: their targets as the loss sees them (m,).

    """

    model: Model
    history: "History"
    scores: tuple[Score, ...]
    inputs: tuple[str, ...]
    held_out: "NDArray[np.float64]"
    targets: "NDArray[np.float64]"

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
) -> Outcome:
    """Train an MLP on `data`.

    Args:
        data: what to learn.
        choices: how.
        progress: whether to show a bar on stderr.
        watch: called with the job when all is ready; may return a callback for `mgnn.fit`.

    Raises:
        CliError: if the net would be too large.
        MgcoreError: whatever mgnn has to say about the settings.

    """
    from mgnn import MLP, fit

    train, test = _split(data, choices)
    preparation = preparation_for(data.kinds).fit(data.frame.iloc[train])
    X = prepare(preparation, data.frame.iloc[train])
    mean, scale = _unit_of(data, train)
    y = (data.target[train] - mean) / scale
    sizes = [*choices.hidden, outputs_for(data)]
    _check_size([X.shape[1], *sizes])
    net = MLP(
        X.shape[1],
        sizes,
        activation=choices.activation,
        seed=choices.seed,
        init="he" if "relu" in choices.activation else "lecun",
    )
    job = Job(net, X, y, loss_of(data), choices.epochs_for(len(train)), len(test))
    callback = watch(job) if watch is not None else None
    history = fit(
        net,
        X,
        y,
        loss=job.loss,
        optimizer=_optimizer(choices, job),
        epochs=job.epochs,
        batch_size=choices.batch_size,
        seed=choices.seed,
        backend=choices.backend,
        progress=progress,
        callbacks=[callback] if callback is not None else [],
    )
    model = Model(
        net=net,
        activation=choices.activation,
        hidden=choices.hidden,
        preparation=preparation,
        kinds=data.kinds,
        target_name=data.target_name,
        task=data.task,
        classes=data.classes,
        mean=mean,
        scale=scale,
        source=data.source,
    )
    return _judged(data, choices, model, history, (train, test), X)


def _judged(
    data: Data,
    choices: Choices,
    model: Model,
    history: "History",
    parts: "tuple[NDArray[np.int64], NDArray[np.int64]]",
    X: "NDArray[np.float64]",
) -> Outcome:
    train, test = parts
    held_out = prepare(model.preparation, data.frame.iloc[test])
    truth = data.target[test]
    predicted, _ = model.predict(data.frame.iloc[test])
    baseline, constant = _baselines(data, choices, X, data.target[train], held_out)
    return Outcome(
        model=model,
        history=history,
        scores=(
            _score("this net", truth, predicted, data),
            _score(BASELINE_NAMES[data.task], truth, baseline, data),
            _score(_constant_name(data, constant), truth, constant, data),
        ),
        inputs=tuple(map(str, model.preparation.get_feature_names_out())),
        held_out=held_out,
        targets=(truth - model.mean) / model.scale,
    )


def _check_size(sizes: list[int]) -> None:
    """Refuse a net that would take minutes to make: each parameter is a Value of its own."""
    count = sum((nin + 1) * nout for nin, nout in pairwise(sizes))
    if count > MOST_PARAMETERS:
        raise CliError(
            f"--hidden {','.join(map(str, sizes[1:-1]))} makes a net of {count:,} parameters; at "
            f"most {MOST_PARAMETERS:,} are allowed, so choose smaller layers"
        )


def _split(data: Data, choices: Choices) -> "tuple[NDArray[np.int64], NDArray[np.int64]]":
    """Return the rows to train on and those to judge on; classes in the same shares in both."""
    import numpy as np
    from sklearn.model_selection import train_test_split

    n, classes = len(data.frame), len(data.classes)
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
    from sklearn.preprocessing import StandardScaler

    unit = StandardScaler().fit(data.target[train].reshape(-1, 1))
    return float(unit.mean_[0]), float(unit.scale_[0])


def _optimizer(choices: Choices, job: Job) -> Any:
    from mgnn import optim

    decay = choices.weight_decay
    if decay is None:
        decay = 1e-2 if len(job.net.parameters()) > len(job.X) else 1e-3

    def rate(epoch: int) -> float:
        # Large steps find the valley, small ones its floor (Loshchilov and Hutter 2017).
        return choices.rate() * (1.0 + math.cos(math.pi * epoch / job.epochs)) / 2.0

    if choices.optimizer == "sgd":
        return optim.SGD(lr=rate, momentum=MOMENTUM, weight_decay=decay)
    return optim.Adam(lr=rate, weight_decay=decay)


BASELINE_NAMES = {"classification": "logistic regression", "regression": "ridge regression"}


def _baselines(
    data: Data,
    choices: Choices,
    X: "NDArray[np.float64]",
    target: "NDArray[Any]",
    held_out: "NDArray[np.float64]",
) -> "tuple[NDArray[Any], NDArray[Any]]":
    """Return what a linear model and the best constant say of the rows held out."""
    import numpy as np
    from sklearn.linear_model import LogisticRegression, Ridge

    if data.task == "regression":
        linear, constant = Ridge(), target.mean()
    else:
        linear = LogisticRegression(max_iter=1000, random_state=choices.seed)
        constant = np.bincount(target).argmax()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it has not quite converged changes no digit shown
        predicted = linear.fit(X, target).predict(held_out)
    return predicted, np.full(len(held_out), constant)


def _constant_name(data: Data, constant: "NDArray[Any]") -> str:
    if data.task == "regression":
        return "always the mean"
    return f"always {data.classes[constant[0]]!r}"


def _score(who: str, truth: "NDArray[Any]", predicted: "NDArray[Any]", data: Data) -> Score:
    from sklearn.metrics import accuracy_score, r2_score, root_mean_squared_error

    if data.task == "classification":
        return Score(who, float(accuracy_score(truth, predicted)), math.nan)
    return Score(
        who, float(r2_score(truth, predicted)), float(root_mean_squared_error(truth, predicted))
    )
