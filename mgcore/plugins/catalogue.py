"""Know which ops could be loaded: what is installed, and what the user chose among it."""

from collections.abc import Iterable, Mapping

from mgcore.errors import DisabledOpError, DuplicateOpError, UnknownOpError
from mgcore.plugins.discovery import SHIPPED, Entries, Entry, find_entries
from mgcore.plugins.settings import Settings, from_environment, normalised, with_choices

__all__ = ["Catalogue", "how_to_prefer", "near_matches"]


class Catalogue:
    """Hold the entry points of all installed distributions, and the user's choices.

    Attributes:
        withdrawn: the names that `mgcore.unregister` took out.

    """

    def __init__(self) -> None:
        self.withdrawn: set[str] = set()
        self._settings: Settings | None = None
        self._entries: Entries | None = None

    @property
    def settings(self) -> Settings:
        """Return the user's choices; the environment is read at first use."""
        if self._settings is None:
            self._settings = from_environment()
        return self._settings

    @property
    def entries(self) -> Entries:
        """Return the entry points by op name; metadata is read at first use."""
        if self._entries is None:
            self._entries = find_entries()
        return self._entries

    def configure(
        self,
        prefer: str | Mapping[str, str] | None,
        disable: str | Iterable[str] | None,
        strict: bool | None,
    ) -> None:
        """Change the choices that are not None, and look at what is installed anew.

        Raises:
            SettingsError: if a choice makes no sense; nothing is changed then.

        """
        self._settings = with_choices(self.settings, prefer, disable, strict)
        self._entries = None

    def allowed(self, name: str) -> list[Entry]:
        """Return the entries of that name which the settings do not switch off."""
        entries = self.entries.get(name, [])
        return [e for e in entries if not self.settings.disables(name, e.distribution)]

    def choose(self, name: str, others: Iterable[str] = ()) -> Entry:
        """Return the entry that the op `name` is to be loaded from.

        Args:
            name: of the op.
            others: names that may have been meant, besides those of the catalogue.

        Raises:
            UnknownOpError: with the near matches.
            DuplicateOpError: if two distributions claim the name, neither of them ours, and none
                is preferred.
            DisabledOpError: if settings or `unregister` switched it off.

        """
        if name in self.withdrawn:
            raise DisabledOpError(
                f"the op {name!r} was taken out by unregister; register it to have it back"
            )
        allowed = self.allowed(name)
        if not allowed:
            if (entries := self.entries.get(name)) is not None:
                raise DisabledOpError(
                    f"the op {name!r} of {' and '.join(e.origin for e in entries)} is switched "
                    "off by MGCORE_DISABLE or configure"
                )
            near = near_matches(name, self.names().union(others))
            hint = f"did you mean {near}?" if near else "mg ops lists all that are installed"
            raise UnknownOpError(f"no op is called {name!r}; {hint}")
        preference = self.settings.prefer.get(name)
        for entry in allowed:
            if normalised(entry.distribution) == preference:
                return entry
        # Arithmetic is not broken by a package that happens to be installed.
        shipped = [entry for entry in allowed if entry.is_shipped]
        if len(allowed) > 1 and not shipped:
            raise DuplicateOpError(_claimed_twice(name, allowed, preference))
        return (shipped or allowed)[0]

    def shadowed(self, name: str) -> list[Entry]:
        """Return the strangers' claims on the shipped op `name` that the user has not decided."""
        allowed = self.allowed(name)
        claimants = {normalised(entry.distribution) for entry in allowed}
        if SHIPPED not in claimants or self.settings.prefer.get(name) in claimants:
            return []
        return [entry for entry in allowed if not entry.is_shipped]

    def names(self) -> set[str]:
        """Return the names of all ops that could be loaded."""
        names = {n for n in self.entries if n.isidentifier()}
        names -= self.settings.disabled_ops | self.withdrawn
        if self.settings.disabled_distributions:  # else nobody need know whose they are
            names = {n for n in names if self.allowed(n)}
        return names

    def overrules(self, name: str, distribution: str) -> bool:
        """Tell whether the settings forbid that the op `name` is the one of `distribution`."""
        if self.settings.disables(name, distribution):
            return True
        preference = self.settings.prefer.get(name)
        claimants = {normalised(e.distribution) for e in self.allowed(name)}
        return preference in claimants and preference != normalised(distribution)


def near_matches(name: str, names: Iterable[str]) -> str:
    """Return "a or b" for the names most like `name`, "" if none is."""
    import difflib  # needed for messages alone

    known = sorted(names)
    turned = [other for other in known if sorted(other) == sorted(name)]  # tahn: tanh, not tan
    return " or ".join(turned or difflib.get_close_matches(name, known, n=3))


def _claimed_twice(name: str, entries: list[Entry], preference: str | None) -> str:
    vain = f" ({preference} is preferred, but brings none)" if preference else ""
    return (
        f"the op {name!r} is claimed by {' and '.join(e.origin for e in entries)}{vain}; choose "
        f"one with {how_to_prefer(name, entries[-1])}"
    )


def how_to_prefer(name: str, entry: Entry) -> str:
    """Return what a user writes to have the op `name` from `entry`'s distribution."""
    choice = entry.distribution
    return f'MGCORE_PREFER="{name}={choice}" or mgcore.configure(prefer={{{name!r}: {choice!r}}})'
