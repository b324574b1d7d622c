"""The places where the compiler is broken: data.

A mutant replaces a piece of the source of one function.
"""

from __future__ import annotations

import attrs


@attrs.frozen
class Mutant:
    """A change that makes the compiler wrong.

    Args:
        name: What is broken.
        where: Module and function, "package.module:function" or "...:Class.method".
        old: A piece of the function's source that is there once.
        new: What stands there instead.
        graphs: Where in the corpus the place is of use: there alone it is tried.
        note: Why nothing notices it, where that is known.
    """

    name: str
    where: str
    old: str
    new: str
    graphs: tuple[str, ...] = ()
    note: str = ""


_G, _R, _A, _S = "mgcompile.graph", "mgcompile.reroll", "mgcompile.autodiff", "mgcompile.schedule"
_P, _L = "mgcompile.program", "mgcompile.backends.llvm"

MUTANTS = (
    # The graph
    Mutant("a constant is folded to something else", f"{_G}.canonicalize:fold_constants",
           "CONST, found", "CONST, found + 0.125",
           ("data_set",)),
    Mutant("a sum loses a second term that is 0 in its place", f"{_G}.canonicalize:_starting_zero",
           "zero = (graph.code[node] == CONST) & (graph.value[node] == 0.0)",
           "zero = graph.code[node] == CONST",
           ("shifted",)),
    Mutant("subtraction is taken for addition when sums are flattened",
           f"{_G}.canonicalize:flatten_sums",
           "additive = applies(graph, ops.add, ops.sum)",
           "additive = applies(graph, ops.add, ops.sum, ops.sub)",
           ("stepped", "pairs",)),
    Mutant("a product's second factor is read twice", f"{_G}.canonicalize:_factors",
           "graph.operand[first], ", "graph.operand[first + 1], ",
           ("perceptron",)),
    Mutant("equal nodes are told by their op and first operand", f"{_G}.cse:_Numbering._describe",
           "self.columns[1:, few] = first, second, third", "self.columns[1, few] = first",
           ("pairs", "several",)),
    Mutant("any two operands may change places", f"{_G}.cse:_Numbering.__init__",
           "applies(graph, ops.add, ops.mul)[nodes] & ", "",
           ("several", "pairs",)),
    Mutant("constants are merged by their first digits", f"{_G}.cse:merge_equal",
           "bits = graph.value[constants].view(np.int64)",
           "bits = np.round(graph.value[constants]).astype(np.int64)",
           ("stepped", "irregular",)),
    # Re-rolling
    Mutant("strides of two axes are swapped", f"{_P}.infer_maps:fit_map",
           "return Affine(int(table.flat[0]), tuple(strides))",
           "return Affine(int(table.flat[0]), tuple(reversed(strides)))",
           ("perceptron",)),
    Mutant("an index map is taken to be regular from its first step",
           f"{_P}.infer_maps:fit_map",
           "if np.all(steps == step):", "if steps.flat[0] == step:",
           ("pairs", "recurrence",)),
    Mutant("a column of a data set is taken for another one", f"{_R}.batch_extract:_Cut._column",
           "key = values.tobytes()", "key = values[:1].tobytes()",
           ("data_set",)),
    Mutant("a term that no sample goes into is dropped", f"{_R}.batch_extract:_Cut._close_sums",
           "if left.shape[1]:", "if left.shape[1] > 99:",
           ("data_set",)),
    Mutant("what is added once is added for every sample", f"{_R}.batch_extract:_Cut._close_sums",
           "value=float(self.samples.count)", "value=float(self.samples.count + 1)",
           ("data_set",)),
    Mutant("a loop hands on the state of its first iteration", f"{_R}.emit_loop:write_loop",
           "value_map.put(loop.body[j].nodes[-1], carry.final,",
           "value_map.put(loop.body[j].nodes[0], carry.final,",
           ("stepped",)),
    Mutant("a loop begins with another state", f"{_R}.emit_loop:_initial_access",
           "return value_map.access(nodes)", "return value_map.access(nodes[::-1])",
           ("cell",)),
    # Derivatives
    Mutant("multiplying by 1 makes 1", "mgcompile.support.recorded_rule:simplified",
           "if isinstance(x, float) and x == 1.0:\n            return y",
           "if isinstance(x, float) and x == 1.0:\n            return x",
           ("pairs", "perceptron",)),
    Mutant("two factors of a product are lost but for the sign", f"{_A}.symbols:Emitter._scaled",
           "x, factor = inner[0], factor * inner[1]", "x, factor = inner[0], factor",
           ("stencil", "irregular",)),
    Mutant("a reciprocal is taken for that of another number", f"{_A}.symbols:Emitter._divided",
           "key = (self.loops, self.domain, y.access)", "key = (self.loops, self.domain)",
           ("pairs", "several",)),
    Mutant("an axis is not summed over", f"{_A}.adjoints:Adjoints.contribute",
           "if not moving and domain[axis] > 1)", "if not moving and domain[axis] > 99)",
           ("perceptron",)),
    Mutant("a constant factor of a contribution is lost",
           f"{_A}.matrix_product_adjoints:summed_product",
           "total = after.chained(total, scale)", "total = after.chained(total, abs(scale))",
           ("stepped",)),
    Mutant("the gradient of another output is taken", f"{_A}.reverse:gradient_to_inputs",
           "adjoints.add_flat(value, one, (), Affine(output, ()))",
           "adjoints.add_flat(value, one, (), Affine(0, ()))",
           ("several",)),
    Mutant("a scatter's adjoint is read at its first elements", f"{_A}.reverse:read_through",
           "return Access(access.array, shifted(moved, inner.offset))",
           "return Access(access.array, moved)",
           ("several",)),
    Mutant("a reverse loop goes forwards", f"{_A}.reverse_loop:_Reverse.open",
           "affine(state, (count - 1) * size, *strides)", "affine(state, 0, *map(abs, strides))",
           ("recurrence",)),
    Mutant("what a reverse loop reads outside is not turned round",
           f"{_A}.reverse_loop:_Reverse._read",
           "reversed_axis(access.index, self._depth, self.loop.count)", "access.index",
           ("recurrence",)),
    Mutant("a tape's negative factors are positive", f"{_A}.reverse_tape:_Writer._laid_out",
           "product = self.factor != 1.0", "product = np.abs(self.factor) != 1.0",
           ("irregular",)),
    Mutant("a tape's contributions are summed from the second on",
           f"{_A}.reverse_tape:_Writer._laid_out",
           "summed = (arrivals[pool:] > 1) & live", "summed = (arrivals[pool:] > 2) & live",
           ("irregular",)),
    Mutant("a tangent misses its last term", f"{_A}.forward:_Writer._write_bundle",
           "total = inner.apply(ops.sum, reads)",
           "total = inner.apply(ops.sum, reads[:-1] or reads)",
           ("perceptron", "classes",)),
    Mutant("one sample's loss counts for one more", f"{_P}.per_sample_loss:_Cut.__init__",
           "float(samples)", "float(samples + 1)",
           ("data_set",)),
    # Machine code
    Mutant("every other sample of a part of a tile is copied",
           f"{_L}.codegen.batch_io:_copy_strided",
           'writer.loop("%real_bytes", step=size,', 'writer.loop("%real_bytes", step=2 * size,',
           ("perceptron", "stepped",)),
    Mutant("a tile begins one sample late", f"{_L}.codegen.tile_loop:_write_tiles",
           "first = writer.mul(turn.index, shape.samples)",
           "first = writer.mul(turn.index, shape.samples - 1)",
           ("stepped",)),
    Mutant("the last chunk ends a tile early", f"{_L}.codegen.run_function:_write_chunks",
           "end = writer.minimum(writer.add(begin, share), tiles)",
           "end = writer.minimum(writer.add(begin, share), writer.add(tiles, -1))",
           ("stepped",)),
    Mutant("sums do not begin at zero", f"{_L}.codegen.tile_loop:_clear_sums",
           "clear_range(start, stop)\n        return", "return",
           ("perceptron", "stepped",)),
    Mutant("a scatter sets instead of adding", f"{_L}.codegen.scatter:write_scatter",
           "target, add=True", "target, add=False",
           ("stencil", "pairs",)),
    Mutant("a scatter does not begin with zeros", f"{_L}.codegen.scatter:write_scatter",
           "write_clear(writer, codegen, scatter.result)", "pass",
           ("stencil", "pairs",)),
    Mutant("states of a loop are handed on in a ring of one less",
           f"{_L}.codegen.scatter:write_rotation",
           "[*values[1:], values[0]]", "[values[0], *values[1:]]",
           (), "changes no number of the corpus"),
    Mutant("e**x begins with 1 + x/2", f"{_L}.math.functions.exponential:expm1_of_reduced",
           "block.split_polynomial(r, POLYNOMIAL[r.kind.element]), r)",
           "block.split_polynomial(r, POLYNOMIAL[r.kind.element]), r * 0.5)",
           ("irregular", "several",)),
    Mutant("the maximum is the minimum where neither is NaN", f"{_L}.math.op_table:larger",
           "a > b", "a < b",
           ("irregular",)),
    Mutant("select takes the other one", f"{_L}.math.op_table:_select",
           "condition.same(0.0), b, a", "condition.same(0.0), a, b",
           ("irregular",)),
    Mutant("a product of vectors leaves the last pair out", f"{_L}.math.op_table:_dot",
           "zip(factors[1:half], factors[half + 1 :], strict=True)",
           "zip(factors[1 : half - 1], factors[half + 1 : -1], strict=True)",
           ("irregular", "classes",)),
    # Training
    Mutant("momentum is forgotten", f"{_L}.codegen.optimizer_update:_updated",
           "g = block.multiply_add(memory[0], rule.momentum, g)", "g = g * 1.0",
           ("perceptron",)),
    Mutant("Adam's second moment is of the gradient itself",
           f"{_L}.codegen.optimizer_update:_updated",
           "s = memory[1] * rule.beta2 + g * g * (1 - rule.beta2)",
           "s = memory[1] * rule.beta2 + g * (1 - rule.beta2)",
           ("data_set",)),
    Mutant("weight decay is of twice the weight", f"{_L}.codegen.optimizer_update:_write_parameter",
           "g = block.multiply_add(p, rule.weight_decay, g)",
           "g = block.multiply_add(p, 2 * rule.weight_decay, g)",
           ("perceptron",)),
    Mutant("the last parameters are not updated", f"{_L}.codegen.optimizer_update:_write_update",
           "if whole < count:", "if whole > count:",
           ("pairs", "perceptron",)),
    Mutant("the gradient is not divided by the last batch's samples",
           f"{_L}.codegen.optimizer_update:step_of",
           'number = writer.value(f"uitofp i64 {size} to double")',
           'number = writer.value(f"uitofp i64 {writer.add(size, 1)} to double")',
           ("perceptron",)),
)  # fmt: skip
