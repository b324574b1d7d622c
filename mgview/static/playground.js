"use strict";
(() => {
  // src/dom.ts
  function byId(id) {
    const found = document.getElementById(id);
    if (!found) throw new Error(`the page has no element #${id}`);
    return found;
  }
  function make(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  }
  function say(element, text) {
    if (element && element.textContent !== text) element.textContent = text;
  }
  function startTheme() {
    const button = byId("theme");
    const dark = matchMedia("(prefers-color-scheme: dark)");
    let chosen = false;
    const set = (theme) => {
      document.documentElement.dataset["theme"] = theme;
      say(button, theme === "dark" ? "Light colours" : "Dark colours");
    };
    set(dark.matches ? "dark" : "light");
    dark.addEventListener("change", () => {
      if (!chosen) set(dark.matches ? "dark" : "light");
    });
    button.addEventListener("click", () => {
      chosen = true;
      set(document.documentElement.dataset["theme"] === "dark" ? "light" : "dark");
    });
  }

  // src/format.ts
  var MINUS = "−";
  var ROUNDED = "≈";
  var WIDEST = 10;
  var DIGITS = 6;
  var SAFE = 1e15;
  function typographic(text) {
    return text.replaceAll("-", MINUS);
  }
  function isOdd(x) {
    return !Number.isFinite(x) || Object.is(x, -0);
  }
  function full(x) {
    if (Number.isNaN(x)) return "nan";
    if (!Number.isFinite(x)) return x > 0 ? "inf" : `${MINUS}inf`;
    if (Object.is(x, -0)) return `${MINUS}0.0`;
    const size2 = Math.abs(x);
    const text = size2 !== 0 && (size2 >= 1e16 || size2 < 1e-4) ? x.toExponential() : String(x);
    return typographic(twoDigits(text));
  }
  function twoDigits(text) {
    return text.replace(/e([+-])(\d)$/, "e$10$2");
  }
  function marked(text, x) {
    return (Number(text) === x ? "" : ROUNDED) + typographic(text);
  }
  function even(text, digits) {
    const tie = /^(-?\d*\.?\d*?(\d))50*(e.*)?$/.exec(digits);
    if (!tie || (tie[3] ?? "") !== (/e.*/.exec(text)?.[0] ?? "") || tie[1].length !== text.replace(/e.*/, "").length) return text;
    return Number(tie[2]) % 2 === 0 ? tie[1] + (tie[3] ?? "") : text;
  }
  function fixed(x, decimals) {
    const text = x.toFixed(decimals);
    return Number.isInteger(x * 2 * 10 ** decimals) ? even(text, x.toFixed(80)) : text;
  }
  function boxed(x) {
    if (isOdd(x)) return full(x);
    const size2 = Math.abs(x);
    if (size2 === 0 || size2 >= 1e-3 && size2 < 1e4) {
      const text = fixed(x, 4);
      return marked(Number(text) !== x && size2 >= 1e3 ? fixed(x, 3) : text, x);
    }
    if (Number.isInteger(x) && size2 < 10 ** WIDEST) return typographic(String(x));
    return marked(twoDigits(even(x.toExponential(2), x.toExponential(100))), x);
  }
  function shown(x) {
    const whole = full(x);
    if (isOdd(x)) return { text: whole, exact: true };
    const digits = whole.replace(/e.*$/, "").replace(/[^\d]/g, "").replace(/^0+/, "").length;
    if (digits <= WIDEST || Number.isInteger(x) && Math.abs(x) < SAFE) return { text: whole, exact: true };
    const rounded = Number(x.toPrecision(DIGITS));
    const text = Math.abs(x) < 10 ** DIGITS ? full(rounded) : typographic(twoDigits(rounded.toExponential()));
    return { text, exact: rounded === x };
  }
  function plain(x) {
    const { text, exact } = shown(x);
    return exact ? text : ROUNDED + text;
  }
  function brief(x) {
    const whole = full(x);
    if (isOdd(x) || whole.length <= 5) return whole;
    return marked(full(Number(x.toPrecision(3))).replaceAll(MINUS, "-"), x);
  }
  function bracketed(text) {
    return atomic(text) ? text : `(${text})`;
  }
  var ATOM = /^(?:[\p{L}\p{M}\p{N}_.#′'\ufffd\ue000\ue001]+(?:\[[^[\]]*\])?|\d[\d.]*e[−+]\d+)$/u;
  function atomic(text) {
    return ATOM.test(text) || closed(text);
  }
  function closed(text) {
    if (!/^[\p{L}\p{M}\p{N}_.]*\([^]*\)$/u.test(text)) return false;
    let depth = 0;
    for (let place2 = 0; place2 < text.length; place2++) {
      if (text[place2] === "(") depth++;
      else if (text[place2] === ")" && --depth === 0) return place2 === text.length - 1;
    }
    return false;
  }
  var PLAIN = String.raw`[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?`;
  var NUMBER = new RegExp(`^${PLAIN}$`, "i");
  var FRACTION = new RegExp(`^(${PLAIN})\\s*[/÷]\\s*(${PLAIN})$`, "i");
  function parse(text) {
    const flat = text.trim().replace(/^[≈=]\s*/, "").replace(",", ".").replaceAll(MINUS, "-").replace(/^\((.*)\)$/, "$1");
    const fraction = FRACTION.exec(flat);
    if (fraction) return Number(fraction[1]) / Number(fraction[2]);
    return NUMBER.test(flat) ? Number(flat) : void 0;
  }
  function reading(text, number) {
    return text.includes(",") ? `“${text.trim()}” was read as ${full(number)}: a point separates the decimals here.` : "";
  }

  // src/rules.ts
  var sigmoid = (x) => {
    if (x >= 0) return 1 / (1 + Math.exp(-x));
    const e = Math.exp(x);
    return e / (1 + e);
  };
  var step = (x) => x > 0 ? 1 : 0;
  function unary(forward, partial, formula, derivative) {
    return {
      forward: (x) => forward(x[0]),
      partials: (out, x) => [partial(out, x[0])],
      formula: (names) => formula(names[0]),
      derivatives: (names) => [derivative(names[0])],
      scalar: { forward, partial }
    };
  }
  function binary(forward, partials, formula, derivatives) {
    return {
      forward: (x) => forward(x[0], x[1]),
      partials: (out, x) => partials(out, x[0], x[1]),
      formula: (names) => formula(names[0], names[1]),
      derivatives: (names) => derivatives(names[0], names[1])
    };
  }
  function comparison(sign3, holds) {
    return binary(
      (x, y) => holds(x, y) ? 1 : 0,
      () => [0, 0],
      (x, y) => `1 if ${bracketed(x)} ${sign3} ${bracketed(y)} else 0`,
      () => ["0", "0"]
    );
  }
  function list(names, most = 4) {
    return names.length <= most ? names.join(", ") : `${names.slice(0, most - 1).join(", ")}, …`;
  }
  var sech = (x) => {
    const e = Math.exp(-Math.abs(x));
    return 2 * e / (1 + e * e);
  };
  var sign = (x) => x > 0 ? 1 : x < 0 ? -1 : x;
  var truth = (holds) => holds ? 1 : 0;
  var nearest = (x) => {
    const low = Math.floor(x);
    const rest = x - low;
    return rest < 0.5 ? low : rest > 0.5 ? low + 1 : low % 2 === 0 ? low : low + 1;
  };
  var larger = (x, y) => x > y || Number.isNaN(x) ? x : y;
  var smaller = (x, y) => x < y || Number.isNaN(x) ? x : y;
  var steps = (forward, formula) => unary(forward, () => 0, formula, () => "0");

  // src/special.ts
  var TWO_OVER_ROOT_PI = 2 / Math.sqrt(Math.PI);
  var SERIES_BELOW = 2.5;
  function erf(x) {
    if (Number.isNaN(x)) return NaN;
    const size2 = Math.abs(x);
    const value = size2 < SERIES_BELOW ? series(size2) : 1 - tail(size2);
    return x < 0 ? -value : value;
  }
  function erfc(x) {
    return x < SERIES_BELOW ? 1 - erf(x) : tail(x);
  }
  function series(x) {
    const step2 = 2 * x * x;
    let term = 1;
    let sum = 1;
    for (let n = 1; term > sum * 1e-17; n++) {
      term *= step2 / (2 * n + 1);
      sum += term;
    }
    return TWO_OVER_ROOT_PI * x * Math.exp(-x * x) * sum;
  }
  function tail(x) {
    if (x > 27.3) return 0;
    let fraction = 0;
    for (let n = 80; n > 0; n--) fraction = n / 2 / (x + fraction);
    return Math.exp(-x * x) / ((x + fraction) * Math.sqrt(Math.PI));
  }

  // src/ops/activations.ts
  var between = (low, high, x) => x < low ? low : x > high ? high : x;
  var ROOT_HALF = Math.sqrt(0.5);
  var SLOPE = 0.01;
  var softplus = (x) => (x > 0 ? x : 0) + Math.log1p(Math.exp(-Math.abs(x)));
  var SELU_ABOVE = 1.0507009873554805;
  var SELU_BELOW = 1.7580993408473768;
  var GELU = 2 * Math.sqrt(2 / Math.PI);
  var CUBE = 0.044715;
  var inner = (x) => GELU * (x + CUBE * (x * x * x));
  var ACTIVATIONS = {
    relu: unary((x) => Math.max(0, x), (_, x) => step(x), (x) => `relu(${x})`, (x) => `1 if ${bracketed(x)} > 0 else 0`),
    leaky_relu: unary(
      (x) => x > 0 ? x : SLOPE * x,
      (_, x) => x > 0 ? 1 : SLOPE,
      (x) => `leaky_relu(${x})`,
      (x) => `1 if ${bracketed(x)} > 0 else ${SLOPE}`
    ),
    elu: unary(
      (x) => x > 0 ? x : Math.expm1(x),
      (_, x) => Math.exp(Math.min(x, 0)),
      (x) => `elu(${x})`,
      (x) => `1 if ${bracketed(x)} > 0 else exp(${x})`
    ),
    sigmoid: unary(
      sigmoid,
      (out, x) => out * sigmoid(-x),
      (x) => `sigmoid(${x})`,
      (x) => `sigmoid(${x}) × (1 − sigmoid(${x}))`
    ),
    softplus: unary(
      (x) => (x > 0 ? x : 0) + Math.log1p(Math.exp(-Math.abs(x))),
      (_, x) => sigmoid(x),
      (x) => `log(1 + exp(${x}))`,
      (x) => `sigmoid(${x})`
    ),
    silu: unary(
      (x) => x * sigmoid(x),
      (out, x) => sigmoid(x) + out * sigmoid(-x),
      (x) => `${bracketed(x)} × sigmoid(${x})`,
      (x) => `sigmoid(${x}) × (1 + ${bracketed(x)} × (1 − sigmoid(${x})))`
    ),
    gelu: unary(
      (x) => 0.5 * x * erfc(-x * ROOT_HALF),
      (_, x) => 0.5 * erfc(-x * ROOT_HALF) + x * Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI),
      (x) => `${bracketed(x)} × Φ(${x})`,
      (x) => `Φ(${x}) + ${bracketed(x)} × φ(${x})`
    ),
    relu6: unary(
      (x) => between(0, 6, x),
      (_, x) => step(x) * step(6 - x),
      (x) => `${bracketed(x)} between 0 and 6`,
      (x) => `1 if 0 < ${bracketed(x)} < 6 else 0`
    ),
    hardtanh: unary(
      (x) => between(-1, 1, x),
      (_, x) => step(x + 1) * step(1 - x),
      (x) => `${bracketed(x)} between −1 and 1`,
      (x) => `1 if −1 < ${bracketed(x)} < 1 else 0`
    ),
    hardsigmoid: unary(
      (x) => between(0, 6, x + 3) / 6,
      (_, x) => step(x + 3) * step(3 - x) / 6,
      (x) => `(${bracketed(x)} + 3) ÷ 6 between 0 and 1`,
      (x) => `⅙ if −3 < ${bracketed(x)} < 3 else 0`
    ),
    hardswish: unary(
      (x) => x <= -3 ? 0 : x >= 3 ? x : x * (x + 3) / 6,
      (_, x) => x <= -3 ? 0 : x >= 3 ? 1 : (2 * x + 3) / 6,
      (x) => `${bracketed(x)} × hardsigmoid(${x})`,
      (x) => `(2 ${bracketed(x)} + 3) ÷ 6 if −3 < ${bracketed(x)} < 3, 1 above, 0 below`
    ),
    selu: unary(
      (x) => x > 0 ? SELU_ABOVE * x : SELU_BELOW * Math.expm1(x),
      (_, x) => x > 0 ? SELU_ABOVE : SELU_BELOW * Math.exp(x),
      (x) => `selu(${x})`,
      (x) => `1.0507 if ${bracketed(x)} > 0 else 1.7581 exp(${x})`
    ),
    logsigmoid: unary(
      (x) => (x < 0 ? x : 0) - Math.log1p(Math.exp(-Math.abs(x))),
      (_, x) => sigmoid(-x),
      (x) => `log(sigmoid(${x}))`,
      (x) => `sigmoid(−${bracketed(x)})`
    ),
    mish: unary(
      (x) => x * Math.tanh(softplus(x)),
      (_, x) => Math.tanh(softplus(x)) + x * sigmoid(x) * sech(softplus(x)) ** 2,
      (x) => `${bracketed(x)} × tanh(log(1 + exp(${x})))`,
      (x) => `tanh(p) + ${bracketed(x)} × sigmoid(${x}) ÷ cosh(p)², p = log(1 + exp(${x}))`
    ),
    celu: binary(
      (x, alpha) => larger(x, 0) + alpha * Math.expm1(smaller(x, 0) / alpha),
      (_, x, alpha) => {
        const u = smaller(x, 0) / alpha;
        return [Math.exp(u), Math.abs(u) < 1e-3 ? -u * u * (0.5 + u * (1 / 3 + u * (1 / 8 + u / 30))) : Math.expm1(u) - u * Math.exp(u)];
      },
      (x, alpha) => `${bracketed(x)} if ${bracketed(x)} > 0 else ${bracketed(alpha)} × (exp(${bracketed(x)} ÷ ${bracketed(alpha)}) − 1)`,
      (x, alpha) => [`1 if ${bracketed(x)} > 0 else exp(u), u = ${bracketed(x)} ÷ ${bracketed(alpha)}`, "exp(u) − 1 − u exp(u) below 0, else 0"]
    ),
    prelu: binary(
      (x, slope) => x > 0 ? x : slope * x,
      (_, x, slope) => [x > 0 ? 1 : slope, smaller(x, 0)],
      (x, slope) => `${bracketed(x)} if ${bracketed(x)} > 0 else ${bracketed(slope)} × ${bracketed(x)}`,
      (x, slope) => [`1 if ${bracketed(x)} > 0 else ${bracketed(slope)}`, `${bracketed(x)} if ${bracketed(x)} < 0 else 0`]
    ),
    swish: binary(
      (x, beta) => x * sigmoid(beta * x),
      (out, x, beta) => [sigmoid(beta * x) + beta * (out * sigmoid(-beta * x)), out * (x * sigmoid(-(beta * x)))],
      (x, beta) => `${bracketed(x)} × sigmoid(${bracketed(beta)} × ${bracketed(x)})`,
      (x, beta) => [`s + ${bracketed(beta)} ${bracketed(x)} s (1 − s), s = sigmoid(${bracketed(beta)} × ${bracketed(x)})`, `${bracketed(x)}² s (1 − s)`]
    ),
    glu: binary(
      (x, gate) => x * sigmoid(gate),
      (out, _, gate) => [sigmoid(gate), out * sigmoid(-gate)],
      (x, gate) => `${bracketed(x)} × sigmoid(${gate})`,
      (x, gate) => [`sigmoid(${gate})`, `${bracketed(x)} × sigmoid(${gate}) × (1 − sigmoid(${gate}))`]
    ),
    gelu_tanh: unary(
      (x) => x * sigmoid(inner(x)),
      (out, x) => sigmoid(inner(x)) + out * sigmoid(-inner(x)) * GELU * (1 + 3 * CUBE * Math.min(x * x, 1600)),
      (x) => `${bracketed(x)} × sigmoid(1.5958 (${bracketed(x)} + 0.0447 ${bracketed(x)}³))`,
      (x) => `s + ${bracketed(x)} s (1 − s) × 1.5958 (1 + 0.1341 ${bracketed(x)}²)`
    ),
    softshrink: unary(
      (x) => x - Math.min(Math.max(x, -0.5), 0.5),
      (_, x) => step(Math.abs(x) - 0.5),
      (x) => `${bracketed(x)} moved toward 0 by ½`,
      (x) => `1 if |${x}| > ½ else 0`
    ),
    hardshrink: unary(
      (x) => Math.abs(x) <= 0.5 ? 0 : x,
      (_, x) => step(Math.abs(x) - 0.5),
      (x) => `${bracketed(x)} if |${x}| > ½ else 0`,
      (x) => `1 if |${x}| > ½ else 0`
    ),
    quadratic: unary(
      (x) => Math.abs(x) < 1 ? x * (2 - Math.abs(x)) : sign(x),
      (_, x) => 2 * Math.max(1 - Math.abs(x), 0),
      (x) => `${bracketed(x)} × (2 − |${x}|) if |${x}| < 1 else its sign`,
      (x) => `2 (1 − |${x}|) if |${x}| < 1 else 0`
    ),
    ste_round: unary(nearest, () => 1, (x) => `whole number nearest to ${bracketed(x)}`, () => "1, that of its surrogate"),
    ste_sign: unary(sign, (_, x) => step(1 - Math.abs(x)), (x) => `sign of ${bracketed(x)}`, (x) => `1 if |${x}| < 1 else 0, that of its surrogate`)
  };

  // src/ops/arithmetic.ts
  var mod = (x, y) => {
    const rest = x % y;
    return rest !== 0 && rest < 0 !== y < 0 ? rest + y : rest;
  };
  var ARITHMETIC = {
    add: binary((x, y) => x + y, () => [1, 1], (x, y) => `${bracketed(x)} + ${bracketed(y)}`, () => ["1", "1"]),
    sub: binary((x, y) => x - y, () => [1, -1], (x, y) => `${bracketed(x)} − ${bracketed(y)}`, () => ["1", "−1"]),
    mul: binary((x, y) => x * y, (_, x, y) => [y, x], (x, y) => `${bracketed(x)} × ${bracketed(y)}`, (x, y) => [y, x]),
    div: binary(
      (x, y) => x / y,
      (out, _, y) => [1 / y, -out / y],
      (x, y) => `${bracketed(x)} ÷ ${bracketed(y)}`,
      (x, y) => [`1 ÷ ${bracketed(y)}`, `−${bracketed(x)} ÷ ${bracketed(y)}²`]
    ),
    neg: unary((x) => -x, () => -1, (x) => `−${bracketed(x)}`, () => "−1"),
    pow: binary(
      (x, y) => x ** y,
      (out, x, y) => [y === 0 ? 0 : y * x ** (y - 1), out * Math.log(x === 0 ? 1 : x)],
      (x, y) => `${bracketed(x)} ^ ${bracketed(y)}`,
      (x, y) => [`${bracketed(y)} × ${bracketed(x)} ^ (${bracketed(y)} − 1)`, `${bracketed(x)} ^ ${bracketed(y)} × log(${x})`]
    ),
    abs: unary(Math.abs, (_, x) => step(x) - step(-x), (x) => `|${x}|`, (x) => `sign of ${bracketed(x)}`),
    square: unary((x) => x * x, (_, x) => 2 * x, (x) => `${bracketed(x)}²`, (x) => `2 ${bracketed(x)}`),
    reciprocal: unary((x) => 1 / x, (out, x) => -out / x, (x) => `1 ÷ ${bracketed(x)}`, (x) => `−1 ÷ ${bracketed(x)}²`),
    floor: steps(Math.floor, (x) => `⌊${x}⌋`),
    ceil: steps(Math.ceil, (x) => `⌈${x}⌉`),
    trunc: steps(Math.trunc, (x) => `whole part of ${bracketed(x)}`),
    round: steps(nearest, (x) => `whole number nearest to ${bracketed(x)}`),
    sign: steps(sign, (x) => `sign of ${bracketed(x)}`),
    frac: unary((x) => x - Math.trunc(x), () => 1, (x) => `fraction of ${bracketed(x)}`, () => "1"),
    copysign: binary(
      (x, y) => Math.abs(x) * (y < 0 || Object.is(y, -0) ? -1 : 1),
      (_, x, y) => [sign(x) * (y < 0 || Object.is(y, -0) ? -1 : 1), 0],
      (x, y) => `|${x}| with the sign of ${bracketed(y)}`,
      (x, y) => [`1 if the signs of ${bracketed(x)} and ${bracketed(y)} agree, else −1`, "0"]
    ),
    mod: binary(
      mod,
      (out, x, y) => [1, -nearest((x - out) / y)],
      (x, y) => `${bracketed(x)} mod ${bracketed(y)}`,
      (x, y) => ["1", `−⌊${bracketed(x)} ÷ ${bracketed(y)}⌋`]
    )
  };

  // src/ops/choices.ts
  var below = (x, y) => x < y ? 1 : x === y ? 0.5 : 0;
  var logic = (word, holds) => binary(
    (x, y) => truth(holds(x !== 0, y !== 0)),
    () => [0, 0],
    (x, y) => `${bracketed(x)} ${word} ${bracketed(y)}`,
    () => ["0", "0"]
  );
  var CHOICES = {
    maximum: binary(
      (x, y) => x > y || Number.isNaN(x) ? x : y,
      (_, x, y) => x === y ? [0.5, 0.5] : [step(x - y), step(y - x)],
      (x, y) => `the larger of ${bracketed(x)} and ${bracketed(y)}`,
      (x, y) => [`1 if ${bracketed(x)} is larger, ½ at a tie`, `1 if ${bracketed(y)} is larger, ½ at a tie`]
    ),
    minimum: binary(
      (x, y) => x < y || Number.isNaN(x) ? x : y,
      (_, x, y) => x === y ? [0.5, 0.5] : [step(y - x), step(x - y)],
      (x, y) => `the smaller of ${bracketed(x)} and ${bracketed(y)}`,
      (x, y) => [`1 if ${bracketed(x)} is smaller, ½ at a tie`, `1 if ${bracketed(y)} is smaller, ½ at a tie`]
    ),
    gt: comparison(">", (x, y) => x > y),
    ge: comparison("≥", (x, y) => x >= y),
    lt: comparison("<", (x, y) => x < y),
    le: comparison("≤", (x, y) => x <= y),
    eq: comparison("=", (x, y) => x === y),
    ne: comparison("≠", (x, y) => x !== y),
    logical_and: logic("and", (x, y) => x && y),
    logical_or: logic("or", (x, y) => x || y),
    logical_not: steps((x) => truth(x === 0), (x) => `not ${bracketed(x)}`),
    isnan: steps((x) => truth(Number.isNaN(x)), (x) => `1 if ${bracketed(x)} is not a number`),
    select: {
      forward: (x) => x[0] !== 0 ? x[1] : x[2],
      partials: (_, x) => x[0] !== 0 ? [0, 1, 0] : [0, 0, 1],
      formula: (n) => `${bracketed(n[1])} if ${bracketed(n[0])} ≠ 0 else ${bracketed(n[2])}`,
      derivatives: (n) => ["0", `1 if ${bracketed(n[0])} ≠ 0 else 0`, `0 if ${bracketed(n[0])} ≠ 0 else 1`]
    },
    where: {
      forward: (x) => x[0] !== 0 ? x[1] : x[2],
      partials: (_, x) => x[0] !== 0 ? [0, 1, 0] : [0, 0, 1],
      formula: (n) => `${bracketed(n[1])} if ${bracketed(n[0])} ≠ 0 else ${bracketed(n[2])}`,
      derivatives: (n) => ["0", `1 if ${bracketed(n[0])} ≠ 0 else 0`, `0 if ${bracketed(n[0])} ≠ 0 else 1`]
    },
    clip: {
      forward: (x) => smaller(larger(x[0], x[1]), x[2]),
      partials: (_, [x, low, high]) => [
        below(low, x) * below(x, high) * truth(low < high),
        below(x, low) * truth(low < high),
        low < high ? below(high, x) : 1
      ],
      formula: ([x, low, high]) => `${bracketed(x)} between ${bracketed(low)} and ${bracketed(high)}`,
      derivatives: ([x, low, high]) => [
        `1 if ${bracketed(low)} < ${bracketed(x)} < ${bracketed(high)}, ½ at an end, else 0`,
        `1 if ${bracketed(x)} < ${bracketed(low)}, ½ at it, else 0`,
        `1 if ${bracketed(x)} > ${bracketed(high)}, ½ at it, else 0`
      ]
    }
  };

  // src/ops/functions.ts
  var share = (a, y, x) => {
    const size2 = Math.hypot(x, y) || 1;
    return a / size2 / size2;
  };
  var weighted = (log, plus, word) => binary(
    (x, y) => x === 0 && !Number.isNaN(y) ? x * 0 : x * log(y),
    (_, x, y) => [log(y), x === 0 && plus + y === 0 ? 0 : x / (plus + y)],
    (x, y) => `${bracketed(x)} × ${word(y)}`,
    (x, y) => [word(y), `${bracketed(x)} ÷ ${plus ? `(1 + ${bracketed(y)})` : bracketed(y)}`]
  );
  var logAddExp = (x, y) => larger(x, y) + Math.log1p(Math.exp(-Math.abs(x - y)));
  var bell = (x) => Math.exp(-0.5 * (x * x)) / Math.sqrt(2 * Math.PI);
  var FUNCTIONS = {
    exp: unary(Math.exp, (out) => out, (x) => `exp(${x})`, (x) => `exp(${x})`),
    log: unary(Math.log, (_, x) => 1 / x, (x) => `log(${x})`, (x) => `1 ÷ ${bracketed(x)}`),
    sqrt: unary(Math.sqrt, (out) => 0.5 / out, (x) => `√${bracketed(x)}`, (x) => `1 ÷ (2 √${bracketed(x)})`),
    exp2: unary((x) => 2 ** x, (out) => Math.LN2 * out, (x) => `2^${bracketed(x)}`, (x) => `log(2) × 2^${bracketed(x)}`),
    expm1: unary(Math.expm1, (_, x) => Math.exp(x), (x) => `exp(${x}) − 1`, (x) => `exp(${x})`),
    log1p: unary(Math.log1p, (_, x) => 1 / (1 + x), (x) => `log(1 + ${bracketed(x)})`, (x) => `1 ÷ (1 + ${bracketed(x)})`),
    log2: unary(
      Math.log2,
      (_, x) => Math.LOG2E / x,
      (x) => `log₂(${x})`,
      (x) => `1 ÷ (${bracketed(x)} log(2))`
    ),
    log10: unary(
      Math.log10,
      (_, x) => Math.LOG10E / x,
      (x) => `log₁₀(${x})`,
      (x) => `1 ÷ (${bracketed(x)} log(10))`
    ),
    cbrt: unary(Math.cbrt, (out) => 1 / (3 * out * out), (x) => `∛${bracketed(x)}`, (x) => `1 ÷ (3 ∛${bracketed(x)}²)`),
    rsqrt: unary(
      (x) => 1 / Math.sqrt(x),
      (out, x) => -0.5 * out / x,
      (x) => `1 ÷ √${bracketed(x)}`,
      (x) => `−1 ÷ (2 ${bracketed(x)} √${bracketed(x)})`
    ),
    sin: unary(Math.sin, (_, x) => Math.cos(x), (x) => `sin(${x})`, (x) => `cos(${x})`),
    cos: unary(Math.cos, (_, x) => -Math.sin(x), (x) => `cos(${x})`, (x) => `−sin(${x})`),
    tan: unary(Math.tan, (out) => 1 + out * out, (x) => `tan(${x})`, (x) => `1 + tan(${x})²`),
    asin: unary(
      Math.asin,
      (_, x) => 1 / Math.sqrt((1 - x) * (1 + x)),
      (x) => `asin(${x})`,
      (x) => `1 ÷ √(1 − ${bracketed(x)}²)`
    ),
    acos: unary(
      Math.acos,
      (_, x) => -1 / Math.sqrt((1 - x) * (1 + x)),
      (x) => `acos(${x})`,
      (x) => `−1 ÷ √(1 − ${bracketed(x)}²)`
    ),
    atan: unary(Math.atan, (_, x) => 1 / (1 + x * x), (x) => `atan(${x})`, (x) => `1 ÷ (1 + ${bracketed(x)}²)`),
    sinh: unary(Math.sinh, (_, x) => Math.cosh(x), (x) => `sinh(${x})`, (x) => `cosh(${x})`),
    cosh: unary(Math.cosh, (_, x) => Math.sinh(x), (x) => `cosh(${x})`, (x) => `sinh(${x})`),
    tanh: unary(Math.tanh, (_, x) => sech(x) ** 2, (x) => `tanh(${x})`, (x) => `1 − tanh(${x})²`),
    asinh: unary(
      Math.asinh,
      (_, x) => 1 / Math.hypot(1, x),
      (x) => `asinh(${x})`,
      (x) => `1 ÷ √(1 + ${bracketed(x)}²)`
    ),
    acosh: unary(
      Math.acosh,
      (_, x) => 1 / (Math.sqrt(x - 1) * Math.sqrt(x + 1)),
      (x) => `acosh(${x})`,
      (x) => `1 ÷ √(${bracketed(x)}² − 1)`
    ),
    atanh: unary(
      Math.atanh,
      (_, x) => 1 / ((1 - x) * (1 + x)),
      (x) => `atanh(${x})`,
      (x) => `1 ÷ (1 − ${bracketed(x)}²)`
    ),
    erf: unary(
      erf,
      (_, x) => 2 / Math.sqrt(Math.PI) * Math.exp(-x * x),
      (x) => `erf(${x})`,
      (x) => `2 ÷ √π × exp(−${bracketed(x)}²)`
    ),
    erfc: unary(
      erfc,
      (_, x) => -2 / Math.sqrt(Math.PI) * Math.exp(-x * x),
      (x) => `1 − erf(${x})`,
      (x) => `−2 ÷ √π × exp(−${bracketed(x)}²)`
    ),
    normal_pdf: unary(bell, (out, x) => -x * out, (x) => `φ(${x})`, (x) => `−${bracketed(x)} × φ(${x})`),
    normal_cdf: unary((x) => 0.5 * erfc(-x * Math.SQRT1_2), (_, x) => bell(x), (x) => `Φ(${x})`, (x) => `φ(${x})`),
    degrees: unary((x) => x * (180 / Math.PI), () => 180 / Math.PI, (x) => `${bracketed(x)} × 180 ÷ π`, () => "180 ÷ π"),
    radians: unary((x) => x * (Math.PI / 180), () => Math.PI / 180, (x) => `${bracketed(x)} × π ÷ 180`, () => "π ÷ 180"),
    hypot: binary(
      Math.hypot,
      (out, x, y) => [x / (out || 1), y / (out || 1)],
      (x, y) => `√(${bracketed(x)}² + ${bracketed(y)}²)`,
      (x, y) => [`${bracketed(x)} ÷ √(${bracketed(x)}² + ${bracketed(y)}²)`, `${bracketed(y)} ÷ √(${bracketed(x)}² + ${bracketed(y)}²)`]
    ),
    atan2: binary(
      (y, x) => Math.atan2(y + 0, x + 0),
      (_, y, x) => [share(x, y, x), share(-y, y, x)],
      (y, x) => `angle of the point (${x}, ${y})`,
      (y, x) => [`${bracketed(x)} ÷ (${bracketed(x)}² + ${bracketed(y)}²)`, `−${bracketed(y)} ÷ (${bracketed(x)}² + ${bracketed(y)}²)`]
    ),
    xlogy: weighted(Math.log, 0, (y) => `log(${y})`),
    xlog1py: weighted(Math.log1p, 1, (y) => `log(1 + ${bracketed(y)})`),
    logaddexp: binary(
      logAddExp,
      (_, x, y) => [sigmoid(x - y), sigmoid(y - x)],
      (x, y) => `log(exp(${x}) + exp(${y}))`,
      (x, y) => [`sigmoid(${bracketed(x)} − ${bracketed(y)})`, `sigmoid(${bracketed(y)} − ${bracketed(x)})`]
    )
  };

  // src/ops/lists.ts
  function logsumexp(x) {
    const top = Math.max(...x);
    if (!Number.isFinite(top)) return top;
    return top + Math.log(x.reduce((sum, item) => sum + Math.exp(item - top), 0));
  }
  function softmax(x) {
    const top = Math.max(...x);
    const weights = x.map((item) => Math.exp(item - top));
    const total2 = weights.reduce((sum, item) => sum + item, 0);
    return weights.map((item) => item / total2);
  }
  function products(names) {
    const half = names.length / 2;
    const terms = names.slice(0, half).map((name, i) => `${bracketed(name)} × ${bracketed(names[half + i])}`);
    return terms.length <= 3 ? terms.join(" + ") : `${terms.slice(0, 2).join(" + ")} + …`;
  }
  var mean = (x) => x.reduce((sum, item) => sum + item, 0) / x.length;
  var extreme = (choose, word) => ({
    forward: (x) => x.reduce(choose),
    partials: (out, x) => {
      const ties = x.map((item) => truth(item === out));
      const count = ties.reduce((sum, item) => sum + item, 0);
      return ties.map((tie) => tie / count);
    },
    formula: (names) => `${word} of ${list(names)}`,
    derivatives: (names) => names.map((name) => `1 if ${bracketed(name)} is the ${word}, shared at a tie`)
  });
  var LISTS = {
    sum: {
      forward: (x) => x.reduce((sum, item) => sum + item, 0),
      partials: (_, x) => x.map(() => 1),
      formula: (names) => `sum of ${list(names)}`,
      derivatives: (names) => names.map(() => "1")
    },
    dot: {
      forward: (x) => {
        const half = x.length / 2;
        let sum = 0;
        for (let i = 0; i < half; i++) sum += x[i] * x[half + i];
        return sum;
      },
      partials: (_, x) => [...x.slice(x.length / 2), ...x.slice(0, x.length / 2)],
      formula: products,
      derivatives: (n) => [...n.slice(n.length / 2), ...n.slice(0, n.length / 2)]
    },
    logsumexp: {
      forward: logsumexp,
      partials: (_, x) => softmax(x),
      formula: (names) => `log of the sum of exp of ${list(names)}`,
      derivatives: (names) => names.map((name) => `exp(${bracketed(name)} − out)`)
    },
    max: extreme(larger, "largest"),
    min: extreme(smaller, "smallest"),
    prod: {
      forward: (x) => x.reduce((total2, item) => total2 * item, 1),
      partials: (_, x) => x.map((_item, i) => x.reduce((total2, item, j) => i === j ? total2 : total2 * item, 1)),
      formula: (names) => `product of ${list(names)}`,
      derivatives: (names) => names.map((name) => `product of all but ${bracketed(name)}`)
    },
    mean: {
      forward: mean,
      partials: (_, x) => x.map(() => 1 / x.length),
      formula: (names) => `mean of ${list(names)}`,
      derivatives: (names) => names.map(() => `1 ÷ ${names.length}`)
    },
    var: {
      forward: (x) => mean(x.map((item) => (item - mean(x)) ** 2)),
      partials: (_, x) => x.map((item) => 2 / x.length * (item - mean(x))),
      formula: (names) => `variance of ${list(names)}`,
      derivatives: (names) => names.map((name) => `2 (${bracketed(name)} − mean) ÷ ${names.length}`)
    },
    norm: {
      forward: (x) => Math.hypot(...x),
      partials: (out, x) => x.map((item) => item / (out || 1)),
      formula: (names) => `√ of the sum of squares of ${list(names)}`,
      derivatives: (names) => names.map((name) => `${bracketed(name)} ÷ out`)
    },
    polyval: {
      forward: (x) => x.slice(1).reduce((total2, c) => total2 * x[0] + c, 0),
      partials: (_, [x, ...c]) => {
        const degree = c.length - 1;
        const slope = c.slice(0, -1).reduce((total2, item, i) => total2 * x + (degree - i) * item, 0);
        return [slope, ...c.map((_item, i) => x ** (degree - i))];
      },
      formula: ([x, ...c]) => `polynomial at ${bracketed(x)} with ${list(c)}`,
      derivatives: ([x, ...c]) => ["slope of the polynomial", ...c.map((_item, i) => `${bracketed(x)} ^ ${c.length - 1 - i}`)]
    }
  };

  // src/ops.ts
  var OPS = {
    ...ARITHMETIC,
    ...FUNCTIONS,
    ...CHOICES,
    ...LISTS,
    ...ACTIVATIONS
  };

  // src/playground/csv.ts
  var MOST_ROWS = 5e3;
  function readCsv(text) {
    const lines = text.split(/\r?\n/).map((line, i) => ({ number: i + 1, cells: cellsOf(line) })).filter(({ cells }) => cells.some(Boolean));
    const first = lines[0];
    if (!first) return "The file is empty; it needs rows of two numbers and a class, such as 0.5,-1.2,yes.";
    const headed = first.cells.slice(0, 2).some((cell) => !isNumber(cell));
    const names = headed ? lines.shift().cells : ["x1", "x2", "class"];
    if (lines.length < 2) return "The file has fewer than two rows; one to train on and one to test with are the least.";
    if (lines.length > MOST_ROWS) return `The file has ${lines.length} rows; a playground takes ${MOST_ROWS} at most.`;
    const classes = /* @__PURE__ */ new Map();
    const [x1, x2, label] = [[], [], []];
    for (const { number, cells } of lines) {
      if (cells.length !== 3) return `Line ${number} has ${cells.length} column${cells.length === 1 ? "" : "s"}; give two numbers and a class.`;
      for (const place2 of [0, 1]) if (!isNumber(cells[place2])) return `Line ${number}, column ${place2 + 1}: “${cells[place2]}” is no number.`;
      const name = cells[2];
      if (!classes.has(name)) classes.set(name, classes.size);
      if (classes.size > 2) return `Line ${number}: “${name}” is a third class beside “${[...classes.keys()].slice(0, 2).join("” and “")}”; a playground tells two apart.`;
      x1.push(Number(cells[0]));
      x2.push(Number(cells[1]));
      label.push(classes.get(name));
    }
    const found = [...classes.keys()].sort(byNumber);
    if (found.length < 2) return `Every row has the class “${found[0]}”; two classes are needed.`;
    const second = classes.get(found[1]);
    return tableOf({
      rows: x1.map((x, i) => [x, x2[i]]),
      labels: label.map((k) => k === second ? 1 : 0),
      columns: [names[0] || "x1", names[1] || "x2"],
      classes: [found[0], found[1]]
    });
  }
  function tableOf({ rows: raw, labels, columns: columns2, classes }) {
    const [x1, x2] = [0, 1].map((k) => standardise(raw.map((row) => row[k])));
    return { rows: { x1, x2, label: Uint8Array.from(labels) }, raw, columns: columns2, classes };
  }
  var isNumber = (cell) => cell !== "" && Number.isFinite(Number(cell));
  function byNumber(a, b) {
    return Number(a) - Number(b) || (a < b ? -1 : 1);
  }
  function cellsOf(line) {
    const mark2 = ["	", ";"].find((candidate) => part(line, candidate).length > 1) ?? ",";
    const cells = part(line, mark2).map((cell) => cell.trim().replace(/^"(.*)"$/, "$1").replaceAll('""', '"').trim());
    return mark2 === "," ? cells : cells.map(pointed);
  }
  function part(line, mark2) {
    const cells = [""];
    let quoted = false;
    for (const letter of line) {
      if (letter === '"') quoted = !quoted;
      if (letter === mark2 && !quoted) cells.push("");
      else cells[cells.length - 1] += letter;
    }
    return cells;
  }
  function pointed(cell) {
    return /^[+-]?\d*,\d+(?:e[+-]?\d+)?$/i.test(cell) ? cell.replace(",", ".") : cell;
  }
  function standardise(column) {
    const values = Float64Array.from(column);
    const mean3 = values.reduce((sum, x) => sum + x, 0) / values.length;
    const deviation = Math.sqrt(values.reduce((sum, x) => sum + (x - mean3) ** 2, 0) / values.length);
    return values.map((x) => (x - mean3) / (deviation || 1));
  }

  // src/playground/sha512.ts
  var BITS = 64n;
  var MASK = (1n << BITS) - 1n;
  var BLOCK = 128;
  var ROUNDS = 80;
  function primes(count) {
    const found = [];
    for (let n = 2n; found.length < count; n++) if (found.every((p) => n % p)) found.push(n);
    return found;
  }
  function root(n, k) {
    let x = 1n << BigInt(Math.ceil(n.toString(2).length / Number(k)));
    for (; ; ) {
      const next = ((k - 1n) * x + n / x ** (k - 1n)) / k;
      if (next >= x) return x;
      x = next;
    }
  }
  var fractions = (count, k) => primes(count).map((p) => root(p << BITS * k, k) & MASK);
  var constants;
  var turn = (x, by) => (x >> by | x << BITS - by) & MASK;
  function sha512(message) {
    constants ??= { start: fractions(8, 2n), round: fractions(ROUNDS, 3n) };
    const padded = new Uint8Array(Math.ceil((message.length + 17) / BLOCK) * BLOCK);
    padded.set(message);
    padded[message.length] = 128;
    const view = new DataView(padded.buffer);
    view.setUint32(padded.length - 4, message.length * 8);
    let hash = constants.start;
    for (let at = 0; at < padded.length; at += BLOCK) hash = compress(hash, view, at, constants.round);
    const bytes = new DataView(new ArrayBuffer(64));
    hash.forEach((word, i) => bytes.setBigUint64(8 * i, word));
    return new Uint8Array(bytes.buffer);
  }
  function compress(hash, view, at, round) {
    const w = [];
    for (let i = 0; i < 16; i++) w.push(view.getBigUint64(at + 8 * i));
    for (let i = 16; i < ROUNDS; i++) {
      const [x, y] = [w[i - 15], w[i - 2]];
      const s0 = turn(x, 1n) ^ turn(x, 8n) ^ x >> 7n;
      const s1 = turn(y, 19n) ^ turn(y, 61n) ^ y >> 6n;
      w.push(w[i - 16] + s0 + w[i - 7] + s1 & MASK);
    }
    let [a, b, c, d, e, f, g, h] = hash;
    for (let i = 0; i < ROUNDS; i++) {
      const s1 = turn(e, 14n) ^ turn(e, 18n) ^ turn(e, 41n);
      const first = h + s1 + (e & f ^ ~e & MASK & g) + round[i] + w[i];
      const s0 = turn(a, 28n) ^ turn(a, 34n) ^ turn(a, 39n);
      const second = s0 + (a & b ^ a & c ^ b & c);
      [h, g, f, e, d, c, b, a] = [g, f, e, d + first & MASK, c, b, a, first + second & MASK];
    }
    return [a, b, c, d, e, f, g, h].map((word, i) => word + hash[i] & MASK);
  }

  // src/playground/random.ts
  var SIZE = 624;
  var MIDDLE = 397;
  var Random = class {
    /** A whole number below 2^53, or a text, as in random.Random(seed). */
    constructor(seed) {
      this.state = new Uint32Array(SIZE);
      this.at = SIZE;
      this.seed(typeof seed === "number" ? wordsOf(BigInt(Math.abs(seed))) : wordsOfText(seed));
    }
    start(seed) {
      this.state[0] = seed;
      for (let i = 1; i < SIZE; i++) {
        const last = this.state[i - 1] ^ this.state[i - 1] >>> 30;
        this.state[i] = Math.imul(1812433253, last) + i;
      }
    }
    seed(key) {
      const { state } = this;
      this.start(19650218);
      let i = 1;
      const mix2 = (factor, add) => {
        const last = state[i - 1] ^ state[i - 1] >>> 30;
        state[i] = (state[i] ^ Math.imul(last, factor)) + add;
        if (++i < SIZE) return;
        state[0] = state[SIZE - 1];
        i = 1;
      };
      const rounds = Math.max(SIZE, key.length);
      for (let k = 0; k < rounds; k++) mix2(1664525, key[k % key.length] + k % key.length);
      for (let k = 1; k < SIZE; k++) mix2(1566083941, -i);
      state[0] = 2147483648;
    }
    /** 32 random bits. */
    bits() {
      const { state } = this;
      if (this.at === SIZE) {
        for (let i = 0; i < SIZE; i++) {
          const y2 = state[i] & 2147483648 | state[(i + 1) % SIZE] & 2147483647;
          state[i] = state[(i + MIDDLE) % SIZE] ^ y2 >>> 1 ^ (y2 & 1 ? 2567483615 : 0);
        }
        this.at = 0;
      }
      let y = state[this.at++];
      y ^= y >>> 11;
      y ^= y << 7 & 2636928640;
      y ^= y << 15 & 4022730752;
      return (y ^ y >>> 18) >>> 0;
    }
    /** A number in [0, 1). */
    random() {
      const high = this.bits() >>> 5;
      return (high * 67108864 + (this.bits() >>> 6)) / 9007199254740992;
    }
    uniform(low, high) {
      return low + (high - low) * this.random();
    }
    gauss(mean3, deviation) {
      let z = this.spare;
      this.spare = void 0;
      if (z === void 0) {
        const angle = this.random() * 2 * Math.PI;
        const radius = Math.sqrt(-2 * Math.log(1 - this.random()));
        z = Math.cos(angle) * radius;
        this.spare = Math.sin(angle) * radius;
      }
      return mean3 + z * deviation;
    }
    /** The numbers 0 to n - 1 in an order made of 64 random bits for each, as mgnn.fit makes it. */
    order(n) {
      const low = new Uint32Array(n);
      const high = new Uint32Array(n);
      for (let i = 0; i < n; i++) [low[i], high[i]] = [this.bits(), this.bits()];
      return Uint32Array.from(low.keys()).sort((i, j) => high[i] - high[j] || low[i] - low[j] || i - j);
    }
  };
  function wordsOf(seed) {
    const words = [];
    for (let rest = seed; rest > 0n; rest >>= 32n) words.push(Number(rest & 0xffffffffn));
    return words.length ? words : [0];
  }
  function wordsOfText(text) {
    const bytes = new TextEncoder().encode(text);
    const all = [...bytes, ...sha512(bytes)];
    return wordsOf(BigInt(`0x${all.map((byte) => byte.toString(16).padStart(2, "0")).join("")}`));
  }

  // src/playground/datasets.ts
  var TURN = 2 * Math.PI;
  var POINTS = {
    circle: (random, i) => {
      const inside = i % 2;
      const radius = inside ? random.uniform(0, 1) : random.uniform(1.4, 2);
      const angle = random.uniform(0, TURN);
      return [radius * Math.cos(angle), radius * Math.sin(angle), inside];
    },
    xor: (random) => {
      const [x, y] = [random.uniform(-2, 2), random.uniform(-2, 2)];
      return [x + (x < 0 ? -0.1 : 0.1), y + (y < 0 ? -0.1 : 0.1), x * y >= 0 ? 1 : 0];
    },
    gauss: (random, i) => {
      const centre = i % 2 ? 1 : -1;
      const x = random.gauss(centre, 0.5);
      return [x, random.gauss(centre, 0.5), i % 2];
    },
    spiral: (_, i, n) => {
      const along = Math.floor(i / 2) / Math.max(1, Math.floor(n / 2));
      const angle = 1.75 * along * TURN + (i % 2 ? Math.PI : 0);
      const radius = 0.15 + 1.85 * along;
      return [radius * Math.sin(angle), radius * Math.cos(angle), i % 2];
    },
    moons: (random, i) => {
      const angle = random.uniform(0, Math.PI);
      const [x, y] = i % 2 ? [1 - Math.cos(angle), 0.5 - Math.sin(angle)] : [Math.cos(angle), Math.sin(angle)];
      return [1.3 * (x - 0.5), 1.3 * (y - 0.25), i % 2];
    }
  };
  function draw(settings) {
    const { data: data2, samples: n, noise, seed } = settings;
    const random = new Random(`${data2}/${seed}`);
    const rows = { x1: new Float64Array(n), x2: new Float64Array(n), label: new Uint8Array(n) };
    for (let i = 0; i < n; i++) {
      const [x1, x2, label] = POINTS[data2](random, i, n);
      rows.x1[i] = random.gauss(x1, noise);
      rows.x2[i] = random.gauss(x2, noise);
      rows.label[i] = label;
    }
    return rows;
  }
  function split(rows, share2, seed) {
    const n = rows.label.length;
    const order = new Random(`split/${seed}`).order(n);
    const count = Math.max(1, Math.min(n - 1, Math.floor(share2 * n + 0.5)));
    return { train: take(rows, order.subarray(0, count)), test: take(rows, order.subarray(count)) };
  }
  function take(rows, order) {
    return {
      x1: Float64Array.from(order, (i) => rows.x1[i]),
      x2: Float64Array.from(order, (i) => rows.x2[i]),
      label: Uint8Array.from(order, (i) => rows.label[i])
    };
  }
  function columns(rows) {
    return [rows.x1, rows.x2];
  }

  // src/playground/net.ts
  var DRAWS = {
    uniform: (random) => random.uniform(-1, 1),
    he: (random, inputs) => random.gauss(0, (2 / inputs) ** 0.5),
    lecun: (random, inputs) => random.gauss(0, (1 / inputs) ** 0.5)
  };
  var Net = class {
    /** Sizes are those of the inputs, the hidden layers and the output. */
    constructor(sizes2, activation) {
      this.sizes = sizes2;
      this.activation = activation;
      /** For each layer the place of its first parameter. */
      this.starts = [];
      let count = 0;
      for (let layer = 1; layer < sizes2.length; layer++) {
        this.starts.push(count);
        count += (sizes2[layer - 1] + 1) * sizes2[layer];
      }
      this.params = new Float64Array(count);
    }
    get layers() {
      return this.sizes.length - 1;
    }
    /** Where the weights of a neuron begin, layers counted from 0; its bias stands behind them. */
    place(layer, neuron2) {
      return this.starts[layer] + neuron2 * (this.sizes[layer] + 1);
    }
    /** Draw weights as mgnn.MLP(..., seed=seed, init=init) does; biases begin at 0. */
    draw(seed, init) {
      const random = new Random(seed);
      for (let layer = 0; layer < this.layers; layer++)
        for (let neuron2 = 0; neuron2 < this.sizes[layer + 1]; neuron2++) {
          const inputs = this.sizes[layer];
          const first = this.place(layer, neuron2);
          for (let i = 0; i < inputs; i++) this.params[first + i] = DRAWS[init](random, inputs);
          this.params[first + inputs] = 0;
        }
    }
    /** The name of a parameter, as in named_parameters(). */
    nameOf(index) {
      for (let layer = 0; layer < this.layers; layer++) {
        const inputs = this.sizes[layer];
        const at = index - this.starts[layer];
        if (at >= (inputs + 1) * this.sizes[layer + 1]) continue;
        const place2 = at % (inputs + 1);
        return `layers.${layer}.neurons.${Math.floor(at / (inputs + 1))}.${place2 === inputs ? "b" : `w.${place2}`}`;
      }
      throw new RangeError(`there is no parameter ${index}`);
    }
  };
  var Pass = class {
    constructor(net, rows) {
      this.net = net;
      this.rows = rows;
      this.inputs = [];
      const room = () => net.sizes.slice(1).map((size2) => Array.from({ length: size2 }, () => new Float64Array(rows)));
      this.sums = room();
      this.outs = room();
      this.deltas = room();
      this.back = room();
      this.outs[net.layers - 1] = this.sums[net.layers - 1];
    }
    /** Numbers of the net's output, one a row. */
    get output() {
      return this.sums[this.net.layers - 1][0];
    }
    forward(inputs) {
      const { net, rows } = this;
      const { forward } = net.activation;
      this.inputs = inputs;
      let below2 = inputs;
      for (let layer = 0; layer < net.layers; layer++) {
        for (let neuron2 = 0; neuron2 < net.sizes[layer + 1]; neuron2++) {
          const sum = this.sums[layer][neuron2];
          const first = net.place(layer, neuron2);
          sum.fill(0);
          below2.forEach((column, i) => addTimes(sum, column, net.params[first + i]));
          const bias = net.params[first + below2.length];
          for (let row = 0; row < rows; row++) sum[row] += bias;
          if (layer === net.layers - 1) continue;
          const out = this.outs[layer][neuron2];
          for (let row = 0; row < rows; row++) out[row] = forward(sum[row]);
        }
        below2 = this.outs[layer];
      }
      return this.output;
    }
    /** Walk back from the loss; gradients of its mean over the rows are written into `grads`. */
    backward(loss2, targets, grads) {
      const { net, rows, output } = this;
      const { partial } = net.activation;
      const share2 = 1 / rows;
      const last = this.deltas[net.layers - 1][0];
      for (let row = 0; row < rows; row++) last[row] = share2 * loss2.slope(output[row], targets[row]);
      for (let layer = net.layers - 1; layer >= 0; layer--) {
        const below2 = layer ? this.outs[layer - 1] : this.inputs;
        const back = layer ? this.back[layer - 1] : [];
        for (const column of back) column.fill(0);
        for (let neuron2 = 0; neuron2 < net.sizes[layer + 1]; neuron2++) {
          const delta = this.deltas[layer][neuron2];
          const first = net.place(layer, neuron2);
          below2.forEach((column, i) => grads[first + i] = inner2(delta, column));
          grads[first + below2.length] = total(delta);
          back.forEach((column, i) => addTimes(column, delta, net.params[first + i]));
        }
        back.forEach((column, neuron2) => {
          const [delta, out, sum] = [this.deltas[layer - 1][neuron2], this.outs[layer - 1][neuron2], this.sums[layer - 1][neuron2]];
          for (let row = 0; row < rows; row++) delta[row] = column[row] === 0 ? 0 : column[row] * partial(out[row], sum[row]);
        });
      }
    }
  };
  function addTimes(sum, column, factor) {
    for (let row = 0; row < sum.length; row++) sum[row] += column[row] * factor;
  }
  function inner2(a, b) {
    let sum = 0;
    for (let row = 0; row < a.length; row++) sum += a[row] * b[row];
    return sum;
  }
  function total(a) {
    let sum = 0;
    for (let row = 0; row < a.length; row++) sum += a[row];
    return sum;
  }

  // src/playground/losses.ts
  var [softplus2, sigmoid2] = [OPS["softplus"].scalar, OPS["sigmoid"].scalar];
  var sign2 = (label) => 2 * label - 1;
  var LOSS = {
    binary_cross_entropy: {
      target: (label) => label,
      value: (output, target) => softplus2.forward(output) - target * output,
      slope: (output, target) => sigmoid2.forward(output) - target
    },
    hinge: {
      target: sign2,
      value: (output, target) => Math.max(0, 1 - target * output),
      slope: (output, target) => 1 - target * output > 0 ? -target : 0
    },
    mse: {
      target: sign2,
      value: (output, target) => (output - target) ** 2,
      slope: (output, target) => 2 * (output - target)
    }
  };

  // src/playground/settings.ts
  var DATA_SETS = ["circle", "xor", "gauss", "spiral", "moons"];
  var LOSSES = ["binary_cross_entropy", "hinge", "mse"];
  var OPTIMIZERS = ["sgd", "momentum", "adam", "adamw"];
  var INITIALISERS = ["uniform", "he", "lecun"];
  var MOST_LAYERS = 6;
  var MOST_NEURONS = 12;
  var MOST_SAMPLES = 2e3;
  var MOMENTUM = 0.9;
  var FRESH = ["data", "samples", "noise", "train", "seed", "layers", "activation", "init", "loss"];

  // src/playground/optimisers.ts
  var [BETA1, BETA2, EPS] = [0.9, 0.999, 1e-8];
  function optimiser(rule, count) {
    if (rule.optimizer === "sgd") return sgd(rule, 0, count);
    if (rule.optimizer === "momentum") return sgd(rule, MOMENTUM, count);
    return adam(rule, count);
  }
  function sgd({ lr, decay, l1 }, momentum, count) {
    const velocity = new Float64Array(count);
    return (params, grads) => {
      for (let i = 0; i < count; i++) {
        let m = grads[i] + decay * params[i];
        if (momentum) velocity[i] = m += momentum * velocity[i];
        params[i] = shrunk(params[i] - lr * m, lr * l1);
      }
    };
  }
  function adam({ optimizer, lr, decay, l1 }, count) {
    const [inGradient, besideIt] = optimizer === "adam" ? [decay, 0] : [0, decay];
    const first = new Float64Array(count);
    const second = new Float64Array(count);
    let t = 0;
    return (params, grads) => {
      t++;
      const [scale1, scale2] = [1 - BETA1 ** t, 1 - BETA2 ** t];
      for (let i = 0; i < count; i++) {
        const g = grads[i] + inGradient * params[i];
        const m = first[i] = BETA1 * first[i] + (1 - BETA1) * g;
        const s = second[i] = BETA2 * second[i] + (1 - BETA2) * g * g;
        params[i] -= lr * besideIt * params[i];
        params[i] -= lr * (m / scale1) / (Math.sqrt(s / scale2) + EPS);
        params[i] = shrunk(params[i], lr * l1);
      }
    };
  }
  function shrunk(x, by) {
    if (!by) return x;
    const size2 = Math.abs(x) - by;
    return size2 <= 0 ? 0 : x < 0 ? -size2 : size2;
  }

  // src/playground/training.ts
  var OPTIMISING = ["optimizer", "lr", "decay", "l1"];
  var Training = class {
    constructor(settings, rows) {
      this.settings = settings;
      this.rows = rows;
      this.epochs = 0;
      /** Epochs since the optimiser began; they number the orders of the rows. */
      this.since = 0;
      this.batches = /* @__PURE__ */ new Map();
      this.net = new Net([2, ...settings.layers, 1], OPS[settings.activation].scalar);
      this.net.draw(settings.seed, settings.init);
      this.loss = LOSS[settings.loss];
      this.grads = new Float64Array(this.net.params.length);
      this.change = new Float64Array(this.net.params.length);
      this.pass = new Pass(this.net, rows.train.label.length);
      this.testPass = new Pass(this.net, rows.test.label.length);
      this.targets = targetsOf(rows.train, this.loss);
      this.testTargets = targetsOf(rows.test, this.loss);
      this.update = this.optimiser();
    }
    optimiser() {
      return optimiser(this.settings, this.net.params.length);
    }
    /** Train on with other settings; another optimiser, rate or penalty starts its state afresh. */
    set(settings) {
      const before = this.settings;
      this.settings = settings;
      if (OPTIMISING.every((name) => before[name] === settings[name])) return;
      this.update = this.optimiser();
      this.since = 0;
    }
    /** Train for one epoch. */
    epoch() {
      const { net, settings } = this;
      const n = this.targets.length;
      const order = new Random(`${settings.seed}/${this.since}`).order(n);
      const size2 = settings.batch ? Math.min(settings.batch, n) : n;
      const before = net.params.slice();
      for (let start = 0; start < n; start += size2) {
        const batch = this.batch(Math.min(size2, n - start));
        batch.fill(this.rows.train, this.targets, order, start);
        batch.pass.forward(batch.inputs);
        batch.pass.backward(this.loss, batch.targets, this.grads);
        this.update(net.params, this.grads);
      }
      for (let i = 0; i < before.length; i++) this.change[i] = net.params[i] - before[i];
      this.epochs++;
      this.since++;
    }
    batch(size2) {
      let batch = this.batches.get(size2);
      if (!batch) this.batches.set(size2, batch = new Batch(this.net, size2));
      return batch;
    }
    /** Compute losses, scores, and the gradient of all training rows where the net is now. */
    judge() {
      const train = this.pass.forward(columns(this.rows.train));
      this.pass.backward(this.loss, this.targets, this.grads);
      const test = this.testPass.forward(columns(this.rows.test));
      return {
        trainLoss: mean2(train, this.targets, this.loss),
        testLoss: mean2(test, this.testTargets, this.loss),
        trainScore: score(train, this.rows.train),
        testScore: score(test, this.rows.test)
      };
    }
  };
  var Batch = class {
    constructor(net, size2) {
      this.pass = new Pass(net, size2);
      this.inputs = [new Float64Array(size2), new Float64Array(size2)];
      this.targets = new Float64Array(size2);
    }
    fill(rows, targets, order, start) {
      const [x1, x2] = this.inputs;
      for (let k = 0; k < this.targets.length; k++) {
        const i = order[start + k];
        x1[k] = rows.x1[i];
        x2[k] = rows.x2[i];
        this.targets[k] = targets[i];
      }
    }
  };
  function targetsOf(rows, loss2) {
    return Float64Array.from(rows.label, (label) => loss2.target(label));
  }
  function mean2(outputs, targets, loss2) {
    let sum = 0;
    for (let i = 0; i < outputs.length; i++) sum += loss2.value(outputs[i], targets[i]);
    return sum / outputs.length;
  }
  function score(outputs, rows) {
    let right = 0;
    for (let i = 0; i < outputs.length; i++) if (outputs[i] > 0 === (rows.label[i] === 1)) right++;
    return right / outputs.length;
  }

  // src/playground/engine.ts
  var LocalEngine = class {
    constructor(activations, page) {
      this.activations = activations;
      this.page = page;
    }
    get now() {
      if (!this.training) throw new Error("nothing has begun");
      return this.training;
    }
    async begin(settings, rows, grid) {
      this.training = new Training(settings, rows);
      this.grid = void 0;
      return this.moment(grid);
    }
    async set(settings) {
      this.now.set(settings);
    }
    async advance(epochs, grid) {
      for (let i = 0; i < epochs; i++) this.now.epoch();
      return this.moment(grid);
    }
    async edit(index, value, grid) {
      this.now.net.params[index] = value;
      return this.moment(grid);
    }
    async stepper(subject) {
      return this.page(this.now, subject);
    }
    moment(grid) {
      const { now } = this;
      const judged = now.judge();
      if (this.grid?.of !== grid) this.grid = { of: grid, pass: new Pass(now.net, grid.size ** 2) };
      this.grid.pass.forward(grid.columns);
      return {
        epochs: now.epochs,
        params: now.net.params,
        grads: now.grads,
        change: now.change,
        judged,
        slopes: now.pass.sums.slice(0, -1).map((layer, l) => layer.map((sums, n) => steepest(now, sums, now.pass.outs[l][n]))),
        deltas: now.pass.deltas.slice(0, -1).map(size),
        fields: this.grid.pass.outs
      };
    }
  };
  function steepest(training, sums, outs) {
    const { partial } = training.net.activation;
    let most = 0;
    for (let row = 0; row < sums.length; row++) most = Math.max(most, Math.abs(partial(outs[row], sums[row])));
    return most;
  }
  function size(layer) {
    let sum = 0;
    let count = 0;
    for (const column of layer) {
      for (const x of column) sum += x * x;
      count += column.length;
    }
    return Math.sqrt(sum / count);
  }
  function plainRows(rows) {
    const [x1, x2] = columns(rows);
    return { x: [...x1].map((x, i) => [x, x2[i]]), label: [...rows.label] };
  }

  // src/playground/log.ts
  function note(log, entry) {
    const last = log[log.length - 1];
    if (entry.kind === "train" && last?.kind === "train") last.epochs += entry.epochs;
    else if (entry.kind === "set" && last?.kind === "set") Object.assign(last.change, entry.change);
    else if (entry.kind === "edit" && last?.kind === "edit" && last.index === entry.index) last.value = entry.value;
    else log.push(entry);
  }
  function writeLog(log) {
    return log.flatMap((entry) => {
      if (entry.kind === "train") return [String(entry.epochs)];
      if (entry.kind === "edit") return [`w${entry.index}:${entry.value}`];
      return Object.entries(entry.change).map(([name, value]) => `${name}:${value}`);
    }).join("_");
  }
  var MOST_EPOCHS = 1e5;
  function readLog(text, params, live) {
    const log = [];
    for (const word of text.split("_")) {
      const [name, value] = word.split(":");
      if (value === void 0) {
        const epochs = Number(name);
        if (Number.isInteger(epochs) && epochs > 0 && epochs <= MOST_EPOCHS) note(log, { kind: "train", epochs });
      } else if (/^w\d+$/.test(name)) {
        const index = Number(name.slice(1));
        if (index < params && value !== "" && Number.isFinite(Number(value))) note(log, { kind: "edit", index, value: Number(value) });
      } else {
        const change = live(name, value);
        if (change) note(log, { kind: "set", change });
      }
    }
    return log;
  }

  // src/playground/address.ts
  var oneOf = (names) => (text) => names.find((name) => name === text);
  var between2 = (low, high, whole = false) => (text) => {
    const number = text.trim() === "" ? NaN : Number(text);
    return number >= low && number <= high && (!whole || Number.isInteger(number)) ? number : void 0;
  };
  var sizes = (text) => {
    const layers = text === "" ? [] : text.split("-").map(Number);
    const fit = layers.length <= MOST_LAYERS && layers.every((size2) => Number.isInteger(size2) && size2 >= 1 && size2 <= MOST_NEURONS);
    return fit ? layers : void 0;
  };
  function readers(activations, own) {
    return {
      data: oneOf(own ? [...DATA_SETS, "csv"] : DATA_SETS),
      samples: between2(2, MOST_SAMPLES, true),
      noise: between2(0, 1),
      train: between2(0.01, 0.99),
      seed: between2(0, Number.MAX_SAFE_INTEGER, true),
      layers: sizes,
      activation: oneOf(activations),
      init: oneOf(INITIALISERS),
      loss: oneOf(LOSSES),
      optimizer: oneOf(OPTIMIZERS),
      lr: between2(0, 100),
      decay: between2(0, 100),
      l1: between2(0, 100),
      batch: between2(0, MOST_SAMPLES, true)
    };
  }
  function readAddress(hash, defaults, activations, own) {
    const words = new URLSearchParams(hash.replace(/^#/, ""));
    const read = readers(activations, own);
    const settings = { ...defaults };
    for (const name of Object.keys(read)) {
      const text = words.get(name);
      const found = text === null ? void 0 : read[name](text);
      if (found !== void 0) settings[name] = found;
    }
    const whole = settings;
    const live = (name, value) => {
      if (!["optimizer", "lr", "decay", "l1", "batch"].includes(name)) return void 0;
      const found = read[name](value);
      return found === void 0 ? void 0 : { [name]: found };
    };
    const log = readLog(words.get("run") ?? "", countParams(whole.layers), live);
    return { settings: whole, log, rowsMissing: words.get("data") === "csv" && !own };
  }
  function countParams(layers) {
    const all = [2, ...layers, 1];
    return all.slice(1).reduce((sum, size2, i) => sum + size2 * (all[i] + 1), 0);
  }
  function writeAddress(settings, log) {
    const words = Object.entries(settings).map(([name, value]) => `${name}=${Array.isArray(value) ? value.join("-") : encodeURIComponent(String(value))}`);
    const run = writeLog(log);
    return `#${words.join("&")}${run ? `&run=${run}` : ""}`;
  }

  // src/playground/controls.ts
  var CHOICES2 = ["activation", "optimizer", "loss", "init", "data"];
  var NUMBERS = ["lr", "decay", "l1", "batch"];
  var RANGES = ["samples", "noise", "train"];
  var WORDS = {
    samples: (x) => String(x),
    noise: (x) => String(x),
    train: (x) => `${Math.round(100 * x)} %`
  };
  var Controls = class {
    constructor(changed) {
      this.seed = "";
      for (const name of CHOICES2) this.select(name).addEventListener("change", () => changed({ [name]: this.select(name).value }));
      for (const name of NUMBERS) this.select(name).addEventListener("change", () => changed({ [name]: Number(this.select(name).value) }));
      for (const name of RANGES) {
        const range = byId(name);
        range.addEventListener("input", () => say(byId(`${name}-shown`), WORDS[name](Number(range.value))));
        range.addEventListener("change", () => changed({ [name]: Number(range.value) }));
      }
      const seed = byId("seed");
      seed.addEventListener("change", () => {
        const number = Number(seed.value);
        if (seed.value && Number.isInteger(number) && number >= 0 && number <= Number.MAX_SAFE_INTEGER) changed({ seed: number });
        else seed.value = this.seed;
      });
      byId("reseed").addEventListener("click", () => changed({ seed: Math.floor(Math.random() * 1e6) }));
    }
    select(name) {
      return byId(name === "data" ? "data-set" : name);
    }
    /** Show settings; a number that is not offered is offered from now on. `own` counts rows of the reader's own. */
    show(settings, own) {
      for (const name of [...CHOICES2, ...NUMBERS]) {
        const select = this.select(name);
        const value = String(settings[name]);
        if (![...select.options].some((option) => option.value === value)) select.append(make("option", { value }, value));
        select.value = value;
      }
      for (const name of RANGES) {
        byId(name).value = String(settings[name]);
        say(byId(`${name}-shown`), WORDS[name](settings[name]));
      }
      byId("seed").value = this.seed = String(settings.seed);
      const csv = settings.data === "csv";
      for (const name of ["samples", "noise"]) byId(name).disabled = csv;
      if (csv) [own, "none"].forEach((words, i) => say(byId(`${RANGES[i]}-shown`), String(words)));
      this.select("data").querySelector('option[value="csv"]').disabled = own === void 0;
      say(byId("depth"), `${settings.layers.length} hidden layer${settings.layers.length === 1 ? "" : "s"}`);
    }
  };

  // src/playground/curve.ts
  var HEIGHT = 90;
  var PAD = 4;
  var Curve = class {
    constructor(palette) {
      this.palette = palette;
      this.canvas = byId("curve");
      this.epochs = [];
      this.train = [];
      this.test = [];
      new ResizeObserver(() => this.draw()).observe(this.canvas);
    }
    clear() {
      this.epochs = [];
      this.train = [];
      this.test = [];
    }
    /** Take note of a moment; one at the same epoch takes the place of the last. */
    add(epoch, judged) {
      if (this.epochs[this.epochs.length - 1] === epoch) for (const list3 of [this.epochs, this.train, this.test]) list3.pop();
      this.epochs.push(epoch);
      this.train.push(judged.trainLoss);
      this.test.push(judged.testLoss);
      this.draw();
    }
    /** The curves in words, for who cannot see them. */
    describe() {
      const last = this.epochs.length - 1;
      if (last < 0) return;
      const words = [["training", this.train], ["test", this.test]].map(([name, list3]) => `${name} loss from ${plain(list3[0])} to ${plain(list3[last])}`);
      this.canvas.setAttribute("aria-label", `${words.join(", ")}, over ${this.epochs[last]} epochs`);
    }
    recolour(palette) {
      this.palette = palette;
      this.draw();
    }
    draw() {
      const { canvas, palette } = this;
      const scale = devicePixelRatio || 1;
      const width = canvas.clientWidth;
      if (!width) return;
      const pixels = Math.round(width * scale);
      if (canvas.width !== pixels) {
        canvas.width = pixels;
        canvas.height = Math.round(HEIGHT * scale);
      }
      const context = canvas.getContext("2d");
      context.setTransform(scale, 0, 0, scale, 0, 0);
      context.clearRect(0, 0, width, HEIGHT);
      context.strokeStyle = palette.line;
      context.lineWidth = 1;
      context.strokeRect(0.5, 0.5, width - 1, HEIGHT - 1);
      const finite = [...this.train, ...this.test].filter(Number.isFinite);
      const most = Math.max(1e-12, ...sampled(finite, 4e3));
      const last = Math.max(1, this.epochs[this.epochs.length - 1] ?? 1);
      const line = (list3, colour, dash) => {
        const stride = Math.max(1, Math.ceil(list3.length / (2 * width)));
        context.beginPath();
        for (let i = 0; i < list3.length; i += i + stride < list3.length || i === list3.length - 1 ? stride : list3.length - 1 - i) {
          const y = Number.isFinite(list3[i]) ? HEIGHT - PAD - (HEIGHT - 2 * PAD) * (list3[i] / most) : PAD;
          context.lineTo(PAD + (width - 2 * PAD) * (this.epochs[i] / last), y);
        }
        context.strokeStyle = colour;
        context.setLineDash(dash);
        context.lineWidth = 1.8;
        context.stroke();
        context.setLineDash([]);
      };
      line(this.test, palette.soft, [5, 3]);
      line(this.train, palette.ink, []);
      context.fillStyle = palette.soft;
      context.font = "11px system-ui, sans-serif";
      context.strokeStyle = palette.card;
      context.lineWidth = 4;
      context.textAlign = "right";
      const text = finite.length ? `highest ${brief(most)}` : "";
      context.strokeText(text, width - PAD - 4, 16);
      context.fillText(text, width - PAD - 4, 16);
    }
  };
  function sampled(list3, most) {
    const stride = Math.max(1, Math.ceil(list3.length / most));
    return list3.filter((_, i) => i % stride === 0);
  }

  // src/playground/palette.ts
  var STEPS = 256;
  var HALF = 0.6;
  function readPalette() {
    const style = getComputedStyle(document.documentElement);
    const get = (name) => style.getPropertyValue(name).trim();
    const [low, middle, high] = ["--neg", "--card", "--pos"].map((name) => rgb(get(name)));
    const pixels = new Uint32Array(STEPS);
    for (let i = 0; i < STEPS; i++) {
      const t = 2 * i / (STEPS - 1) - 1;
      const [r, g, b] = mix(middle, t < 0 ? low : high, Math.abs(t) * 0.85);
      pixels[i] = 255 << 24 | b << 16 | g << 8 | r;
    }
    return {
      pixels,
      positive: get("--pos"),
      negative: get("--neg"),
      odd: get("--odd"),
      ink: get("--ink"),
      soft: get("--soft"),
      line: get("--line"),
      card: get("--card")
    };
  }
  function watchPalette(changed) {
    const root2 = document.documentElement;
    let before;
    const colour = (theme) => {
      root2.dataset["theme"] = theme;
      changed(readPalette());
    };
    new MutationObserver(() => changed(readPalette())).observe(root2, { attributeFilter: ["data-theme"] });
    addEventListener("beforeprint", () => {
      before = root2.dataset["theme"];
      colour("light");
    });
    addEventListener("afterprint", () => colour(before));
  }
  function mix(a, b, share2) {
    return [0, 1, 2].map((i) => Math.round(a[i] + (b[i] - a[i]) * share2));
  }
  function rgb(text) {
    const digits = text.replace("#", "");
    const wide = digits.length === 3 ? [...digits].map((digit) => digit + digit).join("") : digits;
    return [0, 2, 4].map((at) => parseInt(wide.slice(at, at + 2), 16));
  }
  function shade(x) {
    if (Number.isNaN(x)) return STEPS / 2;
    const t = Number.isFinite(x) ? x / (HALF + Math.abs(x)) : Math.sign(x);
    return (t + 1) * 0.5 * (STEPS - 1) + 0.5 | 0;
  }

  // src/playground/grid.ts
  function makeGrid(size2, half) {
    const [x1, x2] = [new Float64Array(size2 * size2), new Float64Array(size2 * size2)];
    for (let row = 0; row < size2; row++)
      for (let column = 0; column < size2; column++) {
        x1[row * size2 + column] = half * ((2 * column + 1) / size2 - 1);
        x2[row * size2 + column] = -half * ((2 * row + 1) / size2 - 1);
      }
    return { size: size2, half, columns: [x1, x2] };
  }
  function paint(canvas, numbers, size2, palette, hard = false) {
    if (canvas.width !== size2) canvas.width = canvas.height = size2;
    const context = canvas.getContext("2d");
    const image = context.createImageData(size2, size2);
    const pixels = new Uint32Array(image.data.buffer);
    const { pixels: colours } = palette;
    for (let i = 0; i < pixels.length; i++) pixels[i] = colours[hard ? numbers[i] > 0 ? 220 : 35 : shade(numbers[i])];
    context.putImageData(image, 0, 0);
  }
  function contour(numbers, size2) {
    const lines = [];
    const at = (a, b) => a / (a - b);
    for (let row = 0; row + 1 < size2; row++)
      for (let column = 0; column + 1 < size2; column++) {
        const i = row * size2 + column;
        const [a, b, c, d] = [numbers[i], numbers[i + 1], numbers[i + size2 + 1], numbers[i + size2]];
        const mask = +(a > 0) + 2 * +(b > 0) + 4 * +(c > 0) + 8 * +(d > 0);
        if (mask === 0 || mask === 15) continue;
        const [x, y] = [column + 0.5, row + 0.5];
        const cuts = [];
        if (a > 0 !== b > 0) cuts.push(x + at(a, b), y);
        if (b > 0 !== c > 0) cuts.push(x + 1, y + at(b, c));
        if (c > 0 !== d > 0) cuts.push(x + at(d, c), y + 1);
        if (d > 0 !== a > 0) cuts.push(x, y + at(a, d));
        lines.push(...cuts);
      }
    return Float32Array.from(lines);
  }

  // src/playground/keys.ts
  function listenToKeys(keys, free) {
    document.addEventListener("keydown", (event) => {
      const move = keys[event.key];
      if (!move || event.ctrlKey || event.altKey || event.metaKey || event.shiftKey || !free()) return;
      const target = event.target;
      if (target.matches("input, textarea, select") || event.key === " " && target.matches("button, summary")) return;
      event.preventDefault();
      void move();
    });
  }

  // src/playground/legend.ts
  function writeLegend(half, own) {
    const [first, second] = own?.classes ?? ["class 0", "class 1"];
    say(byId("class-0"), `${first}, ◆`);
    say(byId("class-1"), `${second}, ●`);
    const [across, up] = own?.columns ?? ["x1", "x2"];
    const end = plain(half);
    say(byId("axes"), `across: ${across}, up: ${up}, each −${end} to ${end}${own ? " standard deviations" : ""}`);
  }

  // src/playground/netview.ts
  var WIDEST2 = 7;
  var NEAR = 7;
  var WORDS2 = { params: "weight", grads: "gradient", change: "last change" };
  var NetView = class {
    constructor(frame, actions, palette) {
      this.actions = actions;
      this.palette = palette;
      this.canvas = make("canvas", { class: "edges", "aria-hidden": "true" });
      this.columns = make("div", { class: "columns" });
      this.pictures = [];
      this.edges = [];
      this.shows = "params";
      frame.replaceChildren(make("div", { class: "sheet" }, this.canvas, this.columns));
      new ResizeObserver(() => this.measure()).observe(this.columns);
      this.columns.addEventListener("pointermove", (event) => this.light(this.near(event)));
      this.columns.addEventListener("pointerleave", () => this.light(void 0));
      this.columns.addEventListener("click", (event) => {
        const edge2 = event.target.closest("button, canvas.unit") ? void 0 : this.near(event);
        if (edge2) this.actions.weights(edge2.layer, edge2.neuron, edge2.index);
      });
    }
    /** Build the columns of a net. */
    build(shape) {
      this.shape = shape;
      const { sizes: sizes2, layers } = shape;
      this.pictures = Array.from({ length: layers }, () => []);
      const units = [];
      const columns2 = sizes2.map((size2, at) => {
        const cells = Array.from({ length: size2 }, (_, n) => at === 0 ? input(n) : this.unit(at - 1, n));
        units.push(cells);
        return make("div", { class: "column", role: "group", "aria-label": at === 0 ? "Inputs" : at === layers ? "Output" : `Layer ${at}` }, this.head(at), ...cells);
      });
      this.columns.replaceChildren(...columns2);
      this.edges = sizes2.slice(1).flatMap(
        (size2, layer) => Array.from(
          { length: size2 },
          (_, neuron2) => units[layer].map((from, i) => ({ index: shape.place(layer, neuron2) + i, from, to: units[layer + 1][neuron2], layer, neuron: neuron2, ends: [0, 0, 0, 0] }))
        ).flat()
      );
      this.measure();
    }
    /** The head of a column: its name, and buttons to add and take neurons. */
    head(at) {
      const { sizes: sizes2, layers } = this.shape;
      if (at === 0 || at === layers) return make("p", { class: "head" }, at === 0 ? "Inputs" : "Output");
      const size2 = sizes2[at];
      const button = (by, words, off) => {
        const made = make("button", { type: "button", "aria-label": words, "data-layer": String(at - 1), "data-by": String(by), ...off ? { disabled: "" } : {} }, by > 0 ? "+" : "−");
        made.addEventListener("click", () => this.actions.resize(at - 1, by));
        return made;
      };
      const [less, more] = [button(-1, `Remove a neuron of layer ${at}`, size2 === 1), button(1, `Add a neuron to layer ${at}`, size2 >= MOST_NEURONS)];
      return make("div", { class: "head" }, make("p", {}, `Layer ${at}: ${size2}`), make("p", { class: "pair" }, less, more));
    }
    unit(layer, neuron2) {
      const output = layer === this.shape.layers - 1;
      const name = output ? "the output" : `neuron ${neuron2 + 1} of layer ${layer + 1}`;
      const picture = make("canvas", { class: "unit", "aria-hidden": "true" });
      this.pictures[layer].push(picture);
      const step2 = make("button", { type: "button", class: "neuron", "aria-label": `Step through ${name}`, title: `Step through ${name}` }, picture);
      step2.addEventListener("click", () => this.actions.step(layer, neuron2));
      const weights = make("button", { type: "button", class: "open", "aria-label": `Weights of ${name}`, title: `Weights of ${name}` }, "w");
      weights.addEventListener("click", () => this.actions.weights(layer, neuron2));
      return make("div", { class: "cell", "data-neuron": `${layer}.${neuron2}` }, step2, weights);
    }
    recolour(palette) {
      this.palette = palette;
      if (this.last) this.show(this.last, this.shows);
    }
    /** Show a moment; neurons in `marked` bear a frame that warns. */
    show(moment, shows) {
      this.last = moment;
      this.shows = shows;
      moment.fields.forEach(
        (layer, l) => layer.forEach((numbers, n) => {
          const picture = this.pictures[l]?.[n];
          if (picture) paint(picture, numbers, Math.sqrt(numbers.length), this.palette);
        })
      );
      this.draw();
    }
    mark(neurons) {
      const marked2 = new Set(neurons.map(([layer, neuron2]) => `${layer}.${neuron2}`));
      for (const cell of this.columns.querySelectorAll(".cell[data-neuron]")) cell.classList.toggle("stuck", marked2.has(cell.dataset["neuron"]));
    }
    /** A parameter in words, with all three of its numbers. */
    words(index) {
      const { shape, last } = this;
      if (!shape || !last) return "";
      const numbers = ["params", "grads", "change"].map((shows) => `${WORDS2[shows]} ${plain(last[shows][index])}`);
      return `${shape.nameOf(index)}: ${numbers.join(", ")}`;
    }
    measure() {
      const sheet = this.columns.getBoundingClientRect();
      if (!sheet.width) return;
      const scale = devicePixelRatio || 1;
      this.canvas.width = Math.round(sheet.width * scale);
      this.canvas.height = Math.round(sheet.height * scale);
      this.canvas.style.width = `${sheet.width}px`;
      this.canvas.style.height = `${sheet.height}px`;
      const boxes = /* @__PURE__ */ new Map();
      const box2 = (cell) => {
        const known = boxes.get(cell);
        if (known) return known;
        const found = (cell.querySelector(".neuron") ?? cell).getBoundingClientRect();
        boxes.set(cell, found);
        return found;
      };
      for (const edge2 of this.edges) {
        const [from, to] = [box2(edge2.from), box2(edge2.to)];
        edge2.ends = [from.right - sheet.left, from.top + from.height / 2 - sheet.top, to.left - sheet.left, to.top + to.height / 2 - sheet.top];
      }
      this.draw();
    }
    draw() {
      const { canvas, last, palette } = this;
      const context = canvas.getContext("2d");
      const scale = devicePixelRatio || 1;
      context.setTransform(scale, 0, 0, scale, 0, 0);
      context.clearRect(0, 0, canvas.width, canvas.height);
      if (!last) return;
      const numbers = last[this.shows];
      const most = this.shows === "params" ? 1 : Math.max(1e-300, ...this.edges.map(({ index }) => Math.abs(numbers[index])).filter(Number.isFinite));
      for (const edge2 of this.edges) {
        const x = numbers[edge2.index];
        const share2 = Math.abs(x) / most;
        context.strokeStyle = !Number.isFinite(x) ? palette.odd : x < 0 ? palette.negative : palette.positive;
        context.globalAlpha = edge2.index === this.lit ? 1 : 0.35 + 0.55 * Math.min(1, share2);
        context.lineWidth = edge2.index === this.lit ? WIDEST2 + 1 : Math.max(0.4, WIDEST2 * (this.shows === "params" ? share2 / (1 + share2) : Math.sqrt(share2)));
        const [x0, y0, x1, y1] = edge2.ends;
        context.beginPath();
        context.moveTo(x0, y0);
        context.lineTo(x1, y1);
        context.stroke();
      }
      context.globalAlpha = 1;
    }
    /** The edge under a pointer. */
    near(event) {
      const { left, top } = this.columns.getBoundingClientRect();
      const [x, y] = [event.clientX - left, event.clientY - top];
      let best;
      let least = NEAR;
      for (const edge2 of this.edges) {
        const [x0, y0, x1, y1] = edge2.ends;
        if (x <= x0 || x >= x1) continue;
        const along = Math.hypot(x1 - x0, y1 - y0);
        const distance = Math.abs((x1 - x0) * (y - y0) - (y1 - y0) * (x - x0)) / along;
        if (distance < least) [best, least] = [edge2, distance];
      }
      return best;
    }
    light(edge2) {
      if (edge2?.index === this.lit) return;
      this.lit = edge2?.index;
      this.actions.point(this.lit);
      this.draw();
    }
  };
  function input(n) {
    const cell = make("div", { class: "cell input" });
    say(cell, `x${n + 1}`);
    return cell;
  }

  // src/playground/plot.ts
  var RADIUS = 3.4;
  var REACH = 14;
  var Plot = class {
    constructor(palette, open, tell) {
      this.palette = palette;
      this.open = open;
      this.tell = tell;
      this.frame = byId("plot");
      this.surface = byId("surface");
      this.points = byId("points");
      this.dots = [];
      this.trained = 0;
      this.half = 1;
      this.hard = false;
      this.frame.addEventListener("click", (event) => {
        const near = this.near(event);
        if (near === void 0) return;
        this.pick(near);
        this.open(this.row(near));
      });
      this.frame.addEventListener("pointermove", (event) => {
        if (event.pointerType === "mouse") this.pick(this.near(event));
      });
      this.frame.addEventListener("keydown", (event) => this.key(event));
      new ResizeObserver(() => this.draw()).observe(this.frame);
    }
    /** The rows to show; those of the test only where the reader wants them. */
    load(rows, half, test) {
      const dots = (part2, isTest) => Array.from(part2.label, (label, i) => ({ x: part2.x1[i], y: part2.x2[i], label, test: isTest }));
      this.dots = [...dots(rows.train, false), ...test ? dots(rows.test, true) : []];
      this.trained = rows.train.label.length;
      this.half = half;
      this.picked = void 0;
      this.draw();
    }
    recolour(palette) {
      this.palette = palette;
      if (this.numbers) this.show(this.numbers);
    }
    /** Show what the net gives over the grid. */
    show(numbers) {
      this.numbers = numbers;
      paint(this.surface, numbers, Math.sqrt(numbers.length), this.palette, this.hard);
      this.draw();
    }
    get side() {
      return this.frame.clientWidth;
    }
    at(dot) {
      return [(dot.x / this.half + 1) * this.side / 2, (1 - dot.y / this.half) * this.side / 2];
    }
    draw() {
      const { points, side, palette } = this;
      const scale = devicePixelRatio || 1;
      const pixels = Math.max(1, Math.round(side * scale));
      if (points.width !== pixels) points.width = points.height = pixels;
      const context = points.getContext("2d");
      context.setTransform(scale, 0, 0, scale, 0, 0);
      context.clearRect(0, 0, side, side);
      this.drawLine(context);
      context.lineWidth = 1;
      for (const test of [true, false])
        for (const label of [0, 1]) {
          context.beginPath();
          for (const dot2 of this.dots) if (dot2.test === test && dot2.label === label) mark(context, ...this.at(dot2), RADIUS, label);
          const colour = label ? palette.positive : palette.negative;
          context.fillStyle = test ? palette.card : colour;
          context.strokeStyle = test ? colour : palette.card;
          context.fill();
          context.stroke();
        }
      if (this.picked === void 0) return;
      const dot = this.dots[this.picked];
      context.beginPath();
      context.arc(...this.at(dot), RADIUS + 5, 0, 2 * Math.PI);
      context.lineWidth = 2.5;
      context.strokeStyle = palette.ink;
      context.stroke();
    }
    drawLine(context) {
      if (!this.numbers) return;
      const size2 = Math.sqrt(this.numbers.length);
      const lines = contour(this.numbers, size2);
      const unit = this.side / size2;
      context.beginPath();
      for (let i = 0; i < lines.length; i += 4) {
        context.moveTo(lines[i] * unit, lines[i + 1] * unit);
        context.lineTo(lines[i + 2] * unit, lines[i + 3] * unit);
      }
      context.strokeStyle = this.palette.ink;
      context.lineWidth = 1.6;
      context.stroke();
    }
    row(place2) {
      return place2 < this.trained ? { part: "train", index: place2 } : { part: "test", index: place2 - this.trained };
    }
    pick(place2) {
      if (place2 === this.picked) return;
      this.picked = place2;
      if (place2 !== void 0) this.tell(this.row(place2));
      this.frame.classList.toggle("over", place2 !== void 0);
      this.draw();
    }
    near(event) {
      const { left, top } = this.points.getBoundingClientRect();
      let best;
      let least = REACH;
      this.dots.forEach((dot, i) => {
        const [x, y] = this.at(dot);
        const distance = Math.hypot(x - (event.clientX - left), y - (event.clientY - top));
        if (distance < least) [best, least] = [i, distance];
      });
      return best;
    }
    key(event) {
      const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      const n = this.dots.length;
      if (by !== void 0) this.pick(((this.picked ?? (by > 0 ? -1 : 0)) + by + n) % n);
      else if (event.key === "Enter" && this.picked !== void 0) this.open(this.row(this.picked));
      else return;
      event.preventDefault();
      event.stopPropagation();
    }
  };
  function mark(context, x, y, radius, label) {
    context.moveTo(x + radius, y);
    if (label) return context.arc(x, y, radius, 0, 2 * Math.PI);
    const size2 = radius * 1.3;
    context.moveTo(x + size2, y);
    context.lineTo(x, y + size2);
    context.lineTo(x - size2, y);
    context.lineTo(x, y - size2);
    context.closePath();
  }

  // src/playground/watch.ts
  var SATURATED = 1e-3;
  var VANISHED = 1e-3;
  function warnings(moment) {
    if (!Number.isFinite(moment.judged.trainLoss))
      return [{ kind: "diverged", neurons: [], text: "The loss is no finite number any more: the steps were too large. Reset, and lower the learning rate." }];
    return [...stuck(moment.slopes), ...vanishing(moment.deltas), ...moment.backend === "eager" ? [EAGER] : []];
  }
  var EAGER = {
    kind: "eager",
    neurons: [],
    text: "The compiler did not take this net, so that the engine trains it, node by node: the same numbers, more slowly."
  };
  function stuck(slopes) {
    const all = slopes.flatMap((layer, l) => layer.map((slope, n) => ({ slope, at: [l, n] })));
    const dead = all.filter(({ slope }) => slope === 0).map(({ at }) => at);
    const saturated = all.filter(({ slope }) => slope > 0 && slope < SATURATED).map(({ at }) => at);
    const found = [];
    if (dead.length)
      found.push({
        kind: "dead",
        neurons: dead,
        text: `Dead: ${list2(dead)}. On every training row the slope of the activation is 0, so no gradient of the loss reaches ${dead.length > 1 ? "their" : "its"} weights: ${dead.length > 1 ? "they learn" : "it learns"} no more. A smaller learning rate, other first weights or another activation keep neurons alive.`
      });
    if (saturated.length)
      found.push({
        kind: "saturated",
        neurons: saturated,
        text: `Saturated: ${list2(saturated)}. On every training row the activation is flat (slope below ${SATURATED}), so almost no gradient comes through.`
      });
    return found;
  }
  function vanishing(deltas) {
    const last = deltas[deltas.length - 1] ?? 0;
    const first = deltas[0] ?? 0;
    if (deltas.length < 2 || last === 0 || first >= VANISHED * last) return [];
    const times = first === 0 ? "to nothing" : `to 1/${Math.round(last / first).toLocaleString("en")}`;
    return [
      {
        kind: "vanishing",
        neurons: [],
        text: `Gradients vanish: on the way from layer ${deltas.length} back to layer 1 the gradient shrinks ${times}, so the first layer hardly learns. relu, a wider start (init) or fewer layers help.`
      }
    ];
  }
  function list2(neurons) {
    const names = neurons.map(([layer, neuron2]) => `neuron ${neuron2 + 1} of layer ${layer + 1}`);
    return names.length > 4 ? `${names.slice(0, 3).join(", ")} and ${names.length - 3} more` : names.join(", ").replace(/, ([^,]*)$/, " and $1");
  }

  // src/playground/readout.ts
  function readOut(moment, rows) {
    const { trainLoss, testLoss, trainScore, testScore } = moment.judged;
    say(byId("epochs"), String(moment.epochs));
    say(byId("train-loss"), brief(trainLoss));
    say(byId("test-loss"), brief(testLoss));
    say(byId("train-score"), counted(trainScore, rows.train));
    say(byId("test-score"), counted(testScore, rows.test));
    const found = warnings(moment);
    const texts = found.map(({ text }) => text).join("\n");
    const box2 = byId("warnings");
    if (box2.dataset["texts"] !== texts) {
      box2.dataset["texts"] = texts;
      box2.replaceChildren(...found.map(({ kind, text }) => make("p", { class: `warning ${kind}` }, text)));
    }
    return found;
  }
  function counted(share2, rows) {
    const n = rows.label.length;
    return `${Math.round(share2 * n)} of ${n}`;
  }

  // src/playground/script.ts
  var quote = (text) => JSON.stringify(text);
  var OPTIMISERS = {
    sgd: (rate) => `optim.SGD(${rate})`,
    momentum: (rate) => `optim.SGD(${rate}, momentum=${MOMENTUM})`,
    adam: (rate) => `optim.Adam(${rate})`,
    adamw: (rate) => `optim.AdamW(${rate})`
  };
  var optimiser2 = ({ optimizer, lr, decay, l1 }) => OPTIMISERS[optimizer](`lr=${lr}, weight_decay=${decay}${l1 ? `, l1=${l1}` : ""}`);
  function pythonScript(settings, log, nameOf, table) {
    const { layers, activation, seed, init, loss: loss2 } = settings;
    const sizes2 = [...layers, 1].join(", ");
    const now = { ...settings };
    const lines = [
      `"""A net from the playground: 2-${[...layers, 1].join("-")}, ${activation}, on ${table ? "rows of one's own" : settings.data}."""`,
      "",
      "from mgnn import MLP, Trainer, optim",
      "from mgview.playground.data import draw, split, standardise, targets".replace(table ? "draw, " : ", standardise", ""),
      "from mgview.playground.picture import save_picture",
      "",
      ...rowsOf(settings, table),
      `train, test = split(rows, labels, share=${settings.train}, seed=${seed})`,
      `X, y = targets(train, ${quote(loss2)})`,
      `held_out = targets(test, ${quote(loss2)})`,
      "",
      `model = MLP(2, [${sizes2}], activation=${quote(activation)}, seed=${seed}, init=${quote(init)})`,
      `trainer = Trainer(model, loss=${quote(loss2)}, optimizer=${optimiser2(now)})`,
      "parameters = dict(model.named_parameters())",
      "histories = []",
      ...log.flatMap((entry) => linesOf(entry, now, seed, nameOf)),
      "",
      'print("after training:", *(f"{p.data!r}" for p in model.parameters()))',
      `save_picture("playground.png", model, train, test, histories)`
    ];
    return `${lines.join("\n")}
`;
  }
  function rowsOf(settings, table) {
    if (!table) {
      const { data: data2, samples, noise, seed } = settings;
      return [`rows, labels = draw(${quote(data2)}, samples=${samples}, noise=${noise}, seed=${seed})`];
    }
    const { raw, rows } = table;
    return [
      `rows = standardise([  # ${table.columns.join(", ").replace(/[\r\n]/g, " ")}`,
      ...raw.map(([x, y]) => `    [${x}, ${y}],`),
      "])",
      `labels = [int(k) for k in ${quote([...rows.label].join(""))}]`
    ];
  }
  function linesOf(entry, now, seed, nameOf) {
    if (entry.kind === "edit") return [`parameters[${quote(nameOf(entry.index))}].data = ${pythonNumber(entry.value)}`];
    if (entry.kind === "train") {
      const batch = now.batch === 0 ? "None" : String(now.batch);
      return ["histories.append(", `    trainer.fit(X, y, epochs=${entry.epochs}, batch_size=${batch}, seed=${seed}, validation_data=held_out)`, ")"];
    }
    Object.assign(now, entry.change);
    return Object.keys(entry.change).every((name) => name === "batch") ? [] : [`trainer.restart(${optimiser2(now)})`];
  }
  function pythonNumber(x) {
    return Number.isInteger(x) ? `${x}.0`.replace(/^(-?\d+)e\+?(\d+)\.0$/, "$1e$2") : String(x);
  }

  // src/place.ts
  var CLOSE = "mgview: close";

  // src/playground/sampledrawing.ts
  var [HEIGHT2, PITCH, GAP, MARGIN] = [40, 54, 90, 12];
  var NUMBERS2 = 126;
  var LETTER = 8.2;
  var SIGN = 10;
  var STEM = 10;
  var MARK = 5;
  var PORT = 13;
  var SYMBOLS = { mul: "×", sub: "−" };
  var escape = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/"/g, "&quot;");
  var inset = (node) => node.kind === "leaf" ? MARK : 0;
  var symbol = (op) => SYMBOLS[op] ?? op;
  function drawingOf(nodes, title) {
    const boxes = place(nodes);
    const width = Math.max(...boxes.map((box2) => box2.x + box2.width)) + MARGIN;
    const height = Math.max(...boxes.map((box2) => box2.y)) + HEIGHT2 / 2 + MARGIN;
    const edges = nodes.flatMap((node, to) => [...new Set(node.operands)].map((from) => edge(boxes, from, to, ports(node, from))));
    const drawn = nodes.map((node, i) => box(node, i, boxes[i], i === nodes.length - 1));
    return `<svg class="mgv" xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="group" aria-label="${escape(title)}"><g class="mgv-edges">${edges.join("")}</g><g class="mgv-boxes">${drawn.join("")}</g></svg>`;
  }
  function place(nodes) {
    const sizes2 = nodes.map((node) => {
      const name = Math.max(20, node.name.length * LETTER + 10) + inset(node);
      const circle = node.kind === "op" ? Math.max(30, symbol(node.op).length * SIGN + 14) + STEM : 0;
      return node.kind === "constant" ? { width: node.name.length * 8 + 16, circle: 0, name: 0 } : { width: circle + name + NUMBERS2, circle, name };
    });
    const columns2 = Math.max(...nodes.map((node) => node.column)) + 1;
    const boxes = [];
    let left = MARGIN;
    for (let column = 0; column < columns2; column++) {
      const here = nodes.flatMap((node, i) => node.column === column ? [i] : []);
      here.sort((i, j) => Number(nodes[i].kind !== "op") - Number(nodes[j].kind !== "op") || i - j);
      const widest = Math.max(0, ...here.map((i) => sizes2[i].width));
      let next = MARGIN + HEIGHT2 / 2;
      for (const i of here) {
        const { own } = nodes[i];
        const middle = own.length ? own.reduce((sum, operand) => sum + boxes[operand].y, 0) / own.length : next;
        const y = Math.max(next, middle);
        boxes[i] = { ...sizes2[i], x: nodes[i].kind === "op" ? left : left + widest - sizes2[i].width, y };
        next = y + PITCH;
      }
      left += widest + GAP;
    }
    return boxes;
  }
  function ordered({ op, operands }) {
    return op === "sub" && operands[0] !== operands[1];
  }
  function ports(node, from) {
    if (ordered(node)) return [(node.operands.indexOf(from) - 0.5) * PORT];
    const times = node.operands.filter((operand) => operand === from).length;
    return Array.from({ length: times }, (_, k) => (k - (times - 1) / 2) * 12);
  }
  function edge(boxes, from, to, ends) {
    const [a, b] = [boxes[from], boxes[to]];
    const lines = ends.map((end) => {
      const y = b.y + end;
      const [start, middle] = [a.x + a.width, b.x - GAP / 2];
      const n = (x) => x.toFixed(1);
      return `M${n(start)} ${n(a.y)}H${n(b.x - GAP)}C${n(middle)} ${n(a.y)} ${n(middle)} ${n(y)} ${n(b.x)} ${n(y)}m-6 -4 L${n(b.x)} ${n(y)} l-6 4`;
    });
    return `<path class="mgv-edge" data-from="n${from}" data-to="n${to}" d="${lines.join("")}"/>`;
  }
  function box(node, index, { x, y, width, circle, name }, output) {
    const data2 = Number(node.data);
    if (node.kind === "constant")
      return `<g class="mgv-box mgv-constant" data-box="n${index}" data-size="${width} 24" transform="translate(${x} ${y})"><title>constant ${full(data2)}</title><rect class="mgv-frame" y="-12" width="${width}" height="24" rx="12"/><text class="mgv-small" x="${width / 2}" y="4" text-anchor="middle">${escape(node.name)}</text></g>`;
    const [top, right, middle] = [-HEIGHT2 / 2, width, circle + name];
    const sign3 = node.kind === "op" ? `<path class="mgv-stem" d="M${circle - STEM} 0H${circle}"/><rect class="mgv-circle" y="-15" width="${circle - STEM}" height="30" rx="15"/><text class="mgv-symbol" x="${(circle - STEM) / 2}" y="5" text-anchor="middle">${escape(symbol(node.op))}</text>` : "";
    const places = ordered(node) ? [1, 2].map((place2) => `<text class="mgv-place" x="-9" y="${(place2 - 1.5) * PORT - 3}" text-anchor="end">${place2}</text>`).join("") : "";
    const mark2 = node.kind === "leaf" ? `<path class="mgv-mark" d="M2.5 -16V16"/>` : "";
    return `<g class="mgv-box mgv-${node.kind}${output ? " mgv-output" : ""}" data-box="n${index}" data-size="${width} ${HEIGHT2}" transform="translate(${x} ${y})"><title>${escape(node.name)}; data ${full(data2)}; gradient 0</title>${sign3}${places}<rect class="mgv-back" x="${circle}" y="${top}" width="${width - circle}" height="${HEIGHT2}" rx="5"/><path class="mgv-grad mgv-neg" d="M${middle} 0H${right}V15q0 5 -5 5H${middle}z" fill-opacity="0.000"/><rect class="mgv-frame" x="${circle}" y="${top}" width="${width - circle}" height="${HEIGHT2}" rx="5"/>${mark2}<path class="mgv-rule" d="M${middle} ${top}V20"/><text class="mgv-label" x="${circle + (name + inset(node)) / 2}" y="5" text-anchor="middle">${escape(node.name)}</text><path class="mgv-rule" d="M${middle} 0H${right}"/><text class="mgv-key" x="${middle + 8}" y="-6">data</text><text class="mgv-number mgv-data" x="${right - 8}" y="-6" text-anchor="end">${boxed(data2)}</text><text class="mgv-key" x="${middle + 8}" y="14">grad</text><text class="mgv-number mgv-gradient" x="${right - 8}" y="14" text-anchor="end">0.0000</text></g>`;
  }

  // src/playground/samplegraph.ts
  var Recorder = class {
    constructor(compute) {
      this.compute = compute;
      this.nodes = [];
    }
    add(node) {
      return this.nodes.push(node) - 1;
    }
    leaf(name, data2, column) {
      return this.add({ kind: "leaf", op: "", name, data: data2, operands: [], column, own: [] });
    }
    constant(data2, column) {
      return this.add({ kind: "constant", op: "", name: String(data2).replace("-", "−"), data: data2, operands: [], column, own: [] });
    }
    op(op, name, operands, column, own = []) {
      const data2 = this.compute(op, operands.map((operand) => Number(this.nodes[operand].data)));
      return this.add({ kind: "op", op, name, data: data2, operands, column, own });
    }
  };
  function graphOf(training, subject, compute) {
    const recorder = new Recorder(compute);
    if (subject.neuron) neuron(training, subject, subject.neuron, recorder);
    else loss(training, subject, recorder);
    return recorder.nodes;
  }
  function record(training, layer, unit, inputs, one, column, recorder, alone = false) {
    const { net, settings } = training;
    const first = net.place(layer, unit);
    const weights = inputs.map((_, i) => recorder.leaf(`layers.${layer}.${unit}.w${i}`, net.params[first + i], column));
    const bias = recorder.leaf(`layers.${layer}.${unit}.b`, net.params[first + inputs.length], column);
    const last = layer === net.layers - 1;
    const sum = recorder.op("dot", last ? "output" : `z${layer}.${unit}`, [...weights, bias, ...inputs, one], column + 1, [...weights, bias]);
    return last ? sum : recorder.op(settings.activation, `h${layer}.${unit}`, [sum], column + 2, alone ? [sum] : []);
  }
  function neuron(training, subject, [layer, unit], recorder) {
    const pass = new Pass(training.net, 1);
    const row = [Float64Array.of(subject.x1), Float64Array.of(subject.x2)];
    pass.forward(row);
    const below2 = layer ? pass.outs[layer - 1] : row;
    const inputs = below2.map((column, i) => recorder.leaf(layer ? `h${layer - 1}.${i}` : `x${i + 1}`, column[0], 0));
    record(training, layer, unit, inputs, recorder.constant(1, 0), 0, recorder, true);
  }
  function loss(training, subject, recorder) {
    const { net } = training;
    let inputs = [recorder.leaf("x1", subject.x1, 0), recorder.leaf("x2", subject.x2, 0)];
    const one = recorder.constant(1, 0);
    for (let layer = 0; layer < net.layers; layer++) {
      const below2 = inputs;
      inputs = Array.from({ length: net.sizes[layer + 1] }, (_, unit) => record(training, layer, unit, below2, one, 2 * layer, recorder));
    }
    const out = inputs[0];
    const column = 2 * net.layers;
    const target = recorder.constant(training.loss.target(subject.label), column - 1);
    LOSS_GRAPHS[training.settings.loss](recorder, out, target, column);
  }
  var LOSS_GRAPHS = {
    binary_cross_entropy: (recorder, out, target, column) => {
      const first = recorder.op("softplus", "softplus", [out], column, [out]);
      return recorder.op("sub", "loss", [first, recorder.op("mul", "t × output", [target, out], column, [out])], column + 1, [out]);
    },
    hinge: (recorder, out, target, column) => {
      const product = recorder.op("mul", "t × output", [target, out], column, [out]);
      const margin = recorder.op("sub", "margin", [recorder.constant(1, column), product], column + 1, [out]);
      return recorder.op("relu", "loss", [margin], column + 2, [out]);
    },
    mse: (recorder, out, target, column) => {
      const error = recorder.op("sub", "error", [out, target], column, [out]);
      return recorder.op("mul", "loss", [error, error], column + 1, [out]);
    }
  };

  // src/playground/stepperpage.ts
  function titleOf({ neuron: neuron2, x1, x2 }, layers) {
    const row = `(${brief(x1)}, ${brief(x2)})`;
    if (!neuron2) return `The loss of the row ${row}`;
    return neuron2[0] === layers - 1 ? `The output for the row ${row}` : `Neuron ${neuron2[1] + 1} of layer ${neuron2[0] + 1} for the row ${row}`;
  }
  function fillPage(blank, training, subject) {
    const title = titleOf(subject, training.net.layers);
    const drawn = graphOf(training, subject, (op, x) => OPS[op].forward(x));
    const nodes = drawn.map(({ column: _, own: __, ...node }) => ({ ...node, data: Number.isFinite(node.data) ? node.data : String(node.data) }));
    const data2 = JSON.stringify(nodes).replaceAll("<", "\\u003c");
    return blank.replaceAll("@title@", () => title).replace("@svg@", () => drawingOf(drawn, title)).replace('"nodes":[]', () => `"nodes":${data2}`);
  }
  var StepperDialog = class {
    constructor() {
      this.dialog = byId("stepper");
      byId("close").addEventListener("click", () => this.dialog.close());
      this.dialog.addEventListener("close", () => this.dialog.querySelector("iframe")?.remove());
      addEventListener("message", (event) => {
        const frame = this.dialog.querySelector("iframe");
        if (frame && event.source === frame.contentWindow && event.data === CLOSE) this.dialog.close();
      });
    }
    get open() {
      return this.dialog.open;
    }
    show(page, title) {
      this.dialog.setAttribute("aria-label", title);
      this.dialog.querySelector("iframe")?.remove();
      this.dialog.showModal();
      this.dialog.append(make("iframe", { title, sandbox: "allow-scripts allow-downloads", srcdoc: page }));
    }
  };

  // src/saving.ts
  function download(name, content) {
    const link = make("a", { href: URL.createObjectURL(content), download: name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1e4);
  }

  // src/playground/takealong.ts
  var TakeAlong = class {
    constructor(script, weights, tell) {
      this.script = script;
      this.card = byId("script-card");
      this.card.addEventListener("toggle", () => this.refresh());
      byId("copy-script").addEventListener("click", () => void this.copy(tell));
      byId("save-script").addEventListener("click", () => download("playground.py", new Blob([script()], { type: "text/x-python" })));
      byId("save-weights").addEventListener("click", () => {
        const now = weights();
        if (now) download("weights.json", new Blob([stateOf(now.shape, now.moment)], { type: "application/json" }));
      });
    }
    refresh() {
      if (this.card.open) say(byId("script"), this.script());
    }
    async copy(tell) {
      try {
        await navigator.clipboard.writeText(this.script());
        tell("The script is on the clipboard.");
      } catch {
        this.card.open = true;
        this.refresh();
        getSelection()?.selectAllChildren(byId("script"));
        tell("The script is marked; copy it with Ctrl+C.");
      }
    }
  };
  function stateOf(shape, moment) {
    const lines = Array.from(moment.params, (x, i) => `  ${JSON.stringify(shape.nameOf(i))}: ${x}`);
    return `{
${lines.join(",\n")}
}
`;
  }

  // src/playground/weights.ts
  var Weights = class {
    constructor(set) {
      this.set = set;
      this.form = byId("weights");
      this.fields = [];
      this.note = make("p", { role: "alert" });
      this.form.addEventListener("submit", (event) => event.preventDefault());
    }
    /** Show the weights of a neuron, and go to one of them. */
    show(shape, layer, neuron2, moment, wanted) {
      this.open = { layer, neuron: neuron2 };
      const inputs = shape.sizes[layer];
      const first = shape.place(layer, neuron2);
      const title = layer === shape.layers - 1 ? "Weights of the output" : `Weights of neuron ${neuron2 + 1} of layer ${layer + 1}`;
      const close = make("button", { type: "button", "aria-label": "Close the weights" }, "×");
      close.addEventListener("click", () => this.hide());
      const rows = Array.from({ length: inputs + 1 }, (_, i) => this.row(shape, layer, first + i, i === inputs ? void 0 : i));
      const head = ["from", "weight", "gradient", "last change"].map((text) => make("th", { scope: "col" }, text));
      const table = make("table", {}, make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...rows));
      this.form.replaceChildren(make("p", { class: "heading" }, make("strong", {}, title), close), make("div", { class: "wide" }, table), this.note);
      this.form.hidden = false;
      say(this.note, "");
      this.update(moment);
      const field = this.fields.find(({ index }) => index === wanted) ?? this.fields[0];
      field.input.focus();
      field.input.select();
    }
    row(shape, layer, index, from) {
      if (index === shape.place(layer, this.open.neuron)) this.fields = [];
      const name = from === void 0 ? "1 (bias)" : layer === 0 ? `x${from + 1}` : `neuron ${from + 1}`;
      const input2 = make("input", { inputmode: "decimal", autocomplete: "off", "aria-label": `${shape.nameOf(index)}: weight from ${name}` });
      const [grad, change] = [make("td"), make("td")];
      this.fields.push({ index, input: input2, grad, change });
      input2.addEventListener("change", () => this.take(index, input2));
      input2.addEventListener("keydown", (event) => {
        if (event.key !== "ArrowUp" && event.key !== "ArrowDown") return;
        event.preventDefault();
        input2.value = full(Math.round(((parse(input2.value) ?? 0) + (event.key === "ArrowUp" ? 0.1 : -0.1)) * 1e6) / 1e6);
        this.take(index, input2);
      });
      return make("tr", {}, make("th", { scope: "row" }, name), make("td", {}, input2), grad, change);
    }
    take(index, input2) {
      const number = parse(input2.value);
      const good = number !== void 0 && Number.isFinite(number);
      say(this.note, good ? reading(input2.value, number) : `“${input2.value}” is no number; give one such as −0.5.`);
      input2.toggleAttribute("aria-invalid", !good);
      if (good) this.set(index, number);
    }
    update(moment) {
      if (!this.open || this.form.hidden) return;
      for (const { index, input: input2, grad, change } of this.fields) {
        if (document.activeElement !== input2 || parse(input2.value) !== void 0) {
          const text = full(moment.params[index]);
          if (input2.value !== text && document.activeElement !== input2) input2.value = text;
          else if (input2.value === "") input2.value = text;
        }
        say(grad, plain(moment.grads[index]));
        say(change, plain(moment.change[index]));
      }
    }
    hide() {
      this.form.hidden = true;
      this.open = void 0;
      this.fields = [];
    }
  };

  // src/playground/playground.ts
  var GRID = 60;
  var PLANE = 2.6;
  var REST = 1e3;
  var CALM = 500;
  var NEW_LAYER = 4;
  var CHUNKS = 200;
  var MOST_AT_ONCE = 500;
  var nextFrame = () => new Promise(requestAnimationFrame);
  var Playground = class {
    constructor(engine2, defaults, table) {
      this.engine = engine2;
      this.defaults = defaults;
      this.table = table;
      this.log = [];
      this.grid = makeGrid(GRID, PLANE);
      this.shows = "params";
      this.playing = false;
      this.row = { part: "train", index: 0 };
      this.queue = Promise.resolve();
      this.written = 0;
      this.address = "";
      this.calm = matchMedia("(prefers-reduced-motion: reduce)");
      this.dialog = new StepperDialog();
      this.first = { ...defaults };
      this.settings = { ...defaults };
      const palette = readPalette();
      this.controls = new Controls((change) => void this.change(change));
      this.net = new NetView(
        byId("net"),
        {
          resize: (layer, by) => void this.resize(layer, by),
          step: (layer, neuron2) => void this.step([layer, neuron2]),
          weights: (layer, neuron2, index) => this.moment && this.shape && this.weights.show(this.shape, layer, neuron2, this.moment, index),
          point: (index) => say(byId("edge-note"), index === void 0 ? EDGES : this.net.words(index))
        },
        palette
      );
      this.weights = new Weights((index, value) => void this.edit(index, value));
      this.plot = new Plot(palette, (row) => this.open(row), (row) => this.tellRow(row));
      this.curve = new Curve(palette);
      this.along = new TakeAlong(() => this.script(), () => this.shape && this.moment && { shape: this.shape, moment: this.moment }, (text) => say(byId("status"), text));
      this.listen();
    }
    /** Begin with what the address says. */
    async start() {
      this.address = location.hash;
      const place2 = readAddress(location.hash, this.defaults, this.engine.activations, this.table !== void 0);
      await this.begin(place2.settings);
      if (place2.rowsMissing) {
        this.awaiting = place2;
        say(byId("file-note"), ROWS_MISSING);
      }
      await this.replay(place2.rowsMissing ? [] : place2.log);
    }
    /** All that asks the engine, one after the other. */
    turn(job) {
      const done = this.queue.then(job);
      this.queue = done.catch((error) => {
        this.pause();
        say(byId("status"), error instanceof Error ? error.message : String(error));
      });
      return done;
    }
    /** A new net. */
    begin(settings) {
      this.pause();
      if (this.awaiting) say(byId("file-note"), "");
      this.awaiting = void 0;
      return this.turn(async () => {
        this.settings = { ...settings };
        this.first = { ...settings };
        this.log = [];
        const all = this.allRows();
        this.rows = split(all, settings.train, settings.seed);
        const widest = Math.max(...all.x1.map(Math.abs), ...all.x2.map(Math.abs));
        const half = Math.max(PLANE, Math.ceil(11 * widest) / 10);
        if (half !== this.grid.half) this.grid = makeGrid(GRID, half);
        this.shape = new Net([2, ...settings.layers, 1], { forward: (x) => x, partial: () => 1 });
        this.moment = await this.engine.begin(settings, this.rows, this.grid);
        this.row = { part: "train", index: 0 };
        this.weights.hide();
        this.curve.clear();
        this.net.build(this.shape);
        this.load();
        this.controls.show(settings, this.table?.raw.length);
        byId("fewer").disabled = settings.layers.length === 0;
        byId("more").disabled = settings.layers.length >= MOST_LAYERS;
        this.show();
        this.settle();
      });
    }
    allRows() {
      if (this.settings.data === "csv" && this.table) return this.table.rows;
      return draw(this.settings);
    }
    /** Put the rows into the plot. */
    load() {
      this.plot.load(this.rows, this.grid.half, byId("show-test").checked);
      writeLegend(this.grid.half, this.settings.data === "csv" ? this.table : void 0);
    }
    /** Show the moment. */
    show() {
      const moment = this.moment;
      this.net.show(moment, this.shows);
      const output = moment.fields[moment.fields.length - 1][0];
      this.plot.show(output);
      this.weights.update(moment);
      this.curve.add(moment.epochs, moment.judged);
      const found = readOut(moment, this.rows);
      this.net.mark(found.flatMap((warning) => warning.neurons));
      if (found.some((warning) => warning.kind === "diverged")) this.pause();
    }
    /** What need not be done at every frame: the address, words for who cannot see, the script. */
    settle() {
      this.written = performance.now();
      this.address = writeAddress(this.first, this.log);
      try {
        history.replaceState(null, "", this.address);
      } catch {
      }
      this.curve.describe();
      this.along.refresh();
      if (this.playing || !this.moment) return;
      const { trainLoss, testLoss } = this.moment.judged;
      say(byId("status"), `Epoch ${this.moment.epochs}: training loss ${brief(trainLoss)}, test loss ${brief(testLoss)}.`);
    }
    async advance(epochs, seen = true) {
      await this.turn(async () => {
        this.moment = await this.engine.advance(epochs, this.grid);
        note(this.log, { kind: "train", epochs });
        if (seen) this.show();
      });
    }
    async play() {
      this.playing = true;
      this.playButton();
      let shown2 = 0;
      while (this.playing) {
        const now = await nextFrame();
        if (!this.playing) break;
        const seen = !this.calm.matches || now - shown2 >= CALM;
        if (seen) shown2 = now;
        await this.advance(1, seen);
        if (now - this.written > REST) this.settle();
      }
    }
    pause() {
      if (!this.playing) return;
      this.playing = false;
      this.playButton();
      void this.queue.then(() => {
        this.show();
        this.settle();
      });
    }
    playButton() {
      say(byId("play"), this.playing ? "Pause" : "Play");
      byId("play").setAttribute("aria-pressed", String(this.playing));
    }
    async one() {
      this.pause();
      await this.advance(1);
      this.settle();
    }
    /** Do again what a log tells. */
    async replay(log) {
      const total2 = log.reduce((sum, entry) => sum + (entry.kind === "train" ? entry.epochs : 0), 0);
      const chunk = Math.min(MOST_AT_ONCE, Math.max(1, Math.ceil(total2 / CHUNKS)));
      for (const entry of log) {
        if (entry.kind === "edit") await this.edit(entry.index, entry.value);
        else if (entry.kind === "set") await this.change(entry.change);
        else
          for (let left = entry.epochs; left > 0; left -= chunk) {
            await this.advance(Math.min(chunk, left));
            if (left % (20 * chunk) < chunk) await nextFrame();
          }
      }
      this.settle();
      document.body.dataset["ready"] = "yes";
    }
    /** Other settings: of the training alone, or a new net. */
    async change(change) {
      const next = { ...this.settings, ...change };
      if (Object.keys(change).some((name) => FRESH.includes(name))) return this.begin(next);
      await this.turn(async () => {
        this.settings = next;
        await this.engine.set(next);
        if (this.log.length) note(this.log, { kind: "set", change });
        else this.first = { ...next };
        this.controls.show(next, this.table?.raw.length);
        this.settle();
      });
    }
    async edit(index, value) {
      await this.turn(async () => {
        this.moment = await this.engine.edit(index, value, this.grid);
        note(this.log, { kind: "edit", index, value });
        this.show();
        this.settle();
      });
    }
    resize(layer, by) {
      const layers = [...this.settings.layers];
      layers[layer] += by;
      return this.begin({ ...this.settings, layers }).then(() => this.refocus(`[data-layer="${layer}"][data-by="${by}"]`));
    }
    deepen(by) {
      const { layers } = this.settings;
      return this.begin({ ...this.settings, layers: by > 0 ? [...layers, layers[layers.length - 1] ?? NEW_LAYER] : layers.slice(0, -1) });
    }
    /** The button that was pressed is a new one now: the focus stays where it was. */
    refocus(selector) {
      byId("net").querySelector(`${selector}:not(:disabled)`)?.focus({ preventScroll: true });
    }
    subject() {
      const part2 = this.rows[this.row.part];
      return { x1: part2.x1[this.row.index], x2: part2.x2[this.row.index], label: part2.label[this.row.index] };
    }
    open(row) {
      this.row = row;
      void this.step();
    }
    /** Open the stepper on a neuron, or on the whole loss, of the row that was last meant. */
    async step(neuron2) {
      this.pause();
      const subject = { ...this.subject(), ...neuron2 ? { neuron: neuron2 } : {} };
      const page = await this.turn(() => this.engine.stepper(subject));
      this.dialog.show(page, titleOf(subject, this.shape.layers));
    }
    tellRow(row) {
      this.row = row;
      const { x1, x2, label } = this.subject();
      const name = this.settings.data === "csv" && this.table ? this.table.classes[label] : `class ${label}`;
      say(byId("row-note"), `${row.part === "train" ? "Training" : "Test"} row ${row.index + 1}: (${brief(x1)}, ${brief(x2)}), ${name}. Click, or press Enter, to step through its loss.`);
    }
    script() {
      return pythonScript(this.first, this.log, (index) => this.shape.nameOf(index), this.first.data === "csv" ? this.table : void 0);
    }
    async readFile(file) {
      const read = readCsv(await file.text());
      say(byId("file-note"), typeof read === "string" ? read : "");
      if (typeof read === "string") return;
      this.table = read;
      const { settings, log } = this.awaiting ?? { settings: this.settings, log: [] };
      await this.begin({ ...settings, data: "csv" });
      await this.replay(log);
    }
    listen() {
      const moves = {
        reset: () => this.begin(this.settings),
        play: () => this.playing ? this.pause() : this.play(),
        step: () => this.one(),
        more: () => this.deepen(1),
        fewer: () => this.deepen(-1)
      };
      for (const [id, move] of Object.entries(moves)) byId(id).addEventListener("click", () => void move());
      for (const choice of document.querySelectorAll('input[name="shows"]'))
        choice.addEventListener("change", () => {
          this.shows = choice.value;
          if (this.moment) this.net.show(this.moment, this.shows);
        });
      byId("show-test").addEventListener("change", () => this.load());
      byId("hard").addEventListener("change", (event) => {
        this.plot.hard = event.target.checked;
        this.show();
      });
      byId("file").addEventListener("change", (event) => {
        const input2 = event.target;
        const [file] = input2.files ?? [];
        if (file) void this.readFile(file).then(() => input2.value = "");
      });
      watchPalette((palette) => {
        for (const view of [this.net, this.plot, this.curve]) view.recolour(palette);
      });
      addEventListener("hashchange", () => location.hash !== this.address && void this.start());
      listenToKeys({ " ": moves["play"], ArrowRight: moves["step"], r: moves["reset"] }, () => !this.dialog.open);
    }
  };
  var ROWS_MISSING = "The address tells of rows of your own, which it does not hold: choose their file again, and the net is trained as it was.";
  var EDGES = "Edges are as wide as their numbers, blue above 0 and orange below. Click an edge to change its weight, a neuron to step through it.";

  // src/playground/remote.ts
  function unpack(bytes) {
    const length = new DataView(bytes).getUint32(0, true);
    const header = JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, 4, length)), (_, x) => WORDS3[String(x)] ?? x);
    let at = 4 + length;
    const numbers = () => {
      const found = new Float64Array(bytes, at, header.params);
      at += found.byteLength;
      return found;
    };
    const [params, grads, change] = [numbers(), numbers(), numbers()];
    const fields = header.fields.map(
      ([neurons, points]) => Array.from({ length: neurons }, () => {
        const found = new Float32Array(bytes, at, points);
        at += found.byteLength;
        return found;
      })
    );
    return { ...header, params, grads, change, fields };
  }
  var WORDS3 = { nan: NaN, inf: Infinity, "-inf": -Infinity };
  var RemoteEngine = class {
    constructor(path, activations) {
      this.path = path;
      this.activations = activations;
      this.waiting = [];
      this.layers = 0;
    }
    connect() {
      return new Promise((done, failed) => {
        const socket = new WebSocket(`ws://${location.host}${this.path}`);
        socket.binaryType = "arraybuffer";
        socket.addEventListener("open", () => done(socket));
        socket.addEventListener("message", (event) => this.waiting.shift()?.done(event.data));
        socket.addEventListener("close", () => {
          this.socket = void 0;
          const error = new Error("The server has stopped. Start `mg play` again, and open the address that it prints.");
          failed(error);
          for (const { failed: fail } of this.waiting.splice(0)) fail(error);
        });
      });
    }
    async ask(message) {
      this.socket ??= this.connect();
      const socket = await this.socket;
      const answer = await new Promise((done, failed) => {
        this.waiting.push({ done, failed });
        socket.send(JSON.stringify(message));
      });
      if (typeof answer === "string") {
        const { error } = JSON.parse(answer);
        if (error) throw new Error(error);
      }
      return answer;
    }
    async moment(message, { size: size2, half }) {
      return unpack(await this.ask({ ...message, size: size2, half }));
    }
    begin(settings, rows, grid) {
      this.layers = settings.layers.length + 1;
      return this.moment({ kind: "begin", settings, train: plainRows(rows.train), test: plainRows(rows.test) }, grid);
    }
    async set({ optimizer, lr, decay, l1, batch }) {
      await this.ask({ kind: "set", settings: { optimizer, lr, decay, l1, batch } });
    }
    advance(epochs, grid) {
      return this.moment({ kind: "advance", epochs }, grid);
    }
    edit(index, value, grid) {
      return this.moment({ kind: "edit", index, value }, grid);
    }
    async stepper(subject) {
      const answer = await this.ask({ kind: "stepper", ...subject, title: titleOf(subject, this.layers) });
      return JSON.parse(answer).page;
    }
  };

  // src/playground/main.ts
  startTheme();
  var data = JSON.parse(byId("data").textContent ?? "");
  var engine = data.remote ? new RemoteEngine(data.remote.path, data.remote.activations) : local();
  for (const option of byId("activation").querySelectorAll("option")) if (!engine.activations.includes(option.value)) option.remove();
  void new Playground(engine, data.settings, data.own ? tableOf(data.own) : void 0).start();
  function local() {
    const known = Object.keys(OPS).filter((name) => OPS[name].scalar);
    return new LocalEngine(known, (training, subject) => fillPage(data.stepper, training, subject));
  }
})();
