"""Ask a plugin for its ops, and check that it is what a plugin should be."""

from collections.abc import Callable, Iterable

import pluggy

from mgcore import hookspecs
from mgcore.errors import BrokenPluginError, HookError, PluginError
from mgcore.op import Op
from mgcore.plugins.catalogue import near_matches
from mgcore.plugins.discovery import told

__all__ = ["Reception"]

HOOKS = [name for name in vars(hookspecs) if name.startswith("mgcore_")]


class _Manager(pluggy.PluginManager):
    """A plugin manager that need not look at every attribute of an op for hooks."""

    def parse_hookimpl_opts(self, plugin: object, name: str) -> pluggy.HookimplOpts | None:
        """Return how `plugin`'s attribute `name` is marked as a hook, None if it is not."""
        if type(plugin) is Op and name != "mgcore_register_ops":
            return None
        return super().parse_hookimpl_opts(plugin, name)


class Reception:
    """Receive plugins into the one plugin manager, and collect the ops that they bring."""

    def __init__(self) -> None:
        self.manager = _Manager(hookspecs.PROJECT)
        self.manager.add_hookspecs(hookspecs)
        self._answers: list[object] = []
        # Historic: plugins that come later are asked as well, on arrival.
        self.manager.hook.mgcore_register_ops.call_historic(lambda ops: self._answers.append(ops))

    def receive(self, plugin: object, source: str, accept: Callable[[list[Op]], None]) -> None:
        """Take `plugin` into the manager, unless it or `accept` refuses.

        Args:
            plugin: an op, or anything with hook implementations; asked again if it is known.
            source: what to call it in messages.
            accept: takes the ops that it brings, all of them, or raises.

        Raises:
            HookError: if it implements no hook, an unknown one, or one that returns no ops.
            BrokenPluginError: if a hook of it fails.
            PluginError: what `accept` raises.

        """
        known = self.manager.is_registered(plugin)
        # A hook that uses ops lets other plugins in meanwhile: keep their answers apart.
        outer, self._answers = self._answers, []
        try:
            if known:
                hook = self.manager.hook.mgcore_register_ops
                self._answers += [i.function() for i in hook.get_hookimpls() if i.plugin is plugin]
            else:
                self.manager.register(plugin, name=f"{source} at {id(plugin):#x}")
                _check_hooks(self.manager, plugin, source)
            accept(_ops_in(self._answers, source))
        except KeyboardInterrupt:
            raise  # the user's, not the plugin's
        except BaseException as error:  # a hook may call sys.exit; the program goes on
            if not known and self.manager.is_registered(plugin):
                self.manager.unregister(plugin)
            if isinstance(error, PluginError):
                raise
            raise BrokenPluginError(f"{source} could not be registered: {told(error)}") from error
        finally:
            self._answers = outer

    def dismiss(self, plugin: object) -> None:
        """Take `plugin` out of the manager, with all its hooks."""
        self.manager.unregister(plugin)


def _check_hooks(manager: pluggy.PluginManager, plugin: object, source: str) -> None:
    if type(plugin) is Op:
        return  # it has the one hook that ops have
    callers = manager.get_hookcallers(plugin) or []
    for caller in callers:
        optional = any(i.optionalhook for i in caller.get_hookimpls() if i.plugin is plugin)
        if not caller.has_spec() and not optional:
            near = near_matches(caller.name, HOOKS)
            hint = f"did you mean {near}?" if near else f"hooks are {', '.join(HOOKS)}"
            raise HookError(f"{source} implements the unknown hook {caller.name}; {hint}")
    for name in dir(plugin):
        unmarked = manager.parse_hookimpl_opts(plugin, name) is None
        if name.startswith("mgcore_") and unmarked and callable(getattr(plugin, name)):
            raise HookError(
                f"{source} has a function {name} that is not marked as a hook; write "
                "@mgcore.hookimpl above it, or give it a name without mgcore_ in front"
            )
    if not callers:
        raise HookError(f"{source} is no Op and implements no hook of mgcore")


def _ops_in(answers: list[object], source: str) -> list[Op]:
    ops: list[Op] = []
    for answer in answers:
        items = [answer] if isinstance(answer, Op) else answer
        if not isinstance(items, Iterable):
            raise HookError(f"mgcore_register_ops of {source} must return ops, not {answer!r}")
        for op in items:
            if not isinstance(op, Op):
                raise HookError(f"mgcore_register_ops of {source} returned {op!r}, which is no Op")
            if op.name in [o.name for o in ops]:
                raise HookError(f"{source} brings two ops called {op.name!r}")
            ops.append(op)
    return ops
