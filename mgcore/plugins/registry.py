"""The registry: every op comes in through here, the shipped ones and a stranger's alike.

Hooks are called while ops come in; what they answer is kept in a dictionary, and the dictionary is
what runs. `catalogue` knows what could be loaded, `admission` asks and checks a plugin, `listing`
shows the states.
"""

import copyreg
import sys
import threading
import warnings
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from mgcore import ops
from mgcore.errors import (
    BrokenPluginError,
    DisabledOpError,
    DuplicateOpError,
    PickleError,
    PluginError,
    PluginWarning,
    UnknownOpError,
)
from mgcore.explain.description import description
from mgcore.fixed import family_of
from mgcore.op import Op
from mgcore.places import depth_of_user
from mgcore.plugins import discovery
from mgcore.plugins.admission import Reception
from mgcore.plugins.catalogue import Catalogue, how_to_prefer
from mgcore.plugins.discovery import Entry, import_entry
from mgcore.plugins.settings import normalised
from mgcore.seam import provide

__all__ = ["Registry", "configure", "register", "registry", "unregister"]

THIS_PROGRAM = Entry("", "", "this program", "", load=lambda: None)


class Registry:
    """Hold the ops that came in through the one plugin manager.

    Attributes:
        ready: op name -> op; what runs.
        origin: op name -> the entry that it came in through.
        failed: entry -> why it could not be loaded.
        catalogue: what could be loaded.
        lock: held while any of these changes; never while a plugin is imported.

    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.ready: dict[str, Op] = {}
        self.origin: dict[str, Entry] = {}
        self.failed: dict[Entry, PluginError] = {}
        self.catalogue = Catalogue()
        self._plugin_of: dict[str, object] = {}
        self._reception = Reception()
        self._vetted = False
        self._namespace: dict[str, Any] = {}
        self._offer: Callable[[Iterable[str]], None] | None = None

    def publish_into(self, namespace: dict[str, Any]) -> None:
        """Let `namespace` hold every ready op under its name, now and from now on."""
        self._namespace = namespace
        namespace.update(self.ready)

    def offer_to(self, listener: Callable[[Iterable[str]], None]) -> None:
        """Call `listener` with the names of all ops that could be loaded, and of those to come."""
        if self._offer is not listener:
            self._offer = listener
            listener(self.names())

    # Looking up.

    def load(self, name: str) -> Op:
        """Return the op `name`, importing its module at first use.

        Raises:
            UnknownOpError: with the near matches.
            BrokenPluginError: chained to the cause, naming the distribution.
            DuplicateOpError: if two distributions claim the name, neither of them ours, and none
                is preferred.
            DisabledOpError: if settings or `unregister` switched it off.
            PluginError: if settings are strict and any plugin has a problem.

        Warns:
            PluginWarning: if another distribution claims the name of an op of ours.

        """
        op = self.ready.get(name)
        if op is not None:
            return op
        base, colon, settings = name.partition(":")
        if colon:
            return self._member(base, settings)
        if name.startswith("_"):  # a protocol probing for special names; no op has one
            raise UnknownOpError(f"mgcore.ops has no attribute {name!r}")
        self.vet()
        op = self._load(name)
        for entry in self.catalogue.shadowed(name):
            here = sys._getframe()  # noqa: SLF001 - the documented way to a caller's line
            warnings.warn(_shadowed(entry), PluginWarning, stacklevel=depth_of_user(here))
        return op

    def _member(self, base: str, settings: str) -> Op:
        found = family_of(self.load(base)).named(settings)
        self._namespace[f"{base}:{settings}"] = self._namespace[found.name] = found
        return found

    def knows(self, op: Op) -> bool:
        """Tell whether `op` is found by its name: it, or the family it is of, is registered."""
        base = self.ready.get(op.name.partition(":")[0])
        if base is op or base is None or op.family is None:
            return base is op
        return family_of(base) is op.family

    def _load(self, name: str) -> Op:
        with self.lock:
            if name in self.ready:
                return self.ready[name]
            entry = self.catalogue.choose(name, others=self.ready)
            if (known := self.failed.get(entry)) is not None:
                raise type(known)(str(known)) from (known.__cause__ or known)
        try:
            # Without the lock: an import takes locks of its own, whose holders may wait for ours.
            plugin = import_entry(entry)
            new = self._admit(plugin, entry)
        except PluginError as error:
            with self.lock:
                first = self.failed.setdefault(entry, error) is error
            if first:
                self._announce(
                    "mgcore_plugin_failed",
                    name=entry.name,
                    distribution=entry.distribution,
                    error=error,
                )
            raise
        self._announce_ops(new, entry)
        return self._load(name)

    def names(self) -> list[str]:
        """Return the names of all ops that are ready or could be loaded, sorted."""
        with self.lock:
            return sorted(self.catalogue.names() | self.ready.keys())

    def load_all(self) -> list[PluginError]:
        """Load every op that is not switched off; return what went wrong."""
        problems: list[PluginError] = []
        with self.lock:
            names = list(self.catalogue.entries)
        for name in names:
            try:
                self._load(name)
            except DisabledOpError:
                continue
            except PluginError as error:
                problems.append(error)
        return problems

    def vet(self) -> None:
        """Load every op if settings are strict, once.

        Raises:
            PluginError: if any of them has a problem; names all, and is chained to the first.

        """
        if self._vetted or not self.catalogue.settings.strict:
            return
        self._vetted = True  # at once: what is imported now asks for ops in its turn
        problems = self.load_all()
        shadowed = [e for name in self.catalogue.entries for e in self.catalogue.shadowed(name)]
        problems += [DuplicateOpError(_shadowed(entry)) for entry in shadowed]
        if problems:
            self._vetted = False
            told = list(dict.fromkeys(map(str, problems)))
            raise PluginError("MGCORE_STRICT is set, and " + "; ".join(told)) from problems[0]

    # Coming in and going out.

    def register(self, plugin: object, *, replace: bool = False) -> None:
        """Register a plugin in this program; see `mgcore.register`."""
        self._announce_ops(self._admit(plugin, THIS_PROGRAM, replace=replace), THIS_PROGRAM)

    def unregister(self, plugin: object) -> None:
        """Take an op or a plugin out of this program; see `mgcore.unregister`."""
        with self.lock:
            if isinstance(plugin, str):
                if plugin not in self.ready and plugin not in self.catalogue.entries:
                    self.catalogue.choose(plugin, others=self.ready)  # raises, with near matches
                names = [plugin]
            elif self._reception.manager.is_registered(plugin):
                names = [name for name, owner in self._plugin_of.items() if owner is plugin]
            else:
                raise UnknownOpError(f"{plugin!r} is not registered, so it cannot be taken out")
            # What came from a distribution would be found there again.
            self.catalogue.withdrawn.update(n for n in names if n in self.catalogue.entries)
            for name in names:
                self._forget(name)
            if not isinstance(plugin, str) and self._reception.manager.is_registered(plugin):
                self._reception.dismiss(plugin)

    def _admit(self, plugin: object, entry: Entry, *, replace: bool = False) -> list[Op]:
        """Let all ops of `plugin` in, or none; return those that are new."""
        if entry is THIS_PROGRAM:
            source = f"the op {plugin.name!r}" if isinstance(plugin, Op) else repr(plugin)
        else:
            source = f"the op {entry.name!r} of {entry.origin}"
        new: list[Op] = []

        def accept(ops: list[Op]) -> None:
            if entry is THIS_PROGRAM:
                new.extend(self._wanted_by_program(ops, plugin, source, replace))
            else:
                new.extend(self._wanted_from_entry(ops, entry, source))

        with self.lock:
            if entry.name in self.ready:  # another thread was faster
                return []
            self._reception.receive(plugin, source, accept)
            for op in new:
                self._put(op, plugin, entry)
        return new

    def _wanted_by_program(
        self, ops: list[Op], plugin: object, source: str, replace: bool
    ) -> Iterable[Op]:
        for op in ops:
            name = op.name
            if self.ready.get(name) is op and self._plugin_of[name] is plugin:
                continue  # the same cell of a notebook, run again
            if name in self.catalogue.settings.disabled_ops:
                raise DisabledOpError(
                    f"{source} cannot be registered: MGCORE_DISABLE or configure switches "
                    f"{name!r} off"
                )
            owner = self._owner(name)
            if owner is not None and not replace:
                raise DuplicateOpError(_taken(name, source, owner))
            yield op

    def _wanted_from_entry(self, ops: list[Op], entry: Entry, source: str) -> Iterable[Op]:
        if entry.name not in [op.name for op in ops]:
            raise BrokenPluginError(
                f"{entry.value} of {entry.origin} should bring the op {entry.name!r}, but brings "
                f"{', '.join(op.name for op in ops) or 'none'}; the entry point and the op must "
                "have one name"
            )
        for op in ops:
            if op.name == entry.name or self._is_free(op.name, entry, source):
                yield op

    def _is_free(self, name: str, entry: Entry, source: str) -> bool:
        """Tell whether a plugin may bring the op `name` beside the one that was asked for."""
        catalogue, ours = self.catalogue, entry.distribution
        if name in catalogue.withdrawn or catalogue.settings.disables(name, ours):
            return False
        if any(e.distribution == ours for e in catalogue.entries.get(name, [])):
            # Declared too: who wins is decided, or told, when that name is asked for.
            try:
                chosen = catalogue.choose(name)
            except DuplicateOpError:
                return False
            same = (chosen.distribution, chosen.value) == (ours, entry.value)
            return same and name not in self.ready
        owner = self._owner(name)
        if owner is None or owner.distribution == ours:
            return owner is None
        preference = catalogue.settings.prefer.get(name)
        if preference is None or owner is THIS_PROGRAM:
            raise DuplicateOpError(_taken(name, source, owner))
        return preference == normalised(ours)

    def _owner(self, name: str) -> Entry | None:
        """Return what the op `name` came in through, or would, if there is one."""
        if name in self.ready:
            return self.origin[name]
        if name in self.catalogue.withdrawn:
            return None
        return next(iter(self.catalogue.allowed(name)), None)

    def _put(self, op: Op, plugin: object, entry: Entry) -> None:
        name = op.name
        before = self._plugin_of.get(name)
        for known in [n for n in self._namespace if n.startswith(f"{name}:")]:
            del self._namespace[known]  # members of the family that was there before
        self.ready[name] = self._namespace[name] = op
        self.origin[name] = entry
        self._plugin_of[name] = plugin
        self.catalogue.withdrawn.discard(name)
        if self._offer is not None:
            self._offer((name,))
        if before is not None and before is not plugin:
            self._dismiss_if_idle(before)

    def _forget(self, name: str) -> None:
        if name in self.ready:
            del self.ready[name], self.origin[name]
            for known in [n for n in self._namespace if n.partition(":")[0] == name]:
                del self._namespace[known]
            self._dismiss_if_idle(self._plugin_of.pop(name))

    def _dismiss_if_idle(self, plugin: object) -> None:
        if not any(owner is plugin for owner in self._plugin_of.values()):
            self._reception.dismiss(plugin)

    # Settings and observers.

    def configure(
        self,
        *,
        prefer: str | Mapping[str, str] | None = None,
        disable: str | Iterable[str] | None = None,
        strict: bool | None = None,
    ) -> None:
        """Choose between plugins in this program; see `mgcore.configure`."""
        with self.lock:
            self.catalogue.configure(prefer, disable, strict)
            self.failed.clear()
            self._vetted = False
            for name, entry in list(self.origin.items()):
                if self.catalogue.overrules(name, entry.distribution):
                    self._forget(name)
        if self._offer is not None:
            self._offer(self.names())
        self.vet()

    def describe(self, op: Op) -> str:
        """Return what ``help`` says of an op: its formula, domain, partials, kink and origin."""
        entry = self.origin.get(op.name) if self.ready.get(op.name) is op else None
        return description(
            op, entry.origin if entry is not None else "an op that is not registered"
        )

    def backward_observer(self) -> Any:
        """Return the hook ``mgcore_backward_step`` if anybody listens to it, else None."""
        hook = self._reception.manager.hook.mgcore_backward_step
        return hook if hook.get_hookimpls() else None

    def reference(self, op: Op) -> Callable[..., Any] | None:
        """Return what a plugin says that `op` should compute, in mpmath; None if none says."""
        hook = self._reception.manager.hook.mgcore_op_reference
        found: Callable[..., Any] | None = hook(op=op)
        return found

    def _announce_ops(self, ops: list[Op], entry: Entry) -> None:
        for op in ops:
            self._announce("mgcore_op_registered", op=op, distribution=entry.distribution)

    def _announce(self, hook: str, **told: object) -> None:
        try:
            getattr(self._reception.manager.hook, hook)(**told)
        except Exception as error:
            text = f"an observer of {hook} failed: {discovery.told(error)}"
            if self.catalogue.settings.strict:
                raise PluginError(text) from error
            # The op that it was told of is none the worse for it.
            warnings.warn(text, PluginWarning, stacklevel=4)


def _shadowed(entry: Entry) -> str:
    return (
        f"{entry.origin} brings an op {entry.name!r} too; the shipped one is used. Choose the "
        f"other with {how_to_prefer(entry.name, entry)}, or switch it off with "
        f"MGCORE_DISABLE=dist:{entry.distribution}"
    )


def _taken(name: str, source: str, owner: Entry) -> str:
    return (
        f"{source} cannot be registered: {owner.origin} brings an op called {name!r}. Call "
        f"unregister({name!r}) first, register(..., replace=True), or choose another name"
    )


registry = Registry()
registry.publish_into(vars(ops))
provide(registry)


def register(plugin: object, *, replace: bool = False) -> None:
    """Register an op, or a module or object with hook implementations, in this program.

    Args:
        plugin: an `Op`, or anything with functions marked ``mgcore.hookimpl``. Registering the
            same one again changes nothing.
        replace: whether ops of the same names may be displaced: what a notebook wants whose cell
            defines an op anew.

    Raises:
        DuplicateOpError: if the name is taken; the message names both owners.
        DisabledOpError: if the settings switch the name off.
        HookError, BrokenPluginError: if it is no plugin.

    After any of these nothing has been registered, nor displaced.

    """
    registry.register(plugin, replace=replace)


def unregister(plugin: object) -> None:
    """Take an op, or a plugin with all that it brought, out of this program.

    Args:
        plugin: an op's name, wherever the op came from, or what `register` was given. The names
            stay out until something is registered under them.

    Raises:
        UnknownOpError: if there is no such op or plugin.

    """
    registry.unregister(plugin)


def configure(
    *,
    prefer: str | Mapping[str, str] | None = None,
    disable: str | Iterable[str] | None = None,
    strict: bool | None = None,
) -> None:
    """Choose between plugins in this program, as the environment variables do.

    Args:
        prefer: op name -> distribution, where two claim a name (``MGCORE_PREFER``).
        disable: op names, and ``dist:PACKAGE`` for whole packages (``MGCORE_DISABLE``).
        strict: whether any plugin problem is an error at once (``MGCORE_STRICT``).

    Choices that are not given stay as they are. What is installed is looked at anew, and what
    failed to load is given another chance.

    Raises:
        SettingsError: if a choice makes no sense.
        PluginError: if `strict` and any plugin has a problem.

    """
    registry.configure(prefer=prefer, disable=disable, strict=strict)


def lookup(name: str) -> Op:
    """Return the registered op `name`; what a pickled op calls when it is loaded."""
    return registry.load(name)


def reduce_op(op: Op) -> tuple[Any, tuple[str]]:
    """Reduce `op` to its registered name for pickling.

    Raises:
        PickleError: if `op` is not the registered op of its name.

    """
    if not registry.knows(op):
        raise PickleError(
            f"the op {op.name!r} is not registered, so a pickle could not find it again; "
            "call mgcore.register(op) before pickling, and again before loading"
        )
    return lookup, (op.name,)


copyreg.pickle(Op, reduce_op)
