"""The folder in which compiled objects are kept."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["cache_folder"]


def cache_folder() -> str | None:
    """Return the folder for compiled objects, or None when there is to be none.

    `MGCORE_CACHE` in the environment names another folder; empty or "off" means none. Otherwise it
    is the user's cache folder as platformdirs finds it. The folder need not exist.
    """
    chosen = os.environ.get("MGCORE_CACHE")
    if chosen is not None:
        return None if chosen.strip().lower() in {"", "off", "0"} else str(Path(chosen))
    from platformdirs import user_cache_path

    return str(user_cache_path("mgcore", appauthor=False) / "kernels")
