"""Types of results whose form depends on numbers; for type checkers alone."""

from mgcore import Value

class Outputs(Value, list[Value]):  # type: ignore[misc]  # as said below
    """A Value where the last layer has one neuron, else a list of them.

    Which of them it is depends on a size, which no type tells; so it passes for both, and for
    nothing else.
    """
