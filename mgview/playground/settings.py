"""What a playground begins with: the page's settings, checked."""

from collections.abc import Sequence
from typing import Any

import attrs

from mgnn.errors import near_matches
from mgnn.layers import INITIALISERS
from mgview.playground.data import DATA_SETS
from mgview.playground.errors import BadPlaygroundError

LOSSES = ("binary_cross_entropy", "hinge", "mse")
OPTIMIZERS = ("sgd", "momentum", "adam", "adamw")
MOST_LAYERS, MOST_NEURONS, MOST_SAMPLES = 6, 12, 2000
LARGEST_SEED = 2**53 - 1  # that a page can count to


def _one_of(names: Sequence[str]) -> Any:
    def check(_: object, attribute: Any, value: Any) -> None:
        if value not in names:
            raise BadPlaygroundError(
                f"{attribute.name} is {value!r}{near_matches(value, names)} (it is one of "
                f"{', '.join(names)})"
            )

    return check


def _between(low: float, high: float, *, whole: bool = False) -> Any:
    kinds = int if whole else (int, float)
    what = "a whole number" if whole else "a number"

    def check(_: object, attribute: Any, value: Any) -> None:
        if isinstance(value, bool) or not isinstance(value, kinds) or not low <= value <= high:
            raise BadPlaygroundError(
                f"{attribute.name} is {value!r}; it must be {what} from {low:g} to {high:g}"
            )

    return check


def _check_layers(_: object, __: Any, value: Any) -> None:
    fits = len(value) <= MOST_LAYERS and all(
        isinstance(size, int) and 1 <= size <= MOST_NEURONS for size in value
    )
    if not fits:
        raise BadPlaygroundError(
            f"layers is {value!r}; give at most {MOST_LAYERS} sizes of hidden layers, each from 1 "
            f"to {MOST_NEURONS}"
        )


@attrs.frozen(kw_only=True)
class Settings:
    """Hold what a playground begins with.

    Attributes:
        data: "circle", "xor", "gauss", "spiral", "moons", or "csv" for rows of one's own.
        samples: rows of a data set, 2 to 2,000.
        noise: standard deviation of what is added to both columns, 0 to 1, unitless.
        train: share of the rows to train on, 0.01 to 0.99.
        seed: of the rows, the first weights and every epoch's order.
        layers: sizes of the hidden layers.
        activation: name of an op of one operand.
        init: how weights begin: see `mgnn.Neuron`.
        loss: "binary_cross_entropy", "hinge" or "mse".
        optimizer: "sgd", "momentum" (SGD with momentum 0.9), "adam" or "adamw".
        lr: learning rate, 0 to 100.
        decay: weight decay, an L2 penalty; 0 to 100.
        l1: what an L1 penalty multiplies the sum of absolute weights by; 0 to 100.
        batch: rows of an update; 0 for all.
    """

    data: str = attrs.field(default="moons", validator=_one_of((*DATA_SETS, "csv")))
    samples: int = attrs.field(default=500, validator=_between(2, MOST_SAMPLES, whole=True))
    noise: float = attrs.field(default=0.15, validator=_between(0, 1))
    train: float = attrs.field(default=0.5, validator=_between(0.01, 0.99))
    seed: int = attrs.field(default=7, validator=_between(0, LARGEST_SEED, whole=True))
    layers: tuple[int, ...] = attrs.field(default=(8, 8), converter=tuple, validator=_check_layers)
    activation: str = "tanh"
    init: str = attrs.field(default="lecun", validator=_one_of(tuple(INITIALISERS)))
    loss: str = attrs.field(default="binary_cross_entropy", validator=_one_of(LOSSES))
    optimizer: str = attrs.field(default="adam", validator=_one_of(OPTIMIZERS))
    lr: float = attrs.field(default=0.01, validator=_between(0, 100))
    decay: float = attrs.field(default=0.0, validator=_between(0, 100))
    l1: float = attrs.field(default=0.0, validator=_between(0, 100))
    batch: int = attrs.field(default=10, validator=_between(0, MOST_SAMPLES, whole=True))

    def plain(self) -> dict[str, Any]:
        """Return the settings as the page reads them."""
        return {**attrs.asdict(self), "layers": list(self.layers)}
