"""Loss and gradient of one name of 16 positions in a GPT, beside those of eight in one call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import microgpt
import numpy as np
from harness import Contestant, Row, against, main

if TYPE_CHECKING:
    from collections.abc import Callable

POSITIONS, EIGHT = 16, "mgcore, eight names"


def several(names: int) -> Callable[[], Any]:
    """Return the call for a name that stands there several times: the means are those of one."""
    kernel = microgpt.kernel_of(POSITIONS)
    X = np.repeat(microgpt.tokens_of(POSITIONS).astype(float), names, axis=0)
    return lambda: kernel.loss_and_grad(X)


def row() -> Row:
    return Row(
        title=f"Few samples: loss and gradient of microgpt, a name of {POSITIONS} positions",
        unit="us a call",
        seconds=1e-6,
        contestants=[
            Contestant("mgcore", lambda: several(1), note="one name"),
            Contestant("mgcore, two names", lambda: several(2)),
            Contestant(EIGHT, lambda: several(8)),
        ],
        goals=[against("one name at most 1/4 of eight", EIGHT, 0.25)],
        rtol=1e-9,
        atol=1e-12,
    )


if __name__ == "__main__":
    main(row)
