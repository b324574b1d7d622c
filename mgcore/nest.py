"""Take nests of lists, tuples and dicts apart into their leaves, and put them together again."""

from collections.abc import Sequence
from typing import Any

__all__ = ["flatten", "unflatten"]


def flatten(nest: Any) -> tuple[list[Any], Any]:
    """Return the leaves of a nest from left to right, and its form.

    Args:
        nest: nested lists, tuples and dicts; arrays count as lists, None as nothing, and whatever
            else as a leaf.

    Returns:
        The leaves, and what equals the form of another nest exactly if the two have one shape.

    >>> flatten([1.0, (2.0, None)])
    ([1.0, 2.0], ('list', ('leaf', ('tuple', ('leaf', 'none')))))

    """
    # An array, or a NumPy scalar. A Value itself would take the name for that of an op.
    if hasattr(type(nest), "tolist"):
        nest = nest.tolist()
    if isinstance(nest, dict):
        keys = tuple(nest)
        leaves, form = flatten([nest[key] for key in keys])
        return leaves, ("dict", keys, form)
    if isinstance(nest, list | tuple):
        parts = [flatten(x) for x in nest]
        kind = "list" if isinstance(nest, list) else "tuple"
        return [leaf for part, _ in parts for leaf in part], (
            kind,
            tuple(form for _, form in parts),
        )
    return ([], "none") if nest is None else ([nest], "leaf")


def unflatten(leaves: Sequence[Any], form: Any) -> Any:
    """Return the nest that has this form and these leaves."""
    rest = iter(leaves)

    def build(form: Any) -> Any:
        if form == "leaf":
            return next(rest)
        if form == "none":
            return None
        if form[0] == "dict":
            return dict(zip(form[1], build(form[2]), strict=True))
        parts = [build(part) for part in form[1]]
        return parts if form[0] == "list" else tuple(parts)

    return build(form)
