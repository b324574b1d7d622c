"""Scalar automatic differentiation: record, order, differentiate."""
