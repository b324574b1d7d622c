"""Derivatives from program to program, by the ops' own partials."""
