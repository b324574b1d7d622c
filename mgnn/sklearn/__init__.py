"""Nets as scikit-learn estimators: `MLPClassifier` and `MLPRegressor`.

The only part of mgnn that imports scikit-learn.
"""

from mgnn.sklearn.classifier import MLPClassifier
from mgnn.sklearn.regressor import MLPRegressor

__all__ = ["MLPClassifier", "MLPRegressor"]
