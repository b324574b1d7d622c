"""Find plugins in the metadata of installed distributions, and import one when it is asked for."""

import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import attrs

from mgcore.errors import ApiVersionError, BrokenPluginError

if TYPE_CHECKING:
    from types import TracebackType

    from importlib_metadata import Distribution

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
        load: imports what `value` names.

    """

    name: str
    value: str
    distribution: str
    version: str
    load: Callable[[], Any] = attrs.field(eq=False, repr=False)

    @property
    def origin(self) -> str:
        """Return distribution and version as people write them."""
        return f"{self.distribution} {self.version}".rstrip()


def find_entries(group: str = GROUP) -> dict[str, list[Entry]]:
    """Read the entry points of all installed distributions; nothing of theirs is imported.

    A distribution whose metadata cannot be read stands under the name ``?DISTRIBUTION``, and
    raises the reason when it is loaded; it does not hide the others.
    """
    # Imported here: reading metadata is slow, and a program that uses no op needs none.
    from importlib_metadata import Distribution

    found: dict[str, list[Entry]] = {}
    for distribution in Distribution.discover():
        for entry in _entries_of(distribution, group):
            if entry not in found.setdefault(entry.name, []):
                found[entry.name].append(entry)
    for entries in found.values():
        entries.sort(key=lambda e: e.distribution)
    return found


def _entries_of(distribution: "Distribution", group: str) -> Iterator[Entry]:
    try:
        text = distribution.read_text("entry_points.txt")
        if text is None or group not in text:
            return
        name, version = distribution.name, distribution.version
        if distribution.from_name(name).read_text("entry_points.txt") != text:
            return  # another version of it comes earlier on sys.path
        points = list(distribution.entry_points.select(group=group))
    except Exception as error:
        yield _unreadable(distribution, error)
        return
    for point in points:
        yield Entry(point.name, point.value, name, version, point.load)


def _unreadable(distribution: "Distribution", error: Exception) -> Entry:
    def load() -> None:
        raise error

    try:
        name = distribution.name
    except Exception:  # its name is what cannot be read; its folder has one
        name = str(distribution.locate_file(""))
    return Entry(f"?{name}", "its metadata (entry_points.txt, METADATA)", name, "", load)


def import_entry(entry: Entry) -> object:
    """Import what `entry` points to.

    Raises:
        BrokenPluginError: if the import fails, chained to the cause.
        ApiVersionError: if the module sets ``MGCORE_API`` to a version that is not ours.

    """
    try:
        plugin: object = entry.load()
    except (Exception, SystemExit) as error:  # a module may call sys.exit; the program goes on
        # A newer API is the likelier cause, and the better advice.
        _check_api_version(entry, error)
        raise BrokenPluginError(
            f"the op {entry.name!r} of {entry.origin} could not be loaded from {entry.value}: "
            f"{type(error).__name__}: {error}. Repair or uninstall {entry.distribution}, or set "
            f"MGCORE_DISABLE={entry.name}"
        ) from error
    _check_api_version(entry, None)
    return plugin


def _check_api_version(entry: Entry, error: BaseException | None) -> None:
    for namespace in _namespaces(entry, error):
        wanted = namespace.get("MGCORE_API")
        if wanted is not None and wanted != API_VERSION:
            raise ApiVersionError(
                f"the op {entry.name!r} of {entry.origin} was written for version {wanted!r} of "
                f"mgcore's plugin API; this mgcore offers version {API_VERSION}. Install versions "
                f"of mgcore and {entry.distribution} that fit together"
            ) from error


def _namespaces(entry: Entry, error: BaseException | None) -> Iterator[dict[str, Any]]:
    """Yield the globals of the entry's module and of the packages around it, as far as they got."""
    parts = entry.value.partition(":")[0].strip().split(".")
    names = {".".join(parts[:depth]) for depth in range(1, len(parts) + 1)}
    for name in sorted(names, reverse=True):
        if name in sys.modules:
            yield vars(sys.modules[name])
    # A module whose import failed is gone from sys.modules; the traceback still holds it.
    step: TracebackType | None = error.__traceback__ if error is not None else None
    while step is not None:
        if step.tb_frame.f_globals.get("__name__") in names:
            yield step.tb_frame.f_globals
        step = step.tb_next
