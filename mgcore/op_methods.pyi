"""The registered ops as methods of Value, with types. Written by `python tools/stubs.py`."""

from mgcore.value import Value

class OpMethods:
    """Have every registered op for a method."""

    def abs(self) -> Value:
        """abs(x): |x|. partial by x: gt(x, 0) - lt(x, 0)."""

    def acos(self) -> Value:
        """acos(x): angle in radians whose cosine is x. partial by x: -1/sqrt(select(lt(x*x, 0.25), 1 - x*x, (1 - x)*(1 + x))). domain: [-1, 1]."""

    def acosh(self) -> Value:
        """acosh(x): inverse hyperbolic cosine of x. partial by x: 1/(sqrt(x - 1)*sqrt(x + 1)). domain: [1, inf)."""

    def add(self, x2: Value | float, /) -> Value:
        """add(x, y): x + y. partial by x: 1. partial by y: 1."""

    def asin(self) -> Value:
        """asin(x): angle in radians whose sine is x. partial by x: 1/sqrt(select(lt(x*x, 0.25), 1 - x*x, (1 - x)*(1 + x))). domain: [-1, 1]."""

    def asinh(self) -> Value:
        """asinh(x): inverse hyperbolic sine of x."""

    def atan(self) -> Value:
        """atan(x): angle in radians whose tangent is x."""

    def atan2(self, x2: Value | float, /) -> Value:
        """atan2(y, x): angle in radians of the point (x, y)."""

    def atanh(self) -> Value:
        """atanh(x): inverse hyperbolic tangent of x. partial by x: 1/select(lt(x*x, 0.25), 1 - x*x, (1 - x)*(1 + x)). domain: (-1, 1)."""

    def bessel_in(self, x2: Value | float, /) -> Value:
        """bessel_in(n, x): modified Bessel function I_n(x). partial by n: 0. domain: {0, 1, ...}; (-inf, inf)."""

    def bessel_ine(self, x2: Value | float, /) -> Value:
        """bessel_ine(n, x): e**-|x| * I_n(x). partial by n: 0. domain: {0, 1, ...}; (-inf, inf)."""

    def bessel_jn(self, x2: Value | float, /) -> Value:
        """bessel_jn(n, x): Bessel function J_n(x). partial by n: 0. domain: {0, 1, ...}; (-inf, inf)."""

    def beta(self, x2: Value | float, /) -> Value:
        """beta(a, b): Gamma(a) * Gamma(b) / Gamma(a + b). domain: (0, inf); (0, inf)."""

    def betainc(self, x2: Value | float, x3: Value | float, /) -> Value:
        """betainc(a, b, x): integral of t**(a-1) * (1-t)**(b-1) / B(a, b) from 0 to x. partial by a: nan. partial by b: nan. domain: (0, inf); (0, inf); (0, 1)."""

    def betaln(self, x2: Value | float, /) -> Value:
        """betaln(a, b): log(Gamma(a) * Gamma(b) / Gamma(a + b)). domain: (0, inf); (0, inf)."""

    def cbrt(self) -> Value:
        """cbrt(x): cube root of x. partial by x: 1/(3*out*out). domain: (-inf, 0] | [0, inf)."""

    def ceil(self) -> Value:
        """ceil(x): smallest whole number >= x. partial by x: 0."""

    def celu(self, x2: Value | float, /) -> Value:
        """celu(x, alpha): x if x > 0 else alpha * (e**(x/alpha) - 1). partial by x: exp(minimum(x, 0)/alpha). domain: (-inf, inf); (0, inf)."""

    def clip(self, x2: Value | float, x3: Value | float, /) -> Value:
        """clip(x, low, high): min(max(x, low), high). partial by low: 0.5*(lt(x, low) + le(x, low))*lt(low, high). partial by high: select(lt(low, high), 0.5*(lt(high, x) + le(high, x)), 1)."""

    def copysign(self, x2: Value | float, /) -> Value:
        """copysign(x, y): |x| with the sign of y. partial by x: sign(x)*copysign(1, y). partial by y: 0. domain: (-inf, inf); (-inf, 0) | (0, inf)."""

    def cos(self) -> Value:
        """cos(x): cosine of x radians. partial by x: -sin(x)."""

    def cosh(self) -> Value:
        """cosh(x): hyperbolic cosine of x. partial by x: sinh(x)."""

    def degrees(self) -> Value:
        """degrees(x): x radians in degrees. partial by x: 57.2958."""

    def digamma(self) -> Value:
        """digamma(x): derivative of log(Gamma(x)). partial by x: polygamma(1, x). domain: (0, inf)."""

    def div(self, x2: Value | float, /) -> Value:
        """div(x, y): x / y. partial by x: 1/y. partial by y: -out/y. domain: (-inf, inf); (-inf, 0) | (0, inf)."""

    def dot(self, *xs: Value | float) -> Value:
        """dot(*xs): w1*x1 + w2*x2 + ... of dot(*w, *x)."""

    def elu(self) -> Value:
        """elu(x): x if x > 0 else e**x - 1. partial by x: exp(minimum(x, 0))."""

    def eq(self, x2: Value | float, /) -> Value:
        """eq(x, y): 1 if x == y else 0. partial by x: 0. partial by y: 0."""

    def erf(self) -> Value:
        """erf(x): 2/sqrt(pi) * integral of e**(-t**2) from 0 to x. partial by x: 1.12838*gaussian(x)."""

    def erfc(self) -> Value:
        """erfc(x): 1 - erf(x). partial by x: -1.12838*gaussian(x)."""

    def erfcx(self) -> Value:
        """erfcx(x): e**(x**2) * erfc(x)."""

    def erfinv(self) -> Value:
        """erfinv(x): the number whose erf is x. domain: (-1, 1)."""

    def exp(self) -> Value:
        """exp(x): e ** x. partial by x: out."""

    def exp2(self) -> Value:
        """exp2(x): 2 ** x. partial by x: 0.693147*out."""

    def expi(self) -> Value:
        """expi(x): integral of e**t / t from -inf to x. partial by x: exp(x)/x. domain: (-inf, 0) | (0, inf)."""

    def expm1(self) -> Value:
        """expm1(x): e**x - 1. partial by x: exp(x)."""

    def floor(self) -> Value:
        """floor(x): largest whole number <= x. partial by x: 0."""

    def frac(self) -> Value:
        """frac(x): x - trunc(x). partial by x: 1."""

    def gamma(self) -> Value:
        """gamma(x): Gamma(x), (x - 1)! for whole x. partial by x: out*digamma(x). domain: (0, inf)."""

    def gammainc(self, x2: Value | float, /) -> Value:
        """gammainc(a, x): integral of t**(a-1) * e**-t / Gamma(a) from 0 to x. partial by a: nan. domain: (0, inf); (0, inf)."""

    def gaussian(self) -> Value:
        """gaussian(x): e**(-x**2). partial by x: -2*minimum(maximum(x, -64), 64)*out."""

    def ge(self, x2: Value | float, /) -> Value:
        """ge(x, y): 1 if x >= y else 0. partial by x: 0. partial by y: 0."""

    def gelu(self) -> Value:
        """gelu(x): x * Phi(x)."""

    def gelu_tanh(self) -> Value:
        """gelu_tanh(x): x * (1 + tanh(sqrt(2/pi) * (x + 0.044715 * x**3))) / 2."""

    def glu(self, x2: Value | float, /) -> Value:
        """glu(a, b): a * sigmoid(b). partial by a: sigmoid(b). partial by b: out*sigmoid(-b)."""

    def gt(self, x2: Value | float, /) -> Value:
        """gt(x, y): 1 if x > y else 0. partial by x: 0. partial by y: 0."""

    def hardshrink(self) -> Value:
        """hardshrink(x): x if |x| > 0.5 else 0. partial by x: gt(abs(x), 0.5)."""

    def hardsigmoid(self) -> Value:
        """hardsigmoid(x): (x + 3) / 6 brought between 0 and 1. partial by x: 0.166667*gt(x, -3)*lt(x, 3)."""

    def hardswish(self) -> Value:
        """hardswish(x): x * hardsigmoid(x). partial by x: select(ge(x, 3), 1, select(gt(x, -3), (2*x + 3)/6, 0))."""

    def hardtanh(self) -> Value:
        """hardtanh(x): x brought between -1 and 1. partial by x: gt(x, -1)*lt(x, 1)."""

    def hypot(self, x2: Value | float, /) -> Value:
        """hypot(x, y): sqrt(x**2 + y**2). partial by x: x/select(out, out, 1). partial by y: y/select(out, out, 1)."""

    def i0(self) -> Value:
        """i0(x): modified Bessel function I0(x). partial by x: i1(x)."""

    def i0e(self) -> Value:
        """i0e(x): e**-|x| * I0(x)."""

    def i1(self) -> Value:
        """i1(x): modified Bessel function I1(x). partial by x: 0.5*(i0(x) + bessel_in(2, x))."""

    def i1e(self) -> Value:
        """i1e(x): e**-|x| * I1(x)."""

    def isnan(self) -> Value:
        """isnan(x): 1 if x is NaN else 0. partial by x: 0."""

    def j0(self) -> Value:
        """j0(x): Bessel function J0(x). partial by x: -j1(x)."""

    def j1(self) -> Value:
        """j1(x): Bessel function J1(x). partial by x: 0.5*(j0(x) - bessel_jn(2, x))."""

    def lambertw(self) -> Value:
        """lambertw(x): the w >= -1 with w * e**w = x. domain: (-1/e, inf)."""

    def le(self, x2: Value | float, /) -> Value:
        """le(x, y): 1 if x <= y else 0. partial by x: 0. partial by y: 0."""

    def leaky_relu(self) -> Value:
        """leaky_relu(x): x if x > 0 else 0.01 * x. partial by x: select(gt(x, 0), 1, 0.01)."""

    def lgamma(self) -> Value:
        """lgamma(x): log(Gamma(x)). partial by x: digamma(x). domain: (0, inf)."""

    def log(self) -> Value:
        """log(x): natural logarithm of x. partial by x: 1/x. domain: (0, inf)."""

    def log10(self) -> Value:
        """log10(x): logarithm of x to base 10. partial by x: 0.434294/x. domain: (0, inf)."""

    def log1p(self) -> Value:
        """log1p(x): log(1 + x). partial by x: 1/(1 + x). domain: (-1, inf)."""

    def log2(self) -> Value:
        """log2(x): logarithm of x to base 2. partial by x: 1.4427/x. domain: (0, inf)."""

    def logaddexp(self, x2: Value | float, /) -> Value:
        """logaddexp(x, y): log(e**x + e**y)."""

    def logical_and(self, x2: Value | float, /) -> Value:
        """logical_and(x, y): 1 if x != 0 and y != 0 else 0. partial by x: 0. partial by y: 0."""

    def logical_not(self) -> Value:
        """logical_not(x): 1 if x = 0 else 0. partial by x: 0."""

    def logical_or(self, x2: Value | float, /) -> Value:
        """logical_or(x, y): 1 if x != 0 or y != 0 else 0. partial by x: 0. partial by y: 0."""

    def logsigmoid(self) -> Value:
        """logsigmoid(x): log(sigmoid(x)). partial by x: sigmoid(-x)."""

    def logsumexp(self, *xs: Value | float) -> Value:
        """logsumexp(*xs): log(e**x1 + e**x2 + ...)."""

    def lt(self, x2: Value | float, /) -> Value:
        """lt(x, y): 1 if x < y else 0. partial by x: 0. partial by y: 0."""

    def max(self, *xs: Value | float) -> Value:
        """max(*xs): largest of x1, x2, ...."""

    def maximum(self, x2: Value | float, /) -> Value:
        """maximum(x, y): the larger of x and y. partial by x: 0.5*(gt(x, y) + ge(x, y)). partial by y: 0.5*(gt(y, x) + ge(y, x))."""

    def mean(self, *xs: Value | float) -> Value:
        """mean(*xs): (x1 + x2 + ...) / n."""

    def min(self, *xs: Value | float) -> Value:
        """min(*xs): smallest of x1, x2, ...."""

    def minimum(self, x2: Value | float, /) -> Value:
        """minimum(x, y): the smaller of x and y. partial by x: 0.5*(lt(x, y) + le(x, y)). partial by y: 0.5*(lt(y, x) + le(y, x))."""

    def mish(self) -> Value:
        """mish(x): x * tanh(softplus(x))."""

    def mod(self, x2: Value | float, /) -> Value:
        """mod(x, y): x - y * floor(x / y). partial by x: 1. partial by y: -round((x - out)/y). domain: (-inf, inf); (-inf, 0) | (0, inf)."""

    def mul(self, x2: Value | float, /) -> Value:
        """mul(x, y): x * y. partial by x: y. partial by y: x."""

    def ne(self, x2: Value | float, /) -> Value:
        """ne(x, y): 1 if x != y else 0. partial by x: 0. partial by y: 0."""

    def neg(self) -> Value:
        """neg(x): -x. partial by x: -1."""

    def norm(self, *xs: Value | float) -> Value:
        """norm(*xs): sqrt(x1**2 + x2**2 + ...)."""

    def normal_cdf(self) -> Value:
        """normal_cdf(x): Phi(x), the standard normal distribution function. partial by x: normal_pdf(x)."""

    def normal_logcdf(self) -> Value:
        """normal_logcdf(x): log(Phi(x)), Phi the standard normal distribution function."""

    def normal_pdf(self) -> Value:
        """normal_pdf(x): e**(-x**2 / 2) / sqrt(2 * pi). partial by x: -minimum(maximum(x, -50), 50)*out."""

    def normal_quantile(self) -> Value:
        """normal_quantile(p): the x with Phi(x) = p. domain: (0, 1)."""

    def polygamma(self, x2: Value | float, /) -> Value:
        """polygamma(n, x): n-th derivative of digamma(x). partial by n: 0. partial by x: polygamma(n + 1, x). domain: {0, 1, ...}; (0, inf)."""

    def polyval(self, *xs: Value | float) -> Value:
        """polyval(*xs): c1*x**(n-1) + ... + cn of polyval(x, c1, ..., cn)."""

    def pow(self, x2: Value | float, /) -> Value:
        """pow(x, y): x ** y. partial by y: out*select(x, log(x + select(x, 0, 1)), gt(y, 0)). domain: (0, inf); (-inf, inf)."""

    def prelu(self, x2: Value | float, /) -> Value:
        """prelu(x, slope): x if x > 0 else slope * x. partial by x: select(gt(x, 0), 1, slope). partial by slope: minimum(x, 0)."""

    def prod(self, *xs: Value | float) -> Value:
        """prod(*xs): x1 * x2 * ...."""

    def quadratic(self) -> Value:
        """quadratic(x): x * (2 - |x|) if |x| < 1 else sign(x). partial by x: 2*maximum(1 - abs(x), 0)."""

    def radians(self) -> Value:
        """radians(x): x degrees in radians. partial by x: 0.0174533."""

    def reciprocal(self) -> Value:
        """reciprocal(x): 1 / x. partial by x: -out/x. domain: (-inf, 0) | (0, inf)."""

    def relu(self) -> Value:
        """relu(x): x if x > 0 else 0. partial by x: gt(out, 0)."""

    def relu6(self) -> Value:
        """relu6(x): x brought between 0 and 6. partial by x: gt(x, 0)*lt(x, 6)."""

    def remainder(self, x2: Value | float, /) -> Value:
        """remainder(x, y): x - y * round(x / y). partial by x: 1. partial by y: -round((x - out)/y). domain: (-inf, inf); (-inf, 0) | (0, inf)."""

    def round(self) -> Value:
        """round(x): nearest whole number to x, the even one of two. partial by x: 0."""

    def rsqrt(self) -> Value:
        """rsqrt(x): 1 / sqrt(x). partial by x: -0.5*out/x. domain: (0, inf)."""

    def select(self, x2: Value | float, x3: Value | float, /) -> Value:
        """select(condition, x, y): x if condition != 0 else y. partial by condition: 0. partial by x: select(condition, 1, 0). partial by y: select(condition, 0, 1)."""

    def selu(self) -> Value:
        """selu(x): 1.0507 * x if x > 0 else 1.7581 * (e**x - 1). partial by x: select(gt(x, 0), 1.0507, 1.7581*exp(minimum(x, 0)))."""

    def sigmoid(self) -> Value:
        """sigmoid(x): 1 / (1 + e**-x)."""

    def sign(self) -> Value:
        """sign(x): 1 if x > 0, -1 if x < 0, 0 if x = 0. partial by x: 0."""

    def silu(self) -> Value:
        """silu(x): x * sigmoid(x). partial by x: sigmoid(x) + out*sigmoid(-x)."""

    def sin(self) -> Value:
        """sin(x): sine of x radians. partial by x: cos(x)."""

    def sinc(self) -> Value:
        """sinc(x): sin(pi * x) / (pi * x)."""

    def sinh(self) -> Value:
        """sinh(x): hyperbolic sine of x. partial by x: cosh(x)."""

    def softmax(self, *xs: Value | float) -> Value:
        """softmax(*xs): e**x / (e**x1 + e**x2 + ...) of softmax(x, x1, x2, ...)."""

    def softplus(self) -> Value:
        """softplus(x): log(1 + e**x). partial by x: sigmoid(x)."""

    def softshrink(self) -> Value:
        """softshrink(x): x - 0.5 if x > 0.5, x + 0.5 if x < -0.5, else 0. partial by x: gt(abs(x), 0.5)."""

    def sqrt(self) -> Value:
        """sqrt(x): square root of x. partial by x: 0.5/out. domain: [0, inf)."""

    def square(self) -> Value:
        """square(x): x * x. partial by x: 2*x."""

    def ste_round(self) -> Value:
        """ste_round(x): nearest whole number to x, with the slope of x. partial by x: 1."""

    def ste_sign(self) -> Value:
        """ste_sign(x): sign of x, with the slope of hardtanh(x). partial by x: lt(abs(x), 1)."""

    def sub(self, x2: Value | float, /) -> Value:
        """sub(x, y): x - y. partial by x: 1. partial by y: -1."""

    def sum(self, *xs: Value | float) -> Value:
        """sum(*xs): x1 + x2 + ...."""

    def swish(self, x2: Value | float, /) -> Value:
        """swish(x, beta): x * sigmoid(beta * x). partial by x: sigmoid(beta*x) + beta*out*sigmoid(-(beta*x)). partial by beta: out*x*sigmoid(-(beta*x))."""

    def take(self, *xs: Value | float) -> Value:
        """take(*xs): x0 if index = 0, x1 if index = 1, ... of take(index, x0, x1, ...). domain: {0, 1, ...}; (-inf, inf)."""

    def tan(self) -> Value:
        """tan(x): tangent of x radians. partial by x: 1 + out*out."""

    def tanh(self) -> Value:
        """tanh(x): hyperbolic tangent of x."""

    def trunc(self) -> Value:
        """trunc(x): whole part of x. partial by x: 0."""

    def var(self, *xs: Value | float) -> Value:
        """var(*xs): mean of (x - mean)**2."""

    def where(self, x2: Value | float, x3: Value | float, /) -> Value:
        """where(condition, x, y): x if condition != 0 else y. partial by condition: 0. partial by x: select(condition, 1, 0). partial by y: select(condition, 0, 1)."""

    def xlog1py(self, x2: Value | float, /) -> Value:
        """xlog1py(x, y): x * log(1 + y), 0 if x = 0. partial by x: log1p(y). partial by y: select(logical_or(x, 1 + y), x/(1 + y), 0). domain: (-inf, inf); (-1, inf)."""

    def xlogy(self, x2: Value | float, /) -> Value:
        """xlogy(x, y): x * log(y), 0 if x = 0. partial by x: log(y). partial by y: select(logical_or(x, y), x/y, 0). domain: (-inf, inf); (0, inf)."""

    def zeta(self, x2: Value | float, /) -> Value:
        """zeta(s, q): 1/q**s + 1/(q + 1)**s + .... partial by s: nan. domain: (1, inf); (0, inf)."""
