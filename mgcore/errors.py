"""Every error that the engine raises, by name.

Each derives from `MgcoreError` and from the builtin error a Python programmer would expect,
so ``except ZeroDivisionError`` keeps working.
"""

__all__ = [
    "ApiVersionError",
    "ArityError",
    "BackwardError",
    "BrokenPluginError",
    "ChoiceError",
    "ComparisonError",
    "DisabledOpError",
    "DivisionByZeroError",
    "DomainError",
    "DuplicateOpError",
    "GradientCheckError",
    "HookError",
    "LabelError",
    "MgcoreError",
    "MissingPackageError",
    "NonFiniteError",
    "NotGenericError",
    "OpDefinitionError",
    "OpSettingsError",
    "OperandTypeError",
    "PickleError",
    "PluginError",
    "PluginWarning",
    "RangeError",
    "RuleError",
    "ScanError",
    "SettingsError",
    "StaleGraphError",
    "UnknownOpError",
]


class MgcoreError(Exception):
    """Stand at the root of every error of this library."""


# Applying an op.


class OperandTypeError(MgcoreError, TypeError):
    """Report an operand that is no real number and no `Value`: a bool, a string, an array."""


class ArityError(MgcoreError, TypeError):
    """Report an op called with the wrong number of operands."""


class LabelError(MgcoreError, TypeError):
    """Report a label that is no string."""


class ComparisonError(MgcoreError, TypeError):
    """Report an order comparison of Values, which records nothing."""


class DomainError(MgcoreError, ValueError):
    """Report operands at which a rule is not defined over the real numbers."""


class DivisionByZeroError(DomainError, ZeroDivisionError):
    """Report a rule that divides by zero at these operands."""


class ChoiceError(MgcoreError, IndexError):
    """Report an index that is no whole number, or chooses an operand that is not there."""


class MissingPackageError(MgcoreError, ImportError):
    """Report a rule that needs a package which is not installed."""


class RangeError(MgcoreError, OverflowError):
    """Report a result too large for a float64."""


class NonFiniteError(MgcoreError, FloatingPointError):
    """Report the first infinity or NaN seen under `detect_anomaly`."""


# Defining an op.


class OpDefinitionError(MgcoreError, ValueError):
    """Report an `Op` whose name or rules do not fit together."""


class OpSettingsError(MgcoreError, ValueError):
    """Report settings that a family of ops does not have, or cannot be made with."""


class RuleError(MgcoreError, TypeError):
    """Report a rule that broke its promise: wrong count or type of results."""


class NotGenericError(RuleError):
    """Report a rule that works on floats alone where Values or symbols were needed."""


class ScanError(MgcoreError, ValueError):
    """Report a scan of no known length, or whose step returns no carry and y of the right form."""


# Differentiating.


class BackwardError(MgcoreError, RuntimeError):
    """Report a derivative that was asked of something that has none."""


class StaleGraphError(BackwardError):
    """Report a derivative of a graph whose numbers were changed after it was recorded."""


class GradientCheckError(MgcoreError, AssertionError):
    """Report a derivative that disagrees with its numerical estimate."""


class PickleError(MgcoreError, TypeError):
    """Report a graph that cannot be pickled, since an op in it is not registered."""


# Plugins.


class PluginError(MgcoreError, RuntimeError):
    """Stand at the root of the errors of plugins and their registry."""


class BrokenPluginError(PluginError):
    """Report a plugin that failed to load; the cause is chained."""


class ApiVersionError(BrokenPluginError):
    """Report a plugin written for another version of the plugin API."""


class HookError(BrokenPluginError):
    """Report a hook implementation that does not fit a hook."""


class DuplicateOpError(PluginError):
    """Report an op name that two plugins claim."""


class DisabledOpError(PluginError):
    """Report an op that settings have switched off."""


class SettingsError(MgcoreError, ValueError):
    """Report a setting, in the environment or in `configure`, that makes no sense."""


class PluginWarning(RuntimeWarning):
    """Warn of a plugin's observer that failed; what it observed went on."""


class UnknownOpError(MgcoreError, AttributeError):
    """Report an op name that no plugin claims."""
