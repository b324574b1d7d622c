"""List every op with its state and the distribution that it came from."""

from typing import Literal, TypeAlias

import attrs

from mgcore.errors import DuplicateOpError
from mgcore.op import Op
from mgcore.plugins.catalogue import how_to_prefer
from mgcore.plugins.discovery import Entry
from mgcore.plugins.registry import Registry, registry

__all__ = ["PluginInfo", "State", "plugins"]

State: TypeAlias = Literal["ready", "not loaded", "broken", "disabled", "shadowed"]


@attrs.frozen
class PluginInfo:
    """Describe one op, as `plugins` lists it.

    Attributes:
        name: the op's name; ``?DISTRIBUTION`` where a distribution's metadata cannot be read.
        state: ready, not loaded, broken, disabled, or shadowed by another plugin of that name.
        distribution: where it came from; "this program" for `register`.
        version: of the distribution; empty for "this program".
        operands: the operands' names, ``("*xs",)`` for any number; None until the op is loaded.
        op: the op itself once it is ready.
        cause: why it is broken or not used; empty otherwise.

    """

    name: str
    state: State
    distribution: str
    version: str
    operands: tuple[str, ...] | None = None
    op: Op | None = None
    cause: str = ""


def plugins(*, load: bool = False) -> list[PluginInfo]:
    """List every op that is registered or claimed by an installed distribution.

    Args:
        load: whether to import all ops first, so that each is either ready or says why not.

    Returns:
        One row per op and claimant, by name; a listing never raises for a plugin's sake.

    """
    if load:
        registry.load_all()
    with registry.lock:
        claims = registry.catalogue.entries.values()
        rows = [_describe(registry, entry) for entries in claims for entry in entries]
        shown = {row.op for row in rows if row.op is not None}
        rows += [
            _ready_row(op, registry.origin[name])
            for name, op in registry.ready.items()
            if op not in shown
        ]
    return sorted(rows, key=lambda row: (row.name, row.state != "ready", row.distribution))


def _ready_row(op: Op, entry: Entry) -> PluginInfo:
    return PluginInfo(
        op.name, "ready", entry.distribution, entry.version, operands=op.operand_names, op=op
    )


def _describe(registry: Registry, entry: Entry) -> PluginInfo:
    def row(state: State, cause: str) -> PluginInfo:
        return PluginInfo(entry.name, state, entry.distribution, entry.version, cause=cause)

    name = entry.name
    if registry.catalogue.settings.disables(name, entry.distribution):
        return row("disabled", "switched off by MGCORE_DISABLE or configure")
    if name in registry.ready:
        source = registry.origin[name]
        # A module that brings several ops came in through the first of its entries.
        if source.distribution == entry.distribution:
            return _ready_row(registry.ready[name], entry)
        return row("shadowed", f"the one of {source.origin} is used instead{_remedy(entry)}")
    if name in registry.catalogue.withdrawn:
        return row("disabled", "taken out by unregister")
    if entry in registry.failed:
        return row("broken", str(registry.failed[entry]))
    try:
        chosen = registry.catalogue.choose(name)
    except DuplicateOpError as error:
        return row("broken", str(error))
    if chosen != entry:
        return row("shadowed", f"the one of {chosen.origin} is preferred{_remedy(entry)}")
    return row("not loaded", "")


def _remedy(entry: Entry) -> str:
    if entry not in registry.catalogue.shadowed(entry.name):
        return ""
    return f"; choose this one with {how_to_prefer(entry.name, entry)}"
