"""Write files and open pages, with errors that say what to do instead."""

import os
import sys
import webbrowser
from contextlib import suppress
from pathlib import Path

from mgview.errors import CannotWriteError, NoBrowserError, UnknownFormatError


def format_of(path: str | os.PathLike[str], known: tuple[str, ...], what: str) -> tuple[Path, str]:
    """Split a path into itself and its format, which is the file name's ending.

    Args:
        path: where to save.
        known: the endings accepted, without the dot.
        what: the thing to be saved, for the error's text.

    Returns:
        The path, and the ending in lower case without its dot.

    Raises:
        UnknownFormatError: the name ends in none of the known endings.
    """
    place = Path(path)
    ending = place.suffix.lower().lstrip(".")
    if ending not in known:
        named = f"ends in .{ending}" if ending else "has no ending"
        endings = ", ".join(f".{name}" for name in known)
        msg = (
            f"cannot save {what} as {str(place)!r}: the name {named}; "
            f"give it one of these endings: {endings}"
        )
        raise UnknownFormatError(msg)
    return place, ending


def write(path: Path, content: str | bytes) -> Path:
    """Write a file in one go.

    Args:
        path: where to write.
        content: text, stored as UTF-8 with plain newlines, or bytes.

    Returns:
        The path, so that a caller can hand it on.

    Raises:
        CannotWriteError: the file could not be written; the text names the reason.
    """
    data = content.encode("utf-8") if isinstance(content, str) else content
    unfinished = path.with_name(path.name + ".part")
    try:
        unfinished.write_bytes(data)
        unfinished.replace(path)  # whole or not at all, should the disk be full
    except OSError as error:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)
        reason = error.strerror or str(error)
        raise CannotWriteError(f"cannot write {str(path)!r}: {reason}; {_remedy(path)}") from error
    return path


def _remedy(path: Path) -> str:
    folder = path.parent
    if not folder.exists():
        return f"make the folder {str(folder)!r} first, or choose another path"
    if path.is_dir():
        return "that is a folder: add a file name to it"
    return "choose a path in a folder that you may write to"


def show(path: Path) -> None:
    """Open a saved page in the reader's web browser.

    Args:
        path: an HTML file that is there.

    Raises:
        NoBrowserError: this machine has no screen or no browser.
    """
    headless = sys.platform.startswith("linux") and not (
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY") or os.environ.get("BROWSER")
    )
    try:
        opened = not headless and webbrowser.open(path.resolve().as_uri())
    except webbrowser.Error:
        opened = False
    if not opened:
        why = "it has no screen" if headless else "Python found none"
        msg = (
            f"no web browser could be opened on this machine ({why}); the page is saved as "
            f"{str(path)!r}: copy it to a machine with a browser, or save it where you want it "
            "with .save('page.html')"
        )
        raise NoBrowserError(msg)
