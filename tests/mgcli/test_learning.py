import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from mgcli.bundled import bundled
from mgcli.data import Data
from mgcli.learning import Choices, learn
from mgcli.preparation import categories_of, preparation_for, prepare


def line(rows: int = 60) -> Data:
    """y = 1000 + 300 a - 20 b, exactly."""
    rng = np.random.default_rng(3)
    frame = pd.DataFrame({"a": rng.uniform(0, 1, rows), "b": rng.uniform(5, 9, rows)})
    target = 1000 + 300 * frame["a"].to_numpy() - 20 * frame["b"].to_numpy()
    return Data("line", "a line", frame, {"a": "number", "b": "number"}, target, "y", "regression")


def test_a_linear_net_learns_a_line_in_the_targets_unit() -> None:
    outcome = learn(line(), Choices(hidden=(), epochs=60, lr=0.05, weight_decay=0.0))
    net, ridge, mean = outcome.scores
    assert net.score > 0.999
    assert net.error < 5.0
    assert ridge.score > 0.99
    assert mean.score <= 0.0
    predicted, shares = outcome.model.predict(pd.DataFrame({"a": [0.5], "b": [7.0]}))
    assert shares is None
    assert predicted[0] == pytest.approx(1010.0, abs=5.0)


def test_the_score_is_of_rows_that_were_not_trained_on() -> None:
    seen: list[int] = []
    outcome = learn(
        line(50), Choices(epochs=1, hold_out=0.3), watch=lambda job: seen.append(len(job.X))
    )
    assert seen == [35]
    assert len(outcome.held_out) == 15


def test_the_baseline_is_scikit_learns_on_the_same_rows() -> None:
    data = bundled("iris")
    outcome = learn(data, Choices(epochs=1, seed=4))
    assert [score.who for score in outcome.scores[:2]] == ["this net", "logistic regression"]
    scaler = StandardScaler().fit(data.frame)
    held = {tuple(np.round(row, 9)) for row in outcome.held_out}
    prepared = outcome.model.preparation.transform(data.frame)
    test = np.array([tuple(np.round(row, 9)) in held for row in prepared])
    linear = LogisticRegression(max_iter=1000).fit(
        scaler.transform(data.frame)[~test], data.target[~test]
    )
    expected = linear.score(scaler.transform(data.frame)[test], data.target[test])
    assert outcome.scores[1].score == pytest.approx(expected, abs=0.04)


def test_the_same_seed_gives_the_same_net_and_another_one_another() -> None:
    def weights(seed: int) -> list[float]:
        outcome = learn(line(), Choices(epochs=2, seed=seed))
        return [p.data for p in outcome.model.net.parameters()]

    assert weights(1) == weights(1)
    assert weights(1) != weights(2)


def test_two_classes_learn_a_boundary_that_no_line_gives() -> None:
    outcome = learn(bundled("circles"), Choices(epochs=12))
    net, linear, _ = outcome.scores
    assert net.score > 0.95
    assert linear.score < 0.7
    predicted, shares = outcome.model.predict(bundled("circles").frame[:5])
    assert shares is not None
    assert np.allclose(shares.sum(axis=1), 1.0)
    assert (shares.argmax(axis=1) == predicted).all()


def test_every_class_is_in_both_parts_of_a_small_table() -> None:
    frame = pd.DataFrame({"x": np.arange(12.0)})
    data = Data(
        "s", "s", frame, {"x": "number"}, np.arange(12) % 6, "y", "classification", tuple("abcdef")
    )
    outcome = learn(data, Choices(epochs=1))
    assert sorted(outcome.targets.tolist()) == [0, 1, 2, 3, 4, 5]


def test_preparation_imputes_standardises_and_encodes() -> None:
    frame = pd.DataFrame(
        {
            "n": [1.0, np.nan, 3.0, 8.0],
            "t": pd.Series(["x", None, "y", "x"], dtype=object),
        }
    )
    fitted = preparation_for({"n": "number", "t": "text"}).fit(frame)
    X = prepare(fitted, frame)
    numbers = np.array([1.0, 3.0, 3.0, 8.0])
    assert np.allclose(X[:, 0], (numbers - numbers.mean()) / numbers.std())
    assert fitted.get_feature_names_out().tolist() == ["n", "t_(missing)", "t_x", "t_y"]
    assert X[:, 1:].tolist() == [[0, 1, 0], [1, 0, 0], [0, 0, 1], [0, 1, 0]]
    assert categories_of(fitted, ["t"]) == {"t": {"x", "y"}}
    new = pd.DataFrame({"n": [np.nan], "t": pd.Series(["z"], dtype=object)})
    assert prepare(fitted, new)[0, 1:].tolist() == [0, 0, 0]


@pytest.mark.parametrize(("rows", "epochs"), [(10, 100), (100, 75), (1_438, 10), (1_000_000, 10)])
def test_the_number_of_epochs_follows_the_number_of_rows(rows: int, epochs: int) -> None:
    assert Choices().epochs_for(rows) == epochs
    assert Choices(epochs=3).epochs_for(rows) == 3
