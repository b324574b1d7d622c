"""Scalar automatic differentiation: record, order, differentiate.

Read it in this order: `value` (a number that remembers), `op` (an operator is two rules), `order`,
`backward`, `derivatives`. The engine knows nothing of `plugins`, `explain` and `testing`.
"""

from mgcore import backward, numeric, ops, transport  # noqa: F401 - two hang methods into Value
from mgcore.cond import cond
from mgcore.derivatives import grad, hessian, hvp, jacobian, jvp, vjp
from mgcore.errors import MgcoreError
from mgcore.explain.anomaly import detect_anomaly
from mgcore.explain.chain_rule import explain
from mgcore.explain.replay import diagnose, replay
from mgcore.family import op_family
from mgcore.gc_pause import collector_paused
from mgcore.hookspecs import hookimpl
from mgcore.ieee import raise_nonfinite
from mgcore.implicit import implicit
from mgcore.newton import newton
from mgcore.numeric import check_gradient
from mgcore.op import Op, no_derivative
from mgcore.order import topological_order
from mgcore.plugins.discovery import API_VERSION
from mgcore.plugins.listing import PluginInfo, plugins
from mgcore.plugins.registry import configure, register, unregister
from mgcore.scan import scan
from mgcore.softmax import softmax
from mgcore.value import Constant, Value

__version__ = "0.2.0"

__all__ = [
    "API_VERSION",
    "Constant",
    "MgcoreError",
    "Op",
    "PluginInfo",
    "Value",
    "check_gradient",
    "collector_paused",
    "cond",
    "configure",
    "detect_anomaly",
    "diagnose",
    "explain",
    "grad",
    "hessian",
    "hookimpl",
    "hvp",
    "implicit",
    "jacobian",
    "jvp",
    "newton",
    "no_derivative",
    "numeric",
    "op_family",
    "ops",
    "plugins",
    "raise_nonfinite",
    "register",
    "replay",
    "scan",
    "softmax",
    "topological_order",
    "unregister",
    "vjp",
]
