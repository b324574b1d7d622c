"""Explain a program to a person: what was found, what it costs, then the statements."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mgcompile.program.cost import cost, repeated
from mgcompile.program.ir import Bundle, Gather, Loop, Program, Tape
from mgcompile.program.printer import format_program
from mgcompile.program.traversal import accesses
from mgcompile.reroll.partition import SMALL_GROUP
from mgcompile.support.zero_product import adds_products
from mgcore.explain.html import card, table

if TYPE_CHECKING:
    from mgcompile.runtime.kernel import Kernel

__all__ = ["explain", "kernel_card"]


def explain(program: Program, dtype: str) -> str:
    """Return a summary and the statements of a program.

    Args:
        program: Any verified program.
        dtype: "float64" or "float32", for the bytes.
    """
    mode = ["strict: every op rounded as it was recorded"] if program.strict else []
    lines = [*mode, *_summary(program), *_costs(program, dtype), "", format_program(program)]
    return "\n".join(lines)


def kernel_card(kernel: Kernel[Any]) -> str:
    """Return what a kernel shows in a notebook."""
    program, options, signature = kernel.program, kernel.options, kernel.signature
    found = cost(program, options.dtype)
    outputs = program.arrays[program.output("value")].size
    rows = [
        ("inputs", f"{len(signature.inputs)}{_named(signature.inputs)}"),
        ("parameters", f"{len(signature.params):,}{_named(signature.params)}"),
        ("outputs", outputs),
        ("computes in", f"{options.dtype}, {kernel.backend.name}, threads: {options.threads}"),
        ("a sample costs", f"{found.per_sample:,} flops, {found.bytes_per_sample:,} bytes"),
        ("a call costs", f"{found.per_call:,} flops, {found.bytes_per_call:,} bytes besides"),
        *(("found", line) for line in _summary(program)),
        ("verified", "; ".join(str(kernel.verified).splitlines()) or "not asked for"),
    ]
    return card("Kernel", table(rows), folded=[("Program", format_program(program))])


def _named(labels: tuple[str, ...]) -> str:
    known = [label for label in labels if label]
    return f": {', '.join(known[:6])}{', ...' if len(known) > 6 else ''}" if known else ""


def _costs(program: Program, dtype: str) -> list[str]:
    found = cost(program, dtype)
    flops = f"{found.per_sample:,} flops a sample, {found.per_call:,} a call"
    memory = f"{found.bytes_per_sample:,} bytes a sample, {found.bytes_per_call:,} a call"
    return [f"cost: {flops}; {memory} ({dtype})"]


def _summary(program: Program) -> list[str]:
    lines = []
    if program.data is not None:
        rows, columns = program.data.shape
        lines.append(f"data set: {rows} samples of {columns} numbers were found in the graph")
    for statement, _ in repeated(program.statements, 1):
        if isinstance(statement, Bundle):
            line = _product(statement, program)
        elif isinstance(statement, Loop):
            carried = sum(program.arrays[carry.array].size for carry in statement.carries)
            line = (
                f"loop along depth: {statement.count} iterations of {len(statement.body)} "
                f"statements, {carried} numbers carried"
            )
        elif isinstance(statement, Tape):
            line = (
                f"irregular: {len(statement.code)} instructions on a tape, nodes of which fewer "
                f"than {SMALL_GROUP} are alike"
            )
        else:
            line = ""
        if line:
            lines.append(line)
    gathers = sum(
        isinstance(access.index, Gather)
        for statement in program.statements
        for access in accesses(statement)
    )
    elementwise = sum(
        isinstance(s, Bundle) and not adds_products(s.op)
        for s, _ in repeated(program.statements, 1)
    )
    lines.append(f"{elementwise} other bundles; {gathers} reads through index tables (gathers)")
    return lines


def _product(bundle: Bundle, program: Program) -> str:
    sums = bundle.reduced or bundle.over_batch
    if not adds_products(bundle.op) or not bundle.shape or not sums:
        return ""
    batch = any(program.arrays[access.array].batched for access in bundle.operands)
    inner = [str(n) for n in bundle.reduced] + (["samples"] if bundle.over_batch else [])
    outer = [str(n) for n in bundle.shape]
    if batch and not bundle.over_batch:
        outer.append("samples")
    return f"matrix product: ({' x '.join(outer)}) results, each a sum over {' x '.join(inner)}"
