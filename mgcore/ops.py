"""The registered ops by name: ``ops.tanh(x)``.

An op's module is imported when its name is first used; from then on the op is a plain attribute
of this module, so that using it costs one dictionary look-up.
"""

from mgcore.op import Op as _Op
from mgcore.seam import library as _library


def __getattr__(name: str) -> _Op:
    return _library().load(name)


def __dir__() -> list[str]:
    return _library().names()
