"""Special functions: against mpmath and PyTorch, without SciPy, and in kernels."""

import subprocess
import sys

import mpmath
import numpy as np
import pytest
from mpmath import mp, mpf

import mgcompile
from mgcompile.errors import ExportError
from mgcore import Value, grad, ops, raise_nonfinite
from mgcore.errors import DomainError
from mgcore.testing.references_special import SPECIAL_REFERENCES

# Ordinary operands, tails, and where formulas change; each is held to relative rounding.
POINTS: dict[str, list[tuple[float, ...]]] = {
    "erfc": [(x,) for x in (-3.0, 0.1, 1.0, 5.0, 20.0, 26.0)],
    "gaussian": [(x,) for x in (-10.0, -1.0, 0.0, 0.3, 4.0, 26.0)],
    "erfcx": [(x,) for x in (-5.0, 0.0, 0.7, 3.0, 6.4, 6.6, 30.0, 1e5)],
    "erfinv": [(x,) for x in (-0.999, -0.3, 1e-9, 0.5, 0.999999)],
    "normal_cdf": [(x,) for x in (-30.0, -10.0, -1.0, 0.0, 0.3, 4.0)],
    "normal_pdf": [(x,) for x in (-10.0, -1.0, 0.0, 0.3, 4.0)],
    "normal_logcdf": [(x,) for x in (-1e4, -30.0, -1.0, 0.0, 2.0, 6.0)],
    "normal_quantile": [(x,) for x in (1e-300, 1e-9, 0.02, 0.3, 0.77, 0.9999)],
    "lgamma": [(x,) for x in (1e-5, 0.3, 1.5, 3.7, 50.0, 1e10)],
    "gamma": [(x,) for x in (1e-5, 0.3, 1.5, 3.7, 50.0, 170.0)],
    "digamma": [(x,) for x in (1e-5, 0.3, 2.5, 50.0, 1e10)],
    "polygamma": [(n, x) for n in (0.0, 1.0, 2.0, 5.0) for x in (0.1, 2.5, 40.0)],
    "zeta": [(1.1, 1.0), (2.0, 1.0), (3.5, 0.2), (9.0, 30.0)],
    "beta": [(0.1, 0.3), (2.5, 7.0), (300.0, 1.3), (1e-9, 2.0)],
    "betaln": [(0.1, 0.3), (2.5, 7.0), (300.0, 1.3), (1e-9, 2.0)],
    "gammainc": [(0.5, 0.2), (3.0, 4.0), (30.0, 25.0)],
    "betainc": [(0.5, 0.7, 0.2), (3.0, 4.0, 0.6), (20.0, 3.0, 0.9)],
    "j0": [(x,) for x in (-3.0, 1e-3, 1.0, 24.9, 25.1, 1e3)],
    "j1": [(x,) for x in (-3.0, 1e-5, 1.0, 24.9, 25.1, 1e3)],
    "bessel_jn": [(n, x) for n in (0.0, 2.0, 5.0) for x in (-3.0, 5e-4, 1.0, 24.0, 26.0)],
    "i0": [(x,) for x in (-3.0, 1e-3, 1.0, 24.9, 25.1, 300.0)],
    "i1": [(x,) for x in (-3.0, 1e-3, 1.0, 24.9, 25.1, 300.0)],
    "bessel_in": [(n, x) for n in (0.0, 2.0, 5.0) for x in (-3.0, 5e-4, 1.0, 24.0, 26.0)],
    "i0e": [(x,) for x in (-3.0, 1e-3, 1.0, 24.9, 25.1, 1e5)],
    "i1e": [(x,) for x in (-3.0, 1e-3, 1.0, 24.9, 25.1, 1e5)],
    "bessel_ine": [(n, x) for n in (0.0, 2.0, 5.0) for x in (-3.0, 5e-4, 1.0, 24.0, 26.0)],
    "lambertw": [(x,) for x in (-0.36, -0.2, -1e-6, 1e-6, 0.4, 2.0, 1e5)],
    "expi": [(x,) for x in (-20.0, -0.1, 0.2, 3.0, 50.0)],
}
DISCRETE = {"polygamma", "bessel_jn", "bessel_in", "bessel_ine"}
ALLOWED = 2e-13


