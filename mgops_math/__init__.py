"""Special functions and probability: one op, one module, one plugin."""
