"""The table of checks: what the kit does to an op, in this order."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import attrs

from mgcore.testing.checks import compiled, derivatives, rules, tails, values
from mgcore.testing.subject import Subject
from mgcore.testing.tally import Tally

__all__ = ["CHECKS", "Check"]


@attrs.frozen
class Check:
    """Name one check.

    Args:
        name: as reports and node ids show it.
        run: the function; it returns a tally, or raises a violation or the reason to skip.

    """

    name: str
    run: Callable[[Subject], Tally]

    @property
    def doc(self) -> str:
        """Return what the check does, in one line."""
        return (self.run.__doc__ or "").strip().splitlines()[0]


CHECKS: Mapping[str, Check] = MappingProxyType(
    {
        name: Check(name, run)
        for name, run in (
            ("arity", rules.check_arity),
            ("purity", rules.check_purity),
            ("captures", rules.check_captures),
            ("leaks", rules.check_leaks),
            ("generic", rules.check_generic),
            ("forward", values.check_forward),
            ("partials", derivatives.check_partials),
            ("tails", tails.check_tails),
            ("second", derivatives.check_second),
            ("modes", derivatives.check_modes),
            ("kinks", derivatives.check_kinks),
            ("nonfinite", values.check_nonfinite),
            ("zeros", values.check_zeros),
            ("borders", values.check_borders),
            ("overflow", values.check_overflow),
            ("compiled_float64", compiled.check_compiled_float64),
            ("compiled_float32", compiled.check_compiled_float32),
            ("pickling", rules.check_pickling),
        )
    }
)
