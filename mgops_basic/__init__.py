"""Arithmetic, elementary functions, comparisons and reductions: one op, one module, one plugin."""
