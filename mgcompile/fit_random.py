"""Notice random numbers that are drawn while a model is recorded, and give generators back."""

from __future__ import annotations

import pickle
import random
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from mgcompile.errors import RecordingError
from mgcompile.fit_held import held_by

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["DrawnError", "random_state_kept"]

_GENERATORS = (np.random.Generator, np.random.RandomState, random.Random)


class DrawnError(RecordingError):
    """Random numbers were drawn while a sample was recorded, by the model or in another thread."""


@contextmanager
def random_state_kept(*users: Any) -> Iterator[None]:
    """Give generators back as they were; refuse if they were drawn from.

    So the recordings change nothing for those who train eagerly afterwards. The generators are
    those of `random` and NumPy, and those that the users hold or their functions name.
    """
    generators = _generators(users)
    python, numpys = random.getstate(), np.random.get_state(legacy=False)
    own = [pickle.dumps(generator) for generator in generators]
    before, cause = pickle.dumps(numpys), None
    try:
        yield
    except RecordingError as error:
        cause = error
    finally:
        now = random.getstate(), pickle.dumps(np.random.get_state(legacy=False))
        drawn = now != (python, before) or own != [pickle.dumps(g) for g in generators]
        random.setstate(python)
        np.random.set_state(numpys)
        for generator, state in zip(generators, own, strict=True):
            _put_back(generator, pickle.loads(state))  # noqa: S301 - what was just written
    if drawn:
        message = (
            "the model or its loss draws random numbers while it is recorded, which would stand in "
            "the compiled program as constants"
        )
        raise DrawnError(message) from cause
    if cause is not None:
        raise cause


def _put_back(generator: Any, before: Any) -> None:
    if isinstance(generator, np.random.Generator):
        generator.bit_generator.state = before.bit_generator.state
    elif isinstance(generator, np.random.RandomState):
        generator.set_state(before.get_state(legacy=False))
    else:
        generator.setstate(before.getstate())


def _generators(users: tuple[Any, ...]) -> list[Any]:
    """Return the generators that users hold, in attributes, containers, closures and globals."""
    held = (each for each in held_by(users) if isinstance(each, _GENERATORS))
    return [each for each in held if not isinstance(each, random.SystemRandom)]  # has no state
