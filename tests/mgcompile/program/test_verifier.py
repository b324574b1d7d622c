"""The verifier of programs: each of its rules refuses a program that breaks it."""

import attrs
import numpy as np
import pytest
from verifier_rules import Rules

from mgcompile.program import verifier
from mgcompile.program.ir import (
    CONSTS,
    FIRST_RESULT,
    INPUTS,
    PARAMS,
    Access,
    Affine,
    Array,
    Bundle,
    Carry,
    Gather,
    Loop,
    Output,
    Program,
    Scatter,
    ScatterPart,
    Stack,
    Tape,
)
from mgcompile.program.verifier import verify
from mgcore import ops

RULES = Rules(verify, verifier)
SOURCES = (Array(2, True), Array(3, False), Array(1, False), Array(1, False))
ONE, EACH = Array(1, False), Array(1, True)  # one number, and one for each sample
A, B, C, D, E = range(FIRST_RESULT, FIRST_RESULT + 5)


def program(arrays, *statements, outputs=(), data=None):
    """Two inputs, three parameters, one constant, and results a, b, c, ... in `arrays`."""
    return Program(2, 3, np.array([1.0]), (*SOURCES, *arrays), statements, outputs, data)


def at(array, offset=0, *strides):
    return Access(array, Affine(offset, strides))


def table(numbers, strides):
    return Access(PARAMS, Gather(np.array(numbers), strides))


def neg(result, read, shape=()):
    return Bundle(result, ops.neg, shape, (read,))


def loop(*body, carries=(), stacks=(), count=3):
    return Loop(count, body, carries, stacks)


def tape(**fields):
    """-x0, and that times x1."""
    made = {
        "result": A, "externals": (at(INPUTS, 0, 1),), "lengths": (2,), "ops": (ops.neg, ops.mul),
        "code": [0, 1], "start": [0, 1, 3], "operand": [0, 2, 1],
    } | fields  # fmt: skip
    return Tape(**made)


TWO = Array(2, True)
STATE = Carry(A, at(INPUTS, 0, 0), B, C)  # a of the body begins with x0, goes on with b, ends as c


def test_what_keeps_the_rules_is_accepted():
    for each in (
        program([EACH], neg(A, at(INPUTS)), outputs=(Output("value", A),)),
        program([TWO], tape()),
        program([EACH] * 3, loop(neg(B, at(A, 0, 0)), carries=(STATE,))),
        program([Array(3, False)], neg(A, table([2, 0, 1], (0,)), (3,))),
    ):
        assert verify(each) is each


@RULES.case
def sources_of_other_sizes():
    right = program([EACH], neg(A, at(INPUTS)))
    yield attrs.evolve(right, n_params=4), "the source arrays are"


@RULES.case
def a_data_set_of_other_columns():
    yield program([], data=np.zeros((5, 3))), "data has shape (5, 3), expected (samples, 2)"


@RULES.case
def an_output_that_nothing_defines():
    yield program([EACH], outputs=(Output("value", A),)), "which nothing defines"


@RULES.case
def a_sum_over_samples_with_one_number_for_each():
    wrong = program([EACH], neg(A, at(INPUTS)), outputs=(Output("loss", A),))
    yield wrong, "'loss' is array 4, one for each sample"


@RULES.case
def a_read_before_the_definition():
    wrong = program([EACH, EACH], neg(A, at(B)), neg(B, at(INPUTS)))
    yield wrong, "array 5 is read before it is defined"


@RULES.case
def an_array_of_the_body_read_by_iteration():
    array = Array(3, False)
    body = (neg(A, at(PARAMS, 0, 0, 1), (3,)), neg(B, at(A, 0, 1, 0), (3,)))
    yield program([array, array], loop(*body)), "array 4 is local, but is read by iteration"


@RULES.case
def strides_for_other_axes():
    yield program([EACH], neg(A, at(INPUTS, 0, 1))), "strides (1,) for axes ()"


