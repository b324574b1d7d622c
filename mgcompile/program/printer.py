"""Print a program for a person, one statement a line."""

from __future__ import annotations

from mgcompile.program.index_maps import constant_place
from mgcompile.program.ir import (
    CONSTS,
    INPUTS,
    PARAMS,
    SAMPLES,
    Access,
    Affine,
    Bundle,
    IndexMap,
    Loop,
    Program,
    Scatter,
    Statement,
)
from mgcompile.support.zero_product import adds_up

__all__ = ["format_access", "format_program", "format_statement"]

_AXES = "ijlmopqrst"
_ITERATIONS = "kKnN"
_SOURCES = {INPUTS: "inputs", PARAMS: "params", CONSTS: "consts", SAMPLES: "samples"}


def format_program(program: Program) -> str:
    """Return the program as text: its sources, its statements, its outputs.

    Args:
        program: Any program, verified or not.

    Returns:
        Lines such as `a5[16] = dot(params[i*17 + j], inputs[j])  for i<16, sum j<16`; `*` after an
        array's size says that every sample has its own copy.
    """
    lines = [
        f"inputs[{program.n_inputs}]*, params[{program.n_params}], consts[{len(program.consts)}]"
    ]
    if program.data is not None:
        lines.append(f"data: {program.data.shape[0]} samples recorded into the graph")
    lines += [format_statement(statement, program) for statement in program.statements]
    lines += [f"return {out.name} = {_name(out.array)}" for out in program.outputs]
    return "\n".join(lines)


def format_statement(statement: Statement, program: Program, depth: int = 0) -> str:
    """Return one statement as text; a loop takes a line for each statement of its body.

    `depth` is the number of loops around it.
    """
    return "\n".join(_lines(statement, program, (0,) * depth))


def _lines(statement: Statement, program: Program, loops: tuple[int, ...]) -> list[str]:
    if isinstance(statement, Bundle):
        return [_bundle_line(statement, program, loops)]
    if isinstance(statement, Scatter):
        return [
            f"{_made(statement.result, program)}[{_format_map(part.target, loops, part.shape)}] += "
            f"{format_access(part.source, loops, part.shape, program)}"
            f"{_ranges(part.shape, ())}"
            for part in statement.parts
        ]
    if isinstance(statement, Loop):
        return _loop_lines(statement, program, loops)
    externals = ", ".join(
        format_access(access, loops, (length,), program) + f" x {length}"
        for access, length in zip(statement.externals, statement.lengths, strict=True)
    )
    names = ", ".join(op.name for op in statement.ops)
    return [
        (
            f"{_made(statement.result, program)} = tape of {len(statement.code)} instructions "
            f"({names}) over {externals}"
        )
    ]


def _bundle_line(bundle: Bundle, program: Program, loops: tuple[int, ...]) -> str:
    domain = bundle.shape + bundle.reduced
    operands = ", ".join(
        format_access(access, loops, domain, program) for access in bundle.operands
    )
    batch = ", sum samples" if bundle.over_batch else ""
    return (
        f"{_made(bundle.result, program)} = {bundle.op.name}({operands})"
        f"{_ranges(bundle.shape, bundle.reduced, _how(bundle))}{batch}"
    )


def _loop_lines(loop: Loop, program: Program, loops: tuple[int, ...]) -> list[str]:
    inner = (*loops, loop.count)
    needed = loop.needed
    where = f" where {format_access(needed, loops, (), program)}" if needed is not None else ""
    lines = [f"for {_ITERATIONS[len(loops) % len(_ITERATIONS)]} < {loop.count}{where}:"]
    lines += [
        f"  carry {_made(carry.array, program)} from "
        + format_access(carry.initial, loops, (program.arrays[carry.array].size,), program)
        for carry in loop.carries
    ]
    for statement in loop.body:
        lines += ["  " + line for line in _lines(statement, program, inner)]
    lines += [f"  next {_name(carry.array)} = {_name(carry.following)}" for carry in loop.carries]
    lines += [
        f"{_made(carry.final, program)} = last {_name(carry.array)}" for carry in loop.carries
    ]
    lines += [
        f"{_made(stack.result, program)} = all {_name(stack.source)}" for stack in loop.stacks
    ]
    return lines


def _name(array: int) -> str:
    return _SOURCES.get(array, f"a{array}")


def _made(array: int, program: Program) -> str:
    if not 0 <= array < len(program.arrays):
        return f"a{array}[?]"
    made = program.arrays[array]
    return f"a{array}[{made.size}]{'*' if made.batched else ''}"


def _how(bundle: Bundle) -> str:
    """Return what is done along reduced axes."""
    return "sum" if adds_up(bundle.op) else "along"


def _ranges(shape: tuple[int, ...], reduced: tuple[int, ...], how: str = "sum") -> str:
    axes = [_axis(number) for number in range(len(shape) + len(reduced))]
    parts = [f"{axis}<{length}" for axis, length in zip(axes, shape, strict=False)]
    sums = [f"{axis}<{n}" for axis, n in zip(axes[len(shape) :], reduced, strict=True)]
    text = f"  for {', '.join(parts)}" if parts else ""
    return text + (f"  {how} {', '.join(sums)}" if sums else "")


def _axis(number: int) -> str:
    return _AXES[number] if number < len(_AXES) else f"i{number}"


def format_access(
    access: Access, loops: tuple[int, ...], domain: tuple[int, ...], program: Program
) -> str:
    """Return a read over a domain, inside loops of these extents, as text."""
    place = constant_place(access)
    if place is not None and 0 <= place < len(program.consts):
        return repr(float(program.consts[place]))
    return f"{_name(access.array)}[{_format_map(access.index, loops, domain)}]"


def _format_map(index: IndexMap, loops: tuple[int, ...], domain: tuple[int, ...]) -> str:
    names = [_ITERATIONS[number % len(_ITERATIONS)] for number in range(len(loops))]
    names += [_axis(number) for number in range(len(domain))]
    terms = [
        name if stride == 1 else f"{name}*{stride}"
        for name, stride in zip(names, index.strides, strict=False)
        if stride
    ]
    if isinstance(index, Affine):
        if index.offset or not terms:
            terms.append(str(index.offset))
    else:
        axes = [n for n, rows in zip(names, index.table.shape, strict=False) if rows != 1]
        terms.insert(0, f"table({', '.join(axes)})")
    return " + ".join(terms)
