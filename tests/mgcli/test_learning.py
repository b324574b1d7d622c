from itertools import pairwise

import attrs
import numpy as np
import pytest
from scipy.stats import ttest_rel
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import balanced_accuracy_score, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mgcli.bundled import bundled
from mgcli.columns import Column
from mgcli.data import Data
from mgcli.learning import Choices, Job, learn
from mgcli.linear import Linear, fit_linear
from mgcli.merging import linear_net, one_net
from mgcli.problem import Problem
from mgcli.validation import Fold, Validation, validation_of
from mgnn import MLP
from mgnn.features import fit_feature


def line(rows: int = 60) -> Data:
    """y = 1000 + 300 a - 20 b, exactly."""
    rng = np.random.default_rng(3)
    columns = {"a": rng.uniform(0, 1, rows), "b": rng.uniform(5, 9, rows)}
    target = 1000 + 300 * columns["a"] - 20 * columns["b"]
    features = (Column("a", "number"), Column("b", "number"))
    return Data("line", "a line", columns, features, target, "y", "regression")


def rings(rows: int = 240, rare: int = 2) -> Data:
    """A class inside a ring of another, which has `rare` times as many rows."""
    rng = np.random.default_rng(1)
    target = (np.arange(rows) % (rare + 1) == 0).astype(np.int64)
    angle, radius = rng.uniform(0, 7, rows), np.where(target, 0.5, 1.2) + rng.normal(0, 0.2, rows)
    columns = {"x": radius * np.cos(angle), "y": radius * np.sin(angle)}
    features = (Column("x", "number"), Column("y", "number"))
    return Data("r", "r", columns, features, target, "c", "classification", ("out", "in"))


QUICK = Choices(quick=True)


def test_a_linear_net_learns_a_line_in_the_targets_unit() -> None:
    outcome = learn(line(), Choices(hidden=(), epochs=60, lr=0.05, weight_decay=0.0))
    net, ridge, mean = outcome.scores
    assert net.score > 0.999
    assert net.error < 5.0
    assert ridge.score > 0.99
    assert mean.score <= 0.0
    predicted = outcome.model.predict({"a": [0.5], "b": [7.0]})
    assert predicted[0] == pytest.approx(1010.0, abs=5.0)


def test_the_score_is_of_rows_that_were_not_trained_on() -> None:
    seen: list[int] = []
    outcome = learn(
        line(50), Choices(epochs=1, hold_out=0.3), watch=lambda job: seen.append(len(job.X))
    )
    assert seen == [35]
    assert len(outcome.held_out) == 15


def test_no_rows_need_be_held_out() -> None:
    seen: list[int] = []
    outcome = learn(
        line(50), Choices(epochs=1, hold_out=0.0), watch=lambda job: seen.append(len(job.X))
    )
    assert seen == [50]
    assert outcome.scores == ()


def test_baseline_and_scores_are_scikit_learns_on_the_same_rows() -> None:
    data = rings(rare=5)
    outcome = learn(data, Choices(epochs=1, seed=4))
    X = np.column_stack(list(data.columns.values()))
    held = {tuple(np.round(row, 9)) for row in outcome.held_out}
    rows = [outcome.model.features[i].encode(X[:, i])[:, 0] for i in range(2)]
    test = np.array([tuple(np.round(row, 9)) in held for row in np.column_stack(rows)])
    assert test.sum() == len(held)
    scaler = StandardScaler().fit(X[~test])
    linear = LogisticRegression().fit(scaler.transform(X[~test]), data.target[~test])
    truth, found = data.target[test], scaler.transform(X[test])
    baseline = outcome.scores[1]
    assert baseline.who == "logistic regression"
    assert baseline.score == pytest.approx(linear.score(found, truth))
    predicted = linear.predict(found)
    assert baseline.balanced == pytest.approx(balanced_accuracy_score(truth, predicted))
    shares = linear.predict_proba(found)[:, 1]
    assert baseline.auc == pytest.approx(roc_auc_score(truth, shares))
    assert outcome.scores[2].auc == 0.5  # a constant ties everywhere


