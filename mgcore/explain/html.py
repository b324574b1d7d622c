"""What objects show in a notebook: a small card in the notebook's own colours, without scripts."""

from collections.abc import Iterable, Sequence
from html import escape

__all__ = ["Plot", "card", "table"]

_CARD = "max-width:46em;border:1px solid #8886;border-radius:6px;padding:.6em .9em;margin:.3em 0"
_CELL = "padding:.1em 1.2em .1em 0;text-align:left;vertical-align:top;border:0;background:none"
_WIDTH, _HEIGHT, _MARGIN = 320, 90, 4


def card(title: str, *parts: str, folded: Sequence[tuple[str, str]] = ()) -> str:
    """Return a card.

    Args:
        title: What it is of.
        parts: HTML that stands below.
        folded: Pairs of a heading and plain text, each opened by a click.

    """
    details = "".join(
        f"<details><summary style='cursor:pointer'>{escape(head)}</summary>"
        f"<pre style='overflow:auto;max-height:24em;margin:.4em 0;font-size:90%'>{escape(text)}"
        "</pre></details>"
        for head, text in folded
    )
    heading = f"<strong>{escape(title)}</strong>"
    return f"<div style='{_CARD}'>{heading}{''.join(parts)}{details}</div>"


def table(rows: Iterable[Sequence[object]], head: Sequence[str] = ()) -> str:
    """Return a table of texts; the first cell of a row names it where there is no head."""
    lines = []
    if head:
        cells = "".join(f"<th style='{_CELL};opacity:.7'>{escape(each)}</th>" for each in head)
        lines.append(f"<tr style='background:none'>{cells}</tr>")
    for row in rows:
        cells = "".join(
            f"<td style='{_CELL}{';opacity:.7' if not head and not place else ''}'>"
            f"{escape(str(cell))}</td>"
            for place, cell in enumerate(row)
        )
        lines.append(f"<tr style='background:none'>{cells}</tr>")
    style = "border-collapse:collapse;margin:.3em 0;border:0;font-size:95%"
    return f"<div style='overflow:auto'><table style='{style}'>{''.join(lines)}</table></div>"


class Plot:
    """Draw curves over the same steps, on one scale.

    Args:
        title: What they are of.

    """

    def __init__(self, title: str) -> None:
        self.title = title
        self._curves: list[tuple[str, str, Sequence[float]]] = []

    def add(self, name: str, numbers: Sequence[float], dash: str = "") -> None:
        """Add a curve; numbers that are not finite are left out."""
        self._curves.append((name, dash, numbers))

    def html(self) -> str:
        """Return the plot and its legend."""
        finite = [y for _, _, ys in self._curves for y in ys if y - y == 0.0]
        if len(finite) < 2:
            return ""
        low, high = min(finite), max(finite)
        scale = (_HEIGHT - 2 * _MARGIN) / ((high - low) or 1.0)
        lines = "".join(
            f"<polyline fill='none' stroke='currentColor' stroke-width='1.5' "
            f"stroke-dasharray='{dash}' points='{self._points(ys, high, scale)}'/>"
            for _, dash, ys in self._curves
        )
        names = ", ".join(
            f"{name} ({'dashed' if dash else 'line'})" for name, dash, _ in self._curves
        )
        label = escape(f"{self.title}: {names}; from {high:.4g} down to {low:.4g}", quote=True)
        return (
            f"<figure style='margin:.3em 0'><svg viewBox='0 0 {_WIDTH} {_HEIGHT}' role='img' "
            f"aria-label='{label}' style='width:100%;max-width:{_WIDTH}px;border-left:1px solid "
            f"#8886;border-bottom:1px solid #8886'>{lines}</svg><figcaption style='opacity:.7;"
            f"font-size:85%'>{label}</figcaption></figure>"
        )

    def _points(self, ys: Sequence[float], high: float, scale: float) -> str:
        step = (_WIDTH - 2 * _MARGIN) / max(1, len(ys) - 1)
        return " ".join(
            f"{_MARGIN + k * step:.1f},{_MARGIN + (high - y) * scale:.1f}"
            for k, y in _thinned(ys)
            if y - y == 0.0
        )


def _thinned(ys: Sequence[float]) -> list[tuple[int, float]]:
    """Return what a picture has room for: of every run of steps its least and its largest."""
    run = max(1, len(ys) // _WIDTH)
    if run == 1:
        return list(enumerate(ys))
    kept = []
    for start in range(0, len(ys), run):
        part = range(start, min(start + run, len(ys)))
        kept += sorted({min(part, key=ys.__getitem__), max(part, key=ys.__getitem__)})
    return [(k, ys[k]) for k in kept]
