"""Write the module of a new op: from a formula, around a function of a library, for a family."""