def test_the_auc_of_several_classes_is_the_mean_of_one_against_the_rest() -> None:
    outcome = learn(bundled("wine"), Choices(epochs=1, lr=1e-3))
    model = outcome.model
    shares = model.probabilities(
        np.array([[n.data for n in model.net(x)] for x in outcome.held_out.tolist()])
    )
    expected = roc_auc_score(outcome.targets, shares, multi_class="ovr")
    assert outcome.scores[0].auc == pytest.approx(expected)


def test_the_same_seed_gives_the_same_net_and_another_one_another() -> None:
    def weights(seed: int) -> list[float]:
        outcome = learn(line(), Choices(hidden=(3,), seed=seed))
        return [p.data for p in outcome.model.net.parameters()]

    assert weights(1) == weights(1)
    assert weights(1) != weights(2)


def test_two_classes_learn_a_boundary_that_no_line_gives() -> None:
    outcome = learn(bundled("circles"), QUICK)
    net, linear, _ = outcome.scores
    assert net.score > 0.95
    assert linear.score < 0.7
    shares = outcome.model.predict_proba({"x": [0.0, 1.0], "y": [0.0, 0.0]})
    assert np.allclose(shares.sum(axis=1), 1.0)
    assert outcome.model.predict({"x": [0.0, 1.0], "y": [0.0, 0.0]}).tolist() == ["1", "0"]


def test_the_search_finds_what_usual_settings_do_not_and_tells_what_it_chose() -> None:
    jobs: list[Job] = []
    outcome = learn(rings(), Choices(hidden=(16,)), watch=jobs.append)
    (job,) = jobs
    assert job.found is not None
    assert job.found.tried >= 6
    assert job.found.loss < 0.7 * job.found.linear_loss
    assert outcome.scores[0].score > outcome.scores[1].score + 0.15
    assert job.members == 5
    assert len(outcome.model.net.layers[0].neurons) == 16 * 5


def test_where_only_a_line_is_to_be_found_the_linear_model_is_reached() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 6))
    y = X @ [1.0, 2, 3, 0, 0, 0] + 3.0 * rng.normal(size=80)
    columns = {f"x{i}": X[:, i] for i in range(6)}
    features = tuple(Column(name, "number") for name in columns)
    data = Data("l", "l", columns, features, y, "y", "regression")
    for seed in range(2):
        net, ridge, _ = learn(data, Choices(hidden=(8,), seed=seed)).scores
        assert net.score > ridge.score - 0.08


def net_by_hand(numbers: np.ndarray, sizes: list[int], X: np.ndarray) -> np.ndarray:
    """Return the outputs of a net whose parameters are w..., b for neuron after neuron."""
    for depth, (nin, nout) in enumerate(pairwise(sizes)):
        layer, numbers = numbers[: nout * (nin + 1)], numbers[nout * (nin + 1) :]
        w = layer.reshape(nout, nin + 1)
        X = X @ w[:, :-1].T + w[:, -1]
        X = np.tanh(X) if depth < len(sizes) - 2 else X
    return X


@pytest.mark.parametrize("hidden", [(4,), (4, 3), (3, 4, 2)])
def test_one_net_stands_for_the_mean_of_several_and_the_linear_model(
    hidden: tuple[int, ...],
) -> None:
    rng = np.random.default_rng(0)
    sizes = [2, *hidden, 3]
    net = MLP(2, sizes[1:], activation="tanh", seed=0)
    members = [rng.normal(size=len(net.parameters())) for _ in range(3)]
    linear = Linear(rng.normal(size=(3, 2)), rng.normal(size=3))
    one = one_net(net, members, 0.75, linear, 0.25, "tanh")
    X = rng.normal(size=(5, 2))
    mean = np.mean([net_by_hand(numbers, sizes, X) for numbers in members], axis=0)
    expected = 0.75 * mean + 0.25 * (X @ linear.weights.T + linear.biases)
    assert one.predict(X) == pytest.approx(expected)
    assert linear_net(linear).predict(X) == pytest.approx(linear.outputs(X))


