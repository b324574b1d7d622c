"""Elementary functions of vectors, as formulas over registers."""
