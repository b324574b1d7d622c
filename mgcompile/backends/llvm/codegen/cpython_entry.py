"""Write a kernel's door for CPython: a function that takes a NumPy array and gives results.

Reading an array, making those for results and converting numbers takes Python longer than a small
kernel runs. The function written here does all of it for the calls that are made most, and answers
None to any other, which has to go the long way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from mgcompile.backends.llvm.abi.context import slot, slot_address
from mgcompile.backends.llvm.abi.door import word
from mgcompile.backends.llvm.codegen.element_lanes import splat
from mgcompile.backends.llvm.ir.function_builder import Writer
from mgcompile.backends.llvm.runtime.cpython import (
    DATA,
    DESCRIPTION,
    DIMENSIONS,
    FLAGS,
    RANK,
    STRIDES,
    TYPE,
    python_address,
    python_call,
)

if TYPE_CHECKING:
    from mgcompile.backends.llvm.codegen.codegen_context import CodegenContext
    from mgcompile.program.ir import Output

__all__ = ["ENTER", "entry_function", "has_entry"]

ENTER = "mg_enter"
"""The function ``mg_enter(X, params, mean)``, see `mgcompile.backends.interface.Shortcut`."""

_ALIGNED = 0x100
"""The flag of arrays whose numbers begin at multiples of their size."""

_PER_SAMPLE = ("value", "input_gradient", "tangent", "cotangent", "input_product")
_SUMMED = ("loss", "param_gradient", "param_cotangent", "param_product")
_NUMBERS = ("value", "loss")


def has_entry(codegen: CodegenContext) -> bool:
    """Tell whether a program can have the door: it is one of those that `ENTER` knows."""
    program = codegen.program
    takes_data = bool(program.n_inputs) and program.data is None
    for output in program.outputs:
        if output.name not in (*_SUMMED, *_PER_SAMPLE):
            return False
        if takes_data and output.name in _PER_SAMPLE and not codegen.loops.batched(output.array):
            return False
    return True


@frozen
class _Samples:
    """Registers that describe X."""

    rank: str
    many: str
    count: str
    words: dict[str, str]


def entry_function(codegen: CodegenContext, run: str) -> str:
    """Write ``mg_enter``: one run in this thread, the GIL released.

    Its ``self`` is the array that holds a door (see `mgcompile.backends.llvm.abi.door`). One call
    at a time may use the context; the slot BUSY tells others to go the long way.
    """
    arguments = ["ptr %self", "ptr %arguments", "i64 %count"]
    writer = Writer(codegen.library, ENTER, arguments, "ptr", internal=False)
    count = len(codegen.program.outputs)
    writer.do(f"%results = alloca [{count} x ptr], align 8")
    writer.do(f"%numbers = alloca [{count} x double], align 8")
    writer.do("%extents = alloca [2 x i64], align 8")
    writer.do(f"%door = load ptr, ptr {writer.offset('%self', DATA)}, align 8")
    writer.do("%context = load ptr, ptr %door, align 8")
    samples = _read_samples(writer, codegen)
    _occupy(writer)
    _make_room(writer, codegen, samples)
    for name, content in samples.words.items():
        writer.store("i64", content, slot_address(writer, name), 8)
    writer.store("i64", "0", slot_address(writer, "NAN"), 8)
    mean = writer.value(f"icmp eq ptr {_argument(writer, 2)}, {python_address(writer, 'True')}")
    scratch = slot(writer, "SCRATCH", "ptr")
    state = python_call(writer, "PyEval_SaveThread")
    writer.do(f"call void @{run}(ptr %context, ptr {scratch}, i64 0, i64 1)")
    _divide_gradient(writer, codegen, samples, mean)
    python_call(writer, "PyEval_RestoreThread", f"ptr {state}")
    _need(writer, writer.value(f"icmp eq i64 {slot(writer, 'NAN')}, 0"), "unsure")
    _make_floats(writer, codegen, samples, mean)
    _give_back(writer, count)
    _hand_on(writer)
    _refuse(writer)
    return writer.text()


def _need(writer: Writer, condition: str, otherwise: str) -> None:
    """Go on only when an i1 is set; `otherwise` is the label of an exit."""
    fits = writer.fresh("fits")
    writer.do(f"br i1 {condition}, label %{fits}, label %{otherwise}")
    writer.begin(fits)


def _argument(writer: Writer, place: int) -> str:
    return writer.load("ptr", writer.offset("%arguments", 8 * place), 8)


def _read_samples(writer: Writer, codegen: CodegenContext) -> _Samples:
    """Append the checks that X is an array of the kernel's dtype and shape, and read it."""

    def field(array: str, place: int, kind: str = "i64") -> str:
        return writer.load(kind, writer.offset(array, place), 8)

    _need(writer, writer.value("icmp eq i64 %count, 3"), "unfit")
    matrix = _argument(writer, 0)
    expected = python_address(writer, "ndarray")
    _need(writer, writer.value(f"icmp eq ptr {field(matrix, TYPE, 'ptr')}, {expected}"), "unfit")
    rank = field(matrix, RANK, "i32")
    one = writer.value(f"icmp eq i32 {rank}, 1")
    many = writer.value(f"icmp eq i32 {rank}, 2")
    _need(writer, writer.value(f"or i1 {one}, {many}"), "unfit")
    last = writer.value(f"select i1 {many}, i64 8, i64 0")
    shape, strides = field(matrix, DIMENSIONS, "ptr"), field(matrix, STRIDES, "ptr")
    expected = python_address(writer, "dtype")
    known = writer.value(f"icmp eq ptr {field(matrix, DESCRIPTION, 'ptr')}, {expected}")
    aligned = writer.value(f"and i32 {field(matrix, FLAGS, 'i32')}, {_ALIGNED}")
    columns = writer.load("i64", writer.offset(shape, last), 8)
    count = writer.value(f"select i1 {many}, i64 {field(shape, 0)}, i64 1")
    for condition in (
        known,
        writer.value(f"icmp ne i32 {aligned}, 0"),
        writer.value(f"icmp eq i64 {columns}, {codegen.program.n_inputs}"),
    ):
        _need(writer, condition, "unfit")
    above = writer.value(f"sub i64 {count}, {word(writer, 'BELOW')}")
    before = writer.value(f"sub i64 {above}, 1")  # of fewer samples a large number
    _need(writer, writer.value(f"icmp ult i64 {before}, {word(writer, 'SPAN')}"), "other")
    words = {
        "COUNT": count,
        "MATRIX": field(matrix, DATA),
        "ROW": field(strides, 0),  # of one sample it is never used
        "COLUMN": writer.load("i64", writer.offset(strides, last), 8),
        "PARAMS": field(_argument(writer, 1), DATA),
    }
    return _Samples(rank, many, count, words)


