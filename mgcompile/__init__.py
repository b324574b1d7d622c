"""Recorded scalar graphs as native kernels.

The stages, each a function of what the last one gave: `capture` (the graph as flat arrays), `roll`
(bundles, matrices, loops), `differentiate` (reverse mode from program to program), then a backend
that runs programs. `program` is the language in between; `verify` holds it to its rules.
"""

from mgcompile.api import compile  # noqa: A004 - mgcompile.compile, as re.compile
from mgcompile.errors import CompileError
from mgcompile.passes import passes
from mgcompile.runtime.kernel import Kernel
from mgcompile.runtime.serialize import load
from mgcompile.tracing import kernel, trace

__all__ = ["CompileError", "Kernel", "compile", "kernel", "load", "passes", "trace"]
