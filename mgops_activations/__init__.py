"""Activation functions: one op, one module, one plugin."""
