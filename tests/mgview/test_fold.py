"""Folding: alike parts become one box, every node stays reachable, and no picture has a cycle."""

from collections import deque
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mgview
from mgcore import Value, ops
from mgnn import MLP, losses
from mgview.fold import Group, fold, unfold
from mgview.scene import Node, Scene, read


def scene_of(*values: Value) -> Scene:
    return read(values, most=10**6, caller="draw", remedy="")


@st.composite
def scenes(draw: Any) -> Scene:
    count = draw(st.integers(1, 90))
    nodes = []
    for i in range(count):
        how_many = draw(st.integers(0, min(i, 3)))
        operands = tuple(draw(st.integers(0, i - 1)) for _ in range(how_many))
        op = draw(st.sampled_from(["add", "mul", "tanh"])) if operands else ""
        kind = "op" if operands else draw(st.sampled_from(["leaf", "constant"]))
        nodes.append(Node(i, kind, op, op, "", 1.0, 0.0, operands))
    return Scene(tuple(nodes), (count - 1,))


def check_partition(scene: Scene, members: tuple[int, ...], groups: tuple[Group, ...]) -> None:
    held = sorted(index for group in groups for index in group.members)
    assert held == sorted(members), "every node must be in exactly one box"
    group_of = {index: place for place, group in enumerate(groups) for index in group.members}
    edges = {
        (group_of[operand], place)
        for index, place in group_of.items()
        for operand in scene.nodes[index].operands
        if operand in group_of and group_of[operand] != place
    }
    waiting = {place: sum(target == place for _, target in edges) for place in range(len(groups))}
    ready = deque(place for place, count in waiting.items() if not count)
    done = 0
    while ready:
        place = ready.popleft()
        done += 1
        for source, target in edges:
            if source == place:
                waiting[target] -= 1
                if not waiting[target]:
                    ready.append(target)
    assert done == len(groups), "the boxes form a cycle"


@settings(max_examples=80, deadline=None)
@given(scenes(), st.integers(3, 12))
def test_any_graph_folds_into_boxes_that_open_down_to_every_node(scene: Scene, limit: int) -> None:
    members = tuple(range(len(scene.nodes)))
    top = fold(scene, members, limit)
    check_partition(scene, members, top)
    waiting = list(top)
    seen = []
    while waiting:
        group = waiting.pop()
        if group.single is not None:
            seen.append(group.single)
            continue
        inside = unfold(scene, group, limit)
        assert len(inside) > 1, "a box must open into more than itself"
        check_partition(scene, group.members, inside)
        waiting += inside
    assert sorted(seen) == list(members)


def titles(drawing: mgview.Drawing) -> list[str]:
    return [box.title for box in drawing.picture().boxes]


def test_an_mlp_reads_as_its_layers() -> None:
    model = MLP(2, [16, 16, 1], activation="tanh", seed=7)
    out = model([Value(0.5, label="x1"), Value(-1.0, label="x2")])
    out.label = "out"
    drawing = mgview.draw(out)
    layers = ["16 × tanh(dot(6 operands))", "16 × tanh(dot(34 operands))"]
    rest = ["x1", "x2", "17 leaves", "1", "out"]
    assert sorted(titles(drawing)) == sorted([*layers, *rest])
    layer = next(name for name, text in drawing.boxes().items() if "6 operands" in text)
    opened = drawing.open(layer)
    assert sum(title == "tanh(dot(6 operands))" for title in titles(opened)) == 16
    neuron = opened.open(next(iter(opened.boxes())))
    inside = [box.node.op for box in neuron.picture().boxes if box.kind == "op" and box.node]
    assert inside == ["dot", "tanh"]


def test_what_surrounds_an_opened_box_is_shown_dashed() -> None:
    out = MLP(2, [16, 16, 1], seed=7)([Value(0.5, label="x1"), Value(-1.0, label="x2")])
    drawing = mgview.draw(out)
    first = next(name for name, text in drawing.boxes().items() if "6 operands" in text)
    ghosts = {box.title for box in drawing.open(first).picture().boxes if box.kind == "ghost"}
    assert ghosts == {"x1", "x2", "16 × relu(dot(34 operands))"}


def test_a_batch_folds_into_as_few_boxes_as_one_sample() -> None:
    model = MLP(2, [8, 8, 1], activation="tanh", seed=7)
    rows = [[Value(i / 50), Value(-i / 40)] for i in range(30)]
    labels = [1 if i % 2 else -1 for i in range(30)]
    loss = losses.by_name("hinge")([model(row) for row in rows], labels)
    drawing = mgview.draw(loss)
    assert len(drawing.scene.nodes) > 1_300
    assert len(titles(drawing)) <= 16
    assert any("240 × tanh" in title for title in titles(drawing))


def test_a_long_chain_of_one_op_becomes_a_run() -> None:
    total: Any = Value(0.0)
    for i in range(300):
        total = total + Value(float(i)) * 2.0
    drawing = mgview.draw(total)
    assert any("add in a row" in title for title in titles(drawing))


def test_a_deep_graph_without_alike_parts_folds_by_depth() -> None:
    x = Value(0.5)
    out: Any = x
    for _ in range(10_000):
        out = ops.sin(out + x)
    drawing = mgview.draw(out)
    assert 1 < len(titles(drawing)) <= 60
    assert all(title.startswith("depth ") for title in titles(drawing))


@pytest.mark.parametrize("nodes", [199, 201])
def test_folding_begins_above_two_hundred_nodes(nodes: int) -> None:
    out = ops.sum(*(Value(float(i)) for i in range(nodes - 1)))
    assert bool(mgview.draw(out).boxes()) == (nodes > 200)
