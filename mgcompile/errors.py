"""Name everything that can go wrong between a recorded graph and its kernel."""

from __future__ import annotations

__all__ = ["BackendNotFoundError", "CompileError", "InvalidProgramError"]


class CompileError(Exception):
    """Base of every error that the compiler raises."""


class InvalidProgramError(CompileError, AssertionError):
    """A program breaks a rule of the representation: a fault of the compiler itself."""


class BackendNotFoundError(CompileError, LookupError):
    """No backend has the name that was asked for."""
