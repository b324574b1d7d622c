"""What the user decides about plugins: which to prefer, which to switch off, how strict to be."""

import os
import re
from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from mgcore.errors import SettingsError

__all__ = ["Settings", "from_environment", "normalised"]


def normalised(distribution: str) -> str:
    """Return a distribution's name as package indexes compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", distribution).lower()


@attrs.frozen
class Settings:
    """Hold the user's choices.

    Args:
        prefer: op name -> the distribution whose op is to win.
        disabled_ops: names of ops never to load.
        disabled_distributions: distributions whose plugins are never imported.
        strict: whether any problem of any plugin is an error at once.

    """

    prefer: Mapping[str, str] = attrs.field(factory=dict)
    disabled_ops: frozenset[str] = frozenset()
    disabled_distributions: frozenset[str] = frozenset()
    strict: bool = False

    def disables(self, name: str, distribution: str) -> bool:
        """Tell whether the op `name` of `distribution` is switched off."""
        return name in self.disabled_ops or normalised(distribution) in self.disabled_distributions


def from_environment(environ: Mapping[str, str] = os.environ) -> Settings:
    """Read ``MGCORE_PREFER``, ``MGCORE_DISABLE`` and ``MGCORE_STRICT``.

    Raises:
        SettingsError: naming the variable and the part that makes no sense.

    """
    strict = environ.get("MGCORE_STRICT", "").strip().lower()
    if strict not in {"", "0", "1", "false", "true", "no", "yes"}:
        raise SettingsError(f"MGCORE_STRICT is {strict!r}; set it to 1, or to 0 or nothing")
    return with_choices(
        Settings(),
        prefer=environ.get("MGCORE_PREFER", ""),
        disable=environ.get("MGCORE_DISABLE", ""),
        strict=strict in {"1", "true", "yes"},
        source=("MGCORE_PREFER", "MGCORE_DISABLE"),
    )


def with_choices(
    settings: Settings,
    prefer: str | Mapping[str, str] | None,
    disable: str | Iterable[str] | None,
    strict: bool | None,
    source: tuple[str, str] = ("prefer", "disable"),
) -> Settings:
    """Return `settings` with those choices replaced that are not None."""
    changes: dict[str, Any] = {}
    if prefer is not None:
        pairs = _pairs(prefer, source[0]) if isinstance(prefer, str) else dict(prefer)
        changes["prefer"] = {name: normalised(dist) for name, dist in pairs.items()}
    if disable is not None:
        words = _words(disable) if isinstance(disable, str) else list(disable)
        dists = {w.removeprefix("dist:").strip() for w in words if w.startswith("dist:")}
        names = {w for w in words if not w.startswith("dist:")}
        for name in names:
            if not name.isidentifier():
                raise SettingsError(
                    f"{source[1]} names {name!r}, which is no op's name; write NAME for an op "
                    "or dist:PACKAGE for all ops of a package, separated by commas"
                )
        changes["disabled_ops"] = frozenset(names)
        changes["disabled_distributions"] = frozenset(map(normalised, dists))
    if strict is not None:
        changes["strict"] = strict
    return attrs.evolve(settings, **changes)


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _pairs(text: str, source: str) -> dict[str, str]:
    pairs = {}
    for word in _words(text):
        name, equals, dist = (part.strip() for part in word.partition("="))
        if not (name.isidentifier() and equals and dist):
            raise SettingsError(
                f"{source} has the part {word!r}; write OP=PACKAGE, separated by commas, "
                'as in "tanh=my-package"'
            )
        pairs[name] = dist
    return pairs
