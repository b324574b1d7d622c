"""Put pages together: one file each, with all they need inside and no way to the network."""

import base64
import hashlib
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mgview.text import visible

_HERE = Path(__file__).parent
_DARK = "[data-theme=dark]"

View = tuple[str, str, str]
Fold = tuple[str, str, str, dict[str, list[int]]]


def stepper_page(
    title: str,
    nodes: list[dict[str, Any]],
    svg: str,
    rules: dict[str, dict[str, str]],
    folds: Sequence[Fold] = (),
) -> str:
    """Write the backpropagation page.

    Args:
        title: heading of the page.
        nodes: the graph, operands first; floats may be infinite or NaN.
        svg: drawing of the graph.
        rules: for each op what its author says: ``doc`` and ``text``.
        folds: pictures of the folded graph: the way to each, as for `drawing_page`, its title, its
            SVG, and for each box the first and the last number of every run of its nodes.

    Returns:
        The HTML text.
    """
    told = [{"name": name, "title": heading, "boxes": boxes} for name, heading, _, boxes in folds]
    data = {"kind": "stepper", "nodes": nodes, "rules": rules, "folds": told}
    views = [(name, markup(picture)) for name, _, picture, _ in folds]
    return _page("stepper", title, data, svg=svg, views=views)


def drawing_page(title: str, count: int, views: list[View]) -> str:
    """Write the page of a drawing.

    Args:
        title: heading of the page.
        count: number of nodes in the graph.
        views: for each view the way to it (names of opened boxes, a slash before each), its
            title and its SVG; the first is the whole picture.

    Returns:
        The HTML text.
    """
    data = {"kind": "drawing", "views": [{"name": n, "title": t} for n, t, _ in views]}
    safe = [(name, heading, markup(svg)) for name, heading, svg in views]
    return _page("drawing", title, data, views=safe, count=f"{count:,}", folds=len(views) > 1)


def playground_page(
    title: str,
    data: dict[str, Any],
    rules: dict[str, dict[str, str]],
    origins: Sequence[str] = (),
    **context: Any,
) -> str:
    """Write the playground's page; a blank page of the stepper is in it, to be filled in there.

    Args:
        title: heading of the page.
        data: what the playground's script reads.
        rules: for each op what its author says of it, for the stepper.
        origins: the only places that the page may connect to.
        context: what else the template shows.

    Returns:
        The HTML text.
    """
    scripts = static("playground.js"), static("page.js")
    blank = stepper_page("@title@", [], "@svg@", rules)
    return render(
        "playground.html",
        kind="playground",
        title=title,
        policy=policy(*scripts, connect=origins),
        css=markup(static("drawing.css") + static("page.css") + static("playground.css")),
        script=markup(scripts[0]),
        data=markup(_json({**data, "stepper": blank})),
        **context,
    )


def render(template: str, **context: Any) -> str:
    """Fill in one of the package's templates; text is escaped.

    Args:
        template: file name in the folder of templates.
        context: what the template shows.

    Returns:
        The HTML text.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
    return visible(environment.get_template(template).render(**context))


def static(name: str) -> str:
    """Return the text of one of the package's built files."""
    return (_HERE / "static" / name).read_text(encoding="utf-8")


def dark_by_setting(css: str) -> str:
    """Return a style sheet whose dark colours follow the reader's setting, without a script."""
    dark = [line.replace(_DARK, ":root") for line in css.splitlines() if line.startswith(_DARK)]
    return f"{css}@media screen and (prefers-color-scheme:dark){{{''.join(dark)}}}"


def markup(text: str) -> Any:
    """Mark our own, already escaped HTML or SVG as such for a template."""
    from markupsafe import Markup

    return Markup(text)  # noqa: S704 - our own SVG, its labels escaped when it was written


def _page(kind: str, title: str, data: dict[str, Any], **context: Any) -> str:
    script = static("page.js")
    css = static("drawing.css") + static("page.css")
    if "svg" in context:
        context["svg"] = markup(context["svg"])
    context.setdefault("svg", "")
    return render(
        f"{kind}.html",
        kind=kind,
        title=title,
        policy=policy(script),
        css=markup(css),
        script=markup(script),
        data=markup(_json(data)),
        **context,
    )


def policy(*scripts: str, connect: Sequence[str] = ()) -> str:
    """Return a content security policy: these scripts alone, no forms, no network but `connect`."""
    digests = [
        base64.b64encode(hashlib.sha256(script.encode()).digest()) for script in scripts if script
    ]
    allowed = " ".join(f"'sha256-{digest.decode()}'" for digest in digests) or "'none'"
    network = f"connect-src {' '.join(connect)}; " if connect else ""
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; {network}"
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def _json(data: object) -> str:
    """Write JSON that is safe inside a script element, numbers in full."""
    text = json.dumps(_finite(data), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _finite(data: object) -> object:
    if isinstance(data, float) and not math.isfinite(data):
        return "NaN" if math.isnan(data) else "Infinity" if data > 0 else "-Infinity"
    if isinstance(data, dict):
        return {key: _finite(value) for key, value in data.items()}
    if isinstance(data, list):
        return [_finite(item) for item in data]
    return data
