"""Configure Sphinx, which `tools/docs_site.py` calls."""

from __future__ import annotations

import re
from typing import Any

import mgcore

project = "mgcore"
author = "the authors of mgcore"
release = mgcore.__version__
extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
]
html_theme = "furo"
html_title = f"mgcore {release}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sphinx = False
html_show_copyright = False
html_copy_source = False
html_theme_options = {"navigation_with_keys": True}

myst_heading_anchors = 4
myst_enable_extensions = ["colon_fence", "attrs_block"]
copybutton_prompt_text = "$ "
copybutton_only_copy_prompt_lines = True
highlight_language = "text"
suppress_warnings = [
    "misc.highlighting_failure",  # a block may show what is no whole program
    "ref.python",  # errors are documented where they are defined, and where they are imported from
]

default_role = "py:obj"
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
autodoc_mock_imports: list[str] = []
napoleon_numpy_docstring = False
napoleon_use_ivar = True

_LITERAL = re.compile(r"(`+[^`]*`+)")
_STARS = re.compile(r"(?<![\\*\w])\*{1,2}(?=\w)")
_LAST_LINE = re.compile(r"(?<=\w)_(?!\w)")


def plain_marks(*about: Any) -> None:
    """Let the stars of ``*xs`` and the end of ``clip_`` in docstrings be what they are."""
    lines: list[str] = about[-1]
    for place, line in enumerate(lines):
        parts = _LITERAL.split(line)
        for k in range(0, len(parts), 2):  # what stands between literals
            parts[k] = _STARS.sub(lambda m: "\\*" * len(m[0]), parts[k])
            parts[k] = _LAST_LINE.sub(r"\\_", parts[k])
        lines[place] = "".join(parts)


def setup(app: Any) -> None:
    """Hang in what docstrings need."""
    app.connect("autodoc-process-docstring", plain_marks, priority=100)
