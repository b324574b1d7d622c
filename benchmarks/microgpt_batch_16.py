"""One update of the GPT of examples/microgpt.py with 64 names of 16 positions."""

from __future__ import annotations

import microgpt
from harness import Row, main


def row() -> Row:
    return microgpt.row(16, 64)


if __name__ == "__main__":
    main(row)
