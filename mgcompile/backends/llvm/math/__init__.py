"""Elementary functions, and how each op becomes instructions."""
