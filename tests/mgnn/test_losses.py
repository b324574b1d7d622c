"""Losses and scores against PyTorch and scikit-learn."""

import math
import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, d2_tweedie_score, r2_score

from mgcore import Value
from mgnn import MLP, fit, losses
from mgnn.errors import LabelError, ShapeError, TrainingSettingError, UnknownNameError

torch = pytest.importorskip("torch")
functional = torch.nn.functional

logit = st.floats(-30.0, 30.0)
sample = st.tuples(st.lists(logit, min_size=3, max_size=3), st.integers(0, 2))
batch = st.lists(sample, min_size=1, max_size=5)


def compare(loss: losses.Loss, outputs: list[list[float]], y: list[float], expected) -> None:  # type: ignore[no-untyped-def]  # a function of tensors
    """Hold value and gradient of the mean loss against the same in PyTorch."""
    leaves = [[Value(s) for s in row] for row in outputs]
    mine = loss([row[0] if len(row) == 1 else row for row in leaves], y)
    mine.backward()
    tensor = torch.tensor(outputs, dtype=torch.float64, requires_grad=True)
    theirs = expected(tensor, torch.from_numpy(np.array(y)))
    theirs.backward()
    assert mine.data == pytest.approx(theirs.item(), rel=1e-12, abs=1e-14)
    assert tensor.grad is not None
    found = [leaf.grad for row in leaves for leaf in row]
    assert found == pytest.approx(tensor.grad.flatten().tolist(), rel=1e-9, abs=1e-14)


@given(batch)
def test_cross_entropy_agrees_with_pytorch(samples: list[tuple[list[float], int]]) -> None:
    outputs, y = [list(s) for s, _ in samples], [label for _, label in samples]
    compare(losses.cross_entropy, outputs, y, functional.cross_entropy)


@given(batch)
def test_binary_cross_entropy_agrees_with_pytorch(samples: list[tuple[list[float], int]]) -> None:
    outputs, y = [[s[0]] for s, _ in samples], [label % 2 for _, label in samples]
    compare(
        losses.binary_cross_entropy,
        outputs,
        y,
        lambda s, t: functional.binary_cross_entropy_with_logits(s[:, 0], t.double()),
    )


@given(batch)
def test_mse_agrees_with_pytorch(samples: list[tuple[list[float], int]]) -> None:
    outputs, y = [[s[0]] for s, _ in samples], [s[1] for s, _ in samples]
    compare(losses.mse, outputs, y, lambda s, t: functional.mse_loss(s[:, 0], t.double()))


@given(batch)
def test_hinge_is_the_mean_of_what_is_short_of_the_margin(
    samples: list[tuple[list[float], int]],
) -> None:
    outputs, y = [[s[0]] for s, _ in samples], [label % 2 * 2 - 1 for _, label in samples]
    compare(losses.hinge, outputs, y, lambda s, t: torch.relu(1 - t * s[:, 0]).mean())


@given(batch)
def test_mae_and_huber_agree_with_pytorch(samples: list[tuple[list[float], int]]) -> None:
    outputs, y = [[s[0]] for s, _ in samples], [s[1] for s, _ in samples]
    compare(losses.mae, outputs, y, lambda s, t: functional.l1_loss(s[:, 0], t.double()))
    compare(losses.huber, outputs, y, lambda s, t: functional.huber_loss(s[:, 0], t.double()))
    compare(
        losses.huber_with(2.5),
        outputs,
        y,
        lambda s, t: functional.huber_loss(s[:, 0], t.double(), delta=2.5),
    )


@given(batch)
def test_poisson_agrees_with_pytorch(samples: list[tuple[list[float], int]]) -> None:
    outputs, y = [[s[0]] for s, _ in samples], [float(label) for _, label in samples]
    compare(losses.poisson, outputs, y, lambda s, t: functional.poisson_nll_loss(s[:, 0], t))


@given(batch)
def test_multiclass_hinge_agrees_with_pytorch(samples: list[tuple[list[float], int]]) -> None:
    outputs, y = [list(s) for s, _ in samples], [label for _, label in samples]
    compare(losses.multiclass_hinge, outputs, y, functional.multi_margin_loss)