@RULES.case
def a_table_of_other_axes():
    wrong = program([Array(3, False)], neg(A, table([[0, 1, 2]], (0,)), (3,)))
    yield wrong, "the table has not one axis for each of (3,)"


@RULES.case
def a_table_of_another_length():
    wrong = program([Array(3, False)], neg(A, table([0, 1], (0,)), (3,)))
    yield wrong, "the table (2,) does not fit (3,)"


@RULES.case
def an_axis_that_moves_twice():
    wrong = program([Array(3, False)], neg(A, table([0, 0, 0], (1,)), (3,)))
    yield wrong, "an axis moves through table and stride"


@RULES.case
def elements_outside_of_an_array():
    three = Array(3, False)
    yield program([three], neg(A, at(PARAMS, 1, 1), (3,))), "elements 1 to 3 of an array of 3"
    yield program([three], neg(A, at(PARAMS, 1, -1), (3,))), "elements -1 to 1 of an array of 3"
    yield program([three], neg(A, table([0, 1, 3], (0,)), (3,))), "elements 0 to 3"


@RULES.case
def a_result_without_an_array():
    yield program([], neg(A, at(INPUTS))), "there is no array 4"
    yield program([EACH], neg(PARAMS, at(INPUTS))), "there is no array 1"


@RULES.case
def an_array_defined_twice():
    twice = (neg(A, at(INPUTS)), neg(A, at(INPUTS, 1)))
    yield program([EACH], *twice), "array 4 is defined twice"


@RULES.case
def an_array_of_another_size():
    yield program([TWO], neg(A, at(INPUTS))), "array 4 has size 2, made with 1"


@RULES.case
def an_array_batched_against_its_operands():
    yield program([ONE], neg(A, at(INPUTS))), "array 4: batched is False, not True"
    yield program([EACH], neg(A, at(PARAMS))), "array 4: batched is True, not False"


@RULES.case
def an_empty_axis():
    wrong = program([Array(0, False)], neg(A, at(PARAMS, 0, 1), (0,)))
    yield wrong, "an axis of (0,) is empty"


@RULES.case
def a_product_of_one_factor():
    yield program([EACH], Bundle(A, ops.dot, (), (at(INPUTS),))), "dot has 1 accesses, not two"


@RULES.case
def a_sum_of_nothing():
    yield program([ONE], Bundle(A, ops.sum, (), ())), "sum has no access"


@RULES.case
def an_op_over_the_batch_that_adds_nothing_up():
    wrong = Bundle(A, ops.neg, (), (at(INPUTS),), over_batch=True)
    yield program([ONE], wrong), "neg cannot run over the batch"


@RULES.case
def an_op_of_two_operands_with_one():
    yield program([EACH], Bundle(A, ops.mul, (), (at(INPUTS),))), "mul has 1 accesses, not 2"


@RULES.case
def axes_that_an_op_cannot_add_up():
    of_one = Bundle(A, ops.neg, (), (at(INPUTS, 0, 1),), reduced=(2,))
    yield program([EACH], of_one), "neg with reduced axes needs one access"
    of_two = Bundle(A, ops.logsumexp, (), (at(INPUTS, 0, 1), at(INPUTS, 0, 1)), reduced=(2,))
    yield program([EACH], of_two), "logsumexp with reduced axes needs one access"


@RULES.case
def a_sum_over_the_batch_of_what_all_samples_share():
    wrong = Bundle(A, ops.sum, (), (at(PARAMS),), over_batch=True)
    yield program([ONE], wrong), "of something that is not batched"


@RULES.case
def a_sum_over_the_batch_in_a_loop():
    inner = Bundle(A, ops.sum, (), (at(INPUTS, 0, 0),), over_batch=True)
    yield program([ONE], loop(inner)), "a sum over the batch inside a loop"


@RULES.case
def a_scatter_that_writes_by_iteration():
    part = ScatterPart((), at(PARAMS, 0, 1), Affine(0, (1,)))
    wrong = loop(Scatter(A, (part,)))
    yield program([Array(3, False)], wrong), "a scatter inside a loop writes by iteration"


