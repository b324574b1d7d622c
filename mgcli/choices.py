"""How a net is to be trained: what the user said, and what stands for the rest."""

import math
from typing import Literal, TypeAlias

import attrs

from mgcli.session import Settings

__all__ = ["Choices"]

OptimizerName: TypeAlias = Literal["adam", "sgd"]
UPDATES = 300  # as many as small tables need where nothing is searched


@attrs.frozen
class Choices:
    """Hold the settings of a training run; None is chosen on validation rows.

    Args:
        hidden: sizes of the hidden layers; none gives a linear model.
        activation: a registered op with one operand.
        epochs: if given, all is trained as told, and nothing is searched.
        lr: the learning rate at the start.
        batch_size: rows per update.
        weight_decay: pulls the weights to 0.
        optimizer: adam, or sgd with momentum 0.9.
        seed: of weights, order of rows, and which are held out.
        hold_out: the share of rows to judge on, in [0, 1).
        backend: eager, compiled or auto.
        quick: whether to take usual settings instead of searching.
        class_weight: None, or "balanced": every class counts as much as the others.

    """

    hidden: tuple[int, ...] | None = None
    activation: str = "silu"
    epochs: int | None = None
    lr: float | None = None
    batch_size: int | None = None
    weight_decay: float | None = None
    optimizer: OptimizerName = "adam"
    seed: int = 0
    hold_out: float = 0.2
    backend: str = "auto"
    quick: bool = False
    class_weight: str | None = None

    @property
    def searched(self) -> bool:
        """Tell whether settings are searched for."""
        told = self.quick or self.epochs is not None or self.hidden == ()
        return not told and self.backend != "eager"

    @property
    def free(self) -> frozenset[str]:
        """Return the names of settings that are searched for."""
        given = {
            "hidden": self.hidden is not None,
            "lr": self.lr is not None,
            "weight_decay": self.weight_decay is not None,
            "epochs": False,
        }
        return frozenset(name for name, told in given.items() if not told)

    def settings_for(self, rows: int, inputs: int) -> Settings:
        """Return the settings to train with, or to begin the search with."""
        sgd = self.optimizer == "sgd"
        if self.searched:
            batch = self.batch_size or (32 if rows < 2_000 else 128)
            epochs = max(10, min(60, math.ceil(6_000 * batch / rows)))
            return Settings(
                hidden=self.hidden or (32,),
                lr=self.lr or (0.02 if sgd else 0.01),
                weight_decay=1e-3 if self.weight_decay is None else self.weight_decay,
                epochs=epochs,
                batch_size=batch,
                optimizer=self.optimizer,
                falling=epochs,
            )
        batch = self.batch_size or 32
        hidden = (16,) if self.hidden is None else self.hidden
        many = sum(hidden) * inputs > rows
        usual = 1e-2 if many else 1e-3
        epochs = self.epochs or max(10, min(100, math.ceil(UPDATES / math.ceil(rows / batch))))
        return Settings(
            hidden=hidden,
            lr=self.lr or (0.05 if sgd else 0.03),
            weight_decay=usual if self.weight_decay is None else self.weight_decay,
            epochs=epochs,
            batch_size=batch,
            optimizer=self.optimizer,
            falling=epochs,
        )