def test_a_mixture_is_what_the_search_chose() -> None:
    jobs: list[Job] = []
    data = rings()
    outcome = learn(data, Choices(hidden=(8,)), watch=jobs.append)
    (job,) = jobs
    assert job.found is not None
    assert job.found.share > 0.5
    assert len(outcome.history.loss) == job.settings.epochs == outcome.history.best_epoch
    curve = outcome.history.validation_loss
    assert len(curve) >= job.settings.epochs
    assert min(curve) == curve[job.settings.epochs - 1]


def test_where_no_net_is_surely_better_the_linear_model_stands_alone() -> None:
    rng = np.random.default_rng(1)
    X = rng.normal(size=(120, 3))
    y = X @ [2.0, -1.0, 0.0] + rng.normal(size=120)
    columns = {f"x{i}": X[:, i] for i in range(3)}
    data = Data(
        "l", "l", columns, tuple(Column(n, "number") for n in columns), y, "y", "regression"
    )
    jobs: list[Job] = []
    outcome = learn(data, Choices(), watch=jobs.append)
    assert jobs[0].found is not None
    assert jobs[0].found.share == 0.0
    train = np.setdiff1d(np.arange(120), outcome.rows)
    ridge = make_pipeline(StandardScaler(), Ridge()).fit(X[train], y[train])
    found = outcome.model.predict({n: c[outcome.rows] for n, c in columns.items()})
    # Ridge sees targets of variance 1 here, which changes nothing of what it predicts.
    assert found == pytest.approx(ridge.predict(X[outcome.rows]))
    assert outcome.scores[0].score == pytest.approx(ridge.score(X[outcome.rows], y[outcome.rows]))
    assert outcome.history.backend == "scikit-learn"


@pytest.mark.parametrize("classes", [2, 3])
def test_a_linear_model_of_classes_stands_alone_too(classes: int) -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=150)
    target = np.digitize(x + rng.normal(size=150), [-0.5, 0.8][: classes - 1])
    names = tuple("abc"[:classes])
    columns = {"x": x}
    data = Data("l", "l", columns, (Column("x", "number"),), target, "y", "classification", names)
    outcome = learn(data, Choices(hidden=(2,)))
    assert outcome.history.backend == "scikit-learn"
    net, logistic, _ = outcome.scores
    assert (net.score, net.auc) == (logistic.score, logistic.auc)
    train = np.setdiff1d(np.arange(150), outcome.rows)
    found = outcome.model.class_numbers(outcome.model.outputs({"x": x[train]}))
    assert outcome.history.score == pytest.approx([np.mean(found == target[train])])


def test_a_model_is_surely_better_by_three_standard_errors_of_paired_losses() -> None:
    rng = np.random.default_rng(2)
    y = rng.normal(size=200)
    problem = Problem("regression", np.zeros((200, 1)), y, np.ones(200), 0, 0)
    fold = Fold(problem, problem, Linear(np.zeros((1, 1)), np.zeros(1)))
    validation = Validation((fold,))
    simple = (y + rng.normal(size=200))[:, None]
    for scale in (0.2, 0.6, 0.8, 0.9, 0.95, 1.0, 1.1):
        other = (y + scale * rng.normal(size=200))[:, None]
        test = ttest_rel((simple[:, 0] - y) ** 2, (other[:, 0] - y) ** 2)
        assert validation.better(other, simple) == (test.statistic > 3.0)