def _occupy(writer: Writer) -> None:
    before = writer.value(f"atomicrmw xchg ptr {slot_address(writer, 'BUSY')}, i64 1 acquire")
    _need(writer, writer.value(f"icmp eq i64 {before}, 0"), "unfit")


def _is_number(codegen: CodegenContext, output: Output) -> bool:
    return output.name in _NUMBERS and codegen.program.arrays[output.array].size == 1


def _make_room(writer: Writer, codegen: CodegenContext, samples: _Samples) -> None:
    """Append where each output goes: to a place for one number, or to a new array."""
    outputs = codegen.program.outputs
    for place in range(len(outputs)):
        writer.store("ptr", "null", writer.offset("%results", 8 * place), 8)
    table = str(slot(writer, "OUTPUTS", "ptr"))
    writer.store("i64", samples.count, "%extents", 8)
    second = writer.offset("%extents", 8)
    first = writer.value(f"select i1 {samples.many}, ptr %extents, ptr {second}")
    for place, output in enumerate(outputs):
        entry = writer.offset(table, 24 * place)
        size, batched = (
            codegen.program.arrays[output.array].size,
            codegen.loops.batched(output.array),
        )
        writer.store("i64", str(size), second, 8)
        if batched:
            for distance, stride in ((8, size), (16, 1)):
                writer.store(
                    "i64", str(stride * codegen.tile.bytes), writer.offset(entry, distance), 8
                )
        if not _is_number(codegen, output):
            rank, extents = (samples.rank, first) if batched else ("1", second)
            _make_array(writer, place, entry, rank, extents)
            continue
        writer.store("ptr", writer.offset("%numbers", 8 * place), entry, 8)
        if batched:
            with writer.when(samples.many):
                _make_array(writer, place, entry, "1", "%extents")


def _make_array(writer: Writer, place: int, entry: str, rank: str, extents: str) -> None:
    dtype, empty = (python_address(writer, name) for name in ("dtype", "PyArray_Empty"))
    python_call(writer, "Py_IncRef", f"ptr {dtype}")  # the array takes this reference
    array = writer.value(f"call ptr {empty}(i32 {rank}, ptr {extents}, ptr {dtype}, i32 0)")
    _keep(writer, place, array)
    writer.store("ptr", writer.load("ptr", writer.offset(array, DATA), 8), entry, 8)


