"""The shipped ops that the page of a stepper computes itself: the tables in page/src/ops/."""

__all__ = ["PAGE_OPS"]

PAGE_OPS = frozenset(
    {
        *("abs", "acos", "acosh", "add", "asin", "asinh", "atan", "atan2", "atanh"),
        *("cbrt", "ceil", "celu", "clip", "copysign", "cos", "cosh", "degrees", "div", "dot"),
        *("elu", "eq", "erf", "erfc", "exp", "exp2", "expm1", "floor", "frac", "ge", "gelu"),
        *("gelu_tanh", "glu", "gt", "hardshrink", "hardsigmoid", "hardswish", "hardtanh", "hypot"),
        *("isnan", "le", "leaky_relu", "log", "log10", "log1p", "log2", "logaddexp", "logical_and"),
        *("logical_not", "logical_or", "logsigmoid", "logsumexp", "lt", "max", "maximum", "mean"),
        *("min", "minimum", "mish", "mod", "mul", "ne", "neg", "norm", "normal_cdf", "normal_pdf"),
        *("polyval", "pow", "prelu", "prod", "quadratic", "radians", "reciprocal", "relu", "relu6"),
        *("round", "rsqrt", "select", "selu", "sigmoid", "sign", "silu", "sin", "sinh", "softplus"),
        *("softshrink", "sqrt", "square", "ste_round", "ste_sign", "sub", "sum", "swish", "tan"),
        *("tanh", "trunc", "var", "where", "xlog1py", "xlogy"),
    }
)