def test_a_model_that_finds_fewer_classes_is_not_better_whatever_its_loss() -> None:
    y = np.array([0, 1] * 20)
    problem = Problem("classification", np.zeros((40, 1)), y, np.ones(40), 2, 0)
    validation = Validation((Fold(problem, problem, Linear(np.zeros((1, 1)), np.zeros(1))),))
    timid = np.where(y, 0.1, -0.1)[:, None]
    bold = np.where(y, 3.0, -3.0)[:, None]
    assert validation.better(bold, timid)
    bold[0] = 0.2  # a mistake
    assert not validation.better(bold, timid)
    weighty = attrs.evolve(problem, weights=np.where(np.arange(40) == 0, 0.0, 1.0))
    validation = Validation((attrs.evolve(validation.folds[0], test=weighty),))
    assert validation.better(bold, timid)  # of a row that does not count


def test_a_stronger_penalty_is_taken_where_it_is_surely_better() -> None:
    rng = np.random.default_rng(3)
    X = rng.normal(size=(80, 60))
    noise = Problem("regression", X, rng.normal(size=80), np.ones(80), 0, 0)
    assert validation_of(noise).strength == 1000.0
    y = X @ np.linspace(-1, 1, 60)
    assert validation_of(attrs.evolve(noise, y=y / y.std())).strength == 1.0


def test_rare_classes_are_found_more_often_with_balanced_weights() -> None:
    rng = np.random.default_rng(2)
    target = (rng.uniform(size=300) < 0.1).astype(np.int64)
    columns = {"x": rng.normal(size=300) + 1.2 * target}
    data = Data(
        "u", "u", columns, (Column("x", "number"),), target, "c", "classification", ("a", "b")
    )
    plain = learn(data, Choices(quick=True)).scores[0]
    balanced = learn(data, Choices(quick=True, class_weight="balanced")).scores[0]
    assert balanced.balanced > plain.balanced + 0.1


def test_weights_of_a_linear_model_are_scikit_learns() -> None:
    data = bundled("wine")
    X = StandardScaler().fit_transform(np.column_stack(list(data.columns.values())))
    ours = fit_linear("classification", X, data.target, np.ones(len(X)), 3)
    theirs = LogisticRegression(max_iter=1000).fit(X, data.target)
    assert ours.outputs(X) == pytest.approx(theirs.decision_function(X))


def test_every_class_is_in_both_parts_of_a_small_table() -> None:
    data = Data(
        "s",
        "s",
        {"x": np.arange(12.0)},
        (Column("x", "number"),),
        np.arange(12) % 6,
        "y",
        "classification",
        tuple("abcdef"),
    )
    outcome = learn(data, Choices(epochs=1))
    assert sorted(outcome.targets.tolist()) == [0, 1, 2, 3, 4, 5]
    learn(data, Choices(hidden=(2,)))  # nor does the search stumble over classes of one row


def test_huge_and_tiny_numbers_are_standardised_without_overflow() -> None:
    for unit in (1e300, 1e-300):
        feature = fit_feature("x", "number", np.array([1.0, 2.0, 3.0, 6.0]) * unit)
        expected = (np.array([1.0, 2, 3, 6]) - 3) / np.std([1, 2, 3, 6])
        assert feature.encode(np.array([1.0, 2, 3, 6]) * unit)[:, 0] == pytest.approx(expected)
    data = line()
    big = Data("b", "b", data.columns, data.features, data.target * 1e300, "y", "regression")
    net, ridge, _ = learn(big, Choices(epochs=20)).scores
    assert 0.5 < net.score <= 1.0
    assert 1e299 < ridge.error < 1e302


@pytest.mark.parametrize(("rows", "epochs"), [(10, 100), (100, 75), (1_438, 10), (1_000_000, 10)])
def test_the_usual_number_of_epochs_follows_the_number_of_rows(rows: int, epochs: int) -> None:
    assert QUICK.settings_for(rows, 4).epochs == epochs
    assert Choices(epochs=3).settings_for(rows, 4).epochs == 3
