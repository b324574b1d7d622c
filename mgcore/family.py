"""Families of ops: one pair of rules with settings, such as `leaky_relu` with its slope.

A member is an op like any other. Its name says which: ``leaky_relu`` has the usual settings,
``leaky_relu:0.2`` and ``clip:-1,1`` have others. By its name it is found again: in a pickle, in a
model's file, as an activation, on the command line.
"""

import inspect
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeAlias

import attrs

from mgcore.errors import OpDefinitionError, OpSettingsError

if TYPE_CHECKING:
    from mgcore.op import Op

__all__ = ["Family", "op_family"]

Setting: TypeAlias = float | int


@attrs.frozen(eq=False)
class Family:
    """Hold what makes the members of a family.

    Args:
        make: a function of the settings that returns the op; its defaults are the usual settings.
        usual: the settings of the member that bears the family's name alone, in order; NaN for one
            that always has to be given.

    """

    make: "Callable[..., Op]"
    usual: Mapping[str, Setting]
    _members: "dict[tuple[Setting, ...], Op]" = attrs.field(factory=dict, init=False, repr=False)

    @property
    def op(self) -> "Op":
        """Return the member with the usual settings."""
        return self.member()

    def member(self, *given: Setting, **named: Setting) -> "Op":
        """Return the member with these settings, the same object every time.

        Args:
            given: the first settings, in order.
            named: further ones; the others are as usual.

        Raises:
            OpSettingsError: for a setting that there is not, or that makes no op.

        """
        settings = self._settings(given, named)
        key = tuple(settings.values())
        if key not in self._members:
            self._members[key] = self._made(settings)
        return self._members[key]

    def named(self, text: str) -> "Op":
        """Return the member that ``FAMILY:text`` names: numbers, or ``NAME=NUMBER``, and commas.

        Raises:
            OpSettingsError: if the text is no such thing, or as for `member`.

        """
        given: list[Setting] = []
        named: dict[str, Setting] = {}
        for part in text.split(","):
            name, equals, number = part.rpartition("=")
            if equals:
                named[name.strip()] = self._number(number)
            elif named:
                raise OpSettingsError(f"{self._title}: {part!r} stands after a named setting")
            else:
                given.append(self._number(part))
        return self.member(*given, **named)

    @property
    def _title(self) -> str:
        usual = ", ".join(
            name if x != x else f"{name}={text_of(x)}" for name, x in self.usual.items()
        )
        return f"{self.make.__name__}({usual})"

    def _number(self, text: str) -> Setting:
        try:
            return float(text)
        except ValueError:
            raise OpSettingsError(f"{self._title}: the setting {text!r} is no number") from None

    def _settings(
        self, given: tuple[Setting, ...], named: Mapping[str, Setting]
    ) -> dict[str, Setting]:
        names = list(self.usual)
        unknown = [name for name in named if name not in names]
        if unknown or len(given) > len(names):
            what = f"there is no setting {unknown[0]!r}" if unknown else f"{len(given)} settings"
            raise OpSettingsError(f"{self._title}: {what}; it has {', '.join(names)}")
        first = dict(zip(names, given, strict=False))
        twice = [name for name in named if name in first]
        if twice:
            raise OpSettingsError(f"{self._title}: the setting {twice[0]!r} is given twice")
        chosen = {**self.usual, **first, **named}
        missing = [name for name, x in chosen.items() if x != x]
        if missing:
            raise OpSettingsError(f"{self._title}: {missing[0]} is to be given, as a number")
        return {name: self._fitting(name, x) for name, x in chosen.items()}

    def _fitting(self, name: str, x: Setting) -> Setting:
        """Return a setting in the type of the usual one: whole where that is whole."""
        kind = type(self.usual[name])
        try:
            fitting = kind(x)
        except (TypeError, ValueError, OverflowError):
            fitting = None
        if isinstance(x, bool) or fitting is None or fitting != x:
            raise OpSettingsError(
                f"{self._title}: {name} is {x!r}, and must be of type {kind.__name__}"
            )
        return fitting

    def _made(self, settings: Mapping[str, Setting]) -> "Op":
        try:
            made = self.make(**settings)
        except ValueError as error:
            raise OpSettingsError(f"{self._title} with {dict(settings)}: {error}") from error
        if not hasattr(made, "partials"):
            kind = type(made).__name__
            raise OpDefinitionError(f"the family {self._title} returned {kind}, not an Op")
        op = attrs.evolve(made)
        if settings != self.usual:
            name = f"{op.name}:{','.join(map(text_of, settings.values()))}"
            if op.symbol == op.name:
                object.__setattr__(op, "symbol", name)
            object.__setattr__(op, "name", name)
        object.__setattr__(op, "family", self)
        object.__setattr__(op, "settings", dict(settings))
        return op


def text_of(x: Setting) -> str:
    """Return a setting as names have it: all digits that tell it from others, and no more."""
    return repr(x).removesuffix(".0")


def op_family(make: "Callable[..., Op]") -> "Op":
    """Make a family of ops of a function of its settings; a decorator.

    The function returns the op for given settings. Each has a default, a number: with the defaults
    the op is what the decorated name stands for, and what an entry point names.
    ``op.with_settings(...)`` gives the others, and so does their name, ``"leaky_relu:0.2"``.

    Raises:
        OpDefinitionError: if a setting has no default or one that is no number, or the function
            returns no op.

    >>> from mgcore import Op, op_family
    >>> @op_family
    ... def power_of(exponent: int = 2) -> Op:
    ...     return Op(
    ...         "power_of",
    ...         lambda x: x**exponent,
    ...         (lambda out, x: exponent * x ** (exponent - 1),),
    ...     )
    >>> power_of(3.0), power_of.with_settings(exponent=3)(3.0)
    (9.0, 27.0)
    >>> power_of.with_settings(exponent=3)
    <op power_of:3>

    """
    usual: dict[str, Setting] = {}
    for name, parameter in inspect.signature(make).parameters.items():
        x = parameter.default
        if isinstance(x, bool) or not isinstance(x, (float, int)):
            raise OpDefinitionError(
                f"the setting {name} of the family {make.__name__} needs a number as default, the "
                "usual setting"
            )
        usual[name] = x
    return Family(make, usual).op
