"""Rows of 1 to 16 keys in the attention of a GPT: filled up, beside each length by itself.

The products of queries and keys of a name of 16 positions are 544: rows of 1 to 16 for each head.
With a pass switched off they are read through index tables, and each length has sums of its own.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

import microgpt
from harness import Contestant, Goal, Row, against, main

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

POSITIONS, NAMES, PASS = 16, 64, "ragged-rows"
ONE, ONE_BY_ITSELF = "mgcore", "mgcore, each length by itself"
MANY, MANY_BY_ITSELF = f"mgcore, {NAMES} names", f"mgcore, {NAMES} names, each length by itself"


def kernel_of(*, filled: bool) -> Any:
    os.environ["MGCOMPILE_SKIP"] = "" if filled else PASS
    return microgpt.kernel_of(POSITIONS)


def ours(names: int, *, filled: bool) -> Callable[[], Any]:
    kernel, X = kernel_of(filled=filled), microgpt.tokens_of(POSITIONS, names).astype(float)
    return lambda: kernel.loss_and_grad(X)


def tables(*, filled: bool) -> int:
    """Return how often the program of the loss and its gradient reads through a table."""
    report = kernel_of(filled=filled).explain("loss")
    (found,) = re.findall(r"(\d+) reads through index tables", report)
    return int(found)


def no_tables() -> Goal:
    def decide(_medians: Mapping[str, float]) -> tuple[str, bool]:
        count = tables(filled=True)
        return f"{count}; each length by itself {tables(filled=False)}", count == 0

    return Goal("loss and gradient: no reads through index tables", decide)


def row() -> Row:
    return Row(
        title=f"Rows of many lengths: loss and gradient of microgpt, {POSITIONS} positions",
        unit="us a call",
        seconds=1e-6,
        contestants=[
            Contestant(ONE, lambda: ours(1, filled=True), note="one name"),
            Contestant(ONE_BY_ITSELF, lambda: ours(1, filled=False), note="one name"),
            Contestant(MANY, lambda: ours(NAMES, filled=True), kind="many"),
            Contestant(MANY_BY_ITSELF, lambda: ours(NAMES, filled=False), kind="many"),
        ],
        goals=[
            no_tables(),
            against("one name: no slower than each length by itself", ONE_BY_ITSELF, 1.0),
            against(f"{NAMES} names: no slower, to a twentieth", MANY_BY_ITSELF, 1.05, MANY),
        ],
        rtol=1e-9,
        atol=1e-12,
    )


if __name__ == "__main__":
    main(row)
