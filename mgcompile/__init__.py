"""Recorded scalar graphs as native kernels."""
