"""The registered ops by name, with their types. Written by `python tools/stubs.py`."""

# pyright: reportIncompatibleMethodOverride=false
# An op of so many operands refuses what Op, which may have any number, takes.

from typing import Any, Protocol, overload

from mgcore.op import Op
from mgcore.value import Value

class TakesOver(Protocol):
    """What applies ops itself, as a compiler's symbols do."""

    @property
    def __mgcore_apply__(self) -> Any: ...

class UnaryOp(Op):
    """An op of 1 operand."""

    @overload
    def __call__(self, x: float, /) -> float: ...
    @overload
    def __call__(self, x: Value, /) -> Value: ...
    @overload
    def __call__(self, x: TakesOver | float, /) -> Any: ...

class BinaryOp(Op):
    """An op of 2 operands."""

    @overload
    def __call__(self, x1: float, x2: float, /) -> float: ...
    @overload
    def __call__(self, x1: Value, x2: Value | float, /) -> Value: ...
    @overload
    def __call__(self, x1: float, x2: Value, /) -> Value: ...
    @overload
    def __call__(self, x1: TakesOver | float, x2: TakesOver | float, /) -> Any: ...

class TernaryOp(Op):
    """An op of 3 operands."""

    @overload
    def __call__(self, x1: float, x2: float, x3: float, /) -> float: ...
    @overload
    def __call__(self, x1: Value, x2: Value | float, x3: Value | float, /) -> Value: ...
    @overload
    def __call__(self, x1: float, x2: Value, x3: Value | float, /) -> Value: ...
    @overload
    def __call__(self, x1: float, x2: float, x3: Value, /) -> Value: ...
    @overload
    def __call__(self, x1: TakesOver | float, x2: TakesOver | float, x3: TakesOver | float, /) -> Any: ...

class VariadicOp(Op):
    """An op of any number of operands."""

    @overload  # numbers alone, then any Values: told apart by the first that fits
    def __call__(self, *xs: float) -> float: ...  # type: ignore[overload-overlap]
    @overload
    def __call__(self, *xs: Value | float) -> Value: ...
    @overload
    def __call__(self, *xs: TakesOver | float) -> Any: ...

