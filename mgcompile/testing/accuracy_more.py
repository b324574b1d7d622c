"""What is measured beside the elementary functions: two operands, activations, special functions.

Their exact values are the references of the conformance kit. A bound says what holds: 2 ulp for
elementary functions, 4 for the rest, or what SciPy's code, which they call, is off by.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mgcompile.testing.accuracy import Range, Subject
from mgcore.testing.references import REFERENCES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["more_subjects"]

_UNIT, _USUAL, _POSITIVE = Range(-1, 1), Range(-7, 7), Range(0.05, 30)
_ANY = Range(-1074, 1023, by_magnitude=True, signed=True)
_SHARE = Range(0.001, 0.999)

# Bound in float64, and the ranges of the operands.
_MEASURED: Mapping[str, tuple[float, Sequence[tuple[Range, ...]]]] = {
    "hypot": (2.0, [(_ANY, _ANY), (_USUAL, _USUAL)]),
    "atan2": (2.0, [(_ANY, _ANY), (_USUAL, _USUAL)]),
    "sinc": (2.0, [(Range(-0.99, 0.99),), (Range(0.01, 40),)]),
    "degrees": (2.0, [(Range(-1000, 1000, by_magnitude=True, signed=True),)]),
    "radians": (2.0, [(Range(-1000, 1000, by_magnitude=True, signed=True),)]),
    "xlogy": (2.0, [(_USUAL, Range(-1074, 1023, by_magnitude=True))]),
    "xlog1py": (2.0, [(_USUAL, Range(-0.9, 9))]),
    "logaddexp": (4.0, [(Range(0, 50), Range(0, 50))]),
    "mod": (2.0, [(Range(-1e6, 1e6), _POSITIVE)]),
    "celu": (4.0, [(_USUAL, _POSITIVE)]),
    "swish": (4.0, [(Range(-3, 7), Range(0.05, 1))]),
    "glu": (4.0, [(_USUAL, _USUAL)]),
    "gelu_tanh": (4.0, [(_UNIT,), (Range(-1.2, 7),)]),
    "erfc": (4.0, [(_UNIT,), (Range(-6, 26),)]),
    "erfcx": (4.0, [(_UNIT,), (Range(-26, 50),)]),
    "erfinv": (4.0, [(Range(-0.999, 0.999),), (Range(0.999, 1),)]),
    "normal_cdf": (4.0, [(_UNIT,), (Range(-37, 8),)]),
    "gaussian": (4.0, [(_UNIT,), (Range(-27, 27),)]),
    "normal_pdf": (4.0, [(_UNIT,), (Range(-38, 38),)]),
    "normal_logcdf": (4.0, [(_UNIT,), (Range(-100, 8),)]),
    "normal_quantile": (4.0, [(_SHARE,), (Range(-1000, -2, by_magnitude=True),)]),
    "lgamma": (4.0, [(Range(2.5, 100),), (Range(-100, -1, by_magnitude=True),)]),
    "gamma": (4.0, [(Range(0.1, 20),), (Range(20, 170),)]),
    "digamma": (4.0, [(Range(2, 100),), (Range(-100, -1, by_magnitude=True),)]),
    "zeta": (4.0, [(Range(1.1, 30), _POSITIVE)]),
    "beta": (4.0, [(Range(0.1, 8), Range(0.1, 8))]),
    "betaln": (4.0, [(Range(2, 20), Range(2, 20))]),
    "gammainc": (4.0, [(Range(0.5, 20), _POSITIVE)]),
    "betainc": (24.0, [(Range(0.5, 9), Range(0.5, 9), _SHARE)]),
    "j0": (4.0, [(Range(0.01, 2),)]),
    "j1": (4.0, [(Range(0.01, 3),)]),
    "i0": (4.0, [(Range(0, 700),)]),
    "i1": (4.0, [(Range(0.001, 700),)]),
    "i0e": (4.0, [(Range(0, 1000),), (Range(-30, 30),)]),
    "i1e": (4.0, [(Range(0.001, 1000),), (Range(-30, 30),)]),
    "lambertw": (4.0, [(Range(-0.3, 1),), (Range(0, 1000, by_magnitude=True),)]),
    "expi": (6.0, [(Range(0, 50),), (Range(-50, 0),), (Range(50, 716),)]),
}


def more_subjects() -> Mapping[str, Subject]:
    """Return what is measured, as `mgcompile.testing.accuracy.subjects` does."""
    return {
        name: Subject(
            REFERENCES[name], {"float64": bound, "float32": max(4.0, bound / 4.0)}, ranges
        )
        for name, (bound, ranges) in _MEASURED.items()
    }
