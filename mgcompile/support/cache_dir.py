"""The folder in which compiled objects are kept."""

from __future__ import annotations

import os
from pathlib import Path

from mgcompile.errors import OptionError

__all__ = ["cache_folder"]


def cache_folder() -> str | None:
    """Return the folder for compiled objects, or None when there is to be none.

    `MGCORE_CACHE` in the environment names another folder; empty or "off" means none. Otherwise it
    is the user's cache folder as platformdirs finds it. `~` is the user's home. The folder need not
    exist.

    Raises:
        OptionError: if `MGCORE_CACHE` begins with the home of a user whom there is not.
    """
    chosen = os.environ.get("MGCORE_CACHE")
    if chosen is not None:
        if chosen.strip().lower() in {"", "off", "0"}:
            return None
        try:
            return str(Path(chosen).expanduser())
        except RuntimeError as error:
            message = f"MGCORE_CACHE is {chosen!r}, but there is no such home: {error}"
            raise OptionError(message) from error
    from platformdirs import user_cache_path

    return str(user_cache_path("mgcore", appauthor=False) / "kernels")
