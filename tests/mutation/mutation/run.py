"""Apply a mutant, compile the corpus, and say what became of it."""

from __future__ import annotations

import functools
import importlib
import inspect
import textwrap
import warnings
from contextlib import contextmanager

import attrs

import mgcompile
from mgcompile.errors import MiscompiledError
from mgcompile.runtime.train_loop import rule_of
from mutation.corpus import GRAPHS, OPTIMISERS


@attrs.frozen
class Outcome:
    """What compiling the corpus with a broken compiler came to.

    Args:
        kind: "refused" (MiscompiledError), "error" (any other error, which hands nothing out
            either), or "handed out".
        graph: Where it was noticed.
        program: In which program.
        script: What the error says to send as a report.
    """

    kind: str
    graph: str = ""
    program: str = ""
    script: str = ""


@contextmanager
def applied(mutant):
    """Replace the code of the mutant's function meanwhile, for all who have imported it."""
    module_name, path = mutant.where.split(":")
    module = importlib.import_module(module_name)
    function = functools.reduce(getattr, path.split("."), module)
    source = textwrap.dedent(inspect.getsource(function))
    assert source.count(textwrap.dedent(mutant.old)) == 1, mutant.name
    changed = source.replace(mutant.old, mutant.new)
    scope: dict[str, object] = {}
    flags = function.__code__.co_flags & 0x1000000  # from __future__ import annotations
    code = compile(changed, f"<{mutant.name}>", "exec", flags=flags)
    exec(code, vars(module) | {}, scope)  # noqa: S102 - our own source, with one change
    before = function.__code__
    function.__code__ = scope[path.rsplit(".", maxsplit=1)[-1]].__code__
    try:
        yield
    finally:
        function.__code__ = before


def outcome(mutant=None, graphs=None, verify=True):
    """Compile graphs of the corpus, with a mutant or without, until something is noticed."""
    with applied(mutant) if mutant else warnings.catch_warnings():
        for name in graphs or GRAPHS:
            outputs, inputs, params, kinds = GRAPHS[name]()
            program = "forward"
            try:
                kernel = mgcompile.compile(
                    outputs if len(outputs) > 1 else outputs[0],
                    inputs,
                    params,
                    cache=False,
                    verify=verify,
                )
                for program in kinds:
                    build(kernel, program, len(outputs))
            except MiscompiledError as error:
                return Outcome("refused", name, program, error.script)
            except Exception as error:
                return Outcome(f"error: {type(error).__name__}", name, program)
    return Outcome("handed out")


def build(kernel, program, outputs):
    built = kernel._built
    if program in OPTIMISERS:
        built.trainer(rule_of(OPTIMISERS[program]()))
        return
    for output in range(outputs if program == "inputs" else 1):
        built.checked(program, output)
