"""What may stand in a C file: identifiers, numbers, comments."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["comment", "identifier", "indented", "member_names", "number"]

_KEYWORDS = frozenset(
    [
        *("asm", "auto", "bool", "break", "case", "char", "complex", "const", "continue"),
        *("default", "do", "double", "else", "enum", "extern", "false", "float", "for", "goto"),
        *("if", "imaginary", "inline", "int", "long", "register", "restrict", "return", "short"),
        *("signed", "sizeof", "static", "struct", "switch", "true", "typedef", "union"),
        *("unsigned", "void", "volatile", "while"),
        # Of C++, which may read the header.
        *("catch", "class", "delete", "explicit", "export", "friend", "mutable", "namespace"),
        *("new", "operator", "private", "protected", "public", "template", "this", "throw"),
        *("try", "typeid", "typename", "using", "virtual", "and", "or", "not", "xor"),
        # Macros of the headers that are included.
        *("EOF", "NAN", "NULL", "INFINITY", "HUGE_VAL", "RAND_MAX", "EXIT_SUCCESS"),
        *("EXIT_FAILURE", "MATH_ERRNO", "MB_CUR_MAX", "errno", "math_errhandling", "offsetof"),
    ]
)


def identifier(text: str) -> str:
    """Return a C identifier that reads like `text`."""
    name = re.sub(r"[^0-9A-Za-z]+", "_", text).strip("_") or "unnamed"
    return f"n{name}" if name[0].isdigit() else name


def comment(text: str) -> str:
    """Return a text of one line that cannot end, or open, a comment."""
    line = " ".join(text.split()).encode("ascii", "replace").decode()
    return line.replace("*/", "* /").replace("/*", "/ *").replace("\\", "|").replace("??", "? ?")


def number(value: float) -> str:
    """Return a literal that reads back as the same double, in parentheses if it is negative."""
    if math.isnan(value):
        return "NAN"
    text = "INFINITY" if math.isinf(value) else repr(abs(float(value)))
    return f"(-{text})" if math.copysign(1.0, value) < 0 else text


def member_names(labels: Sequence[str], most: int) -> tuple[str, ...] | None:
    """Return the labels as names of members; None if they are no names, not distinct, too many.

    Args:
        labels: Of the parameters or the inputs.
        most: Beyond so many nobody reads them.
    """
    if len(labels) > most or len(set(labels)) < len(labels):
        return None
    if all(re.fullmatch(r"[A-Za-z][0-9A-Za-z_]*", x) and x not in _KEYWORDS for x in labels):
        return tuple(labels)
    return None


def indented(lines: Iterable[str]) -> list[str]:
    """Return lines of a block, one step to the right."""
    return [f"    {line}" if line else "" for line in lines]
