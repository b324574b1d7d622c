"""Turn LLVM IR text into machine code of this computer, and machine code into callable addresses.

Vectors, tiles and loop order are explicit in the IR that this package writes, so nothing of LLVM's
optimiser is run but the inlining of functions marked for it: the code generator at its first level
gives the same speed as O3 at a fifth of the time.
"""

from __future__ import annotations

import functools
import hashlib
import sys
from typing import TYPE_CHECKING, Any

from attrs import define, field

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mgcompile.backends.llvm.ir.module_builder import Import

__all__ = ["Host", "LoadedCode", "host", "inline_marked", "object_code"]


_GENERATION: dict[str, Any] = {"opt": 1, "reloc": "pic", "codemodel": "small", "jit": True}
_PIPELINE = {"speed_level": 0}
"""How code is generated, and with which passes; a part of the key of what is kept of it."""


@define(frozen=True, slots=True)
class Host:
    """The processor that code is made for.

    ``vector_bytes`` is the width of its widest vector register in bytes, ``registers`` how many
    there are of them.
    """

    triple: str
    cpu: str
    features: str
    llvm: str
    vector_bytes: int
    registers: int

    @property
    def key(self) -> str:
        """Return a short text that differs wherever the same IR becomes other machine code."""
        how = repr((sorted(_GENERATION.items()), sorted(_PIPELINE.items())))
        text = "|".join((self.triple, self.cpu, self.features, self.llvm, how))
        return hashlib.sha256(text.encode()).hexdigest()[:16]


@functools.cache
def host() -> Host:
    """Describe the processor of this computer as LLVM sees it."""
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    features = llvm.get_host_cpu_features()
    if features.get("avx512f"):
        width, registers = 64, 32
    elif features.get("avx"):
        width, registers = 32, 16
    else:
        width, registers = 16, 32 if "aarch64" in llvm.get_default_triple() else 16
    return Host(
        triple=llvm.get_default_triple(),
        cpu=llvm.get_host_cpu_name(),
        features=features.flatten(),
        llvm=".".join(map(str, llvm.llvm_version_info)),
        vector_bytes=width,
        registers=registers,
    )


@functools.cache
def _target_machine() -> Any:
    import llvmlite.binding as llvm

    machine = host()
    return llvm.Target.from_triple(machine.triple).create_target_machine(
        cpu=machine.cpu,
        features=machine.features,
        **_GENERATION,
    )


def object_code(ir: str) -> bytes:
    """Compile IR text to relocatable object code.

    Args:
        ir: a module in LLVM's text form.

    Returns:
        The object file's bytes; they can be stored and loaded in another process on the same host.
    """
    import llvmlite.binding as llvm

    machine = _target_machine()
    module = llvm.parse_assembly(ir)
    module.triple = machine.triple
    module.data_layout = str(machine.target_data)
    module.verify()
    inline_marked(module, machine)
    code: bytes = machine.emit_object(module)
    module.close()
    return code


def inline_marked(module: Any, machine: Any) -> None:
    """Put functions marked alwaysinline, as elementary ones are, in the place of calls."""
    import llvmlite.binding as llvm

    options = llvm.create_pipeline_tuning_options(**_PIPELINE)
    builder = llvm.create_pass_builder(machine, options)
    passes = llvm.create_new_module_pass_manager()
    passes.add_always_inliner_pass()
    passes.run(module, builder)
    passes.close()
    builder.close()


@define(slots=True)
class LoadedCode:
    """Object code loaded into this process; its memory is freed with the object."""

    addresses: dict[str, int]
    _handle: Any = field(repr=False)

    @classmethod
    def load(
        cls, code: bytes, names: Sequence[str], imports: Mapping[str, Import] | None = None
    ) -> LoadedCode:
        """Link object code against this process and look its functions up.

        Args:
            code: what `object_code` returned.
            names: functions defined in it.
            imports: functions that it calls, by symbol; they live as long as the library.

        Returns:
            The library; `addresses` maps each name to its address.
        """
        import llvmlite.binding as llvm

        # JITLink puts all sections of an object into one piece of memory. LLVM's older linker asks
        # for each apart, and a constant more than 2 GiB away from the code ends the process.
        one_piece = not sys.platform.startswith("win")  # there it does not link all objects yet
        compiler = llvm.create_lljit_compiler(
            _target_machine(), use_jit_link=one_piece, suppress_errors=False
        )
        builder = llvm.JITLibraryBuilder().add_object_img(code).add_current_process()
        for name in names:
            builder.export_symbol(name)
        for name, function in (imports or {}).items():
            builder.import_symbol(name, function.address)
        tracker = builder.link(compiler, "kernel")
        return cls({name: tracker[name] for name in names}, (tracker, imports))
