"""Say what was checked: the records that `Kernel.verified` shows."""

from __future__ import annotations

import attrs

__all__ = ["Check", "Verified"]


@attrs.frozen(slots=True)
class Check:
    """What was checked of one program before it was handed out.

    Args:
        program: Which one.
        against: What its results were compared with.
        points: At how many points.
        samples: Samples that it was run on.
        compared: How many numbers were compared.
        undecided: How many of them nothing could be said of: beside a kink or an edge of a domain.
        sampled: Whether the graph is so large that only a sample of its results was looked at.
        seconds: How long it took.
    """

    program: str
    against: str
    points: int
    samples: int
    compared: int
    undecided: int = 0
    sampled: bool = False
    seconds: float = 0.0

    def __str__(self) -> str:
        """Return it in a line."""
        if not self.compared:
            return f"{self.program}: not checked ({self.against})"
        text = (
            f"{self.program}: {_counted(self.compared, 'number')} at "
            f"{_counted(self.points, 'point')} agree with {self.against}"
        )
        if self.undecided:
            text += f"; {self.undecided:,} undecided"
        return text + ("; no more, as the graph is large and deep" if self.sampled else "")


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


@attrs.frozen(slots=True)
class Verified:
    """What was checked against the recorded graph, program by program.

    Args:
        level: "full", True or False, as asked for.
        checks: One for each program built so far.
    """

    level: str | bool
    checks: tuple[Check, ...]

    def __str__(self) -> str:
        """Return a line for each program."""
        if not self.level:
            return "nothing is checked (verify=False)"
        return "\n".join(map(str, self.checks)) or "nothing is compiled yet"
