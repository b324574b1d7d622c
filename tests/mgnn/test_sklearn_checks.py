"""scikit-learn's own checks, all of them: none is listed as expected to fail."""

from typing import Any

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from mgnn.sklearn import MLPClassifier, MLPRegressor


@pytest.mark.filterwarnings("default")  # the checks provoke warnings, and look at them
@parametrize_with_checks([MLPClassifier(), MLPRegressor()])
def test_an_estimator_keeps_what_scikit_learn_asks_of_it(estimator: Any, check: Any) -> None:
    check(estimator)
