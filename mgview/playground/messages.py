"""What page and server say to each other: JSON from the page, bytes back for a moment.

Every message is checked before anything is done: what it may hold stands here, and nowhere else.
"""

from __future__ import annotations

import json
import math
import struct
from typing import TYPE_CHECKING, Any

import attrs

from mgview.playground.errors import BadPlaygroundError
from mgview.playground.playground import MOST_ROWS
from mgview.playground.session import LIVE, Session, check_activation
from mgview.playground.settings import Settings

if TYPE_CHECKING:
    from mgview.playground.data import Labels, Rows
    from mgview.playground.session import Moment

MOST_EPOCHS, LARGEST_GRID, LARGEST_HALF = 500, 100, 1e6
LONGEST_TITLE = 200


def answer(session: Session | None, text: str) -> tuple[Session, bytes | str]:
    """Do what one message asks.

    Args:
        session: the connection's; None before the first "begin".
        text: the message.

    Returns:
        The session from now on, and the answer: bytes for a moment, else JSON.

    Raises:
        BadPlaygroundError: the message makes no sense.
        MgcoreError: what it asks for cannot be done.
    """
    message = _object(text)
    kind = message.get("kind")
    if kind == "begin":
        session = _begin(message)
    elif session is None:
        raise BadPlaygroundError('the first message has to be of the kind "begin"')
    elif kind == "set":
        session.set(_live(session.settings, message.get("settings")))
        return session, json.dumps({"ok": True})
    elif kind == "advance":
        session.advance(_whole(message, "epochs", 1, MOST_EPOCHS))
    elif kind == "edit":
        session.edit(_whole(message, "index", 0, 10**6), _number(message, "value"))
    elif kind == "stepper":
        return session, json.dumps({"page": _stepper(session, message)})
    else:
        raise BadPlaygroundError(f"no message is of the kind {kind!r}")
    size, half = _whole(message, "size", 2, LARGEST_GRID), _number(message, "half")
    if not 0.0 < half <= LARGEST_HALF:
        raise BadPlaygroundError(f"half is {half!r}; it must be greater than 0")
    return session, pack(session.moment(size, half))


def pack(moment: Moment) -> bytes:
    """Return a moment as bytes: the length of a header, the header as JSON, then the numbers."""
    header = {
        "epochs": moment.epochs,
        "judged": {name: _finite(x) for name, x in moment.judged.items()},
        "slopes": [[_finite(x) for x in layer] for layer in moment.slopes],
        "deltas": [_finite(x) for x in moment.deltas],
        "params": len(moment.params),
        "fields": [list(field.shape) for field in moment.fields],
        "backend": moment.backend,
    }
    text = json.dumps(header).encode()
    text += b" " * (-(len(text) + 4) % 8)  # numbers of 8 bytes begin at a multiple of 8
    numbers = [moment.params, moment.grads, moment.change]
    body = b"".join(array.astype("<f8").tobytes() for array in numbers)
    fields = b"".join(field.astype("<f4").tobytes() for field in moment.fields)
    return struct.pack("<I", len(text)) + text + body + fields


def _finite(x: float) -> float | str:
    return x if math.isfinite(x) else str(x)


def _object(text: str) -> dict[str, Any]:
    try:
        message = json.loads(text)
    except ValueError:
        message = None
    if not isinstance(message, dict):
        raise BadPlaygroundError("a message is a JSON object")
    return message


def _begin(message: dict[str, Any]) -> Session:
    given = message.get("settings")
    known = [field.name for field in attrs.fields(Settings)]
    if not isinstance(given, dict) or set(given) - set(known):
        raise BadPlaygroundError(f"settings are an object with {', '.join(known)}")
    if not isinstance(given.get("layers", []), list) or not isinstance(
        given.get("activation", ""), str
    ):
        raise BadPlaygroundError("layers is a list, activation a name")
    settings = Settings(**given)
    check_activation(settings.activation)
    return Session(settings, _part(message, "train"), _part(message, "test"))


def _live(settings: Settings, given: Any) -> Settings:
    if not isinstance(given, dict):
        raise BadPlaygroundError("settings are an object")
    return attrs.evolve(settings, **{name: given[name] for name in LIVE if name in given})


def _part(message: dict[str, Any], name: str) -> tuple[Rows, Labels]:
    part = message.get(name)
    rows, labels = (part.get("x"), part.get("label")) if isinstance(part, dict) else (None, None)
    if (
        isinstance(rows, list)
        and isinstance(labels, list)
        and 1 <= len(rows) == len(labels) <= MOST_ROWS
        and all(isinstance(row, list) and len(row) == 2 and all(map(_real, row)) for row in rows)
        and all(label in (0, 1) and isinstance(label, int) for label in labels)
    ):
        return [[float(x) for x in row] for row in rows], labels
    raise BadPlaygroundError(
        f"{name} is an object of x, 1 to {MOST_ROWS} rows of two finite numbers, and label, a 0 or "
        "1 for each"
    )


def _real(x: Any) -> bool:
    return isinstance(x, (int, float)) and not isinstance(x, bool) and math.isfinite(x)


def _whole(message: dict[str, Any], name: str, low: int, high: int) -> int:
    number = message.get(name)
    if not isinstance(number, int) or isinstance(number, bool) or not low <= number <= high:
        raise BadPlaygroundError(f"{name} is a whole number from {low} to {high}")
    return number


def _number(message: dict[str, Any], name: str) -> float:
    number = message.get(name)
    if not _real(number):
        raise BadPlaygroundError(f"{name} is a finite number")
    return float(number)  # type: ignore[arg-type]  # checked above


def _stepper(session: Session, message: dict[str, Any]) -> str:
    neuron = message.get("neuron")
    sizes = session.sizes
    if neuron is not None:
        fits = isinstance(neuron, list) and len(neuron) == 2
        layer, unit = neuron if fits else (-1, -1)
        if not all(type(n) is int for n in (layer, unit)) or not (
            0 <= layer < len(sizes) - 1 and 0 <= unit < sizes[layer + 1]
        ):
            raise BadPlaygroundError("neuron is [layer, neuron], both from 0")
        neuron = layer, unit
    x = [_number(message, "x1"), _number(message, "x2")]
    title = message.get("title")
    if not isinstance(title, str) or len(title) > LONGEST_TITLE:
        raise BadPlaygroundError(f"title is a text of at most {LONGEST_TITLE} letters")
    return session.stepper(x, _whole(message, "label", 0, 1), neuron, title)
