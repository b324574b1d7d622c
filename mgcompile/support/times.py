"""`MGCOMPILE_TIME=1`: print how long each step of compiling takes, to standard error.

Steps are the passes, `capture` or `trace` before them, and after them `code` (its text is written),
`machine-code` (LLVM compiles it, or the cache is asked) and `check`.
"""

from __future__ import annotations

import os
import sys
import time
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from mgcompile.support.steps import between_steps

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["timed"]

_within: ContextVar[float] = ContextVar("within", default=0.0)
"""Seconds that the steps within the one that runs have taken."""


@contextmanager
def timed(step: str) -> Iterator[None]:
    """Print how many milliseconds of processor time a step takes, without the steps within it."""
    between_steps()
    if os.environ.get("MGCOMPILE_TIME", "").lower() in ("", "0", "off", "false"):
        yield
        return
    token, began = _within.set(0.0), time.thread_time()
    try:
        yield
    finally:
        took, inner = time.thread_time() - began, _within.get()
        _within.reset(token)
        _within.set(_within.get() + took)
        print(f"--- {1e3 * (took - inner):9.3f} ms  {step}", file=sys.stderr)  # noqa: T201 - what was asked for