def _keep(writer: Writer, place: int, result: str) -> None:
    """Append that an object is a result; there is none when memory was short."""
    writer.store("ptr", result, writer.offset("%results", 8 * place), 8)
    _need(writer, writer.value(f"icmp ne ptr {result}, null"), "failed")


def _divide_gradient(writer: Writer, codegen: CodegenContext, samples: _Samples, mean: str) -> None:
    """Append the division of the gradient to parameters by the number of samples."""
    names = [output.name for output in codegen.program.outputs]
    if "param_gradient" not in names or not codegen.program.n_params:
        return
    entry = writer.offset(str(slot(writer, "OUTPUTS", "ptr")), 24 * names.index("param_gradient"))
    pointer, shape = writer.load("ptr", entry, 8), codegen.tile
    divisor = writer.value(f"uitofp i64 {samples.count} to {codegen.scalar}")
    total = codegen.program.n_params
    whole = total // shape.width * shape.width
    with writer.when(mean):
        for kind, start, stop in ((codegen.vector, 0, whole), (codegen.scalar, whole, total)):
            if start == stop:
                continue
            with writer.loop(stop, start=start, step=kind.lanes) as turn:
                where = writer.offset(pointer, writer.mul(turn.index, shape.bytes))
                block = writer.block(kind)
                numbers = block.append(f"load {kind}, ptr {where}, align {shape.bytes}", kind)
                quotients = numbers / splat(block, divisor)
                writer.splice(block)
                writer.store(kind, quotients.name, where, shape.bytes)


def _make_floats(writer: Writer, codegen: CodegenContext, samples: _Samples, mean: str) -> None:
    """Append the conversion of single numbers to objects; a mean is divided first."""
    kind = codegen.scalar
    for place, output in enumerate(codegen.program.outputs):
        if not _is_number(codegen, output):
            continue
        number = writer.load(kind, writer.offset("%numbers", 8 * place), 8)
        if kind.element == "float":
            number = writer.value(f"fpext float {number} to double")
        if output.name == "loss":
            divisor = writer.value(f"uitofp i64 {samples.count} to double")
            quotient = writer.value(f"fdiv double {number}, {divisor}")
            number = writer.value(f"select i1 {mean}, double {quotient}, double {number}")
        made = writer.load("ptr", writer.offset("%results", 8 * place), 8)
        with writer.when(writer.value(f"icmp eq ptr {made}, null")):
            _keep(writer, place, python_call(writer, "PyFloat_FromDouble", f"double {number}"))


def _give_back(writer: Writer, count: int) -> None:
    """Append the end of a run: the result or a tuple of them, and exits without any.

    One is for when memory is short, one for when a derivative is NaN (see `runtime.guarded`).
    """
    results = [writer.load("ptr", writer.offset("%results", 8 * k), 8) for k in range(count)]
    if count == 1:
        _leave(writer, results[0], [])
    else:
        items = [f"ptr {result}" for result in results]
        _leave(writer, python_call(writer, "PyTuple_Pack", f"i64 {count}", *items), results)
    for label in ("failed", "unsure"):
        writer.begin(label)
        results = [writer.load("ptr", writer.offset("%results", 8 * k), 8) for k in range(count)]
        _leave(writer, "null" if label == "failed" else _none(writer), results)


def _leave(writer: Writer, given: str, dropped: list[str]) -> None:
    for result in dropped:
        python_call(writer, "Py_DecRef", f"ptr {result}")  # nothing where there is none
    writer.do(f"store atomic i64 0, ptr {slot_address(writer, 'BUSY')} release, align 8")
    writer.do(f"ret ptr {given}")


def _hand_on(writer: Writer) -> None:
    """Append where calls of other numbers of samples go."""
    writer.begin("other")
    code = word(writer, "CODE", "ptr")
    _need(writer, writer.value(f"icmp ne ptr {code}, null"), "unfit")
    owner = word(writer, "OWNER", "ptr")
    given = writer.value(f"call ptr {code}(ptr {owner}, ptr %arguments, i64 %count)")
    writer.do(f"ret ptr {given}")


def _refuse(writer: Writer) -> None:
    writer.begin("unfit")
    writer.do(f"ret ptr {_none(writer)}")


def _none(writer: Writer) -> str:
    nothing = python_address(writer, "None")
    python_call(writer, "Py_IncRef", f"ptr {nothing}")
    return nothing
