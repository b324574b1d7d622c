"""Put a C file and its header together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from mgcompile.backends.c.functions import Functions
from mgcompile.backends.c.names import Layout, Tables
from mgcompile.backends.c.sample_passes import body
from mgcompile.backends.c.text import comment, identifier, indented, member_names, number

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from mgcompile.backends.c.names import Names
    from mgcompile.program.ir import Program

__all__ = ["Exported", "Source", "header_of", "written"]

# So many names of parameters, or inputs, are still worth reading.
_MOST_NAMES = 256


@attrs.frozen(slots=True, eq=False)
class Exported:
    """What is exported.

    Args:
        forward: The program of the values.
        gradients: For each output the program of its gradient to the inputs; none without inputs.
        loss: The program of the loss and its gradient to the parameters, if there is one.
        inputs: Labels of the inputs.
        params: Labels of the parameters.
        numbers: The parameters, shape (n_params,).
    """

    forward: Program
    gradients: tuple[Program, ...]
    loss: Program | None
    inputs: tuple[str, ...]
    params: tuple[str, ...]
    numbers: NDArray[np.float64]


@attrs.frozen(slots=True)
class Source:
    """The text of a C file and of its header."""

    code: str
    header: str


def written(exported: Exported, stem: str) -> Source:
    """Return a kernel as C99.

    Args:
        exported: What to write.
        stem: Of the two files' names; what they define begins with it.

    Raises:
        ExportError: if an op's rule cannot be written in C.
    """
    return _File(exported, stem).source()


def header_of(exported: Exported, stem: str) -> str:
    """Return the header alone, for what the same functions are compiled from in another way."""
    return _File(exported, stem).header()


class _File:
    """One file at work."""

    def __init__(self, exported: Exported, stem: str) -> None:
        self.exported = exported
        self.stem = stem
        self.prefix = identifier(stem)
        self.program = exported.forward
        data = self.program.data
        self.takes_inputs = data is None and self.program.n_inputs > 0
        self.layout = Layout(
            self.prefix,
            member_names(exported.inputs, _MOST_NAMES) if self.takes_inputs else None,
            member_names(exported.params, _MOST_NAMES),
        )
        self.tables, self.functions = Tables(), Functions()
        self.n_outputs = self.program.arrays[self.program.output("value")].size
        self.each = "" if self.takes_inputs or data is None else f"{len(data)}"

    def source(self) -> Source:
        """Return the text of both files."""
        functions = [self._values(), *self._gradients(), *self._loss()]
        parts = [
            f"/* {comment(self.stem)}.c: see {comment(self.stem)}.h for what it offers. */",
            f'#include "{self.stem}.h"\n\n#include <math.h>\n#include <stdlib.h>',
            *self._data(),
            *self._defaults(),
            *self.tables.texts,
            *self.functions.texts.values(),
            *functions,
            self._main(),
        ]
        return Source("\n\n".join(parts) + "\n", self.header())

    # What is declared

    def _arguments(self, *more: str) -> str:
        params = [f"const {self.prefix}_params *p"] if self.program.n_params else []
        return ", ".join([*params, *more])

    def _x(self) -> list[str]:
        return ["const double *x"] if self.takes_inputs else []

    def _batch(self) -> list[str]:
        return ["const double *inputs", "size_t n"] if self.takes_inputs else []

    def _value_head(self) -> str:
        return f"int {self.prefix}_value({self._arguments(*self._x(), 'double *value')})"

    def _gradient_head(self) -> str:
        arguments = self._arguments(*self._x(), "double *value", "double *gradient")
        return f"int {self.prefix}_value_and_grad({arguments})"

    def _loss_head(self) -> str:
        results = ("double *loss", f"{self.prefix}_params *gradient")
        return f"int {self.prefix}_loss_and_grad({self._arguments(*self._batch(), *results)})"

    def header(self) -> str:
        """Return the text of the header."""
        guard, prefix = f"{self.prefix.upper()}_H", self.prefix
        parts = [
            (
                f"/* {comment(self.stem)}.h: a recorded graph in C, needs libm alone.\n"
                "   All numbers are double. Every function is safe to call from several threads,\n"
                "   and returns 0; 1 when there is no memory; 2 when there are no samples. */"
            ),
            f"#ifndef {guard}\n#define {guard}\n\n#include <stddef.h>",
            '#ifdef __cplusplus\nextern "C" {\n#endif',
            *self._input_names(),
            *self._struct(),
            f"/* value: {self.n_outputs} number(s) of one sample. */\n{self._value_head()};",
        ]
        if self.exported.gradients:
            parts.append(
                f"/* The same, and d value/d x: {self.program.n_inputs} number(s) for each value, "
                f"one value after the other. */\n{self._gradient_head()};"
            )
        if self.exported.loss is not None:
            about = "The mean of the value over n samples, rows of inputs" if self._batch() else (
                "The value"
            )  # fmt: skip
            parts.append(f"/* {about}, and its derivatives to the parameters. */\n"
                         f"{self._loss_head()};")  # fmt: skip
        parts += ["#ifdef __cplusplus\n}\n#endif", f"#endif /* {guard}: {prefix} */"]
        return "\n\n".join(parts) + "\n"

    def _input_names(self) -> list[str]:
        if not self.takes_inputs:
            return []
        about = f"/* x: {self.program.n_inputs} number(s), in this order. */"
        if self.layout.inputs is None:
            return [f"enum {{ {self.prefix}_N_INPUTS = {self.program.n_inputs} }};"]
        names = [f"{self.prefix}_IN_{name}" for name in self.layout.inputs]
        listed = ",\n    ".join([*names, f"{self.prefix}_N_INPUTS"])
        return [f"{about}\nenum {{\n    {listed}\n}};"]

    def _struct(self) -> list[str]:
        if not self.program.n_params:
            return []
        members = [f"double {name};" for name in self.layout.params or ()]
        members = members or [f"double at[{self.program.n_params}];"]
        name = f"{self.prefix}_params"
        struct = "\n".join(["typedef struct {", *indented(members), f"}} {name};"])
        about = "/* The parameters as they were when the kernel was exported. */"
        return [struct, f"{about}\nextern const {name} {self.prefix}_defaults;"]

    def _defaults(self) -> list[str]:
        if not self.program.n_params:
            return []
        numbers = [number(x) for x in self.exported.numbers.tolist()]
        if self.layout.params is not None:
            pairs = zip(self.layout.params, numbers, strict=True)
            lines = [f".{name} = {text}," for name, text in pairs]
        else:
            labels = self.exported.params
            told = [f"{x}, /* {comment(y)} */" for x, y in zip(numbers, labels, strict=True)]
            lines = ["{", *indented(told), "},"]
        head = f"const {self.prefix}_params {self.prefix}_defaults = {{"
        return ["\n".join([head, *indented(lines), "};"])]

    def _data(self) -> list[str]:
        data = self.program.data
        if data is None or not data.size:
            return []
        rows = [", ".join(map(number, row)) + "," for row in data.tolist()]
        lines = [f"static const double data[{data.size}] = {{", *indented(rows), "};"]
        return ["/* The data set that was recorded, a sample a line. */\n" + "\n".join(lines)]

    # What is computed

    def _function(self, head: str, lines: Sequence[str]) -> str:
        return "\n".join([head, "{", *indented(lines), "}"])

    def _written(
        self, program: Program, *, each: str, rows: str, hands_over: _HandsOver
    ) -> list[str]:
        return body(
            program, self.layout, self.tables, self.functions, hands_over, each=each, rows=rows
        )

    def _values(self) -> str:
        lines = self._written(
            self.program, each=self.each, rows="data", hands_over=_HandsOver(self.program)
        )
        return self._function(self._value_head(), lines)

    def _gradients(self) -> list[str]:
        programs = self.exported.gradients
        if len(programs) == 1:
            lines = self._gradient(programs[0])
            return [self._function(self._gradient_head(), lines)]
        heads, calls, found = [], [], []
        arguments = self._arguments(*self._x(), "double *value", "double *gradient")
        given = ["p"] if self.program.n_params else []
        for output, program in enumerate(programs):
            name = f"gradient_of_{output}"
            heads.append(f"static int {name}({arguments})")
            found.append(self._function(heads[-1], self._gradient(program)))
            passed = ", ".join([*given, "x", "value", f"gradient + {output * program.n_inputs}"])
            calls += [
                f"status = {name}({passed});",
                "if (status != 0) {",
                "    return status;",
                "}",
            ]
        if found:
            lines = ["int status;", *calls, "return status;"]
            found.append(self._function(self._gradient_head(), lines))
        return found

    def _gradient(self, program: Program) -> list[str]:
        return self._written(program, each="", rows="", hands_over=_HandsOver(program))

    def _loss(self) -> list[str]:
        program = self.exported.loss
        if program is None:
            return []
        over = "n" if self.takes_inputs else ""
        hands_over = _HandsOver(program, self.layout.params, over)
        rows = "inputs" if self.takes_inputs else "data"
        lines = self._written(program, each=over or self.each, rows=rows, hands_over=hands_over)
        guard = ["if (n == 0) {", "    return 2;", "}"] if over else []
        return [self._function(self._loss_head(), [*guard, *lines])]

    def _main(self) -> str:
        given = [f"&{self.prefix}_defaults"] if self.program.n_params else []
        given += ["x"] if self.takes_inputs else []
        size, n = self.program.n_inputs, self.n_outputs
        lines = [f"double value[{n}];"]
        if self.takes_inputs:
            lines += [
                f"double x[{size}];",
                f"for (int i = 0; i < {size}; i++) {{",
                "    x[i] = i + 1 < argc ? strtod(argv[i + 1], NULL) : 1.0;",
                "}",
            ]
        else:
            lines += ["(void)argc;", "(void)argv;"]
        call = f"{self.prefix}_value({', '.join([*given, 'value'])})"
        if self.exported.gradients:
            lines.append(f"double gradient[{n * size}];")
            call = f"{self.prefix}_value_and_grad({', '.join([*given, 'value', 'gradient'])})"
        lines += [f"if ({call} != 0) {{", "    return 1;", "}"]
        lines += _printed("value", n)
        if self.exported.gradients:
            lines += _printed("gradient", n * size)
        macro = f"{self.prefix.upper()}_MAIN"
        about = (
            f"/* An example: cc -std=c99 -O2 -D{macro} {comment(self.stem)}.c -lm; its arguments\n"
            "   are the inputs, 1 where there is none. */"
        )
        main = self._function("int main(int argc, char **argv)", [*lines, "return 0;"])
        return f"#ifdef {macro}\n{about}\n#include <stdio.h>\n\n{main}\n#endif"


def _printed(name: str, count: int) -> list[str]:
    return [
        f"for (int i = 0; i < {count}; i++) {{",
        f'    printf("{name}[%d] = %.17g\\n", i, {name}[i]);',
        "}",
    ]


@attrs.frozen(slots=True)
class _HandsOver:
    """Write the outputs of a program to where the caller wants them.

    Args:
        program: The program.
        params: Names of the members of the struct of parameters.
        over: What loss and gradient are divided by, as an expression; "" for nothing.
    """

    program: Program
    params: tuple[str, ...] | None = None
    over: str = ""

    def __call__(self, names: Names) -> list[str]:
        """Return the lines."""
        return [
            line
            for output in self.program.outputs
            for line in self._output(names, output.name, output.array)
        ]

    def _output(self, names: Names, name: str, array: int) -> list[str]:
        size = self.program.arrays[array].size
        over = f" / (double){self.over}" if self.over else ""
        if name == "param_gradient" and self.params is not None:
            return [
                f"gradient->{member} = {names.element(array, i)}{over};"
                for i, member in enumerate(self.params)
            ]
        target = {"loss": "loss", "value": "value", "input_gradient": "gradient"}
        where = target.get(name, "gradient->at")
        if size <= 1:
            return [f"{where}[{i}] = {names.element(array, i)}{over};" for i in range(size)]
        assignment = f"{where}[i] = {names.element(array, 'i')}{over};"
        return [f"for (int i = 0; i < {size}; i++) {{", f"    {assignment}", "}"]
