"""Aids for tests and benchmarks: formulas over arrays, errors in ulps."""
