"""Recorded scalar graphs as native kernels.

The stages, each a function of what the last one gave: `capture` (the graph as flat arrays), `roll`
(bundles, matrices, loops), `differentiate` (reverse mode from program to program), then a backend
that runs programs. `program` is the language in between; `verify` holds it to its rules.
"""

from importlib import import_module
from typing import Any

from mgcompile.api import compile  # noqa: A004 - mgcompile.compile, as re.compile
from mgcompile.errors import CompileError
from mgcompile.passes import passes
from mgcompile.runtime.kernel import Kernel
from mgcompile.runtime.serialize import load
from mgcompile.tracing import kernel, trace

__all__ = ["CompileError", "Kernel", "compile", "kernel", "load", "passes", "trace"]


def __getattr__(name: str) -> Any:
    if name == "dask":  # imported when it is asked for: Dask is an extra
        return import_module("mgcompile.dask")
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)
