"""The same graph by PyTorch: a second opinion on the truth, not on conventions."""

from __future__ import annotations

__all__ = ["by_torch"]


SAME = (
    *("exp2", "expm1", "log1p", "log2", "log10", "square", "reciprocal", "rsqrt"),
    *("tan", "asin", "acos", "atan", "sinh", "cosh", "asinh", "acosh", "atanh"),
)
SAME_ACTIVATIONS = (*("relu6", "hardtanh", "selu", "logsigmoid", "mish"),)
"""Ops that PyTorch has under the same name."""


def _table():
    import torch
    from torch.nn import functional

    def compared(test):
        return lambda x, y: test(x, y).to(torch.float64)

    def dot(*xs):
        half = len(xs) // 2
        return (torch.stack(xs[:half]) * torch.stack(xs[half:])).sum()

    return {
        "add": torch.add,
        "sub": torch.sub,
        "mul": torch.mul,
        "div": torch.div,
        "neg": torch.neg,
        "pow": torch.pow,
        "exp": torch.exp,
        "log": torch.log,
        "sqrt": torch.sqrt,
        "abs": torch.abs,
        "sin": torch.sin,
        "cos": torch.cos,
        "erf": torch.erf,
        "maximum": torch.maximum,
        "minimum": torch.minimum,
        "gt": compared(torch.gt),
        "ge": compared(torch.ge),
        "lt": compared(torch.lt),
        "le": compared(torch.le),
        "select": lambda c, x, y: torch.where(c != 0, x, y),
        "cond": lambda c, x, y: x if c.item() != 0 else y,
        "sum": lambda *xs: torch.stack(xs).sum(),
        "dot": dot,
        "relu": torch.relu,
        "leaky_relu": functional.leaky_relu,
        "elu": functional.elu,
        "tanh": torch.tanh,
        "sigmoid": torch.sigmoid,
        "softplus": lambda x: -functional.logsigmoid(-x),
        "silu": functional.silu,
        "gelu": functional.gelu,
        **{name: getattr(torch, name) for name in SAME},
        "cbrt": lambda x: torch.sign(x) * torch.abs(x) ** (1 / 3),
        **{name: getattr(functional, name) for name in SAME_ACTIVATIONS},
        # PyTorch's own have a sixth of float32
        "hardsigmoid": lambda x: torch.clamp(x + 3, 0, 6) / 6,
        "hardswish": lambda x: x * torch.clamp(x + 3, 0, 6) / 6,
        "logsumexp": lambda *xs: torch.logsumexp(torch.stack(xs), 0),
    }


def knows(graph):
    """Tell whether PyTorch has every op of a graph."""
    return {node.op for node in graph.nodes} <= {*_table(), "x", "w", "v", "c"}


def by_torch(graph):
    """Return the outputs and, for each, the gradient to all leaves, at the recorded sample."""
    import torch

    table, made = _table(), []
    for node in graph.nodes:
        if node.op in ("x", "w", "v"):
            made.append(torch.tensor(node.number, dtype=torch.float64, requires_grad=True))
        elif node.op == "c":
            made.append(torch.tensor(node.number, dtype=torch.float64))
        else:
            made.append(table[node.op](*[made[i] for i in node.operands]))
    leaves = [made[i] for i in graph.leaves]
    values, gradients = [], []
    for place in graph.outputs:
        values.append(made[place].item())
        if not made[place].requires_grad:
            gradients.append([0.0] * len(leaves))
            continue
        found = torch.autograd.grad(made[place], leaves, retain_graph=True, allow_unused=True)
        gradients.append([0.0 if d is None else d.item() for d in found])
    return values, gradients
