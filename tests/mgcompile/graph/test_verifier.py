"""The verifier of graphs: each of its rules refuses a graph that breaks it."""

import attrs
import numpy as np
import pytest
from verifier_rules import Rules

from mgcompile.graph import verifier
from mgcompile.graph.ir import CONST, INPUT, PARAM, Graph
from mgcompile.graph.verifier import verify_graph
from mgcore import ops

RULES = Rules(verify_graph, verifier)

# x * p + 2
GRAPH = Graph(
    ops=(ops.mul, ops.add),
    code=np.array([INPUT, PARAM, CONST, 0, 1]),
    start=np.array([0, 0, 0, 0, 2, 4]),
    operand=np.array([0, 1, 3, 2]),
    index=np.array([0, 0, 0, 0, 0]),
    value=np.array([0.0, 0.0, 2.0, 0.0, 0.0]),
    roots=np.array([4]),
)


def changed(**fields):
    return attrs.evolve(GRAPH, **{name: np.array(each) for name, each in fields.items()})


@RULES.case
def starts_for_fewer_nodes():
    yield changed(start=[0, 0, 0, 2, 4]), "one start for each node"


@RULES.case
def starts_beyond_the_operands():
    yield changed(start=[0, 0, 0, 0, 2, 3]), "starts do not fit"
    yield changed(start=[1, 1, 1, 1, 2, 4]), "starts do not fit"


@RULES.case
def a_node_without_an_index_or_a_value():
    yield changed(index=[0, 0, 0, 0]), "an index and a value for each node"
    yield changed(value=[0.0, 0.0, 2.0, 0.0]), "an index and a value for each node"


@RULES.case
def a_code_of_no_op():
    yield changed(code=[INPUT, PARAM, CONST, 0, 2]), "a code of no op or leaf, at node 4"
    yield changed(code=[-4, PARAM, CONST, 0, 1]), "a code of no op or leaf, at node 0"


@RULES.case
def an_operand_that_is_no_node():
    yield changed(operand=[0, 5, 3, 2]), "an operand that is no node, at edge 1"
    yield changed(operand=[0, 1, 3, -1]), "an operand that is no node, at edge 3"


@RULES.case
def an_output_that_is_no_node():
    yield changed(roots=[4, 5]), "an output that is no node, at output 1"


@RULES.case
def a_leaf_with_operands():
    yield changed(start=[0, 1, 1, 1, 3, 5], operand=[4, 0, 1, 3, 2]), "a leaf with operands"


@RULES.case
def an_op_without_operands():
    yield changed(start=[0, 0, 0, 0, 0, 2], operand=[0, 1]), "an op without operands, at node 3"


@RULES.case
def a_value_of_an_input():
    yield changed(value=[1.0, 0.0, 2.0, 0.0, 0.0]), "a value of no constant, at node 0"


@RULES.case
def an_index_of_a_constant():
    yield changed(index=[0, 0, 1, 0, 0]), "an index of no parameter or input, at node 2"


@RULES.case
def a_product_of_one_number():
    words = "mul with another number of operands than 2, at node 3"
    yield changed(start=[0, 0, 0, 0, 1, 3], operand=[0, 3, 2]), words


@RULES.case
def a_node_that_depends_on_itself():
    yield changed(operand=[0, 4, 3, 2]), "a node that depends on itself, at node 3"


def test_a_graph_that_keeps_the_rules_is_accepted():
    assert verify_graph(GRAPH) is GRAPH


@pytest.mark.parametrize("case", RULES.cases, ids=lambda case: case.__name__)
def test_what_breaks_a_rule_is_refused(case):
    assert RULES.broken(case)


def test_every_rule_is_broken_by_a_case():
    assert RULES.unbroken() == []