@given(st.lists(st.tuples(st.floats(-3, 3), st.integers(0, 9)), min_size=2, max_size=8))
def test_the_score_of_counts_agrees_with_scikit_learn(pairs: list[tuple[float, int]]) -> None:
    outputs, y = [[s] for s, _ in pairs], [[float(t)] for _, t in pairs]
    assume(len({t for _, t in pairs}) > 1)
    expected = d2_tweedie_score(np.ravel(y), np.exp(np.ravel(outputs)), power=1)
    score = losses.poisson.score
    assert score.of_rows(outputs, y) == pytest.approx(expected, rel=1e-9, abs=1e-9)
    assert score.of_arrays(np.array(outputs), np.array(y)) == score.of_rows(outputs, y)


@pytest.mark.parametrize("loss", losses.LOSSES.values(), ids=lambda loss: loss.name)
def test_a_loss_that_ships_pickles_and_trains_the_same_in_both_backends(loss: losses.Loss) -> None:
    assert pickle.loads(pickle.dumps(loss)) is loss
    rows = [[0.5, -1.0], [2.0, 0.25], [-0.75, 1.5]]
    classes = loss.name in {"cross_entropy", "multiclass_hinge"}
    y = [-1, 1, 1] if loss.name == "hinge" else [0, 1, 1]
    trained = []
    for backend in ("eager", "compiled"):
        model = MLP(2, [3, 2 if classes else 1], activation="tanh", seed=1)
        history = fit(model, rows, y, loss=loss, epochs=3, batch_size=2, seed=1, backend=backend,
                      progress=False)  # fmt: skip
        trained.append((list(model.state_dict().values()), history.loss, history.score))
    for eager, compiled in zip(*trained, strict=True):
        assert compiled == pytest.approx(eager, rel=1e-9)


def test_several_outputs_are_averaged_as_pytorch_does() -> None:
    outputs, y = [[0.5, -1.0], [2.0, 3.0]], [[1.0, 0.0], [0.0, 1.0]]
    leaves = [[Value(s) for s in row] for row in outputs]
    tensor, target = torch.tensor(outputs).double(), torch.tensor(y).double()
    expected = functional.mse_loss(tensor, target).item()
    assert losses.mse(leaves, y).data == pytest.approx(expected)
    expected = functional.binary_cross_entropy_with_logits(tensor, target).item()
    assert losses.binary_cross_entropy(leaves, y).data == pytest.approx(expected)


def test_losses_of_logits_are_stable_far_out() -> None:
    s = Value(-1000.0)
    out = losses.binary_cross_entropy([s], [1])
    out.backward()
    assert out.data == 1000.0
    assert s.grad == -1.0
    leaves = [Value(1000.0), Value(-1000.0)]
    out = losses.cross_entropy([leaves], [1])
    out.backward()
    assert out.data == 2000.0
    assert [x.grad for x in leaves] == [1.0, -1.0]


def test_a_recorded_sample_has_plain_inputs_and_no_choice_in_it() -> None:
    # What lets a compiler record one sample and run it on all of them.
    scores, onehot = [Value(0.1), Value(0.2)], [Value(0.0), Value(1.0)]
    recorded = losses.cross_entropy.sample(scores, onehot)
    expected = math.log(math.exp(0.1) + math.exp(0.2)) - 0.2
    assert recorded.data == pytest.approx(expected)
    recorded.backward()
    assert onehot[1].grad == -0.2  # the target is an operand like any other


