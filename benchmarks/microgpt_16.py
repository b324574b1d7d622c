"""One update of the GPT of examples/microgpt.py with a name of 16 positions, the most there are."""

from __future__ import annotations

import microgpt
from harness import Row, main


def row() -> Row:
    return microgpt.row(16)


if __name__ == "__main__":
    main(row)
