"""Make assembly for processors that are not at hand, and count what stands in its inner loops."""

import re
from collections.abc import Iterator

import attrs
import llvmlite.binding as llvm

from mgcompile.backends.llvm.ir.target import Target
from mgcompile.backends.llvm.runtime.jit import inline_marked

X86_512, X86_256 = Target(512, fma=True, register="x"), Target(256, fma=True, register="x")
TARGETS = {
    "znver4": X86_512,
    "sapphirerapids": X86_512,
    "znver3": X86_256,
    "haswell": X86_256,
    "apple-m1": Target(128, fma=True, register="w", units=4),
}
"""Targets by LLVM's names of the processors: vectors of 64, 32 and 16 bytes."""

MULTIPLY_ADD = re.compile(r"vfn?m(add|sub)|fml[as]")
ARITHMETIC = re.compile(r"v(fn?m|add|sub|mul|div|max|min|cmp|p)|f(ml|add|sub|mul|div|max|min|cm)")
JUMP = re.compile(r"j\w+\s|(b|b\.\w+|cbn?z|tbn?z)\s")
STORED_LAST = re.compile(r",\s*[-\w]*\([^)]*\)(\s*\{%k\d\})?$")


@attrs.frozen
class Body:
    """The instructions of a loop that has none inside.

    Attributes:
        lines: one for each instruction.
        arm: whether they are AArch64's; else x86-64's as AT&T write them.
    """

    lines: list[str]
    arm: bool

    @property
    def products(self) -> int:
        """Count the fused multiply-adds."""
        return len(self._products())

    @property
    def sums(self) -> int:
        """Count the registers that multiply-adds add to."""
        return len({self._target(line) for line in self._products()})

    @property
    def arithmetic(self) -> int:
        """Count the multiply-adds and other arithmetic on vectors; not moves, loads and stores."""
        return sum(bool(ARITHMETIC.match(line)) for line in self.lines)

    @property
    def loads(self) -> int:
        """Count the vectors and numbers that come from memory, the stack's included."""
        if self.arm:
            return sum(
                2 if line.startswith("ldp") else line.startswith("ld") for line in self.lines
            )
        vector = [line for line in self.lines if line.startswith("v") and "(" in line]
        return sum(not STORED_LAST.search(line) for line in vector)

    @property
    def spills(self) -> int:
        """Count the instructions that read or write the stack."""
        return sum(("[sp" if self.arm else "(%rsp") in line for line in self.lines)

    @property
    def jumps(self) -> int:
        """Count the jumps, the one back to the beginning included."""
        return sum(bool(JUMP.match(line)) for line in self.lines)

    def _products(self) -> list[str]:
        return [line for line in self.lines if MULTIPLY_ADD.match(line)]

    def _target(self, line: str) -> str:
        operands = re.split(r",\s*", line.split(None, 1)[1])
        return operands[0] if self.arm else operands[-1].split()[0]


def bodies(text: str, cpu: str) -> dict[str, list[Body]]:
    """Compile IR as the package does, for a processor; return the inner loops of each function."""
    arm = TARGETS[cpu].register == "w"
    listing = _assembly(text, cpu, f"{'aarch64' if arm else 'x86_64'}-unknown-linux-gnu")
    return {
        name: [Body(body, arm) for body in _inner_loops(lines)]
        for name, lines in _functions(listing)
    }


def _assembly(text: str, cpu: str, triple: str) -> str:
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    machine = llvm.Target.from_triple(triple).create_target_machine(cpu=cpu, opt=1, reloc="pic")
    module = llvm.parse_assembly(text)
    module.triple, module.data_layout = triple, str(machine.target_data)
    inline_marked(module, machine)
    return str(machine.emit_assembly(module))


def _functions(listing: str) -> Iterator[tuple[str, list[str]]]:
    for part in re.split(r"(?m)^(?=[A-Za-z_\"][\w.\"]*:)", listing)[1:]:
        name, *lines = part.splitlines()
        code = [re.split(r"\s*(?:##?|//)", line)[0].strip() for line in lines]
        kept = [line for line in code if line and (line.endswith(":") or line[0] != ".")]
        yield name.split(":")[0].strip('"'), kept


def _inner_loops(lines: list[str]) -> Iterator[list[str]]:
    """Yield what stands between a label and the jump back to it, where no such part is inside."""
    labels = {line[:-1]: place for place, line in enumerate(lines) if line.endswith(":")}
    last: dict[int, int] = {}
    for place, line in enumerate(lines):
        begun = labels.get(line.split()[-1], place)
        if not line.endswith(":") and begun < place:
            last[begun] = place
    for begun, end in last.items():
        inside = any(begun < a and b <= end for a, b in last.items())
        if not inside:
            yield [line for line in lines[begun : end + 1] if not line.endswith(":")]
