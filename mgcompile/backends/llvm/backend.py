"""The backend `llvm`: lower, compile or take from the cache, load."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from mgcompile.backends.callbacks import WatchedExecutable, WatchedTrainer
from mgcompile.backends.llvm.ir.target import host_target
from mgcompile.backends.llvm.lower import Lowered, lower
from mgcompile.backends.llvm.math.custom_ops import calls_back
from mgcompile.backends.llvm.runtime import object_cache
from mgcompile.backends.llvm.runtime.executable import LlvmExecutable
from mgcompile.backends.llvm.runtime.jit import LoadedCode
from mgcompile.backends.llvm.runtime.trainer import LlvmTrainer
from mgcompile.program.traversal import runs_by_tile
from mgcompile.schedule.live_outs import runs_alone
from mgcompile.support.times import timed

if TYPE_CHECKING:
    from mgcompile.backends.interface import Executable, Options, Trainer
    from mgcompile.program.ir import Program
    from mgcompile.program.optimizer import OptimizerSpec

__all__ = ["LlvmBackend", "backend"]


@frozen
class LlvmBackend:
    """Native code through llvmlite."""

    name: str = "llvm"

    def build(self, program: Program, options: Options) -> Executable:
        """Return an executable for a verified program."""
        with timed("code"):
            lowered = lower(program, options.dtype, one_sample=options.one_sample)
        library = _library(lowered, options)
        executable = LlvmExecutable(lowered, library, _threads(lowered, options))
        return WatchedExecutable(executable) if calls_back(lowered.imports) else executable

    def build_trainer(self, program: Program, rule: OptimizerSpec, options: Options) -> Trainer:
        """Return a trainer for a verified loss_and_grad program."""
        with timed("code"):
            lowered = lower(program, options.dtype, rule, one_sample=options.one_sample)
        library = _library(lowered, options)
        trainer = LlvmTrainer(lowered, library, rule, _threads(lowered, options))
        return WatchedTrainer(trainer) if calls_back(lowered.imports) else trainer

    def few_samples(self, program: Program, dtype: str) -> int:
        """Return up to how many samples are computed sooner one by one than side by side.

        One takes a quarter of what a vector of samples takes, or less; but on narrow vectors more.
        """
        if not runs_alone(program) or not any(
            runs_by_tile(program, each) for each in program.statements
        ):
            return 0
        return host_target().lanes(dtype) // 2

    def object_code(
        self, program: Program, options: Options, rule: OptimizerSpec | None = None
    ) -> dict[str, bytes]:
        """Return what `build`, or with a rule `build_trainer`, compiles, by its key in the cache.

        Another process takes it from its own cache once `keep` of `runtime.object_cache` has put
        it there.
        """
        text = lower(program, options.dtype, rule, one_sample=options.one_sample).text
        return {object_cache.key_of(text): object_cache.compiled(text, options.cache)}


def _threads(lowered: Lowered, options: Options) -> int:
    return 1 if lowered.loops.serial else max(1, options.threads)


def _library(lowered: Lowered, options: Options) -> LoadedCode:
    with timed("machine-code"):
        code = object_cache.compiled(lowered.text, options.cache)
        return LoadedCode.load(code, lowered.entries, lowered.imports)


backend = LlvmBackend()
