"""Scalar automatic differentiation: record, order, differentiate.

Read it in this order: `value` (a number that remembers), `op` (an operator is two rules), `order`,
`backward`, `registry`.
"""

from mgcore import numeric, ops
from mgcore.anomaly import detect_anomaly
from mgcore.derivatives import grad, hessian, hvp, jacobian, jvp, vjp
from mgcore.discovery import API_VERSION
from mgcore.errors import MgcoreError
from mgcore.explain import explain
from mgcore.hookspecs import hookimpl
from mgcore.ieee import raise_nonfinite
from mgcore.listing import PluginInfo, plugins
from mgcore.numeric import check_gradient
from mgcore.op import Op
from mgcore.order import topological_order
from mgcore.registry import configure, register, unregister
from mgcore.replay import diagnose, replay
from mgcore.value import Constant, Value

__version__ = "0.1.0"

__all__ = [
    "API_VERSION",
    "Constant",
    "MgcoreError",
    "Op",
    "PluginInfo",
    "Value",
    "check_gradient",
    "configure",
    "detect_anomaly",
    "diagnose",
    "explain",
    "grad",
    "hessian",
    "hookimpl",
    "hvp",
    "jacobian",
    "jvp",
    "numeric",
    "ops",
    "plugins",
    "raise_nonfinite",
    "register",
    "replay",
    "topological_order",
    "unregister",
    "vjp",
]