def exact(name: str, xs: tuple[float, ...]) -> tuple[float, float]:
    """Return value and slope by the last operand, by central differences with 80 digits."""
    f = SPECIAL_REFERENCES[name]
    with mp.workdps(80):
        *others, x = map(mpf, xs)
        h = mpf(10) ** -25 * (abs(x) or 1)
        slope = (f(*others, x + h) - f(*others, x - h)) / (2 * h)
        return float(mpmath.re(f(*others, x))), float(mpmath.re(slope))


def test_every_special_function_has_its_points() -> None:
    assert set(POINTS) == set(SPECIAL_REFERENCES)


@pytest.mark.parametrize("name", POINTS)
def test_values_and_slopes_are_those_of_mpmath_eagerly_and_in_kernels(name: str) -> None:
    op = getattr(ops, name)
    wanted = [exact(name, xs) for xs in POINTS[name]]
    leaves = [Value(x) for x in POINTS[name][0]]
    fixed = leaves[:-1] if name in DISCRETE else []
    kernel = mgcompile.compile(op(*leaves), inputs=leaves)
    values, slopes = kernel.value_and_grad(np.array(POINTS[name]))
    for k, (xs, (value, slope)) in enumerate(zip(POINTS[name], wanted, strict=True)):
        x = Value(xs[-1])
        out = op(*xs[:-1], x)
        scale = abs(value) + abs(xs[-1] * slope)
        assert out.data == pytest.approx(value, rel=0, abs=ALLOWED * scale)
        assert values[k] == pytest.approx(value, rel=0, abs=ALLOWED * scale)
        assert grad(out, x) == pytest.approx(slope, rel=1e-11, abs=ALLOWED)
        assert slopes[k, -1] == pytest.approx(slope, rel=1e-11, abs=ALLOWED)
        assert (slopes[k, : len(fixed)] == 0.0).all()


def test_a_slope_that_has_no_rule_is_nan_or_an_error_when_watched() -> None:
    a, x = Value(2.0), Value(0.7)
    by_a, by_x = grad(ops.gammainc(a, x), [a, x])
    assert by_x == pytest.approx(0.7 * np.exp(-0.7), rel=1e-14)
    assert np.isnan(by_a)
    with raise_nonfinite(), pytest.raises(DomainError, match="gammainc"):
        grad(ops.gammainc(a, x), [a])
    assert grad(ops.gammainc(2.0, x), [x]) == [by_x]


def test_polygamma_of_a_broken_order_is_refused() -> None:
    with raise_nonfinite(), pytest.raises(DomainError, match="whole number"):
        ops.polygamma(0.5, 1.0)
    assert np.isnan(ops.polygamma(0.5, 1.0))


def test_without_scipy_the_ops_are_found_and_those_of_scipy_say_what_to_install() -> None:
    script = """
import sys
sys.modules["scipy"] = None
from mgcore import Value, grad, ops
from mgcore.errors import MissingPackageError
x = Value(0.3)
print(ops.erfc(x).data, ops.normal_cdf(x).data, ops.lgamma(x).data, ops.lambertw(x).data)
try:
    ops.erfcx(x)
except MissingPackageError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "pip install 'mgcore[math]'" in done.stdout


def test_c_refuses_by_name_what_is_scipys(tmp_path) -> None:
    x = Value(0.3)
    mgcompile.compile(ops.normal_cdf(x) * ops.erfc(x), inputs=[x]).export(tmp_path / "fine.c")
    kernel = mgcompile.compile(ops.erfcx(x), inputs=[x])
    with pytest.raises(ExportError, match="erfcx"):
        kernel.export(tmp_path / "price.c")
