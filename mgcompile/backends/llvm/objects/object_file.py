"""Put the programs of a kernel into one object file, with the functions that the C header names."""

from __future__ import annotations

import struct
import warnings
from typing import TYPE_CHECKING, Any

from mgcompile.backends.c.text import identifier
from mgcompile.backends.llvm.lower import lower
from mgcompile.backends.llvm.objects.c_entry import Entry, entry_text
from mgcompile.backends.llvm.runtime.jit import inline_marked
from mgcompile.errors import ExportError, PythonCallbackWarning

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mgcompile.backends.c.source import Exported
    from mgcompile.backends.llvm.lower import Lowered
    from mgcompile.backends.llvm.objects.levels import Level
    from mgcompile.program.ir import Program

__all__ = ["object_file"]

_OF_LIBM = "c."
_OF_SCIPY = "scipy.special."


def object_file(exported: Exported, stem: str, level: Level) -> bytes:
    """Return a kernel as position-independent object code.

    Args:
        exported: What to write; its header is that of the C export.
        stem: Of the file's name; the symbols that it defines begin with it.
        level: The processor.

    Raises:
        ExportError: naming an op whose rule runs in Python alone, or calls SciPy.
    """
    return _File(exported, identifier(stem), level).code()


class _File:
    """One object file at work."""

    def __init__(self, exported: Exported, prefix: str, level: Level) -> None:
        self.exported = exported
        self.prefix = prefix
        self.level = level
        program = exported.forward
        self.data = program.data
        self.takes_inputs = self.data is None and program.n_inputs > 0
        self.given = ("p",) if program.n_params else ()

    def code(self) -> bytes:
        """Return the object code."""
        import llvmlite.binding as llvm

        machine = self.level.machine()
        whole = llvm.parse_assembly(self._constants())
        for text in self._modules():
            whole.link_in(llvm.parse_assembly(text))
        for name in self._parts():
            whole.get_function(name).linkage = "internal"
        whole.triple = self.level.triple
        whole.data_layout = str(machine.target_data)
        whole.verify()
        inline_marked(whole, machine)
        code: bytes = machine.emit_object(whole)
        whole.close()
        return code

    def _parts(self) -> list[str]:
        """Return the functions that only the file's own call: one for each output."""
        count = len(self.exported.gradients)
        return [f"{self.prefix}_gradient_of_{k}" for k in range(count)] if count > 1 else []

    def _modules(self) -> Iterable[str]:
        inputs = ("x",) if self.takes_inputs else ()
        rows, count = self._samples("x", 1)
        value = Entry(
            f"{self.prefix}_value", (*self.given, *inputs, "value"), rows, count,
            {"value": "value"}, bool(self.given),
        )  # fmt: skip
        yield self._module(self.exported.forward, value)
        yield from self._gradients()
        if self.exported.loss is not None:
            batch = ("inputs", "n") if self.takes_inputs else ()
            rows, count = self._samples("inputs", "n")
            loss = Entry(
                f"{self.prefix}_loss_and_grad", (*self.given, *batch, "loss", "gradient"), rows,
                count, {"loss": "loss", "param_gradient": "gradient"}, bool(self.given),
            )  # fmt: skip
            yield self._module(self.exported.loss, loss)

    def _samples(self, argument: str, count: int | str) -> tuple[str, int | str]:
        """Return where the samples are, and how many."""
        if self.takes_inputs:
            return argument, count
        return ("", 1) if self.data is None else ("@data", len(self.data))

    def _gradients(self) -> Iterable[str]:
        programs = self.exported.gradients
        arguments = (*self.given, "x", "value", "gradient")
        names = self._parts() or [f"{self.prefix}_value_and_grad"] * len(programs)
        for name, program in zip(names, programs, strict=True):
            results = {"value": "value", "input_gradient": "gradient"}
            entry = Entry(name, arguments, "x", 1, results, bool(self.given))
            yield self._module(program, entry)
        if self._parts():
            yield self._all_outputs(arguments)

    def _all_outputs(self, arguments: tuple[str, ...]) -> str:
        """Return the function that calls those of each output, until one fails."""
        listed = ", ".join(f"ptr %{name}" for name in arguments)
        names = self._parts()
        lines = [f"declare i32 @{name}({listed.replace('%', '%_')})" for name in names]
        lines += [f"define i32 @{self.prefix}_value_and_grad({listed}) nounwind {{", "entry:"]
        for k, name in enumerate(names):
            distance = 8 * k * self.exported.forward.n_inputs
            passed = ", ".join(
                f"ptr %part{k}" if argument == "gradient" else f"ptr %{argument}"
                for argument in arguments
            )
            lines += [
                f"  %part{k} = getelementptr i8, ptr %gradient, i64 {distance}",
                f"  %status{k} = call i32 @{name}({passed})",
                f"  %failed{k} = icmp ne i32 %status{k}, 0",
                f"  br i1 %failed{k}, label %failure{k}, label %next{k}",
                f"failure{k}:",
                f"  ret i32 %status{k}",
                f"next{k}:",
            ]
        return "\n".join([*lines, "  ret i32 0", "}"])

    def _module(self, program: Program, entry: Entry) -> str:
        target = self.level.target
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PythonCallbackWarning)  # refused below
            lowered = lower(program, "float64", target=target)
        _refuse_foreign(lowered)
        data = "@data = external constant double" if entry.rows == "@data" else ""
        text = "\n\n".join(
            [
                lowered.text,
                _doubles("internal ", "consts", lowered.program.consts.tolist()),
                _table(lowered.tables.ravel().tolist()),
                data,
                entry_text(lowered, entry, target),
            ]
        )
        for symbol in lowered.imports:
            text = text.replace(f'@"{symbol}"', f'@"{symbol.removeprefix(_OF_LIBM)}"')
        return text

    def _constants(self) -> str:
        """Return the module of what the header declares, and of a recorded data set."""
        parts = []
        if self.given:
            name = f"{self.prefix}_defaults"
            parts.append(_doubles("", name, self.exported.numbers.tolist()))
        if self.data is not None and self.data.size:
            parts.append(_doubles("hidden ", "data", self.data.ravel().tolist()))
        return "\n".join(parts)


def _refuse_foreign(lowered: Lowered) -> None:
    for symbol, function in lowered.imports.items():
        if function.source is not None:
            op: Any = function.source
            message = (
                f"op {op.name} cannot be exported: its rule runs in Python. Write it with "
                "operators and mgcore.ops, and it is exported with the kernel"
            )
            raise ExportError(message)
        if symbol.startswith(_OF_SCIPY):
            message = (
                f"a rule that calls {symbol} cannot be exported as object code, which links with "
                "libm alone; write it with operators and mgcore.ops, or export C source"
            )
            raise ExportError(message)


def _doubles(linkage: str, name: str, numbers: list[float]) -> str:
    words = [struct.unpack("<Q", struct.pack("<d", x))[0] for x in numbers or [0.0]]
    listed = ", ".join(f"double 0x{word:016X}" for word in words)
    return f"@{name} = {linkage}constant [{len(words)} x double] [{listed}], align 64"


def _table(numbers: list[int]) -> str:
    listed = ", ".join(f"i32 {x}" for x in numbers or [0])
    return f"@tables = internal constant [{len(numbers or [0])} x i32] [{listed}], align 64"
