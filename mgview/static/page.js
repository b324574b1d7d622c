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
    for (const [name2, value] of Object.entries(attributes)) element.setAttribute(name2, value);
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

  // src/stage.ts
  var SMALLEST = 0.1;
  var LARGEST = 4;
  var ATTACH_ALL = 1500;
  var MARGIN = 500;
  function pathBounds(d) {
    const xs = [];
    const ys = [];
    for (const [, command, text] of d.matchAll(/([MCLH])([^A-Za-z]*)/g)) {
      const numbers = text.trim().split(/[ ,]+/).map(Number);
      numbers.forEach((number, i) => (command === "H" || i % 2 === 0 ? xs : ys).push(number));
    }
    return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
  }
  var Stage = class {
    constructor(frame) {
      this.frame = frame;
      this.zoom = 1;
      this.items = [];
      this.boxes = /* @__PURE__ */ new Map();
      byId("zoom-in").addEventListener("click", () => this.scale(this.zoom * 1.25));
      byId("zoom-out").addEventListener("click", () => this.scale(this.zoom / 1.25));
      byId("zoom-fit").addEventListener("click", () => this.fit(SMALLEST));
      frame.addEventListener("scroll", () => this.attach(), { passive: true });
      window.addEventListener("resize", () => this.attach());
    }
    /** Show the drawing of a template; its elements come back, by the names of their boxes. */
    load(template) {
      const svg = template.content.querySelector("svg.mgv").cloneNode(true);
      this.svg = svg;
      this.boxes.clear();
      const edges = [...svg.querySelectorAll(".mgv-edge")];
      const boxes = [...svg.querySelectorAll(".mgv-box")];
      this.items = [...edges.map(edgeItem), ...boxes.map(boxItem)];
      for (const item of this.items) item.element.remove();
      for (const item of this.items.slice(edges.length)) this.boxes.set(item.element.dataset["box"], item);
      this.frame.replaceChildren(svg);
      return { edges, boxes: new Map([...this.boxes].map(([name2, item]) => [name2, item.element])) };
    }
    get size() {
      return this.svg.viewBox.baseVal;
    }
    /** Fit the drawing into the frame, but never below `smallest`, where text stops being legible. */
    fit(smallest) {
      const { width, height } = this.size;
      const room = Math.min(this.frame.clientWidth / width, this.frame.clientHeight / height);
      this.scale(Math.max(smallest, Math.min(room, 1.4)));
    }
    /** Change the size; what stands in the middle of the frame stays there. */
    scale(zoom) {
      const { frame } = this;
      const x = (frame.scrollLeft + frame.clientWidth / 2) / this.zoom;
      const y = (frame.scrollTop + frame.clientHeight / 2) / this.zoom;
      this.zoom = Math.min(LARGEST, Math.max(SMALLEST, zoom));
      this.svg.setAttribute("width", String(this.size.width * this.zoom));
      this.svg.setAttribute("height", String(this.size.height * this.zoom));
      frame.scrollTo(x * this.zoom - frame.clientWidth / 2, y * this.zoom - frame.clientHeight / 2);
      this.attach();
    }
    /** Scroll so that a box stands near the middle. */
    centre(name2) {
      const item = this.boxes.get(name2);
      if (!item) return;
      this.frame.scrollTo({
        left: (item.left + item.right) / 2 * this.zoom - this.frame.clientWidth / 2,
        top: (item.top + item.bottom) / 2 * this.zoom - this.frame.clientHeight / 2,
        behavior: "instant"
      });
      this.attach();
    }
    attach() {
      const all = this.items.length <= ATTACH_ALL;
      const left = (this.frame.scrollLeft - MARGIN) / this.zoom;
      const top = (this.frame.scrollTop - MARGIN) / this.zoom;
      const right = (this.frame.scrollLeft + this.frame.clientWidth + MARGIN) / this.zoom;
      const bottom = (this.frame.scrollTop + this.frame.clientHeight + MARGIN) / this.zoom;
      for (const item of this.items) {
        const seen = all || item.right >= left && item.left <= right && item.bottom >= top && item.top <= bottom;
        if (seen === item.attached) continue;
        item.attached = seen;
        if (seen) item.layer.append(item.element);
        else item.element.remove();
      }
    }
  };
  function edgeItem(element) {
    const [left, top, right, bottom] = pathBounds(element.getAttribute("d"));
    return { element, layer: element.parentElement, left, top, right, bottom, attached: false };
  }
  function boxItem(element) {
    const [x, y] = element.getAttribute("transform").match(/-?[\d.]+/g).map(Number);
    const [width, height] = element.dataset["size"].split(" ").map(Number);
    const half = height / 2;
    return { element, layer: element.parentElement, left: x, top: y - half, right: x + width, bottom: y + half, attached: false };
  }

  // src/drawing.ts
  var LEGIBLE = 0.5;
  function startDrawing(views) {
    const frame = byId("frame");
    const stage = new Stage(frame);
    const titles = new Map(views.map((view) => [view.name, view.title]));
    let current = "";
    function open(name2, focus) {
      current = name2;
      stage.load(document.querySelector(`template[data-view="${CSS.escape(name2)}"]`));
      trail();
      stage.fit(LEGIBLE);
      frame.scrollTo(0, 0);
      if (!focus) return;
      say(byId("status"), `Shown: ${titles.get(name2)}.`);
      frame.focus({ preventScroll: true });
    }
    function trail() {
      const names = current.split("/").slice(1);
      const crumbs = ["", ...names.map((_, i) => `/${names.slice(0, i + 1).join("/")}`)];
      byId("trail").replaceChildren(
        ...crumbs.map((name2) => {
          const here = name2 === current;
          const button = make("button", { type: "button", ...here ? { "aria-current": "page" } : {} }, titles.get(name2));
          button.addEventListener("click", () => open(name2, true));
          return make("li", {}, button);
        })
      );
    }
    function openBox(target) {
      const box = target?.closest(".mgv-group");
      if (!box) return false;
      const name2 = `${current}/${box.dataset["box"]}`;
      if (titles.has(name2)) open(name2, true);
      else say(byId("status"), `This box is too deep for one page; in Python: drawing.open("${box.dataset["box"]}").`);
      return true;
    }
    frame.addEventListener("click", (event) => openBox(event.target));
    document.addEventListener("keydown", (event) => {
      if ((event.key === "Enter" || event.key === " ") && openBox(event.target)) event.preventDefault();
      if (event.key === "Escape" && current) open(current.slice(0, current.lastIndexOf("/")), true);
    });
    open("", false);
  }

  // src/format.ts
  function boxed(x) {
    if (Number.isNaN(x)) return "nan";
    if (!Number.isFinite(x)) return x > 0 ? "inf" : "-inf";
    const size = Math.abs(x);
    if (size === 0 || size >= 1e-3 && size < 1e4) return (size === 0 ? 0 : x).toFixed(4);
    return x.toExponential(2).replace(/e([+-])(\d)$/, "e$10$2");
  }
  function plain(x) {
    if (!Number.isFinite(x)) return boxed(x);
    const text = String(Number(x.toPrecision(6)));
    return text.replace("-", "−");
  }
  function factor(x) {
    const text = plain(x);
    return text.startsWith("−") ? `(${text})` : text;
  }
  var RELATIVE = 5e-3;
  var ABSOLUTE = 5e-4;
  function close(guess, truth) {
    if (Number.isNaN(truth)) return Number.isNaN(guess);
    if (!Number.isFinite(truth)) return guess === truth;
    const tolerance = Math.max(ABSOLUTE, RELATIVE * Math.abs(truth));
    return Math.abs(guess - truth) <= tolerance * (1 + 1e-9);
  }
  function parse(text) {
    const flat = text.trim().replace(",", ".").replace("−", "-");
    if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(flat)) return void 0;
    return Number(flat);
  }

  // src/special.ts
  var TWO_OVER_ROOT_PI = 2 / Math.sqrt(Math.PI);
  var SERIES_BELOW = 2.5;
  function erf(x) {
    if (Number.isNaN(x)) return NaN;
    const size = Math.abs(x);
    const value = size < SERIES_BELOW ? series(size) : 1 - tail(size);
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

  // src/ops.ts
  var ROOT_HALF = Math.sqrt(0.5);
  var SLOPE = 0.01;
  var sigmoid = (x) => {
    if (x >= 0) return 1 / (1 + Math.exp(-x));
    const e = Math.exp(x);
    return e / (1 + e);
  };
  var step = (x) => x > 0 ? 1 : 0;
  function unary(forward2, partial, formula, derivative) {
    return {
      forward: (x) => forward2(x[0]),
      partials: (out, x) => [partial(out, x[0])],
      formula: (names) => formula(names[0]),
      derivatives: (names) => [derivative(names[0])]
    };
  }
  function binary(forward2, partials, formula, derivatives) {
    return {
      forward: (x) => forward2(x[0], x[1]),
      partials: (out, x) => partials(out, x[0], x[1]),
      formula: (names) => formula(names[0], names[1]),
      derivatives: (names) => derivatives(names[0], names[1])
    };
  }
  function comparison(sign, holds) {
    return binary(
      (x, y) => holds(x, y) ? 1 : 0,
      () => [0, 0],
      (x, y) => `1 if ${x} ${sign} ${y} else 0`,
      () => ["0", "0"]
    );
  }
  function logsumexp(x) {
    const top = Math.max(...x);
    if (!Number.isFinite(top)) return top;
    return top + Math.log(x.reduce((sum, item) => sum + Math.exp(item - top), 0));
  }
  function list(names, most = 4) {
    return names.length <= most ? names.join(", ") : `${names.slice(0, most - 1).join(", ")}, …`;
  }
  function products(names) {
    const half = names.length / 2;
    const terms = names.slice(0, half).map((name2, i) => `${name2} × ${names[half + i]}`);
    return terms.length <= 3 ? terms.join(" + ") : `${terms.slice(0, 2).join(" + ")} + …`;
  }
  var OPS = {
    add: binary((x, y) => x + y, () => [1, 1], (x, y) => `${x} + ${y}`, () => ["1", "1"]),
    sub: binary((x, y) => x - y, () => [1, -1], (x, y) => `${x} − ${y}`, () => ["1", "−1"]),
    mul: binary((x, y) => x * y, (_, x, y) => [y, x], (x, y) => `${x} × ${y}`, (x, y) => [y, x]),
    div: binary(
      (x, y) => x / y,
      (out, _, y) => [1 / y, -out / y],
      (x, y) => `${x} ÷ ${y}`,
      (x, y) => [`1 ÷ ${y}`, `−${x} ÷ ${y}²`]
    ),
    neg: unary((x) => -x, () => -1, (x) => `−${x}`, () => "−1"),
    pow: binary(
      (x, y) => x ** y,
      (out, x, y) => [y === 0 ? 0 : y * x ** (y - 1), out * Math.log(x === 0 ? 1 : x)],
      (x, y) => `${x} ^ ${y}`,
      (x, y) => [`${y} × ${x} ^ (${y} − 1)`, `${x} ^ ${y} × log(${x})`]
    ),
    exp: unary(Math.exp, (out) => out, (x) => `exp(${x})`, (x) => `exp(${x})`),
    log: unary(Math.log, (_, x) => 1 / x, (x) => `log(${x})`, (x) => `1 ÷ ${x}`),
    sqrt: unary(Math.sqrt, (out) => 0.5 / out, (x) => `√${x}`, (x) => `1 ÷ (2 √${x})`),
    abs: unary(Math.abs, (_, x) => step(x) - step(-x), (x) => `|${x}|`, (x) => `sign of ${x}`),
    sin: unary(Math.sin, (_, x) => Math.cos(x), (x) => `sin(${x})`, (x) => `cos(${x})`),
    cos: unary(Math.cos, (_, x) => -Math.sin(x), (x) => `cos(${x})`, (x) => `−sin(${x})`),
    erf: unary(
      erf,
      (_, x) => 2 / Math.sqrt(Math.PI) * Math.exp(-x * x),
      (x) => `erf(${x})`,
      (x) => `2 ÷ √π × exp(−${x}²)`
    ),
    maximum: binary(
      (x, y) => x > y || Number.isNaN(x) ? x : y,
      (_, x, y) => x === y ? [0.5, 0.5] : [step(x - y), step(y - x)],
      (x, y) => `the larger of ${x} and ${y}`,
      (x, y) => [`1 if ${x} is larger, ½ at a tie`, `1 if ${y} is larger, ½ at a tie`]
    ),
    minimum: binary(
      (x, y) => x < y || Number.isNaN(x) ? x : y,
      (_, x, y) => x === y ? [0.5, 0.5] : [step(y - x), step(x - y)],
      (x, y) => `the smaller of ${x} and ${y}`,
      (x, y) => [`1 if ${x} is smaller, ½ at a tie`, `1 if ${y} is smaller, ½ at a tie`]
    ),
    gt: comparison(">", (x, y) => x > y),
    ge: comparison("≥", (x, y) => x >= y),
    lt: comparison("<", (x, y) => x < y),
    le: comparison("≤", (x, y) => x <= y),
    select: {
      forward: (x) => x[0] !== 0 ? x[1] : x[2],
      partials: (_, x) => x[0] !== 0 ? [0, 1, 0] : [0, 0, 1],
      formula: (n) => `${n[1]} if ${n[0]} ≠ 0 else ${n[2]}`,
      derivatives: (n) => ["0", `1 if ${n[0]} ≠ 0 else 0`, `0 if ${n[0]} ≠ 0 else 1`]
    },
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
    relu: unary((x) => Math.max(0, x), (_, x) => step(x), (x) => `relu(${x})`, (x) => `1 if ${x} > 0 else 0`),
    leaky_relu: unary(
      (x) => x > 0 ? x : SLOPE * x,
      (_, x) => x > 0 ? 1 : SLOPE,
      (x) => `leaky_relu(${x})`,
      (x) => `1 if ${x} > 0 else ${SLOPE}`
    ),
    elu: unary(
      (x) => x > 0 ? x : Math.expm1(x),
      (_, x) => Math.exp(Math.min(x, 0)),
      (x) => `elu(${x})`,
      (x) => `1 if ${x} > 0 else exp(${x})`
    ),
    tanh: unary(Math.tanh, (out) => 1 - out * out, (x) => `tanh(${x})`, (x) => `1 − tanh(${x})²`),
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
      (x) => `${x} × sigmoid(${x})`,
      (x) => `sigmoid(${x}) × (1 + ${x} × (1 − sigmoid(${x})))`
    ),
    gelu: unary(
      (x) => 0.5 * x * erfc(-x * ROOT_HALF),
      (_, x) => 0.5 * (1 + erf(x * ROOT_HALF)) + x * Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI),
      (x) => `${x} × Φ(${x})`,
      (x) => `Φ(${x}) + ${x} × φ(${x})`
    ),
    logsumexp: {
      forward: logsumexp,
      partials: (out, x) => x.map((item) => Math.exp(item - out)),
      formula: (names) => `log of the sum of exp of ${list(names)}`,
      derivatives: (names) => names.map((name2) => `exp(${name2} − out)`)
    }
  };

  // src/explain.ts
  var LISTED = 12;
  function explain(run, at, hidden) {
    const step2 = run.steps[at];
    switch (step2.kind) {
      case "start":
        return start(run);
      case "forward":
        return { title: `Forward ${step2.number} of ${step2.total}: ${step2.node.name}`, body: forwardBody(run, step2.node) };
      case "seed":
        return { title: `Backward begins at ${step2.node.name}`, body: seedBody(run, step2.node) };
      case "backward":
        return {
          title: `Backward ${step2.number} of ${step2.total}: through ${step2.node.name}`,
          body: backwardBody(run, step2, hidden)
        };
      case "end":
        return end(run);
    }
  }
  function paragraph(text, kind = "") {
    return make("p", kind ? { class: kind } : {}, text);
  }
  function start(run) {
    const { nodes } = run.graph;
    const ops = nodes.filter((node) => node.kind === "op").length;
    const leaves = nodes.filter((node) => node.kind === "leaf").length;
    return {
      title: "Ready",
      body: [
        paragraph(
          `${ops} operation${ops === 1 ? "" : "s"} on ${leaves} ${leaves === 1 ? "leaf" : "leaves"}. First every value is computed forwards, operands before users. Then gradients flow backwards, from the output to the leaves.`
        ),
        paragraph("Press Next, or the right arrow key.")
      ]
    };
  }
  function name(graph, index) {
    return graph.nodes[index].name;
  }
  function formulas(run, node) {
    const names = node.operands.map((operand) => name(run.graph, operand));
    const numbers = node.operands.map((operand) => factor(run.values[operand]));
    if (node.recorded) {
      const list2 = (items) => `${node.op}(${items.join(", ")})`;
      return { names: list2(names), numbers: list2(numbers) };
    }
    const rules = OPS[node.op];
    return { names: rules.formula(names), numbers: rules.formula(numbers) };
  }
  function forwardBody(run, node) {
    const { names, numbers } = formulas(run, node);
    const body = [
      paragraph(`${node.name} = ${names}`, "formula"),
      paragraph(`= ${numbers} = ${plain(run.values[node.index])}`, "formula")
    ];
    if (node.recorded) {
      const doc = node.recorded.doc ? ` Its formula: ${node.recorded.doc}.` : "";
      body.push(paragraph(`The op ${node.op} comes from a plugin; this number was recorded by Python.${doc}`));
    }
    return body;
  }
  function seedBody(run, node) {
    const rest = run.breakage === "unzeroed" ? "The leaves still hold the gradients of an earlier backward pass: nobody set them to zero." : "All other gradients start at 0.";
    return [
      paragraph(`∂${node.name}/∂${node.name} = 1`, "formula"),
      paragraph(`How fast does ${node.name} change with itself? Exactly as fast: its gradient is 1. ${rest}`)
    ];
  }
  function backwardBody(run, step2, hidden) {
    const { node } = step2;
    const output = name(run.graph, run.graph.output);
    const body = [
      paragraph(`${node.name} = ${formulas(run, node).names}`, "formula"),
      paragraph(`Upstream gradient: ∂${output}/∂${node.name} = ${plain(step2.step.upstream)}`)
    ];
    if (hidden) {
      body.push(paragraph("Predict the gradients below, then check or reveal them."));
      return body;
    }
    if (!step2.step.contributions.length)
      body.push(paragraph("All operands are constants: they receive no gradient."));
    body.push(make("ol", { class: "parts" }, ...step2.step.contributions.map((part) => card(run, node, part))));
    return body;
  }
  function card(run, node, part) {
    const operand = name(run.graph, part.operand);
    const upstream = run.sweep.steps.find((step2) => step2.node === node.index).upstream;
    const names = node.operands.map((item2) => name(run.graph, item2));
    const formula = node.recorded ? "recorded by Python" : OPS[node.op].derivatives(names)[part.place];
    const shared = run.graph.uses[part.operand] > 1;
    const item = make(
      "li",
      {},
      make("h3", {}, `To ${operand}`),
      paragraph(`local derivative ∂${node.name}/∂${operand} = ${equals(formula, plain(part.local))}`),
      make(
        "p",
        { class: "product" },
        make("span", { class: "upstream" }, factor(upstream)),
        " × ",
        make("span", { class: "local" }, factor(part.local)),
        " = ",
        make("strong", {}, plain(part.contribution))
      ),
      paragraph("upstream × local = contribution", "caption")
    );
    item.append(added(run, part, operand, shared));
    return item;
  }
  function equals(formula, number) {
    return formula === number ? number : `${formula} = ${number}`;
  }
  function added(run, part, operand, shared) {
    if (run.breakage === "overwrite" && part.before !== 0)
      return paragraph(`Overwritten: ${plain(part.before)} is lost, ${operand} now holds ${plain(part.after)}`, "sum bad");
    if (part.before !== 0 || shared) {
      const why = shared ? `${operand} is used ${run.graph.uses[part.operand]} times, so contributions add up: ` : "";
      return paragraph(`${why}${plain(part.before)} + ${factor(part.contribution)} = ${plain(part.after)}`, "sum");
    }
    return paragraph(`gradient of ${operand}: ${plain(part.after)}`, "sum");
  }
  function end(run) {
    const output = name(run.graph, run.graph.output);
    const leaves = run.graph.nodes.filter((node) => node.kind === "leaf");
    const items = leaves.slice(0, LISTED).map((node) => make("li", {}, `∂${output}/∂${node.name} = ${plain(run.sweep.grads[node.index])}`));
    const rest = leaves.length - items.length;
    const wrong = run.wrong().length;
    const verdict = wrong ? `Every node has been visited, but ${wrong} gradient${wrong === 1 ? " is" : "s are"} wrong: the boxes with a dashed frame. The leaves have:` : "Every gradient is there. Each tells how fast the output changes when that leaf changes:";
    const body = [
      paragraph(verdict),
      make("ul", { class: "results" }, ...items)
    ];
    if (rest > 0) body.push(paragraph(`and ${rest} more, in the table of all numbers.`));
    return { title: "Done", body };
  }
  var MISTAKES = {
    order: {
      what: "Nodes are visited operands first. A node then hands its gradient on before it has received it, so 0 is what arrives at everything further down.",
      harmless: "Here it does no harm: there is only one operation."
    },
    overwrite: {
      what: "A shared node keeps only the last contribution, because each one overwrites the one before. The chain rule for several paths says: add them.",
      harmless: "Here it does no harm: no node is used twice. Try it with an expression such as x * x."
    },
    unzeroed: {
      what: "A second backward pass adds to the gradients that the first one left in the leaves. Set them to zero before each pass, as zero_grad() does.",
      harmless: "Here it does no harm: the gradients of the first pass were all 0."
    }
  };
  function mistake(run) {
    if (run.breakage === "none") return [paragraph("Everything is done right.")];
    const { what, harmless } = MISTAKES[run.breakage];
    const wrong = run.wrong();
    if (!wrong.length) return [paragraph(what), paragraph(harmless)];
    const items = wrong.slice(0, LISTED).map(
      (i) => make("li", {}, `${name(run.graph, i)}: ${plain(run.sweep.grads[i])}, should be ${plain(run.right[i])}`)
    );
    const more = wrong.length > items.length ? [paragraph(`and ${wrong.length - items.length} more.`)] : [];
    const count = `${wrong.length} gradient${wrong.length === 1 ? "" : "s"} end${wrong.length === 1 ? "s" : ""} up wrong:`;
    return [paragraph(what), paragraph(count, "bad"), make("ul", { class: "results" }, ...items), ...more];
  }

  // src/graph.ts
  function readGraph(written) {
    const nodes = written.map((node, index) => {
      const { recorded, ...rest } = node;
      const plain2 = { ...rest, index, data: Number(node.data) };
      if (recorded) plain2.recorded = { doc: recorded.doc, partials: recorded.partials.map(Number) };
      return plain2;
    });
    const uses = nodes.map(() => 0);
    for (const node of nodes) for (const operand of node.operands) uses[operand]++;
    const foreign = [...new Set(nodes.filter((node) => node.recorded).map((node) => node.op))];
    return { nodes, output: nodes.length - 1, uses, foreign };
  }
  function forward(graph, changed) {
    const values = [];
    for (const node of graph.nodes) {
      if (node.kind !== "op" || node.recorded) {
        values.push(changed.get(node.index) ?? node.data);
      } else {
        const rules = OPS[node.op];
        values.push(rules.forward(node.operands.map((operand) => values[operand])));
      }
    }
    return values;
  }
  function undefinedAt(graph, values) {
    return graph.nodes.find(
      (node) => node.kind === "op" && !Number.isFinite(values[node.index]) && node.operands.every((operand) => Number.isFinite(values[operand]))
    );
  }
  function locals(node, values) {
    if (node.recorded) return node.recorded.partials;
    return OPS[node.op].partials(
      values[node.index],
      node.operands.map((operand) => values[operand])
    );
  }
  function backward(graph, values, breakage = "none") {
    const start2 = graph.nodes.map(() => 0);
    if (breakage === "unzeroed") {
      const earlier = backward(graph, values).grads;
      for (const node of graph.nodes) if (node.kind === "leaf") start2[node.index] = earlier[node.index];
    }
    start2[graph.output] = 1;
    const grads = [...start2];
    const order = graph.nodes.filter((node) => node.kind === "op");
    if (breakage !== "order") order.reverse();
    const steps = order.map((node) => {
      const upstream = grads[node.index];
      const partials = locals(node, values);
      const contributions = [];
      node.operands.forEach((operand, place) => {
        if (graph.nodes[operand].kind === "constant") return;
        const local = partials[place];
        const contribution = upstream === 0 ? 0 : upstream * local;
        const before = grads[operand];
        const after = breakage === "overwrite" ? contribution : before + contribution;
        grads[operand] = after;
        contributions.push({ operand, place, local, contribution, before, after });
      });
      return { node: node.index, upstream, contributions };
    });
    return { start: start2, steps, grads };
  }
  function gradsAfter(sweep, count) {
    const grads = [...sweep.start];
    for (const step2 of sweep.steps.slice(0, count))
      for (const part of step2.contributions) grads[part.operand] = part.after;
    return grads;
  }

  // src/leaves.ts
  var MOST = 60;
  var Leaves = class {
    constructor(graph, apply) {
      this.graph = graph;
      this.apply = apply;
      this.changed = /* @__PURE__ */ new Map();
      this.list = byId("leaves");
      this.note = byId("leaf-note");
      this.inputs = /* @__PURE__ */ new Map();
      const leaves = graph.nodes.filter((node) => node.kind === "leaf");
      for (const node of leaves.slice(0, MOST)) this.add(node.index);
      if (leaves.length > MOST)
        say(byId("leaf-more"), `Only the first ${MOST} of ${leaves.length} leaves are listed; click another one in the drawing to add it.`);
      if (graph.foreign.length) {
        say(
          byId("leaf-off"),
          `Editing is off: this graph uses ${graph.foreign.join(", ")} from a plugin, and only Python can compute that. The numbers here were recorded when the page was saved; change them in Python and save again.`
        );
      }
      byId("restore").addEventListener("click", () => this.restore());
      byId("restore").disabled = graph.foreign.length > 0;
    }
    /** Put the cursor into a leaf's field; add the field first where it is not listed. */
    focus(index) {
      if (!this.inputs.has(index)) this.add(index);
      byId("edit").open = true;
      const input = this.inputs.get(index);
      input.focus();
      input.select();
    }
    add(index) {
      const { name: name2 } = this.graph.nodes[index];
      const input = make("input", { id: `leaf-${index}`, inputmode: "text", autocomplete: "off" });
      input.value = String(this.changed.get(index) ?? this.graph.nodes[index].data);
      input.disabled = this.graph.foreign.length > 0;
      input.addEventListener("change", () => this.edit(index, input));
      this.inputs.set(index, input);
      this.list.append(make("p", {}, make("label", { for: `leaf-${index}` }, name2), input));
    }
    edit(index, input) {
      const number = parse(input.value);
      const before = this.changed.get(index) ?? this.graph.nodes[index].data;
      let problem;
      if (number === void 0 || !Number.isFinite(number)) {
        problem = `“${input.value}” is no number that a leaf can hold.`;
      } else {
        this.changed.set(index, number);
        problem = this.apply();
      }
      input.setAttribute("aria-invalid", String(Boolean(problem)));
      if (!problem) {
        say(this.note, "");
        return;
      }
      this.changed.set(index, before);
      input.value = String(before);
      input.removeAttribute("aria-invalid");
      say(this.note, `${problem} ${this.graph.nodes[index].name} stays ${before}.`);
      this.apply();
    }
    restore() {
      this.changed.clear();
      for (const [index, input] of this.inputs) input.value = String(this.graph.nodes[index].data);
      say(this.note, "");
      this.apply();
    }
  };

  // src/picture.ts
  var FAINTEST = 0.12;
  var STRONGEST = 0.62;
  var Picture = class {
    constructor(graph, boxes, edges) {
      this.graph = graph;
      this.edges = /* @__PURE__ */ new Map();
      this.marked = [];
      this.parts = graph.nodes.map((node) => {
        const box = boxes.get(`n${node.index}`);
        return {
          box,
          data: box.querySelector(".mgv-data"),
          gradient: box.querySelector(".mgv-gradient"),
          chip: box.querySelector(".mgv-grad"),
          title: box.querySelector("title")
        };
      });
      for (const edge of edges) this.edges.set(`${edge.dataset["from"]}>${edge.dataset["to"]}`, edge);
    }
    onClick(listener) {
      this.parts.forEach(({ box }, index) => box.addEventListener("click", () => listener(index)));
    }
    show(shown) {
      const known = shown.grads.filter((grad) => grad !== null);
      const top = known.reduce((most, grad) => Number.isFinite(grad) ? Math.max(most, Math.abs(grad)) : most, 0);
      this.parts.forEach((parts, index) => {
        const value = shown.values[index] ?? null;
        const grad = shown.grads[index] ?? null;
        say(parts.data, value === null ? "?" : boxed(value));
        say(parts.gradient, grad === null ? "?" : boxed(grad));
        this.colour(parts, grad ?? 0, top);
        const name2 = this.graph.nodes[index].name;
        say(parts.title, `${name2}: data ${value ?? "not computed yet"}, gradient ${grad ?? "not known yet"}`);
      });
      this.mark(shown);
    }
    colour({ chip }, grad, top) {
      if (!chip) return;
      const share = Number.isFinite(grad) ? Math.min(1, Math.abs(grad) / (top || 1)) : 1;
      const opacity = grad === 0 ? 0 : FAINTEST + (STRONGEST - FAINTEST) * Math.sqrt(share);
      const text = opacity.toFixed(3);
      if (chip.getAttribute("fill-opacity") !== text) chip.setAttribute("fill-opacity", text);
      chip.classList.toggle("mgv-pos", grad > 0);
      chip.classList.toggle("mgv-neg", grad <= 0);
    }
    mark(shown) {
      for (const element of this.marked)
        element.classList.remove("is-current", "is-touched", "is-wrong", "is-live");
      this.marked = [];
      const add = (element, name2) => {
        if (!element) return;
        element.classList.add(name2);
        this.marked.push(element);
      };
      if (shown.current !== void 0) {
        add(this.parts[shown.current].box, "is-current");
        for (const operand of this.graph.nodes[shown.current].operands)
          add(this.edges.get(`n${operand}>n${shown.current}`), "is-live");
      }
      for (const index of shown.touched) add(this.parts[index].box, "is-touched");
      for (const index of shown.wrong) add(this.parts[index].box, "is-wrong");
    }
  };

  // src/predict.ts
  var MOST2 = 4;
  function questions(run, step2) {
    if (step2.kind !== "backward") return [];
    const after = new Map(step2.step.contributions.map((part) => [part.operand, part.after]));
    return [...after].slice(0, MOST2).map(([operand, truth]) => ({ operand, truth, name: run.graph.nodes[operand].name }));
  }
  var Predict = class {
    constructor(reveal) {
      this.reveal = reveal;
      this.form = byId("predict");
      this.fields = byId("predict-fields");
      this.verdict = byId("verdict");
      this.tally = byId("tally");
      this.right = 0;
      this.asked = 0;
      this.current = [];
      this.inputs = [];
      this.form.addEventListener("submit", (event) => {
        event.preventDefault();
        this.check();
      });
      byId("reveal").addEventListener("click", () => {
        say(this.verdict, "Revealed without a guess.");
        this.verdict.className = "";
        this.reveal();
      });
    }
    /** Ask the questions of a step, or hide where there is nothing to ask. */
    ask(run, step2, open) {
      this.current = open ? questions(run, step2) : [];
      this.form.hidden = !this.current.length;
      if (!this.current.length) return;
      say(this.verdict, "");
      const output = run.graph.nodes[run.graph.output].name;
      this.inputs = this.current.map(
        ({ operand, name: name2 }, i) => make("input", { id: `guess-${i}`, inputmode: "text", autocomplete: "off", "data-operand": String(operand), "aria-label": `∂${output}/∂${name2} after this step` })
      );
      this.fields.replaceChildren(
        ...this.current.map(
          ({ name: name2 }, i) => make("p", {}, make("label", { for: `guess-${i}` }, `∂${output}/∂${name2} after this step`), this.inputs[i])
        )
      );
    }
    clear() {
      say(this.verdict, "");
    }
    check() {
      const guesses = this.inputs.map((input) => parse(input.value));
      const missing = guesses.findIndex((guess) => guess === void 0);
      if (missing >= 0) {
        this.verdict.className = "bad";
        say(this.verdict, `Type a number for ${this.current[missing].name}, such as -2 or 0.25.`);
        this.inputs[missing].focus();
        return;
      }
      const lines = this.current.map(({ name: name2, truth }, i) => {
        const guess = guesses[i];
        const good = close(guess, truth);
        this.asked++;
        if (good) this.right++;
        return good ? { good, text: `Right: ${name2} has ${plain(truth)}.` } : { good, text: `Wrong: ${name2} has ${plain(truth)}, not ${plain(guess)}.` };
      });
      this.verdict.className = lines.every((line) => line.good) ? "good" : "bad";
      say(this.verdict, lines.map((line) => line.text).join(" "));
      say(this.tally, `${this.right} of ${this.asked} predictions right so far.`);
      this.reveal();
    }
  };

  // src/steps.ts
  var Run = class {
    constructor(graph, changed, breakage) {
      this.graph = graph;
      this.breakage = breakage;
      this.values = forward(graph, changed);
      this.sweep = backward(graph, this.values, breakage);
      this.right = breakage === "none" ? this.sweep.grads : backward(graph, this.values).grads;
      const ops = graph.nodes.filter((node) => node.kind === "op");
      const output = graph.nodes[graph.output];
      this.steps = [
        { kind: "start" },
        ...ops.map((node, i) => ({ kind: "forward", node, number: i + 1, total: ops.length })),
        { kind: "seed", node: output },
        ...this.sweep.steps.map(
          (step2, i) => ({
            kind: "backward",
            node: graph.nodes[step2.node],
            number: i + 1,
            total: this.sweep.steps.length,
            step: step2
          })
        ),
        { kind: "end" }
      ];
    }
    get seedAt() {
      return this.steps.length - this.sweep.steps.length - 2;
    }
    /** Whether the step at this place belongs to the backward pass. */
    isBackward(at) {
      return at >= this.seedAt;
    }
    /** Values known at a step; null for what is still to be computed. */
    valuesAt(at) {
      const step2 = this.steps[at];
      let last = -1;
      if (step2.kind === "forward") last = step2.node.index;
      else if (step2.kind !== "start") last = this.graph.nodes.length;
      return this.graph.nodes.map((node, i) => node.kind !== "op" || i <= last ? this.values[i] : null);
    }
    /** Gradients at a step. */
    gradsAt(at) {
      if (at < this.seedAt) {
        const start2 = [...this.sweep.start];
        start2[this.graph.output] = this.graph.nodes[this.graph.output].kind === "leaf" ? start2[this.graph.output] : 0;
        return start2;
      }
      return gradsAfter(this.sweep, at - this.seedAt);
    }
    /** Nodes whose gradient ends up wrong. */
    wrong() {
      return this.graph.nodes.map((node) => node.index).filter((i) => {
        const [is, should] = [this.sweep.grads[i], this.right[i]];
        return !(Object.is(is, should) || Math.abs(is - should) <= 1e-12 * Math.max(1, Math.abs(should)));
      });
    }
  };

  // src/stepper.ts
  var PAUSE = 1100;
  var LEGIBLE2 = 0.75;
  var ROWS = 300;
  function startStepper(written) {
    const graph = readGraph(written);
    const stage = new Stage(byId("frame"));
    const { boxes, edges } = stage.load(byId("picture"));
    const picture = new Picture(graph, boxes, edges);
    const slider = byId("slider");
    const play = byId("play");
    const predicting = byId("predicting");
    const revealed = /* @__PURE__ */ new Set();
    let breakage = "none";
    let at = 0;
    let timer;
    let run;
    const predict = new Predict(() => {
      revealed.add(at);
      show(false);
    });
    const leaves = new Leaves(graph, () => {
      const next = new Run(graph, leaves.changed, breakage);
      const lost = undefinedAt(graph, next.values);
      if (lost) return `With that number ${lost.name} = ${lost.op}(…) is not defined.`;
      restart();
      return void 0;
    });
    function restart() {
      run = new Run(graph, leaves.changed, breakage);
      revealed.clear();
      slider.max = String(run.steps.length - 1);
      byId("mistake").replaceChildren(...mistake(run));
      at = Math.min(at, run.steps.length - 1);
      show(true);
      table();
    }
    function hidden() {
      return predicting.checked && run.steps[at].kind === "backward" && !revealed.has(at);
    }
    function show(ask) {
      const step2 = run.steps[at];
      const secret = hidden();
      const { title, body } = explain(run, at, secret);
      say(byId("what"), title);
      byId("explanation").replaceChildren(...body);
      say(byId("count"), `Step ${at} of ${run.steps.length - 1}`);
      slider.value = String(at);
      slider.setAttribute("aria-valuetext", title);
      byId("first").disabled = byId("back").disabled = at === 0;
      byId("next").disabled = byId("last").disabled = at === run.steps.length - 1;
      draw(secret);
      if (ask) {
        predict.clear();
        predict.ask(run, step2, secret);
      } else predict.ask(run, step2, false);
    }
    function draw(secret) {
      const step2 = run.steps[at];
      const grads = run.gradsAt(at);
      const touched = new Set(step2.kind === "backward" ? step2.step.contributions.map((part) => part.operand) : []);
      if (secret) for (const operand of touched) grads[operand] = null;
      const current = "node" in step2 ? step2.node.index : void 0;
      picture.show({
        values: run.valuesAt(at),
        grads,
        current,
        touched,
        wrong: new Set(step2.kind === "end" ? run.wrong() : [])
      });
      const first = graph.nodes.find((node) => node.kind === "op")?.index ?? 0;
      const look = step2.kind === "start" ? first : current;
      if (look !== void 0) stage.centre(`n${look}`);
    }
    function table() {
      const rows = graph.nodes.slice(0, ROWS).map((node) => {
        const grad = node.kind === "constant" ? "none" : plain(run.sweep.grads[node.index]);
        const how = node.kind === "op" ? node.op : node.kind;
        return make("tr", {}, make("th", { scope: "row" }, node.name), make("td", {}, how), make("td", {}, plain(run.values[node.index])), make("td", {}, grad));
      });
      byId("rows").replaceChildren(...rows);
      if (graph.nodes.length > ROWS) say(byId("rows-more"), `The first ${ROWS} of ${graph.nodes.length} nodes.`);
    }
    function go(to) {
      at = Math.max(0, Math.min(run.steps.length - 1, to));
      show(true);
    }
    function stop() {
      clearInterval(timer);
      timer = void 0;
      say(play, "Play");
    }
    function toggle() {
      if (timer !== void 0) return stop();
      if (at === run.steps.length - 1) go(0);
      say(play, "Pause");
      timer = window.setInterval(() => {
        if (hidden()) return;
        go(at + 1);
        if (at === run.steps.length - 1) stop();
      }, PAUSE);
    }
    const jump = (to) => () => {
      stop();
      go(to());
    };
    const moves = {
      first: jump(() => 0),
      back: jump(() => at - 1),
      next: jump(() => at + 1),
      last: jump(() => run.steps.length - 1),
      play: toggle
    };
    for (const [id, move] of Object.entries(moves)) byId(id).addEventListener("click", move);
    slider.addEventListener("input", () => {
      stop();
      go(Number(slider.value));
    });
    predicting.addEventListener("change", () => {
      revealed.clear();
      show(true);
    });
    for (const choice of document.querySelectorAll('input[name="breakage"]'))
      choice.addEventListener("change", () => {
        breakage = choice.value;
        restart();
      });
    picture.onClick((index) => {
      const node = graph.nodes[index];
      if (node.kind === "leaf" && !graph.foreign.length) leaves.focus(index);
      const own = run.steps.findIndex((step2) => step2.kind === (run.isBackward(at) ? "backward" : "forward") && step2.node.index === index);
      if (own >= 0) jump(() => own)();
    });
    listenToKeys(moves);
    stage.fit(LEGIBLE2);
    restart();
  }
  var KEYS = { ArrowLeft: "back", ArrowRight: "next", Home: "first", End: "last", " ": "play" };
  function listenToKeys(moves) {
    document.addEventListener("keydown", (event) => {
      const move = KEYS[event.key];
      if (!move || event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
      const target = event.target;
      if (target.matches('input:not([type="checkbox"]), textarea, select')) return;
      if (event.key === " " && target.matches("button, input, summary")) return;
      event.preventDefault();
      moves[move]();
    });
  }

  // src/main.ts
  startTheme();
  var data = JSON.parse(byId("data").textContent ?? "");
  if (data.kind === "stepper") startStepper(data.nodes);
  else startDrawing(data.views);
})();
