"""What can be wrong with what the user typed or handed in; each ends ``mg`` with exit code 2."""

from mgcore import MgcoreError

__all__ = ["CliError", "ExpressionError"]


class CliError(MgcoreError, ValueError):
    """Stand at the root of the errors of the command line."""


class ExpressionError(CliError):
    """Report what is wrong with an expression, and where.

    Args:
        problem: what is wrong and what to do.
        text: the whole expression.
        column: where in it, counted from 1.

    """

    def __init__(self, problem: str, text: str, column: int) -> None:
        super().__init__(f"column {column}: {problem}")
        self.text = text
        self.column = column

    def marked(self, width: int = 76) -> str:
        """Return the expression with a caret under the column, cut to `width` characters."""
        from rich.cells import cell_len

        start = max(0, min(self.column - 1 - width // 2, len(self.text) - width))
        before = "..." if start else ""
        shown = before + self.text[start + len(before) : start + width]
        if start + width < len(self.text):
            shown = shown[:-3] + "..."
        return f"{shown}\n{' ' * cell_len(shown[: self.column - 1 - start])}^"
