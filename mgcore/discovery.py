"""Find plugins in the metadata of installed distributions, and import one when it is asked for."""

import sys
from typing import Any

import attrs

from mgcore.errors import ApiVersionError, BrokenPluginError

__all__ = ["API_VERSION", "GROUP", "Entry", "find_entries", "import_entry"]

GROUP = "mgcore.ops"
API_VERSION = 1


@attrs.frozen
class Entry:
    """Name one entry point of the group ``mgcore.ops``.

    Args:
        name: the op's name.
        value: where it is, as ``package.module:attribute``.
        distribution: the installed distribution that declares it.
        version: of that distribution.

    """

    name: str
    value: str
    distribution: str
    version: str
    load: Any = attrs.field(eq=False, repr=False)

    @property
    def origin(self) -> str:
        """Return distribution and version as people write them."""
        return f"{self.distribution} {self.version}"


def find_entries(group: str = GROUP) -> dict[str, list[Entry]]:
    """Read the entry points of all installed distributions; nothing of theirs is imported."""
    # Imported here: reading metadata is slow, and a program that uses no op needs none.
    from importlib_metadata import entry_points

    found: dict[str, list[Entry]] = {}
    for point in entry_points(group=group):
        dist = point.dist
        name = dist.name if dist is not None else "an unknown distribution"
        version = dist.version if dist is not None else "?"
        entry = Entry(point.name, point.value, name, version, point.load)
        if entry not in found.setdefault(point.name, []):
            found[point.name].append(entry)
    for entries in found.values():
        entries.sort(key=lambda e: e.distribution)
    return found


def import_entry(entry: Entry) -> object:
    """Import what `entry` points to.

    Raises:
        BrokenPluginError: if the import fails, chained to the cause.
        ApiVersionError: if the module sets ``MGCORE_API`` to a version that is not ours.

    """
    try:
        plugin: object = entry.load()
    except (Exception, SystemExit) as error:  # a module may call sys.exit; the program goes on
        _check_api_version(entry)  # a newer API is the likelier cause, and the better advice
        raise BrokenPluginError(
            f"the op {entry.name!r} of {entry.origin} could not be loaded from {entry.value}: "
            f"{type(error).__name__}: {error}. Repair or uninstall {entry.distribution}, or set "
            f"MGCORE_DISABLE={entry.name}"
        ) from error
    _check_api_version(entry)
    return plugin


def _check_api_version(entry: Entry) -> None:
    module_name = entry.value.partition(":")[0].strip()
    parts = module_name.split(".")
    for depth in range(len(parts), 0, -1):
        module = sys.modules.get(".".join(parts[:depth]))
        wanted = getattr(module, "MGCORE_API", None)
        if wanted is not None and wanted != API_VERSION:
            raise ApiVersionError(
                f"the op {entry.name!r} of {entry.origin} was written for version {wanted!r} of "
                f"mgcore's plugin API; this mgcore offers version {API_VERSION}. Install versions "
                f"of mgcore and {entry.distribution} that fit together"
            )
