"""The playground as one offline page: a net that trains in it, with the numbers of Python."""

import os
import tempfile
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

import attrs

from mgcore import Op, ops, plugins
from mgnn.data import table
from mgview import files
from mgview.page import playground_page
from mgview.page_ops import PAGE_OPS
from mgview.playground.errors import BadPlaygroundError
from mgview.playground.settings import Settings
from mgview.stepper import rule_of

MOST_ROWS = 5000
THIS_DISTRIBUTION = "mgcore"
RATES = (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
DECAYS = (0.0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3)
BATCHES = (1, 2, 5, 10, 20, 30, 50, 100, 0)


@attrs.frozen(eq=False)
class Playground:
    """Hold a playground; it shows itself in a notebook.

    Attributes:
        settings: what it begins with.
        own: rows and classes of one's own, as the page reads them; None for a data set.
    """

    settings: Settings
    own: dict[str, Any] | None = attrs.field(default=None, repr=False)

    def html(self) -> str:
        """Return the page: one self-contained HTML text that needs no network."""
        return self._page(
            [op.name for op in page_activations()], None, "A net of scalar operators, in this page."
        )

    def served_html(self, path: str, origins: Sequence[str], activations: Sequence[str]) -> str:
        """Return the page that lets a server train.

        Args:
            path: of the server's WebSocket.
            origins: where that may be, for the page's policy.
            activations: what the server can train.

        """
        remote = {"path": path, "activations": list(activations)}
        words = "A net of scalar operators, trained by native code on this machine."
        return self._page(activations, remote, words, origins)

    def _page(
        self,
        activations: Sequence[str],
        remote: dict[str, Any] | None,
        subtitle: str,
        origins: Sequence[str] = (),
    ) -> str:
        rules = {op.name: rule_of(op) for op in (*page_activations(), *_loss_ops())}
        return playground_page(
            "Playground",
            {"settings": self.settings.plain(), "own": self.own, "remote": remote},
            rules,
            origins,
            subtitle=subtitle,
            **choices(activations),
        )

    def _repr_html_(self) -> str:
        """Show the page in a notebook, in a frame that can reach nothing outside itself."""
        return (
            f'<iframe srcdoc="{escape(self.html(), quote=True)}" title="Playground" '
            'sandbox="allow-scripts allow-downloads" loading="lazy" '
            'style="width:100%;height:900px;border:0"></iframe>'
        )

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Save the page.

        Args:
            path: ends in .html.

        Returns:
            The path.

        Raises:
            UnknownFormatError: the ending is another one.
            CannotWriteError: the file could not be written.
        """
        place, _ = files.format_of(path, ("html",), "a playground")
        return files.write(place, self.html())

    def show(self) -> None:
        """Open the page in a web browser.

        Raises:
            NoBrowserError: there is none; the text says where the page was saved.
        """
        folder = Path(tempfile.mkdtemp(prefix="mgview-"))
        files.show(self.save(folder / "playground.html"))


def playground(X: Any = None, y: Any = None, **settings: Any) -> Playground:
    """Make a page in which a net of two inputs is built, trained and looked into.

    Args:
        X: n rows of two numbers of one's own, 2 to 5,000; they are standardised. A data set that
            ships, if not given.
        y: their classes, two different ones.
        settings: what the page begins with, as in `mgview.playground.settings.Settings`:
            ``data="spiral", layers=[8, 8], activation="relu", lr=0.03, seed=1``. Everything can be
            changed in the page.

    Returns:
        The page: ``.save("play.html")``, ``.show()`` or ``.html()``.

    Raises:
        BadPlaygroundError: for a setting that there is not, an impossible one, an activation that
            only Python knows (``mg play`` trains with it), or rows that are not two columns and two
            classes.
        ShapeError, DataError: naming row and column of what is no finite number.
    """
    made = begin(X, y, settings)
    names = [op.name for op in page_activations()]
    if made.settings.activation not in names:
        raise BadPlaygroundError(
            f"the page does not know the activation {made.settings.activation!r}; it has "
            f"{', '.join(names)}, and `mg play` trains with every installed op"
        )
    return made


def begin(X: Any, y: Any, settings: dict[str, Any]) -> Playground:
    """Make a playground whoever trains it; arguments and errors as for `playground`."""
    own = None if X is None else _own_rows(X, y)
    if own is not None:
        settings = {"data": "csv", **settings}
    known = [field.name for field in attrs.fields(Settings)]
    for name in settings:
        if name not in known:
            raise BadPlaygroundError(
                f"a playground has no setting {name!r}; it has {', '.join(known)}"
            )
    checked = Settings(**settings)
    if own is None and checked.data == "csv":
        raise BadPlaygroundError('data="csv" needs rows; give them as playground(X, y)')
    return Playground(checked, own)


def page_activations() -> list[Op]:
    """Return the shipped ops of one operand that the page computes itself; the usual first."""
    names = [
        info.name
        for info in plugins()
        if info.distribution == THIS_DISTRIBUTION and info.name in PAGE_OPS
    ]
    shipped = {name: op for name in names if (op := getattr(ops, name)).arity == 1}
    first = [name for name in USUAL if name in shipped]
    return [shipped[name] for name in (*first, *(name for name in shipped if name not in first))]


USUAL = ("tanh", "relu", "sigmoid", "leaky_relu", "elu", "silu", "gelu", "softplus", "sin")


def _loss_ops() -> list[Op]:
    return [getattr(ops, name) for name in ("dot", "mul", "sub")]


def choices(activations: Sequence[str]) -> dict[str, Any]:
    """Return what the template offers."""

    def plain(numbers: Sequence[float], zero: str) -> list[tuple[str, str]]:
        return [(f"{x:g}", zero if x == 0 else f"{x:g}") for x in numbers]

    return {
        "activations": [(name, name) for name in activations],
        "rates": plain(RATES, "0"),
        "decays": plain(DECAYS, "none"),
        "batches": plain(BATCHES, "all rows"),
    }


def _own_rows(X: Any, y: Any) -> dict[str, Any]:
    rows = table(X, "X").rows
    labels = [] if y is None else [str(label) for label in y]
    classes = sorted(set(labels), key=_by_number)
    if len(rows[0]) != 2:
        raise BadPlaygroundError(
            f"X has {len(rows[0])} columns; a playground draws the plane of two: choose two"
        )
    if not 2 <= len(rows) <= MOST_ROWS or len(rows) != len(labels):
        raise BadPlaygroundError(
            f"X has {len(rows)} rows and y {len(labels)} classes; give as many of both, 2 to "
            f"{MOST_ROWS:,}"
        )
    if len(classes) != 2:
        raise BadPlaygroundError(
            f"y has {len(classes)} different classes; a playground tells two apart"
        )
    names = [str(name) for name in getattr(X, "columns", ("x1", "x2"))]
    numbered = [classes.index(label) for label in labels]
    return {"rows": rows, "labels": numbered, "columns": names, "classes": classes}


def _by_number(text: str) -> tuple[float, str]:
    try:
        return float(text), text
    except ValueError:
        return float("inf"), text