@RULES.case
def a_scatter_outside_of_its_array():
    part = ScatterPart((3,), at(PARAMS, 0, 1), Affine(1, (1,)))
    wrong = program([Array(3, False)], Scatter(A, (part,)))
    yield wrong, "elements 1 to 3 of an array of 3"


@RULES.case
def a_tape_in_a_loop():
    yield program([TWO], loop(tape())), "a tape inside a loop"


@RULES.case
def a_tape_of_too_few_starts():
    yield program([TWO], tape(start=[0, 1])), "2 starts for 2 instructions"


@RULES.case
def a_tape_whose_starts_leave_operands_out():
    yield program([TWO], tape(start=[0, 1, 2])), "starts do not fit"


@RULES.case
def an_instruction_without_operands():
    yield program([TWO], tape(start=[0, 0, 3])), "an instruction without operands"


@RULES.case
def an_instruction_of_no_op():
    yield program([TWO], tape(code=[0, 2])), "a code outside of the ops"


@RULES.case
def an_instruction_that_reads_a_later_one():
    yield program([TWO], tape(operand=[3, 2, 1])), "an instruction reads a later one"
    yield program([TWO], tape(operand=[-1, 2, 1])), "an instruction reads a later one"


@RULES.case
def an_instruction_of_another_arity():
    yield program([TWO], tape(code=[0, 0])), "wrong arity for neg"


@RULES.case
def a_loop_that_never_runs():
    yield program([ONE], loop(neg(A, at(PARAMS, 0, 0)), count=0)), "a loop of no iterations"


@RULES.case
def a_loop_of_all_samples_that_some_need():
    right = loop(neg(A, at(PARAMS, 0, 0)), stacks=(Stack(B, A),))
    wrong = program([ONE, Array(3, False)], attrs.evolve(right, needed=at(INPUTS)))
    yield wrong, "some samples need the loop, and all share what it makes, [5]"


@RULES.case
def a_state_that_starts_batched_and_is_not():
    wrong = loop(neg(B, at(A, 0, 0)), carries=(STATE,))
    yield program([ONE, ONE, ONE], wrong), "carried array 4 starts batched, and is not"


@RULES.case
def a_following_state_from_outside():
    before = neg(D, at(INPUTS))
    wrong = loop(neg(B, at(A, 0, 0)), carries=(attrs.evolve(STATE, following=D),))
    yield program([EACH] * 4, before, wrong), "array 7 is not of the body"


@RULES.case
def a_state_that_changes_its_size():
    wrong = loop(neg(B, at(A, 0, 0, 0), (2,)), carries=(STATE,))
    yield program([EACH, TWO, EACH], wrong), "carried array 4 changes its size"


@RULES.case
def a_state_that_gets_batched():
    carry = Carry(A, at(PARAMS, 0, 0), B, C)
    wrong = loop(neg(B, at(INPUTS, 0, 0)), carries=(carry,))
    yield program([ONE, EACH, ONE], wrong), "carried array 4 gets batched"


@RULES.case
def a_final_state_that_is_of_the_body():
    wrong = loop(neg(B, at(A, 0, 0)), carries=(attrs.evolve(STATE, final=B),))
    yield program([EACH, EACH], wrong), "array 5 is defined twice"


@RULES.case
def what_is_kept_of_every_iteration_is_not_of_the_body():
    wrong = loop(neg(A, at(PARAMS, 0, 0)), stacks=(Stack(B, CONSTS),))
    yield program([ONE, Array(3, False)], wrong), "array 2 is not of the body"


@RULES.case
def what_is_kept_of_every_iteration_has_an_array_of_the_body():
    wrong = loop(neg(A, at(PARAMS, 0, 0)), stacks=(Stack(A, A),))
    yield program([ONE], wrong), "array 4 is defined twice"


@pytest.mark.parametrize("case", RULES.cases, ids=lambda case: case.__name__)
def test_what_breaks_a_rule_is_refused(case):
    assert RULES.broken(case)


def test_every_rule_is_broken_by_a_case():
    assert RULES.unbroken() == []