abs: UnaryOp
"""abs(x): |x|. partial by x: gt(x, 0) - lt(x, 0)."""
acos: UnaryOp
"""acos(x): angle in radians whose cosine is x. partial by x: -1/sqrt(select(lt(x*x, 0.25), 1 - x*x, (1 - x)*(1 + x))). domain: [-1, 1]."""
acosh: UnaryOp
"""acosh(x): inverse hyperbolic cosine of x. partial by x: 1/(sqrt(x - 1)*sqrt(x + 1)). domain: [1, inf)."""
add: BinaryOp
"""add(x, y): x + y. partial by x: 1. partial by y: 1."""
asin: UnaryOp
"""asin(x): angle in radians whose sine is x. partial by x: 1/sqrt(select(lt(x*x, 0.25), 1 - x*x, (1 - x)*(1 + x))). domain: [-1, 1]."""
asinh: UnaryOp
"""asinh(x): inverse hyperbolic sine of x."""
atan: UnaryOp
"""atan(x): angle in radians whose tangent is x."""
atan2: BinaryOp
"""atan2(y, x): angle in radians of the point (x, y)."""
atanh: UnaryOp
"""atanh(x): inverse hyperbolic tangent of x. partial by x: 1/select(lt(x*x, 0.25), 1 - x*x, (1 - x)*(1 + x)). domain: (-1, 1)."""
bessel_in: BinaryOp
"""bessel_in(n, x): modified Bessel function I_n(x). partial by n: 0. domain: {0, 1, ...}; (-inf, inf)."""
bessel_ine: BinaryOp
"""bessel_ine(n, x): e**-|x| * I_n(x). partial by n: 0. domain: {0, 1, ...}; (-inf, inf)."""
bessel_jn: BinaryOp
"""bessel_jn(n, x): Bessel function J_n(x). partial by n: 0. domain: {0, 1, ...}; (-inf, inf)."""
beta: BinaryOp
"""beta(a, b): Gamma(a) * Gamma(b) / Gamma(a + b). domain: (0, inf); (0, inf)."""
betainc: TernaryOp
"""betainc(a, b, x): integral of t**(a-1) * (1-t)**(b-1) / B(a, b) from 0 to x. partial by a: nan. partial by b: nan. domain: (0, inf); (0, inf); (0, 1)."""
betaln: BinaryOp
"""betaln(a, b): log(Gamma(a) * Gamma(b) / Gamma(a + b)). domain: (0, inf); (0, inf)."""
cbrt: UnaryOp
"""cbrt(x): cube root of x. partial by x: 1/(3*out*out). domain: (-inf, 0] | [0, inf)."""
ceil: UnaryOp
"""ceil(x): smallest whole number >= x. partial by x: 0."""
celu: BinaryOp
"""celu(x, alpha): x if x > 0 else alpha * (e**(x/alpha) - 1). partial by x: exp(minimum(x, 0)/alpha). domain: (-inf, inf); (0, inf)."""
clip: TernaryOp
"""clip(x, low, high): min(max(x, low), high). partial by low: 0.5*(lt(x, low) + le(x, low))*lt(low, high). partial by high: select(lt(low, high), 0.5*(lt(high, x) + le(high, x)), 1)."""
copysign: BinaryOp
"""copysign(x, y): |x| with the sign of y. partial by x: sign(x)*copysign(1, y). partial by y: 0. domain: (-inf, inf); (-inf, 0) | (0, inf)."""
cos: UnaryOp
"""cos(x): cosine of x radians. partial by x: -sin(x)."""
cosh: UnaryOp
"""cosh(x): hyperbolic cosine of x. partial by x: sinh(x)."""
degrees: UnaryOp
"""degrees(x): x radians in degrees. partial by x: 57.2958."""
digamma: UnaryOp
"""digamma(x): derivative of log(Gamma(x)). partial by x: polygamma(1, x). domain: (0, inf)."""
div: BinaryOp
"""div(x, y): x / y. partial by x: 1/y. partial by y: -out/y. domain: (-inf, inf); (-inf, 0) | (0, inf)."""
dot: VariadicOp
"""dot(*xs): w1*x1 + w2*x2 + ... of dot(*w, *x)."""
elu: UnaryOp
"""elu(x): x if x > 0 else e**x - 1. partial by x: exp(minimum(x, 0))."""
eq: BinaryOp
"""eq(x, y): 1 if x == y else 0. partial by x: 0. partial by y: 0."""
erf: UnaryOp
"""erf(x): 2/sqrt(pi) * integral of e**(-t**2) from 0 to x. partial by x: 1.12838*gaussian(x)."""
erfc: UnaryOp
"""erfc(x): 1 - erf(x). partial by x: -1.12838*gaussian(x)."""
erfcx: UnaryOp
"""erfcx(x): e**(x**2) * erfc(x)."""
erfinv: UnaryOp
"""erfinv(x): the number whose erf is x. domain: (-1, 1)."""
exp: UnaryOp
"""exp(x): e ** x. partial by x: out."""
exp2: UnaryOp
"""exp2(x): 2 ** x. partial by x: 0.693147*out."""
expi: UnaryOp
"""expi(x): integral of e**t / t from -inf to x. partial by x: exp(x)/x. domain: (-inf, 0) | (0, inf)."""
expm1: UnaryOp
"""expm1(x): e**x - 1. partial by x: exp(x)."""
floor: UnaryOp
"""floor(x): largest whole number <= x. partial by x: 0."""
frac: UnaryOp
"""frac(x): x - trunc(x). partial by x: 1."""
gamma: UnaryOp
"""gamma(x): Gamma(x), (x - 1)! for whole x. partial by x: out*digamma(x). domain: (0, inf)."""
gammainc: BinaryOp
"""gammainc(a, x): integral of t**(a-1) * e**-t / Gamma(a) from 0 to x. partial by a: nan. domain: (0, inf); (0, inf)."""
gaussian: UnaryOp
"""gaussian(x): e**(-x**2). partial by x: -2*minimum(maximum(x, -64), 64)*out."""
ge: BinaryOp
"""ge(x, y): 1 if x >= y else 0. partial by x: 0. partial by y: 0."""
gelu: UnaryOp
"""gelu(x): x * Phi(x)."""
gelu_tanh: UnaryOp
"""gelu_tanh(x): x * (1 + tanh(sqrt(2/pi) * (x + 0.044715 * x**3))) / 2."""
glu: BinaryOp
"""glu(a, b): a * sigmoid(b). partial by a: sigmoid(b). partial by b: out*sigmoid(-b)."""
gt: BinaryOp
"""gt(x, y): 1 if x > y else 0. partial by x: 0. partial by y: 0."""
hardshrink: UnaryOp
"""hardshrink(x): x if |x| > 0.5 else 0. partial by x: gt(abs(x), 0.5)."""
hardsigmoid: UnaryOp
"""hardsigmoid(x): (x + 3) / 6 brought between 0 and 1. partial by x: 0.166667*gt(x, -3)*lt(x, 3)."""
hardswish: UnaryOp
"""hardswish(x): x * hardsigmoid(x). partial by x: select(ge(x, 3), 1, select(gt(x, -3), (2*x + 3)/6, 0))."""
hardtanh: UnaryOp
"""hardtanh(x): x brought between -1 and 1. partial by x: gt(x, -1)*lt(x, 1)."""
hypot: BinaryOp
"""hypot(x, y): sqrt(x**2 + y**2). partial by x: x/select(out, out, 1). partial by y: y/select(out, out, 1)."""
i0: UnaryOp
"""i0(x): modified Bessel function I0(x). partial by x: i1(x)."""
i0e: UnaryOp
"""i0e(x): e**-|x| * I0(x)."""
i1: UnaryOp
"""i1(x): modified Bessel function I1(x). partial by x: 0.5*(i0(x) + bessel_in(2, x))."""
i1e: UnaryOp
"""i1e(x): e**-|x| * I1(x)."""
isnan: UnaryOp
"""isnan(x): 1 if x is NaN else 0. partial by x: 0."""
j0: UnaryOp
"""j0(x): Bessel function J0(x). partial by x: -j1(x)."""
j1: UnaryOp
"""j1(x): Bessel function J1(x). partial by x: 0.5*(j0(x) - bessel_jn(2, x))."""
lambertw: UnaryOp
"""lambertw(x): the w >= -1 with w * e**w = x. domain: (-1/e, inf)."""
le: BinaryOp
"""le(x, y): 1 if x <= y else 0. partial by x: 0. partial by y: 0."""
leaky_relu: UnaryOp
"""leaky_relu(x): x if x > 0 else 0.01 * x. partial by x: select(gt(x, 0), 1, 0.01)."""
lgamma: UnaryOp
"""lgamma(x): log(Gamma(x)). partial by x: digamma(x). domain: (0, inf)."""
log: UnaryOp
"""log(x): natural logarithm of x. partial by x: 1/x. domain: (0, inf)."""
log10: UnaryOp
"""log10(x): logarithm of x to base 10. partial by x: 0.434294/x. domain: (0, inf)."""
log1p: UnaryOp
"""log1p(x): log(1 + x). partial by x: 1/(1 + x). domain: (-1, inf)."""
log2: UnaryOp
"""log2(x): logarithm of x to base 2. partial by x: 1.4427/x. domain: (0, inf)."""
logaddexp: BinaryOp
"""logaddexp(x, y): log(e**x + e**y)."""
logical_and: BinaryOp
"""logical_and(x, y): 1 if x != 0 and y != 0 else 0. partial by x: 0. partial by y: 0."""
logical_not: UnaryOp
"""logical_not(x): 1 if x = 0 else 0. partial by x: 0."""
logical_or: BinaryOp
"""logical_or(x, y): 1 if x != 0 or y != 0 else 0. partial by x: 0. partial by y: 0."""
logsigmoid: UnaryOp
"""logsigmoid(x): log(sigmoid(x)). partial by x: sigmoid(-x)."""
logsumexp: VariadicOp
"""logsumexp(*xs): log(e**x1 + e**x2 + ...)."""
lt: BinaryOp
"""lt(x, y): 1 if x < y else 0. partial by x: 0. partial by y: 0."""
max: VariadicOp
"""max(*xs): largest of x1, x2, ...."""
maximum: BinaryOp
"""maximum(x, y): the larger of x and y. partial by x: 0.5*(gt(x, y) + ge(x, y)). partial by y: 0.5*(gt(y, x) + ge(y, x))."""
mean: VariadicOp
"""mean(*xs): (x1 + x2 + ...) / n."""
min: VariadicOp
"""min(*xs): smallest of x1, x2, ...."""
minimum: BinaryOp
"""minimum(x, y): the smaller of x and y. partial by x: 0.5*(lt(x, y) + le(x, y)). partial by y: 0.5*(lt(y, x) + le(y, x))."""
mish: UnaryOp
"""mish(x): x * tanh(softplus(x))."""
mod: BinaryOp
"""mod(x, y): x - y * floor(x / y). partial by x: 1. partial by y: -round((x - out)/y). domain: (-inf, inf); (-inf, 0) | (0, inf)."""
mul: BinaryOp
"""mul(x, y): x * y. partial by x: y. partial by y: x."""
ne: BinaryOp
"""ne(x, y): 1 if x != y else 0. partial by x: 0. partial by y: 0."""
neg: UnaryOp
"""neg(x): -x. partial by x: -1."""
norm: VariadicOp
"""norm(*xs): sqrt(x1**2 + x2**2 + ...)."""
normal_cdf: UnaryOp
"""normal_cdf(x): Phi(x), the standard normal distribution function. partial by x: normal_pdf(x)."""
normal_logcdf: UnaryOp
"""normal_logcdf(x): log(Phi(x)), Phi the standard normal distribution function."""
normal_pdf: UnaryOp
"""normal_pdf(x): e**(-x**2 / 2) / sqrt(2 * pi). partial by x: -minimum(maximum(x, -50), 50)*out."""
normal_quantile: UnaryOp
"""normal_quantile(p): the x with Phi(x) = p. domain: (0, 1)."""
polygamma: BinaryOp
"""polygamma(n, x): n-th derivative of digamma(x). partial by n: 0. partial by x: polygamma(n + 1, x). domain: {0, 1, ...}; (0, inf)."""
polyval: VariadicOp
"""polyval(*xs): c1*x**(n-1) + ... + cn of polyval(x, c1, ..., cn)."""
pow: BinaryOp
"""pow(x, y): x ** y. partial by y: out*select(x, log(x + select(x, 0, 1)), gt(y, 0)). domain: (0, inf); (-inf, inf)."""
prelu: BinaryOp
"""prelu(x, slope): x if x > 0 else slope * x. partial by x: select(gt(x, 0), 1, slope). partial by slope: minimum(x, 0)."""
prod: VariadicOp
"""prod(*xs): x1 * x2 * ...."""
quadratic: UnaryOp
"""quadratic(x): x * (2 - |x|) if |x| < 1 else sign(x). partial by x: 2*maximum(1 - abs(x), 0)."""
radians: UnaryOp
"""radians(x): x degrees in radians. partial by x: 0.0174533."""
reciprocal: UnaryOp
"""reciprocal(x): 1 / x. partial by x: -out/x. domain: (-inf, 0) | (0, inf)."""
relu: UnaryOp
"""relu(x): x if x > 0 else 0. partial by x: gt(out, 0)."""
relu6: UnaryOp
"""relu6(x): x brought between 0 and 6. partial by x: gt(x, 0)*lt(x, 6)."""
remainder: BinaryOp
"""remainder(x, y): x - y * round(x / y). partial by x: 1. partial by y: -round((x - out)/y). domain: (-inf, inf); (-inf, 0) | (0, inf)."""
round: UnaryOp
"""round(x): nearest whole number to x, the even one of two. partial by x: 0."""
rsqrt: UnaryOp
"""rsqrt(x): 1 / sqrt(x). partial by x: -0.5*out/x. domain: (0, inf)."""
select: TernaryOp
"""select(condition, x, y): x if condition != 0 else y. partial by condition: 0. partial by x: select(condition, 1, 0). partial by y: select(condition, 0, 1)."""
selu: UnaryOp
"""selu(x): 1.0507 * x if x > 0 else 1.7581 * (e**x - 1). partial by x: select(gt(x, 0), 1.0507, 1.7581*exp(minimum(x, 0)))."""
sigmoid: UnaryOp
"""sigmoid(x): 1 / (1 + e**-x)."""
sign: UnaryOp
"""sign(x): 1 if x > 0, -1 if x < 0, 0 if x = 0. partial by x: 0."""
silu: UnaryOp
"""silu(x): x * sigmoid(x). partial by x: sigmoid(x) + out*sigmoid(-x)."""
sin: UnaryOp
"""sin(x): sine of x radians. partial by x: cos(x)."""
sinc: UnaryOp
"""sinc(x): sin(pi * x) / (pi * x)."""
sinh: UnaryOp
"""sinh(x): hyperbolic sine of x. partial by x: cosh(x)."""
softmax: VariadicOp
"""softmax(*xs): e**x / (e**x1 + e**x2 + ...) of softmax(x, x1, x2, ...)."""
softplus: UnaryOp
"""softplus(x): log(1 + e**x). partial by x: sigmoid(x)."""
softshrink: UnaryOp
"""softshrink(x): x - 0.5 if x > 0.5, x + 0.5 if x < -0.5, else 0. partial by x: gt(abs(x), 0.5)."""
sqrt: UnaryOp
"""sqrt(x): square root of x. partial by x: 0.5/out. domain: [0, inf)."""
square: UnaryOp
"""square(x): x * x. partial by x: 2*x."""
ste_round: UnaryOp
"""ste_round(x): nearest whole number to x, with the slope of x. partial by x: 1."""
ste_sign: UnaryOp
"""ste_sign(x): sign of x, with the slope of hardtanh(x). partial by x: lt(abs(x), 1)."""
sub: BinaryOp
"""sub(x, y): x - y. partial by x: 1. partial by y: -1."""
sum: VariadicOp
"""sum(*xs): x1 + x2 + ...."""
swish: BinaryOp
"""swish(x, beta): x * sigmoid(beta * x). partial by x: sigmoid(beta*x) + beta*out*sigmoid(-(beta*x)). partial by beta: out*x*sigmoid(-(beta*x))."""
take: VariadicOp
"""take(*xs): x0 if index = 0, x1 if index = 1, ... of take(index, x0, x1, ...). domain: {0, 1, ...}; (-inf, inf)."""
tan: UnaryOp
"""tan(x): tangent of x radians. partial by x: 1 + out*out."""
tanh: UnaryOp
"""tanh(x): hyperbolic tangent of x."""
trunc: UnaryOp
"""trunc(x): whole part of x. partial by x: 0."""
var: VariadicOp
"""var(*xs): mean of (x - mean)**2."""
where: TernaryOp
"""where(condition, x, y): x if condition != 0 else y. partial by condition: 0. partial by x: select(condition, 1, 0). partial by y: select(condition, 0, 1)."""
xlog1py: BinaryOp
"""xlog1py(x, y): x * log(1 + y), 0 if x = 0. partial by x: log1p(y). partial by y: select(logical_or(x, 1 + y), x/(1 + y), 0). domain: (-inf, inf); (-1, inf)."""
xlogy: BinaryOp
"""xlogy(x, y): x * log(y), 0 if x = 0. partial by x: log(y). partial by y: select(logical_or(x, y), x/y, 0). domain: (-inf, inf); (0, inf)."""
zeta: BinaryOp
"""zeta(s, q): 1/q**s + 1/(q + 1)**s + .... partial by s: nan. domain: (1, inf); (0, inf)."""