@pytest.mark.parametrize(
    ("loss", "outputs", "y", "error", "text"),
    [
        ("hinge", 1, [[1.0], [0.0]], LabelError, r"label 0 in row 1.*2\*y - 1"),
        ("binary_cross_entropy", 1, [[-1.0]], LabelError, r"label -1 in row 0.*\(y \+ 1\) / 2"),
        ("cross_entropy", 3, [[0.0], [3.0]], LabelError, "label 3 in row 1.*0 to 2"),
        ("cross_entropy", 3, [[0.5]], LabelError, "label 0.5"),
        ("cross_entropy", 1, [[0.0]], ShapeError, "binary_cross_entropy"),
        ("cross_entropy", 2, [[0.0, 1.0]], ShapeError, "one class label"),
        ("multiclass_hinge", 1, [[0.0]], ShapeError, "one output take hinge"),
        ("poisson", 1, [[-1.0]], LabelError, "y holds -1 in row 0; poisson takes counts"),
        ("mse", 2, [[0.0]], ShapeError, "1 numbers in row 0.*2 outputs"),
    ],
)
def test_targets_that_do_not_fit_are_refused_with_the_remedy(
    loss: str, outputs: int, y: list[list[float]], error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        losses.by_name(loss).encode(y, outputs)


@pytest.mark.parametrize("delta", [0.0, -1.0, math.inf, "1", True])
def test_a_huber_loss_turns_at_a_number_above_0(delta: Any) -> None:
    with pytest.raises(TrainingSettingError, match="delta is"):
        losses.huber_with(delta)


def test_an_unknown_loss_is_answered_with_near_matches() -> None:
    with pytest.raises(UnknownNameError, match="did you mean hinge"):
        losses.by_name("hing")
    with pytest.raises(UnknownNameError, match="choose from binary_cross_entropy"):
        losses.by_name("xyz")


def test_outputs_and_targets_must_be_as_many() -> None:
    with pytest.raises(ShapeError, match="2 outputs but 1 targets"):
        losses.mse([Value(1.0), Value(2.0)], [1.0])


@given(batch)
def test_scores_agree_with_scikit_learn_in_both_forms(
    samples: list[tuple[list[float], int]],
) -> None:
    outputs, classes = [list(s) for s, _ in samples], [label for _, label in samples]
    onehot = losses.cross_entropy.encode([[float(c)] for c in classes], 3)
    expected = accuracy_score(classes, np.argmax(outputs, axis=1))
    score = losses.cross_entropy.score
    assert score.of_rows(outputs, onehot) == pytest.approx(expected)
    assert score.of_arrays(np.array(outputs), np.array(onehot)) == pytest.approx(expected)

    first = [[row[0]] for row in outputs]
    signs = [[label % 2 * 2.0 - 1.0] for label in classes]
    expected = accuracy_score([s[0] > 0 for s in signs], [s[0] > 0 for s in first])
    score = losses.hinge.score
    assert score.of_rows(first, signs) == pytest.approx(expected)
    assert score.of_arrays(np.array(first), np.array(signs)) == pytest.approx(expected)


@given(st.lists(st.tuples(st.floats(-9, 9), st.integers(-4, 4)), min_size=2, max_size=8))
def test_r2_agrees_with_scikit_learn_in_both_forms(pairs: list[tuple[float, int]]) -> None:
    outputs, y = [[out] for out, _ in pairs], [[float(t)] for _, t in pairs]
    expected = r2_score(y, outputs)
    score = losses.mse.score
    assert score.of_rows(outputs, y) == pytest.approx(expected, rel=1e-9, abs=1e-9)
    assert score.of_arrays(np.array(outputs), np.array(y)) == pytest.approx(
        expected, rel=1e-9, abs=1e-9
    )


def test_a_wild_output_scores_minus_infinity_in_both_forms() -> None:
    score = losses.mse.score
    assert score.of_rows([[1e200], [0.0]], [[1.0], [2.0]]) == -math.inf
    assert score.of_arrays(np.array([[1e200], [0.0]]), np.array([[1.0], [2.0]])) == -math.inf


def test_a_constant_target_scores_one_if_met_and_else_nothing() -> None:
    score = losses.mse.score
    for outputs, expected in (([[2.0], [2.0]], 1.0), ([[2.0], [2.5]], 0.0)):
        assert score.of_rows(outputs, [[2.0], [2.0]]) == expected
        assert score.of_arrays(np.array(outputs), np.array([[2.0], [2.0]])) == expected
