"""The shipped ops that the page of a stepper computes itself: the table of page/src/ops.ts."""

__all__ = ["PAGE_OPS"]

PAGE_OPS = frozenset(
    {
        *("abs", "acos", "acosh", "add", "asin", "asinh", "atan", "atanh", "cbrt", "cos", "cosh"),
        *("div", "dot", "elu", "erf", "exp", "exp2", "expm1", "ge", "gelu", "gt", "hardsigmoid"),
        *("hardswish", "hardtanh", "le", "leaky_relu", "log", "log10", "log1p", "log2"),
        *("logsigmoid", "logsumexp", "lt", "maximum", "minimum", "mish", "mul", "neg", "pow"),
        *("reciprocal", "relu", "relu6", "rsqrt", "select", "selu", "sigmoid", "silu", "sin"),
        *("sinh", "softplus", "sqrt", "square", "sub", "sum", "tan", "tanh"),
    }
)
