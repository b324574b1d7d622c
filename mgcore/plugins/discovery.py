"""Find plugins in the metadata of installed distributions, and import one when it is asked for."""

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs

from mgcore.errors import ApiVersionError, BrokenPluginError
from mgcore.plugins.settings import normalised

if TYPE_CHECKING:
    from types import TracebackType

    from importlib_metadata import Distribution

    Owner: TypeAlias = "Distribution | _Unreadable"

__all__ = ["API_VERSION", "GROUP", "Entries", "Entry", "find_entries", "import_entry", "told"]

GROUP = "mgcore.ops"
SHIPPED = "mgcore"  # the distribution of the ops that everything else is written with
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

    @property
    def is_shipped(self) -> bool:
        """Tell whether it is one of our own."""
        return normalised(self.distribution) == SHIPPED


class Entries(Mapping[str, list[Entry]]):
    """Hold the entry points that were found, by op name, each list sorted by distribution.

    Names and versions of distributions are read when an op of theirs is asked for: with hundreds
    installed, reading them all would make the first op of a program slow.
    """

    def __init__(self, found: "dict[str, list[tuple[str, Owner]]]") -> None:
        self._found = found
        self._made: dict[str, list[Entry]] = {}

    def __getitem__(self, name: str) -> list[Entry]:
        if name not in self._made:
            made = (_entry(name, value, owner) for value, owner in self._found[name])
            # One of a distribution and a value, though its metadata may stand there twice.
            unlike = {(e.distribution, e.value): e for e in made}
            self._made[name] = sorted(unlike.values(), key=lambda e: e.distribution)
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)


def find_entries(group: str = GROUP) -> Entries:
    """Read the entry points of all installed distributions; nothing of theirs is imported.

    Of several distributions with one name the first on ``sys.path`` counts, as for imports, and
    within one folder that of the highest version: an update that was broken off leaves the others.
    A distribution whose metadata cannot be read stands under the name ``?DISTRIBUTION``, and
    raises the reason when it is loaded; it does not hide the others.
    """
    found: dict[str, list[tuple[str, Owner]]] = {}
    for distribution in _distributions():
        try:
            text = distribution.read_text("entry_points.txt")
            points = _points(text, group) if text is not None and group in text else []
        except Exception as error:
            name, _ = _told_name(distribution)
            found[f"?{name}"] = [("", _Unreadable(name, error))]
            continue
        for name, value in points:
            found.setdefault(name, []).append((value, distribution))
    return Entries(found)


def _distributions() -> "Iterator[Distribution]":
    # Imported here: reading metadata is slow, and a program that uses no op needs none.
    from importlib_metadata import Distribution

    chosen: dict[str, tuple[Any, tuple[int, ...], Distribution]] = {}
    for distribution in Distribution.discover():
        name, version, folder = _stem(distribution)
        if name.startswith("~"):
            continue  # what pip has put aside and not removed
        key = normalised(name)
        known = chosen.get(key)
        if known is None or (known[0] == folder and known[1] < version):
            chosen[key] = (folder, version, distribution)
    return (distribution for _, _, distribution in chosen.values())


def _stem(distribution: "Distribution") -> tuple[str, tuple[int, ...], Any]:
    """Return name, version and parent folder by the name of the folder of metadata.

    To read them in the metadata would take a hundred times as long.
    """
    path: Any = getattr(distribution, "_path", None)  # the only place that tells
    stem = getattr(path, "name", "").removesuffix(".dist-info").removesuffix(".egg-info")
    if not stem or stem == "EGG-INFO":
        name, version = _told_name(distribution)
        return name, _numbers(version), None
    name, _, version = stem.partition("-")
    return name, _numbers(version), path.parent


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version))


def _points(text: str, group: str) -> list[tuple[str, str]]:
    """Return name and value of the lines of a section, as the packaging specification has it."""
    section, points = "", []
    for line in map(str.strip, text.splitlines()):
        if not line or line.startswith(("#", ";")):
            continue
        if line.startswith("["):
            section = _section(line)
        elif not section:
            raise ValueError(f"entry_points.txt has the line {line!r}, which is in no section")
        elif section == group:
            name, _, value = map(str.strip, line.partition("="))
            if not (name and value):
                raise ValueError(
                    f"entry_points.txt has the line {line!r}; write NAME = MODULE:VARIABLE"
                )
            points.append((name, value))
    return points


def _section(line: str) -> str:
    section = line.removeprefix("[").removesuffix("]").strip()
    if not line.endswith("]") or not section:
        raise ValueError(f"entry_points.txt has the line {line!r}, which ends no section's name")
    return section


def _entry(name: str, value: str, owner: "Owner") -> Entry:
    if isinstance(owner, _Unreadable):
        return Entry(name, "its metadata (entry_points.txt, METADATA)", owner.name, "", owner.load)
    from importlib_metadata import EntryPoint

    distribution, version = _told_name(owner)
    return Entry(name, value, distribution, version, EntryPoint(name, value, GROUP).load)


def _told_name(distribution: "Distribution") -> tuple[str, str]:
    """Return a distribution's name and version as its metadata has them."""
    try:
        text = distribution.read_text("METADATA") or distribution.read_text("PKG-INFO") or ""
        fields = dict(_FIELD.findall(text.partition("\n\n")[0]))
        if "Name" in fields:
            return fields["Name"], fields.get("Version", "")
        return distribution.name, distribution.version
    except Exception:  # its name is what cannot be read; its folder has one
        stem = getattr(getattr(distribution, "_path", None), "name", "")
        return stem or str(distribution.locate_file("")), ""


_FIELD = re.compile(r"^(Name|Version):[ \t]*(.*?)[ \t]*$", re.MULTILINE)


@attrs.frozen
class _Unreadable:
    """Stand for a distribution whose metadata cannot be read."""

    name: str
    error: Exception

    def load(self) -> None:
        raise self.error


def told(error: BaseException) -> str:
    """Return kind and text of an error that a plugin raised, whatever its ``__str__`` does."""
    kind = type(error).__name__
    try:
        return f"{kind}: {error}"
    except KeyboardInterrupt:
        raise  # the user's, not the plugin's
    except BaseException as second:
        return f"{kind} (its text cannot be had: __str__ raised {type(second).__name__})"


def import_entry(entry: Entry) -> object:
    """Import what `entry` points to.

    Raises:
        BrokenPluginError: if the import fails, chained to the cause.
        ApiVersionError: if the module sets ``MGCORE_API`` to a version that is not ours.

    """
    try:
        plugin: object = entry.load()
    except KeyboardInterrupt:
        raise  # the user's, not the plugin's
    except BaseException as error:  # a module may call sys.exit; the program goes on
        # A newer API is the likelier cause, and the better advice.
        _check_api_version(entry, error)
        raise BrokenPluginError(
            f"the op {entry.name!r} of {entry.origin} could not be loaded from {entry.value}: "
            f"{told(error)}. Repair or uninstall {entry.distribution}, or set "
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
