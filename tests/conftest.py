"""What all tests share: no property test fails for its time, none leaves mpmath changed."""

import mpmath
import pytest
from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(autouse=True)
def _mpmath_as_it_begins():
    mpmath.mp.prec = 53
