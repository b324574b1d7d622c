"""Say where in the user's program something stands: the line to look at, or to mend."""

from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mgcore.op import Op

__all__ = [
    "definition_place",
    "depth_of_user",
    "failing_line",
    "home",
    "is_shipped",
    "rule_place",
    "user_line",
]

# attrs writes the constructor of a class into a file that does not exist.
GENERATED = "<attrs generated"
OP_PACKAGES = frozenset({"mgops_basic", "mgops_activations", "mgops_math"})
OWN_PACKAGES = OP_PACKAGES | {"mgcore", "mgnn"}


def user_line(frame: FrameType | None) -> str:
    """Return the nearest line at or above `frame` that is not this library's own."""
    while frame is not None:
        if not _is_ours(frame):
            code = frame.f_code
            return f"{_file_name(code.co_filename)}, line {frame.f_lineno}, in {code.co_name}"
        frame = frame.f_back
    return "an unknown line"


def depth_of_user(frame: FrameType) -> int:
    """Return the number that `warnings.warn` takes to show the user's line, called in `frame`."""
    depth, above = 1, frame.f_back
    while above is not None and _is_ours(frame):
        depth, frame, above = depth + 1, above, above.f_back
    return depth


def _is_ours(frame: FrameType) -> bool:
    module = str(frame.f_globals.get("__name__", ""))
    own = module.partition(".")[0] in OWN_PACKAGES
    return own or frame.f_code.co_filename.startswith(GENERATED)


def definition_place(frame: FrameType | None) -> str:
    """Return module, file and line of the nearest code at or above `frame` that is not mgcore's."""
    while frame is not None:
        module, file = frame.f_globals.get("__name__", ""), frame.f_code.co_filename
        if module.partition(".")[0] != "mgcore" and not file.startswith(GENERATED):
            return f"{module} ({_file_name(file)}, line {frame.f_lineno})"
        frame = frame.f_back
    return "an unknown place"


def rule_place(rule: object) -> str:
    """Return module, file and line of a rule, or its name where Python does not tell a line."""
    code = getattr(rule, "__code__", None)
    module = getattr(rule, "__module__", None) or type(rule).__module__
    if code is None:
        return f"{module}.{getattr(rule, '__name__', type(rule).__name__)}"
    return f"{module} ({_file_name(code.co_filename)}, line {code.co_firstlineno})"


def failing_line(error: BaseException, rule: object) -> str:
    """Return the line, with its text, at which a rule failed: the last that is not this library's.

    The place of the rule where the error has not been there.
    """
    found, step = None, error.__traceback__
    while step is not None:
        if not _is_ours(step.tb_frame) or step.tb_frame.f_code is getattr(rule, "__code__", None):
            found = step
        step = step.tb_next
    if found is None:
        return rule_place(rule)
    import linecache  # needed for messages alone

    file = found.tb_frame.f_code.co_filename
    text = linecache.getline(file, found.tb_lineno).strip()
    module = found.tb_frame.f_globals.get("__name__", "")
    place = f"{module} ({_file_name(file)}, line {found.tb_lineno})"
    return f"{place}: {text}" if text else place


def home(op: "Op") -> str:
    """Return the module that an op's rules stand in; `no_derivative` is nobody's."""
    rules = op.partials if isinstance(op.partials, tuple) else (op.partials,)
    for rule in (*rules, op.forward):
        if getattr(rule, "__code__", None) is not None and rule.__module__ != "mgcore.op":
            return str(rule.__module__)
    return str(getattr(op.forward, "__module__", ""))


def is_shipped(op: "Op") -> bool:
    """Tell whether the op is one of ours."""
    return home(op).partition(".")[0] in OP_PACKAGES


def _file_name(path: str) -> str:
    from pathlib import PurePath  # slow to import, and needed for messages alone

    return PurePath(path).name
