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
  function say(element, text2) {
    if (element && element.textContent !== text2) element.textContent = text2;
  }
  function measureBar(bar) {
    const measure = () => {
      const fixed2 = getComputedStyle(bar).position === "sticky" ? bar.offsetHeight : 0;
      document.documentElement.style.setProperty("--bar", `${fixed2}px`);
    };
    new ResizeObserver(measure).observe(bar);
    measure();
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

  // src/longline.ts
  var CUTS = 16;
  var LongLine = class {
    /** A path of absolute M, C, L and H; what begins with m is the head of an arrow. */
    constructor(whole) {
      this.whole = whole;
    }
    /** The parts near a rectangle, as a path; empty where there are none. */
    near(left, top, right, bottom) {
      this.pieces ??= piecesOf(this.whole);
      let d = "";
      let drawn;
      for (const { start: start2, rest, head } of this.pieces) {
        const end2 = rest[rest.length - 1];
        const seen = Math.max(start2[0], end2[0]) >= left && Math.min(start2[0], end2[0]) <= right && Math.max(start2[1], end2[1]) >= top && Math.min(start2[1], end2[1]) <= bottom;
        if (!seen) continue;
        if (drawn !== start2) d += `M${text(start2)}`;
        d += (rest.length === 3 ? "C" : "L") + rest.map(text).join(" ") + head;
        drawn = end2;
      }
      return d;
    }
  };
  var text = ([x, y]) => `${round(x)} ${round(y)}`;
  var round = (x) => Math.round(x * 10) / 10;
  function piecesOf(d) {
    const pieces = [];
    let at = [0, 0];
    for (const line of d.split(/(?=M)/)) {
      const [path, head] = line.split(/(?=m)/);
      for (const [, command, words] of path.matchAll(/([MCLH])([^A-Za-z]*)/g)) {
        const n = words.trim().split(/[ ,]+/).map(Number);
        if (command === "C") {
          const curve = [at, [n[0], n[1]], [n[2], n[3]], [n[4], n[5]]];
          for (let k = 0; k < CUTS; k++) {
            const rest = part(curve, k / CUTS, (k + 1) / CUTS);
            pieces.push({ start: at, rest, head: "" });
            at = rest[2];
          }
          continue;
        }
        const next = command === "H" ? [n[0], at[1]] : [n[0], n[1]];
        if (command !== "M") pieces.push({ start: at, rest: [next], head: "" });
        at = next;
      }
      if (head) pieces[pieces.length - 1].head = head;
    }
    return pieces;
  }
  function part(curve, from, to) {
    const mix = (a, b, t) => [a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t];
    const blossom = (u, v, w) => {
      const [a, b, c, d] = curve;
      const [ab, bc, cd] = [mix(a, b, u), mix(b, c, u), mix(c, d, u)];
      return mix(mix(ab, bc, v), mix(bc, cd, v), w);
    };
    return [blossom(from, from, to), blossom(from, to, to), blossom(to, to, to)];
  }

  // src/stage.ts
  var SMALLEST = 0.02;
  var LARGEST = 4;
  var STEP = 1.25;
  var PAN = 80;
  var ATTACH_ALL = 1500;
  var MARGIN = 150;
  var NARROW = 600;
  var CIRCLE = 20;
  var DRAG = 4;
  function pathBounds(d) {
    const xs = [];
    const ys = [];
    for (const [, command, text2] of d.matchAll(/([MCLH])([^A-Za-z]*)/g)) {
      const numbers = text2.trim().split(/[ ,]+/).map(Number);
      numbers.forEach((number2, i) => (command === "H" || i % 2 === 0 ? xs : ys).push(number2));
    }
    return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
  }
  var LONG = 1e3;
  var Stage = class {
    constructor(frame) {
      this.frame = frame;
      this.zoom = 1;
      this.items = [];
      this.boxes = /* @__PURE__ */ new Map();
      /** What is attached now: nothing is to be done until that changes. */
      this.sight = "";
      byId("zoom-in").addEventListener("click", () => this.scale(this.zoom * STEP));
      byId("zoom-out").addEventListener("click", () => this.scale(this.zoom / STEP));
      byId("zoom-fit").addEventListener("click", () => this.fit(SMALLEST));
      frame.addEventListener("scroll", () => this.attach(), { passive: true });
      new ResizeObserver(() => this.resized()).observe(frame);
      addEventListener("beforeprint", () => this.attach(true));
      addEventListener("afterprint", () => this.attach());
      this.listenToWheel();
      this.listenToPointers();
      this.listenToKeys();
    }
    /** Show the drawing of a template; its elements come back, by the names of their boxes. */
    load(template) {
      const svg2 = template.content.querySelector("svg.mgv").cloneNode(true);
      this.svg = svg2;
      this.boxes = /* @__PURE__ */ new Map();
      this.centred = void 0;
      this.sight = "";
      const edges = [...svg2.querySelectorAll(".mgv-edge")];
      const boxes = [...svg2.querySelectorAll(".mgv-box")];
      this.items = [...edges.map(edgeItem), ...boxes.map(boxItem)];
      for (const item of this.items) item.element.remove();
      for (const item of this.items.slice(edges.length)) this.boxes.set(item.element.dataset["box"], item);
      this.frame.replaceChildren(svg2);
      const sheet = { svg: svg2, items: this.items, boxes: this.boxes };
      return { edges, boxes: new Map([...this.boxes].map(([name, item]) => [name, item.element])), sheet };
    }
    /** Show a drawing again that was loaded before. */
    swap(sheet) {
      this.svg = sheet.svg;
      this.items = sheet.items;
      this.boxes = sheet.boxes;
      this.centred = void 0;
      this.sight = "";
      this.frame.replaceChildren(sheet.svg);
      this.attach();
    }
    /** A layer above everything else, for what a step adds. */
    layer() {
      const layer = document.createElementNS("http://www.w3.org/2000/svg", "g");
      layer.setAttribute("class", "mgv-flow");
      this.svg.append(layer);
      return layer;
    }
    /** The drawing as it is now, everything attached. */
    whole() {
      this.attach(true);
      const copy = this.svg.cloneNode(true);
      for (const pulse of copy.querySelectorAll(".mgv-pulse")) pulse.remove();
      this.attach();
      return copy;
    }
    get size() {
      return this.svg.viewBox.baseVal;
    }
    /** Fit the drawing into the frame, but never below `smallest`, where text stops being legible. */
    fit(smallest) {
      const { width, height } = this.size;
      const room = Math.min((this.frame.clientWidth - 2) / width, (this.frame.clientHeight - 2) / height);
      this.scale(Math.max(smallest, Math.min(room, 1.4)));
      this.fitted = smallest;
    }
    resized() {
      if (!this.svg) return;
      if (this.fitted === void 0) return this.attach();
      this.fit(this.fitted);
      if (this.centred) this.centre(this.centred);
    }
    /** Change the size; what stands at a point of the frame, by default its middle, stays there. */
    scale(zoom, x = this.frame.clientWidth / 2, y = this.frame.clientHeight / 2) {
      const { frame } = this;
      const left = (frame.scrollLeft + x) / this.zoom;
      const top = (frame.scrollTop + y) / this.zoom;
      this.fitted = void 0;
      this.zoom = Math.min(LARGEST, Math.max(SMALLEST, zoom));
      this.svg.setAttribute("width", String(this.size.width * this.zoom));
      this.svg.setAttribute("height", String(this.size.height * this.zoom));
      frame.scrollTo(left * this.zoom - x, top * this.zoom - y);
      this.attach();
    }
    /** Scroll so that a box stands near the middle. */
    centre(name) {
      const item = this.boxes.get(name);
      if (!item) return;
      this.centred = name;
      const x = this.frame.clientWidth < NARROW ? item.left + CIRCLE : (item.left + item.right) / 2;
      this.frame.scrollTo({
        left: x * this.zoom - this.frame.clientWidth / 2,
        top: (item.top + item.bottom) / 2 * this.zoom - this.frame.clientHeight / 2,
        behavior: "instant"
      });
      this.attach();
    }
    attach(every = false) {
      const all = every || this.items.length <= ATTACH_ALL;
      const left = (this.frame.scrollLeft - MARGIN) / this.zoom;
      const top = (this.frame.scrollTop - MARGIN) / this.zoom;
      const right = (this.frame.scrollLeft + this.frame.clientWidth + MARGIN) / this.zoom;
      const bottom = (this.frame.scrollTop + this.frame.clientHeight + MARGIN) / this.zoom;
      const sight = [all, left, top, right, bottom].join(" ");
      if (sight === this.sight) return;
      this.sight = sight;
      for (const item of this.items) {
        let seen = all || item.right >= left && item.left <= right && item.bottom >= top && item.top <= bottom;
        if (seen && item.line) {
          const d = all ? item.line.whole : item.line.near(left, top, right, bottom);
          seen = d !== "";
          if (seen) item.element.setAttribute("d", d);
        }
        if (seen === item.attached) continue;
        item.attached = seen;
        if (seen) item.layer.append(item.element);
        else item.element.remove();
      }
    }
    /** Ctrl and the wheel, and a pinch on a trackpad, zoom at the pointer; the wheel alone scrolls. */
    listenToWheel() {
      this.frame.addEventListener(
        "wheel",
        (event) => {
          if (!event.ctrlKey && !event.metaKey) return;
          event.preventDefault();
          const { left, top } = this.frame.getBoundingClientRect();
          const clicks = event.deltaMode === WheelEvent.DOM_DELTA_PIXEL ? event.deltaY / 100 : event.deltaY / 3;
          this.scale(this.zoom * STEP ** -Math.max(-3, Math.min(3, clicks)), event.clientX - left, event.clientY - top);
        },
        { passive: false }
      );
    }
    /** One pointer drags, two pinch; fingers scroll by themselves. */
    listenToPointers() {
      const { frame } = this;
      const down = /* @__PURE__ */ new Map();
      let moved = 0;
      const spread = () => {
        const [a, b] = [...down.values()];
        return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2, size: Math.hypot(a.x - b.x, a.y - b.y) };
      };
      frame.addEventListener("pointerdown", (event) => {
        if (event.button !== 0) return;
        if (!down.size) moved = 0;
        down.set(event.pointerId, { x: event.clientX, y: event.clientY });
      });
      addEventListener("pointermove", (event) => {
        const last = down.get(event.pointerId);
        if (!last) return;
        const before = down.size === 2 ? spread() : void 0;
        down.set(event.pointerId, { x: event.clientX, y: event.clientY });
        if (before) {
          const after = spread();
          const { left, top } = frame.getBoundingClientRect();
          moved = DRAG + 1;
          this.scale(this.zoom * after.size / (before.size || 1), after.x - left, after.y - top);
        } else if (event.pointerType === "mouse") {
          moved += Math.abs(event.clientX - last.x) + Math.abs(event.clientY - last.y);
          if (moved > DRAG) frame.scrollBy(last.x - event.clientX, last.y - event.clientY);
        }
      });
      for (const end2 of ["pointerup", "pointercancel"])
        addEventListener(end2, (event) => down.delete(event.pointerId));
      frame.addEventListener(
        "click",
        (event) => {
          if (moved > DRAG) event.stopPropagation();
          moved = 0;
        },
        true
      );
    }
    /** Plus, minus and 0 zoom; shift and the arrows pan. */
    listenToKeys() {
      document.addEventListener("keydown", (event) => {
        if (event.ctrlKey || event.altKey || event.metaKey) return;
        if (event.target.matches('input:not([type="checkbox"]), textarea, select')) return;
        const pans = {
          ArrowLeft: [-PAN, 0],
          ArrowRight: [PAN, 0],
          ArrowUp: [0, -PAN],
          ArrowDown: [0, PAN]
        };
        const pan = event.shiftKey ? pans[event.key] : void 0;
        if (pan) this.frame.scrollBy(...pan);
        else if (event.key === "+" || event.key === "=") this.scale(this.zoom * STEP);
        else if (event.key === "-") this.scale(this.zoom / STEP);
        else if (event.key === "0") this.fit(SMALLEST);
        else return;
        event.preventDefault();
      });
    }
  };
  function edgeItem(element) {
    const d = element.getAttribute("d");
    const [left, top, right, bottom] = pathBounds(d);
    const line = bottom - top > LONG || right - left > LONG ? new LongLine(d) : void 0;
    return { element, layer: element.parentElement, left, top, right, bottom, line, attached: false };
  }
  function boxItem(element) {
    const [x, y] = element.getAttribute("transform").match(/-?[\d.]+/g).map(Number);
    const [width, height] = element.dataset["size"].split(" ").map(Number);
    const half = height / 2;
    return { element, layer: element.parentElement, left: x, top: y - half, right: x + width, bottom: y + half, line: void 0, attached: false };
  }

  // src/drawing.ts
  var LEGIBLE = 0.92;
  function startDrawing(views) {
    const frame = byId("frame");
    const stage = new Stage(frame);
    const titles = new Map(views.map((view) => [view.name, view.title]));
    let current = "";
    function open(name, focus) {
      current = name;
      stage.load(document.querySelector(`template[data-view="${CSS.escape(name)}"]`));
      trail();
      stage.fit(LEGIBLE);
      frame.scrollTo(0, 0);
      if (!focus) return;
      say(byId("status"), `Shown: ${titles.get(name)}.`);
      frame.focus({ preventScroll: true });
    }
    function trail() {
      const names = current.split("/").slice(1);
      const crumbs = ["", ...names.map((_, i) => `/${names.slice(0, i + 1).join("/")}`)];
      byId("trail").replaceChildren(
        ...crumbs.map((name) => {
          const here = name === current;
          const button = make("button", { type: "button", ...here ? { "aria-current": "page" } : {} }, titles.get(name));
          button.addEventListener("click", () => open(name, true));
          return make("li", {}, button);
        })
      );
    }
    function openBox(target) {
      const box = target?.closest(".mgv-group");
      if (!box) return false;
      const name = `${current}/${box.dataset["box"]}`;
      if (titles.has(name)) open(name, true);
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

  // src/exact.ts
  function decimal(x) {
    const [mantissa, exponent] = x.toExponential().split("e");
    const [whole, rest = ""] = mantissa.split(".");
    return { digits: BigInt(whole + rest), exponent: Number(exponent) - rest.length };
  }
  function add(a, b) {
    const exponent = Math.min(a.exponent, b.exponent);
    const lift = (x) => x.digits * 10n ** BigInt(x.exponent - exponent);
    return { digits: lift(a) + lift(b), exponent };
  }
  function times(a, b) {
    return { digits: a.digits * b.digits, exponent: a.exponent + b.exponent };
  }
  function isZero(a) {
    return a.digits === 0n;
  }
  function same(a, b) {
    return isZero(add(a, { ...b, digits: -b.digits }));
  }
  var LARGEST_POWER = 64;
  function power(x, n) {
    if (!Number.isInteger(n) || n < 0 || n > LARGEST_POWER) return void 0;
    let out = { digits: 1n, exponent: 0 };
    for (let i = 0; i < n; i++) out = times(out, x);
    return out;
  }
  function addsUp(terms, total) {
    if (![...terms, total].every(Number.isFinite)) return true;
    return same(terms.map(decimal).reduce(add, decimal(0)), decimal(total));
  }
  function multiplies(factors, product) {
    if (![...factors, product].every(Number.isFinite)) return true;
    return same(factors.map(decimal).reduce(times), decimal(product));
  }
  var CHOOSING = /* @__PURE__ */ new Set(["neg", "abs", "relu", "maximum", "minimum", "gt", "ge", "lt", "le", "select"]);
  var POINTS = { exp: [0, 1], log: [1, 0], cos: [0, 1], sigmoid: [0, 0.5] };
  function holds(op, x, out) {
    if (![...x, out].every(Number.isFinite) || CHOOSING.has(op)) return true;
    const [a, b] = x.map(decimal);
    switch (op) {
      case "add":
      case "sum":
        return addsUp(x, out);
      case "sub":
        return addsUp([x[0], -x[1]], out);
      case "mul":
        return multiplies(x, out);
      case "div":
        return same(times(b, decimal(out)), a);
      case "sqrt":
        return same(times(decimal(out), decimal(out)), a);
      case "pow": {
        const whole = power(a, x[1]);
        return whole ? same(whole, decimal(out)) : x[1] === 0.5 ? holds("sqrt", [x[0]], out) : inverse(a, x[1], out);
      }
      case "dot": {
        const half = x.length / 2;
        const products2 = x.slice(0, half).map((left, i) => times(decimal(left), decimal(x[half + i])));
        return same(products2.reduce(add, decimal(0)), decimal(out));
      }
      case "leaky_relu":
        return x[0] > 0 || multiplies([0.01, x[0]], out);
      case "elu":
        return x[0] >= 0;
      default: {
        const [at, value] = POINTS[op] ?? [0, 0];
        return x[0] === at && out === value;
      }
    }
  }
  var COPIED = /* @__PURE__ */ new Set([...CHOOSING, "add", "sub", "sum", "mul", "dot", "leaky_relu"]);
  function localHolds(op, x, place, local) {
    if (![...x, local].every(Number.isFinite) || COPIED.has(op)) return true;
    const [a, b] = x;
    switch (op) {
      case "div":
        return place === 0 ? multiplies([local, b], 1) : multiplies([local, b, b], -a);
      case "sqrt":
        return multiplies([4, local, local, a], 1);
      case "pow": {
        const below2 = place === 0 ? power(decimal(a), b - 1) : void 0;
        return below2 ? same(times(below2, decimal(b)), decimal(local)) : a === 1;
      }
      case "elu":
        return a > 0;
      default:
        return a === 0 || a === 1;
    }
  }
  function inverse(x, n, out) {
    const whole = power(x, -n);
    return whole !== void 0 && same(times(whole, decimal(out)), { digits: 1n, exponent: 0 });
  }

  // src/format.ts
  var MINUS = "−";
  var ROUNDED = "≈";
  var WIDEST = 10;
  var DIGITS = 6;
  var SAFE = 1e15;
  function typographic(text2) {
    return text2.replaceAll("-", MINUS);
  }
  function isOdd(x) {
    return !Number.isFinite(x) || Object.is(x, -0);
  }
  function full(x) {
    if (Number.isNaN(x)) return "nan";
    if (!Number.isFinite(x)) return x > 0 ? "inf" : `${MINUS}inf`;
    if (Object.is(x, -0)) return `${MINUS}0.0`;
    const size = Math.abs(x);
    const text2 = size !== 0 && (size >= 1e16 || size < 1e-4) ? x.toExponential() : String(x);
    return typographic(twoDigits(text2));
  }
  function twoDigits(text2) {
    return text2.replace(/e([+-])(\d)$/, "e$10$2");
  }
  function marked(text2, x) {
    return (Number(text2) === x ? "" : ROUNDED) + typographic(text2);
  }
  function even(text2, digits) {
    const tie = /^(-?\d*\.?\d*?(\d))50*(e.*)?$/.exec(digits);
    if (!tie || (tie[3] ?? "") !== (/e.*/.exec(text2)?.[0] ?? "") || tie[1].length !== text2.replace(/e.*/, "").length) return text2;
    return Number(tie[2]) % 2 === 0 ? tie[1] + (tie[3] ?? "") : text2;
  }
  function fixed(x, decimals) {
    const text2 = x.toFixed(decimals);
    return Number.isInteger(x * 2 * 10 ** decimals) ? even(text2, x.toFixed(80)) : text2;
  }
  function boxed(x) {
    if (isOdd(x)) return full(x);
    const size = Math.abs(x);
    if (size === 0 || size >= 1e-3 && size < 1e4) {
      const text2 = fixed(x, 4);
      return marked(Number(text2) !== x && size >= 1e3 ? fixed(x, 3) : text2, x);
    }
    if (Number.isInteger(x) && size < 10 ** WIDEST) return typographic(String(x));
    return marked(twoDigits(even(x.toExponential(2), x.toExponential(100))), x);
  }
  function shown(x) {
    const whole = full(x);
    if (isOdd(x)) return { text: whole, exact: true };
    const digits = whole.replace(/e.*$/, "").replace(/[^\d]/g, "").replace(/^0+/, "").length;
    if (digits <= WIDEST || Number.isInteger(x) && Math.abs(x) < SAFE) return { text: whole, exact: true };
    const rounded = Number(x.toPrecision(DIGITS));
    const text2 = Math.abs(x) < 10 ** DIGITS ? full(rounded) : typographic(twoDigits(rounded.toExponential()));
    return { text: text2, exact: rounded === x };
  }
  function plain(x) {
    const { text: text2, exact } = shown(x);
    return exact ? text2 : ROUNDED + text2;
  }
  function brief(x) {
    const whole = full(x);
    if (isOdd(x) || whole.length <= 5) return whole;
    return marked(full(Number(x.toPrecision(3))).replaceAll(MINUS, "-"), x);
  }
  function equals(x) {
    const { text: text2, exact } = shown(x);
    return `${exact ? "=" : ROUNDED} ${text2}`;
  }
  function bracketed(text2) {
    return atomic(text2) ? text2 : `(${text2})`;
  }
  var ATOM = /^(?:[\p{L}\p{M}\p{N}_.#′'\ufffd\ue000\ue001]+(?:\[[^[\]]*\])?|\d[\d.]*e[−+]\d+)$/u;
  function atomic(text2) {
    return ATOM.test(text2) || closed(text2);
  }
  function closed(text2) {
    if (!/^[\p{L}\p{M}\p{N}_.]*\([^]*\)$/u.test(text2)) return false;
    let depth = 0;
    for (let place = 0; place < text2.length; place++) {
      if (text2[place] === "(") depth++;
      else if (text2[place] === ")" && --depth === 0) return place === text2.length - 1;
    }
    return false;
  }
  var RELATIVE = 5e-3;
  var ABSOLUTE = 5e-4;
  function close(guess, truth2) {
    if (Number.isNaN(truth2)) return Number.isNaN(guess);
    if (!Number.isFinite(truth2)) return guess === truth2;
    const tolerance = Math.max(ABSOLUTE, RELATIVE * Math.abs(truth2));
    return Math.abs(guess - truth2) <= tolerance * (1 + 1e-9);
  }
  var PLAIN = String.raw`[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?`;
  var NUMBER = new RegExp(`^${PLAIN}$`, "i");
  var FRACTION = new RegExp(`^(${PLAIN})\\s*[/÷]\\s*(${PLAIN})$`, "i");
  function parse(text2) {
    const flat2 = text2.trim().replace(/^[≈=]\s*/, "").replace(",", ".").replaceAll(MINUS, "-").replace(/^\((.*)\)$/, "$1");
    const fraction = FRACTION.exec(flat2);
    if (fraction) return Number(fraction[1]) / Number(fraction[2]);
    return NUMBER.test(flat2) ? Number(flat2) : void 0;
  }
  function parseAny(text2) {
    const odd = { nan: NaN, inf: Infinity, "-inf": -Infinity };
    const found = odd[text2.trim().replaceAll(MINUS, "-")];
    if (found !== void 0) return found;
    const number2 = parse(text2);
    return number2 !== void 0 && Number.isFinite(number2) ? number2 : void 0;
  }
  function reading(text2, number2) {
    return text2.includes(",") ? `“${text2.trim()}” was read as ${full(number2)}: a point separates the decimals here.` : "";
  }

  // src/rules.ts
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
      derivatives: (names) => [derivative(names[0])],
      scalar: { forward: forward2, partial }
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
  function comparison(sign2, holds2) {
    return binary(
      (x, y) => holds2(x, y) ? 1 : 0,
      () => [0, 0],
      (x, y) => `1 if ${bracketed(x)} ${sign2} ${bracketed(y)} else 0`,
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
  var truth = (holds2) => holds2 ? 1 : 0;
  var nearest = (x) => {
    const low = Math.floor(x);
    const rest = x - low;
    return rest < 0.5 ? low : rest > 0.5 ? low + 1 : low % 2 === 0 ? low : low + 1;
  };
  var larger = (x, y) => x > y || Number.isNaN(x) ? x : y;
  var smaller = (x, y) => x < y || Number.isNaN(x) ? x : y;
  var steps = (forward2, formula) => unary(forward2, () => 0, formula, () => "0");

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
      (x, slope2) => x > 0 ? x : slope2 * x,
      (_, x, slope2) => [x > 0 ? 1 : slope2, smaller(x, 0)],
      (x, slope2) => `${bracketed(x)} if ${bracketed(x)} > 0 else ${bracketed(slope2)} × ${bracketed(x)}`,
      (x, slope2) => [`1 if ${bracketed(x)} > 0 else ${bracketed(slope2)}`, `${bracketed(x)} if ${bracketed(x)} < 0 else 0`]
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
  var logic = (word, holds2) => binary(
    (x, y) => truth(holds2(x !== 0, y !== 0)),
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
    const size = Math.hypot(x, y) || 1;
    return a / size / size;
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
    const total = weights.reduce((sum, item) => sum + item, 0);
    return weights.map((item) => item / total);
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
      forward: (x) => x.reduce((total, item) => total * item, 1),
      partials: (_, x) => x.map((_item, i) => x.reduce((total, item, j) => i === j ? total : total * item, 1)),
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
      forward: (x) => x.slice(1).reduce((total, c) => total * x[0] + c, 0),
      partials: (_, [x, ...c]) => {
        const degree = c.length - 1;
        const slope2 = c.slice(0, -1).reduce((total, item, i) => total * x + (degree - i) * item, 0);
        return [slope2, ...c.map((_item, i) => x ** (degree - i))];
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

  // src/rich.ts
  var NAME = /[\ue000\ue002](\d+)\ue001/;
  var PIECES = /([\ue000\ue002]\d+\ue001|[≈−]?(?:\d+\.?\d*|\.\d+)(?:e[+−]\d+)?)/u;
  function nameOf(graph, index) {
    const node = graph.nodes[index];
    return `${atomic(node.name) ? "" : ""}${index}`;
  }
  function flat(graph, text2) {
    return text2.replace(new RegExp(NAME, "g"), (_, index) => graph.nodes[Number(index)].name);
  }
  function rich(graph, text2) {
    return text2.split(PIECES).map((piece, place) => {
      if (place % 2 === 0) return piece;
      const name = NAME.exec(piece);
      if (!name) return make("span", { class: "n" }, piece);
      return nameTag(graph, Number(name[1]));
    });
  }
  var LONGEST = 32;
  function nameTag(graph, index) {
    const { name } = graph.nodes[index];
    const long = name.length > LONGEST;
    return make("span", { class: "name", "data-node": String(index), ...long ? { title: name } : {} }, long ? `${name.slice(0, LONGEST - 1)}…` : name);
  }

  // src/graph.ts
  function readGraph(written, rules = {}) {
    const nodes = written.map((node, index) => {
      const { recorded, ...rest } = node;
      const plain2 = { ...rest, index, data: Number(node.data) };
      if (recorded) plain2.recorded = { doc: recorded.doc, partials: recorded.partials.map(Number) };
      return plain2;
    });
    const uses = nodes.map(() => 0);
    for (const node of nodes) for (const operand of node.operands) uses[operand]++;
    const foreign = [...new Set(nodes.filter((node) => node.recorded).map((node) => node.op))];
    return { nodes, output: nodes.length - 1, uses, foreign, rules };
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
    const steps2 = order.map((node) => {
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
    return { start: start2, steps: steps2, grads };
  }
  function gradsAfter(sweep, count) {
    const grads = [...sweep.start];
    for (const step2 of sweep.steps.slice(0, count))
      for (const part2 of step2.contributions) grads[part2.operand] = part2.after;
    return grads;
  }

  // src/steps.ts
  function same2(is, should) {
    return Object.is(is, should) || Math.abs(is - should) <= 1e-12 * Math.abs(should);
  }
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
        return !same2(is, should);
      });
    }
  };

  // src/explain.ts
  var LISTED = 12;
  var CARDS = 6;
  function explain(run, at, hidden) {
    const step2 = run.steps[at];
    switch (step2.kind) {
      case "start":
        return start(run);
      case "forward":
        return { title: `Forward ${step2.number} of ${step2.total}: ${cut(step2.node.name)}`, body: forwardBody(run, step2.node) };
      case "seed":
        return { title: `Backward begins at ${cut(step2.node.name)}`, body: seedBody(run, step2.node) };
      case "backward":
        return {
          title: `Backward ${step2.number} of ${step2.total}: through ${cut(step2.node.name)}`,
          body: backwardBody(run, step2, hidden)
        };
      case "end":
        return end(run);
    }
  }
  var LONGEST2 = 80;
  function cut(name) {
    return name.length > LONGEST2 ? `${name.slice(0, LONGEST2 - 1)}…` : name;
  }
  function paragraph(graph, text2, kind = "") {
    return make("p", kind ? { class: kind } : {}, ...rich(graph, text2));
  }
  function counted(count, word, several = `${word}s`) {
    return `${count} ${count === 1 ? word : several}`;
  }
  function start(run) {
    const { nodes } = run.graph;
    const ops = nodes.filter((node) => node.kind === "op").length;
    const leaves = nodes.filter((node) => node.kind === "leaf").length;
    const what = `${counted(ops, "operation")} on ${counted(leaves, "leaf", "leaves")}. `;
    return {
      title: "Ready",
      body: [
        make(
          "p",
          {},
          `${what}First every value is computed forwards, operands before users. Then gradients flow backwards, from the output to the leaves.`
        ),
        make("p", {}, "Press Next, or the right arrow key.")
      ]
    };
  }
  function formulas(run, node) {
    const names = node.operands.map((operand) => nameOf(run.graph, operand));
    const numbers = node.operands.map((operand) => shown(run.values[operand]));
    const formula = node.recorded ? (items) => `${node.op}(${items.join(", ")})` : OPS[node.op].formula;
    return {
      names: formula(names),
      numbers: formula(numbers.map((number2) => number2.text)),
      exact: numbers.every((number2) => number2.exact)
    };
  }
  function equation(left, exactLeft, result2, isTrue) {
    const { text: text2, exact } = shown(result2);
    return `${left} ${exactLeft && exact && isTrue ? "=" : ROUNDED} ${text2}`;
  }
  function forwardBody(run, node) {
    const { graph, values } = run;
    const { names, numbers, exact } = formulas(run, node);
    const operands = node.operands.map((operand) => values[operand]);
    const isTrue = !node.recorded && holds(node.op, operands, values[node.index]);
    const left = `${exact ? "=" : ROUNDED} ${numbers}`;
    const body = [
      paragraph(graph, `${nameOf(graph, node.index)} = ${names}`, "formula"),
      paragraph(graph, equation(left, exact, values[node.index], isTrue), "formula")
    ];
    if (node.recorded) {
      const doc = node.recorded.doc ? ` Its formula: ${node.recorded.doc}.` : "";
      body.push(make("p", {}, `This page does not compute ${node.op}; the number was recorded by Python.${doc}`));
    }
    if (node.op === "dot") body.push(pairs(run, node));
    body.push(...rule(graph, node));
    return body;
  }
  function pairs(run, node) {
    const { graph, values } = run;
    const half = node.operands.length / 2;
    const rows = node.operands.slice(0, half).map((left, i) => {
      const right = node.operands[half + i];
      const [a, b] = [values[left], values[right]];
      const product = shown(a * b);
      const exact = shown(a).exact && shown(b).exact && product.exact && multiplies([a, b], a * b);
      const numbers = `${bracketed(shown(a).text)} × ${bracketed(shown(b).text)} ${exact ? "=" : ROUNDED} ${product.text}`;
      return make(
        "tr",
        {},
        make("th", { scope: "row" }, ...rich(graph, `${bracketed(nameOf(graph, left))} × ${bracketed(nameOf(graph, right))}`)),
        make("td", {}, ...rich(graph, numbers))
      );
    });
    const table = (body) => make("table", { class: "pairs" }, make("tbody", {}, ...body));
    if (rows.length <= CARDS) return table(rows);
    const more = make("details", { class: "many" }, make("summary", {}, `${rows.length - CARDS + 1} more products`), table(rows.slice(CARDS - 1)));
    return make("div", {}, table(rows.slice(0, CARDS - 1)), more);
  }
  function rule(graph, node) {
    const known = graph.rules[node.op];
    const ours = node.recorded ? void 0 : OPS[node.op];
    if (!known && !ours) return [];
    const names = node.operands.map((_, i) => node.operands.length < 4 ? "xyz"[i] : `x${i + 1}`);
    const lines2 = [];
    if (known?.doc) lines2.push(make("p", {}, `${node.op}: ${known.doc}`));
    if (ours && node.operands.length < 4) {
      lines2.push(make("p", { class: "formula" }, `out = ${ours.formula(names)}`));
      ours.derivatives(names).forEach((text2, i) => lines2.push(make("p", { class: "formula" }, `∂out/∂${names[i]} = ${text2}`)));
    }
    if (known?.text) lines2.push(...known.text.split(/\n\s*\n/).map((part2) => make("p", { class: "hint" }, part2.replaceAll(/\s+/g, " "))));
    return [make("details", { class: "rule" }, make("summary", {}, `The rule of ${node.op}`), ...lines2)];
  }
  function slope(graph, of, by) {
    return `∂${bracketed(nameOf(graph, of))}/∂${bracketed(nameOf(graph, by))}`;
  }
  function seedBody(run, node) {
    const { graph } = run;
    const rest = run.breakage === "unzeroed" ? "The leaves still hold the gradients of an earlier backward pass: nobody set them to zero." : "All other gradients start at 0.";
    return [
      paragraph(graph, `${slope(graph, node.index, node.index)} = 1`, "formula"),
      paragraph(
        graph,
        `How fast does ${nameOf(graph, node.index)} change with itself? Exactly as fast: its gradient is 1. ${rest}`
      )
    ];
  }
  function backwardBody(run, step2, hidden) {
    const { node } = step2;
    const { graph } = run;
    const body = [
      paragraph(graph, `${nameOf(graph, node.index)} = ${formulas(run, node).names}`, "formula"),
      upstreamLine(run, node, step2.step.upstream)
    ];
    if (hidden) {
      body.push(make("p", {}, "Predict the gradients below, then check or reveal them."));
      return body;
    }
    const { contributions } = step2.step;
    if (!contributions.length) body.push(make("p", {}, "All operands are constants: they receive no gradient."));
    const single = contributions.length > CARDS ? CARDS - 1 : contributions.length;
    const cards = contributions.slice(0, single).map((part2) => card(run, node, step2.step.upstream, part2));
    body.push(make("ol", { class: "parts" }, ...cards));
    if (contributions.length > single) body.push(grouped(run, node, contributions.slice(single)));
    if (run.breakage !== "overwrite") body.push(...together(run, node, contributions));
    body.push(...rule(graph, node));
    return body;
  }
  function upstreamLine(run, node, upstream) {
    const { graph } = run;
    const truth2 = run.right[node.index];
    const gradient = slope(graph, graph.output, node.index);
    if (same2(upstream, truth2)) return paragraph(graph, `Upstream gradient: ${gradient} ${equals(upstream)}`);
    return paragraph(
      graph,
      `Upstream is what ${nameOf(graph, node.index)} holds now: ${plain(upstream)}. That is not ${gradient}, which is ${plain(truth2)}.`,
      "bad"
    );
  }
  var PLACES = ["first", "second", "third", "fourth", "fifth", "sixth"];
  function card(run, node, upstream, part2) {
    const { graph } = run;
    const operand = nameOf(graph, part2.operand);
    const repeated = node.operands.filter((other) => other === part2.operand).length > 1;
    const place = PLACES[part2.place] ?? `${part2.place + 1}th`;
    const edge = { "data-from": String(part2.operand), "data-to": String(node.index) };
    const item = make(
      "li",
      edge,
      make("h3", {}, ...rich(graph, repeated ? `To ${operand}, as ${place} operand` : `To ${operand}`)),
      paragraph(graph, localLine(run, node, part2, repeated))
    );
    item.append(...productLines(graph, node, upstream, part2), added(run, part2, operand));
    return item;
  }
  function localLine(run, node, part2, repeated) {
    const { graph } = run;
    const what = repeated ? "local derivative through this edge" : `local derivative ${slope(graph, node.index, part2.operand)}`;
    if (node.recorded) return `${what} ${equals(part2.local)}, recorded by Python`;
    const names = node.operands.map((item) => nameOf(graph, item));
    const formula = OPS[node.op].derivatives(names)[part2.place];
    const known = localHolds(node.op, node.operands.map((item) => run.values[item]), part2.place, part2.local);
    const number2 = known ? equals(part2.local) : equals(part2.local).replace("=", ROUNDED);
    return flat(graph, formula) === number2.slice(2) ? `${what} ${number2}` : `${what} = ${formula} ${number2}`;
  }
  function productLines(graph, node, upstream, part2) {
    const zero = upstream === 0 && !Number.isFinite(part2.local);
    if (zero) return [paragraph(graph, "Upstream is 0, so 0 is handed on, whatever the local derivative.")];
    const [up, local, out] = [shown(upstream), shown(part2.local), shown(part2.contribution)];
    const nothing = (upstream === 0 || part2.local === 0) && part2.contribution === 0;
    const exact = nothing || up.exact && local.exact && out.exact && multiplies([upstream, part2.local], part2.contribution);
    const number2 = (kind, text2, title) => make("span", { class: `n ${kind}`, title: full(title), "data-node": String(node.index), ...edgeOf(kind, node, part2) }, text2);
    return [
      make(
        "p",
        { class: "product" },
        number2("upstream", bracketed(up.text), upstream),
        " × ",
        number2("local", bracketed(local.text), part2.local),
        exact ? " = " : ` ${ROUNDED} `,
        make("strong", { class: "n", title: full(part2.contribution) }, out.text)
      ),
      make("p", { class: "caption" }, "upstream × local = contribution")
    ];
  }
  function edgeOf(kind, node, part2) {
    return kind === "local" ? { "data-from": String(part2.operand), "data-to": String(node.index) } : {};
  }
  function sumText(terms, total) {
    const parts = terms.map(shown);
    const [first, ...rest] = parts.map((part2) => part2.text);
    const left = [first, ...rest.map(bracketed)].join(" + ");
    return equation(left, parts.every((part2) => part2.exact), total, addsUp(terms, total));
  }
  function added(run, part2, operand) {
    const { graph, breakage } = run;
    const uses = graph.uses[part2.operand];
    const after = plain(part2.after);
    if (breakage === "overwrite") {
      if (part2.before === 0) return paragraph(graph, `${operand} now holds ${after}`, "sum");
      return paragraph(graph, `Overwritten: ${plain(part2.before)} is lost, ${operand} now holds ${after}`, "sum bad");
    }
    const total = sumText([part2.before, part2.contribution], part2.after);
    if (breakage === "unzeroed" && uses === 1 && part2.before !== 0)
      return paragraph(graph, `${operand} still held ${plain(part2.before)} from the earlier pass: ${total}`, "sum bad");
    if (breakage === "order" && uses === 1) return paragraph(graph, `${operand} now holds ${after}`, "sum");
    if (part2.before !== 0 || uses > 1)
      return paragraph(graph, `${operand} is used ${uses} times, so contributions add up: ${total}`, "sum");
    return paragraph(graph, `gradient of ${operand}: ${after}`, "sum");
  }
  function together(run, node, contributions) {
    const { graph } = run;
    const repeated = [...new Set(contributions.map((part2) => part2.operand))].filter(
      (operand) => contributions.filter((part2) => part2.operand === operand).length > 1
    );
    return repeated.slice(0, CARDS).map((operand) => {
      const edges = contributions.filter((part2) => part2.operand === operand).map((part2) => part2.local);
      const total = edges.reduce((sum2, local) => sum2 + local, 0);
      const sum = edges.length <= CARDS ? sumText(edges, total) : plain(total);
      const times2 = edges.length === 2 ? "twice" : `${edges.length} times`;
      return paragraph(
        graph,
        `${nameOf(graph, node.index)} takes ${nameOf(graph, operand)} ${times2}: its edges together give ${slope(graph, node.index, operand)} ${sum.includes(ROUNDED) ? ROUNDED : "="} ${sum}`,
        "together"
      );
    });
  }
  function grouped(run, node, parts) {
    const { graph } = run;
    const rows = parts.slice(0, LISTED * 10).map(
      (part2) => make(
        "tr",
        { "data-from": String(part2.operand), "data-to": String(node.index) },
        make("th", { scope: "row" }, ...rich(graph, nameOf(graph, part2.operand))),
        ...[part2.local, part2.contribution, part2.after].map((x) => make("td", { title: full(x) }, ...rich(graph, plain(x))))
      )
    );
    const head = ["to", "local derivative", "contribution", run.breakage === "none" ? "gradient so far" : "now stored"];
    const more = parts.length - rows.length;
    return make(
      "details",
      { class: "many" },
      make("summary", {}, `${parts.length} more contributions`),
      make(
        "div",
        { class: "wide", tabindex: "0", role: "region", "aria-label": "More contributions" },
        make(
          "table",
          {},
          make("thead", {}, make("tr", {}, ...head.map((word) => make("th", { scope: "col" }, word)))),
          make("tbody", {}, ...rows)
        )
      ),
      ...more > 0 ? [make("p", {}, `and ${more} more.`)] : []
    );
  }
  function end(run) {
    const { graph } = run;
    const leaves = graph.nodes.filter((node) => node.kind === "leaf");
    const items = leaves.slice(0, LISTED).map((node) => make("li", {}, ...rich(graph, result(run, node.index))));
    const rest = leaves.length - items.length;
    const wrong = run.wrong().length;
    const verdict = wrong ? `Every node has been visited, but ${counted(wrong, "gradient is", "gradients are")} wrong: the boxes with a dashed frame. The leaves have:` : "Every gradient is there. Each tells how fast the output changes when that leaf changes:";
    const body = [make("p", {}, verdict), make("ul", { class: "results" }, ...items)];
    if (rest > 0) body.push(make("p", {}, `and ${rest} more, in the table of all numbers.`));
    return { title: "Done", body };
  }
  function result(run, index) {
    const { graph } = run;
    const [is, should] = [run.sweep.grads[index], run.right[index]];
    const gradient = slope(graph, graph.output, index);
    if (same2(is, should)) return `${gradient} ${equals(is)}`;
    return `${nameOf(graph, index)} holds ${plain(is)}, but ${gradient} ${equals(should)}`;
  }
  var BROKEN = {
    order: "Broken on purpose: wrong order, operands first.",
    overwrite: "Broken on purpose: contributions overwrite each other.",
    unzeroed: "Broken on purpose: gradients of an earlier pass were not set to zero."
  };
  var MISTAKES = {
    order: {
      what: "Nodes are visited operands first. A node then hands on what it holds before its own gradient has arrived, so 0 is what goes to everything further down.",
      harmless: "Here it does no harm: there is only one operation."
    },
    overwrite: {
      what: "A shared node keeps only the last contribution, because each one overwrites the one before. The chain rule for several paths says: add them.",
      harmless: "Here it does no harm: no node is used twice. Try it with an expression such as x × x."
    },
    unzeroed: {
      what: "A second backward pass adds to the gradients that the first one left in the leaves. Set them to zero before each pass, as zero_grad() does.",
      harmless: "Here it does no harm: the gradients of the first pass were all 0."
    }
  };
  function mistake(run) {
    const { graph } = run;
    if (run.breakage === "none") return [make("p", {}, "Everything is done right.")];
    const { what, harmless } = MISTAKES[run.breakage];
    const wrong = run.wrong();
    if (!wrong.length) return [make("p", {}, what), make("p", {}, harmless)];
    const items = wrong.slice(0, LISTED).map(
      (i) => make("li", {}, ...rich(graph, `${nameOf(graph, i)}: ${plain(run.sweep.grads[i])}, should be ${plain(run.right[i])}`))
    );
    const more = wrong.length > items.length ? [make("p", {}, `and ${wrong.length - items.length} more.`)] : [];
    const count = counted(wrong.length, "gradient ends up wrong:", "gradients end up wrong:");
    return [make("p", {}, what), make("p", { class: "bad" }, count), make("ul", { class: "results" }, ...items), ...more];
  }

  // src/find.ts
  var OFFERED = 20;
  function startFinding(graph, go) {
    const field = byId("find");
    const offers = byId("found");
    const matches = (text2) => {
      const wanted = text2.trim().toLowerCase();
      const names = graph.nodes.filter((node) => node.kind !== "constant");
      const whole = names.filter((node) => node.name.toLowerCase() === wanted);
      const part2 = names.filter((node) => node.name.toLowerCase().includes(wanted) && !whole.includes(node));
      return [...whole, ...part2].map((node) => node.index);
    };
    field.addEventListener("input", () => {
      const found = matches(field.value).slice(0, OFFERED);
      offers.replaceChildren(...found.map((index) => make("option", { value: graph.nodes[index].name })));
    });
    byId("find-form").addEventListener("submit", (event) => {
      event.preventDefault();
      const [first] = field.value.trim() ? matches(field.value) : [];
      say(byId("find-note"), first === void 0 ? `No node is called “${field.value.trim()}”.` : "");
      if (first !== void 0) go(first);
    });
  }

  // src/labels.ts
  var HEIGHT = 14;
  var ALONG = [0.3, 0.4, 0.5, 0.2, 0.6, 0.7, 0.1, 0.8, 0.9];
  var BESIDE = [-10, 10, 0, -28, 28];
  var EDGE = 7;
  var LATER = 4;
  var CROSSED = 14;
  function widthOf(text2) {
    let width = 2;
    for (const letter of text2) width += letter === "." || letter === " " ? 4.7 : /[×≈−+]/.test(letter) ? 10.1 : 8.4;
    return width;
  }
  function overlap(a, b) {
    const [across, down] = [Math.min(a.right, b.right) - Math.max(a.left, b.left), Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top)];
    return across > 0 && down > 0 ? across * down : 0;
  }
  function placeOf(width, at, taken) {
    const around = boundsOf([at(0), at(0.5), at(1)], width);
    const near = (rects) => rects.filter((rect) => overlap(rect, around) > 0);
    const boxes = near(taken.boxes).map((box) => ({ ...box, left: box.left + EDGE, right: box.right - EDGE }));
    const labels = near(taken.labels);
    let best;
    let least = Infinity;
    ALONG.forEach((share2, later) => {
      const { x, y } = at(share2);
      BESIDE.forEach((beside, kind) => {
        const rect = { left: x - width / 2, right: x + width / 2, top: y + beside - HEIGHT / 2, bottom: y + beside + HEIGHT / 2 };
        let cost = LATER * (later + 2 * kind);
        for (const box of boxes) cost += overlap(rect, box);
        for (const label of labels) cost += 2 * overlap(rect, label);
        for (const point of taken.points) if (point.x > rect.left && point.x < rect.right && point.y > rect.top && point.y < rect.bottom) cost += CROSSED;
        if (cost < least) [best, least] = [rect, cost];
      });
    });
    return best;
  }
  function boundsOf(points, width) {
    const [xs, ys] = [points.map(({ x }) => x), points.map(({ y }) => y)];
    return { left: Math.min(...xs) - width, right: Math.max(...xs) + width, top: Math.min(...ys) - 2 * HEIGHT, bottom: Math.max(...ys) + 2 * HEIGHT };
  }

  // src/flow.ts
  var NAMESPACE = "http://www.w3.org/2000/svg";
  var SECONDS = 0.9;
  var FEW = 2;
  var LISTED2 = 3;
  var SAMPLES = [0.15, 0.3, 0.45, 0.6, 0.75, 0.9];
  function svg(tag, attributes, text2 = "") {
    const element = document.createElementNS(NAMESPACE, tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    if (text2) element.textContent = text2;
    return element;
  }
  function lines(d) {
    return d.split(/(?=M)/).map((line) => line.replace(/\s*m-6[^]*$/, "").trim());
  }
  var Flow = class {
    constructor(layer) {
      this.layer = layer;
      this.still = matchMedia("(prefers-reduced-motion: reduce)");
    }
    clear() {
      this.layer.replaceChildren();
    }
    /** Draw edges backwards; what they bear is kept secret where asked, else set where no box is. */
    draw(live, boxes, secret) {
      const all = live.flatMap((edge) => this.linesOf(edge));
      if (secret) return;
      const moving = all.flatMap((line) => line.parts.map((part2) => ({ line, part: part2 })));
      if (!this.still.matches) for (const { line, part: part2 } of moving) this.pulse(line, part2, moving.length <= FEW);
      const points = all.map(({ path }) => SAMPLES.map(along(path)));
      const labels = [];
      all.forEach((line, i) => {
        const text2 = `× ${list2(line.parts.map(({ local }) => brief(local)))}`;
        const others = points.filter((_, other) => other !== i).flat();
        const place = placeOf(widthOf(text2), along(line.path), { boxes, labels, points: others });
        labels.push(place);
        const at = { x: String((place.left + place.right) / 2), y: String(place.bottom - HEIGHT / 4) };
        this.layer.append(svg("text", { ...at, class: "mgv-local", "text-anchor": "middle", ...line.ends }, text2));
      });
    }
    linesOf({ edge, d, parts }) {
      const ends = { "data-from": edge.dataset["from"], "data-to": edge.dataset["to"] };
      const all = lines(d);
      return all.map((line, i) => {
        const path = svg("path", { d: line, class: "mgv-back-edge", ...ends });
        const start2 = path.getPointAtLength(0);
        const head = svg("path", { d: `M${start2.x + 8} ${start2.y - 5}L${start2.x} ${start2.y}l8 5`, class: "mgv-back-edge" });
        this.layer.append(path, head);
        return { d: line, path, ends, parts: i < all.length - 1 ? parts.slice(i, i + 1) : parts.slice(i) };
      });
    }
    pulse({ d, path }, part2, few) {
      const group = svg("g", { class: "mgv-pulse" });
      const motion = svg("animateMotion", { path: d, dur: `${SECONDS}s`, begin: "indefinite", fill: "remove", keyPoints: "1;0", keyTimes: "0;1", calcMode: "linear" });
      group.append(svg("circle", { r: "7" }), motion);
      if (few) group.append(svg("text", { y: rises(path) ? "-11" : "22", "text-anchor": "middle" }, brief(part2.contribution)));
      this.layer.append(group);
      motion.addEventListener("endEvent", () => group.remove());
      motion.beginElement();
      setTimeout(() => group.remove(), SECONDS * 1e3);
    }
  };
  function along(path) {
    const length = path.getTotalLength();
    return (share2) => path.getPointAtLength(length * share2);
  }
  function rises(path) {
    const at = along(path);
    return at(0).y < at(1).y - 1;
  }
  function list2(texts) {
    return texts.length > LISTED2 ? `${texts.slice(0, LISTED2).join(", ")}, …` : texts.join(", ");
  }

  // src/picture.ts
  var FAINTEST = 0.12;
  var STRONGEST = 0.62;
  var SPREAD = 0.4;
  function strength(grad) {
    if (grad === 0) return isOdd(grad) ? FAINTEST : 0;
    if (!Number.isFinite(grad)) return STRONGEST;
    const size = Math.abs(grad) ** SPREAD;
    return FAINTEST + (STRONGEST - FAINTEST) * size / (1 + size);
  }
  var Picture = class {
    constructor(graph, boxes, edges, flow, places) {
      this.graph = graph;
      this.flow = flow;
      this.places = places;
      this.edges = /* @__PURE__ */ new Map();
      this.far = [];
      /** The whole line of each edge, of which the stage may draw only what is in sight. */
      this.lines = /* @__PURE__ */ new Map();
      this.marked = [];
      this.parts = graph.nodes.map((node) => {
        const box = boxes.get(`n${node.index}`);
        return { ...fieldsOf(box), box, value: void 0, grad: void 0 };
      });
      for (const edge of edges) {
        this.edges.set(`${edge.dataset["from"]}>${edge.dataset["to"]}`, edge);
        this.lines.set(edge, edge.getAttribute("d"));
      }
      for (const { box } of this.parts)
        for (const far of box.querySelectorAll(".mgv-far")) {
          this.edges.set(`${far.dataset["from"]}>${far.dataset["to"]}`, far);
          this.far.push(far);
        }
    }
    /** The elements of a node or of an edge, by numbers of nodes. */
    elements(target) {
      if (target.node !== void 0) return [this.parts[Number(target.node)].box];
      const edge = this.edges.get(`n${target.from}>n${target.to}`);
      const back = document.querySelectorAll(`.mgv-flow [data-from="n${target.from}"][data-to="n${target.to}"]`);
      return [...edge ? [edge] : [], ...back];
    }
    /** Call a listener when a name that stands for a long edge is clicked. */
    onFar(listener) {
      for (const far of this.far)
        far.addEventListener("click", (event) => {
          event.stopPropagation();
          listener(Number(far.dataset["from"].slice(1)));
        });
    }
    /** Show for a moment where a box is. */
    flash(index) {
      const { box } = this.parts[index];
      box.classList.add("is-found");
      setTimeout(() => box.classList.remove("is-found"), 1500);
    }
    onClick(listener) {
      this.parts.forEach(({ box }, index) => box.addEventListener("click", () => listener(index)));
    }
    show(shown2) {
      this.parts.forEach((parts, index) => {
        const value = shown2.values[index] ?? null;
        const grad = shown2.grads[index] ?? null;
        if (Object.is(parts.value, value) && Object.is(parts.grad, grad)) return;
        parts.value = value;
        parts.grad = grad;
        fill(parts, this.graph.nodes[index].name, value, grad);
      });
      this.mark(shown2);
    }
    /** The edges that contributions go along; a name that stands for a long edge has no line. */
    live(node, parts) {
      const byOperand = /* @__PURE__ */ new Map();
      for (const part2 of parts) byOperand.set(part2.operand, [...byOperand.get(part2.operand) ?? [], part2]);
      return [...byOperand].flatMap(([operand, mine]) => {
        const edge = this.edges.get(`n${operand}>n${node}`);
        return edge ? [{ edge, d: this.lines.get(edge) ?? null, parts: mine }] : [];
      });
    }
    mark(shown2) {
      for (const element of this.marked)
        element.classList.remove("is-current", "is-touched", "is-wrong", "is-live", "is-back");
      this.marked = [];
      const add2 = (element, name) => {
        if (!element) return;
        element.classList.add(name);
        this.marked.push(element);
      };
      if (shown2.current !== void 0) {
        add2(this.parts[shown2.current].box, "is-current");
        for (const operand of this.graph.nodes[shown2.current].operands)
          add2(this.edges.get(`n${operand}>n${shown2.current}`), "is-live");
      }
      this.flow.clear();
      if (shown2.backwards && shown2.current !== void 0) {
        const live = this.live(shown2.current, shown2.parts);
        for (const { edge } of live) add2(edge, "is-back");
        this.flow.draw(live.flatMap(({ edge, d, parts }) => d ? [{ edge, d, parts }] : []), this.places, shown2.secret);
      }
      for (const index of shown2.touched) add2(this.parts[index].box, "is-touched");
      for (const index of shown2.wrong) add2(this.parts[index].box, "is-wrong");
    }
  };
  function fieldsOf(box) {
    const find = (name) => box.querySelector(name);
    return { data: find(".mgv-data"), gradient: find(".mgv-gradient"), chip: find(".mgv-grad"), title: find("title") };
  }
  function fill(fields, name, value, grad) {
    number(fields.data, value);
    number(fields.gradient, grad);
    colour(fields.chip, grad ?? 0);
    const data2 = value === null ? "not computed yet" : full(value);
    say(fields.title, `${name}: data ${data2}, gradient ${grad === null ? "not known yet" : full(grad)}`);
  }
  function number(element, x) {
    say(element, x === null ? "?" : boxed(x));
    element?.classList.toggle("mgv-strange", x !== null && isOdd(x));
  }
  function colour(chip, grad) {
    if (!chip) return;
    chip.setAttribute("fill-opacity", strength(grad).toFixed(3));
    chip.classList.toggle("mgv-odd", isOdd(grad));
    chip.classList.toggle("mgv-pos", !isOdd(grad) && grad > 0);
    chip.classList.toggle("mgv-neg", !isOdd(grad) && grad <= 0);
  }

  // src/folds.ts
  var LEGIBLE2 = 0.92;
  var Folds = class {
    constructor(folds, graph, stage, whole, visit, unfolded) {
      this.graph = graph;
      this.stage = stage;
      this.whole = whole;
      this.visit = visit;
      this.unfolded = unfolded;
      this.views = /* @__PURE__ */ new Map();
      this.written = new Map(folds.map((fold) => [fold.name, fold]));
      if (!folds.length) return;
      byId("fold").addEventListener("click", () => this.go(this.at === void 0 ? "" : void 0));
      const frame = byId("frame");
      frame.addEventListener("click", (event) => this.press(event.target));
      frame.addEventListener("keydown", (event) => {
        if ((event.key === "Enter" || event.key === " ") && this.press(event.target)) event.preventDefault();
        else if (event.key === "Escape" && this.at) this.go(above(this.at));
        else return;
        event.stopPropagation();
      });
    }
    /** Whether the folded graph is on the stage. */
    get on() {
      return this.at !== void 0;
    }
    /** Show a step, if the folded graph is on the stage. */
    show(shown2) {
      this.shown = shown2;
      if (this.at === void 0) return;
      let name = this.at;
      const current = shown2.current;
      if (current !== void 0) while (name && !this.view(name).holder.has(current)) name = above(name);
      if (name !== this.at) return this.go(name);
      this.fill(this.view(name), shown2);
    }
    /** Bring a node into sight, in the innermost box that has a picture. */
    reveal(index) {
      let name = "";
      for (; ; ) {
        const box = this.view(name).holder.get(index);
        if (box === void 0 || !this.written.has(`${name}/${box}`)) break;
        name = `${name}/${box}`;
      }
      this.go(name);
      this.stage.centre(this.view(name).holder.get(index));
    }
    go(name) {
      this.at = name;
      byId("fold").setAttribute("aria-pressed", String(this.on));
      byId("folded").hidden = !this.on;
      if (name === void 0) {
        this.stage.swap(this.whole);
        this.unfolded();
      } else {
        this.stage.swap(this.view(name).sheet);
        this.trail(name);
        this.fill(this.view(name), this.shown);
      }
      this.stage.fit(LEGIBLE2);
      const current = this.shown?.current;
      if (current !== void 0) this.stage.centre(name === void 0 ? `n${current}` : this.view(name).holder.get(current) ?? "");
    }
    view(name) {
      const known = this.views.get(name);
      if (known) return known;
      const { boxes: runs } = this.written.get(name);
      const loaded = this.stage.load(document.querySelector(`template[data-view="${CSS.escape(name)}"]`));
      const members = new Map(Object.entries(runs).map(([box, ends]) => [box, expand(ends)]));
      const holder = new Map([...members].flatMap(([box, nodes]) => nodes.map((node) => [node, box])));
      const fields = new Map([...loaded.boxes].map(([box, element]) => [box, fieldsOf(element)]));
      const view = { ...loaded, members, holder, fields };
      this.views.set(name, view);
      return view;
    }
    fill({ boxes, members, fields }, { values, grads, current, touched, wrong }) {
      for (const [name, box] of boxes) {
        const nodes = members.get(name) ?? [];
        box.classList.toggle("is-current", current !== void 0 && nodes.includes(current));
        box.classList.toggle("is-touched", nodes.some((node) => touched.has(node)));
        box.classList.toggle("is-wrong", nodes.some((node) => wrong.has(node)));
        const [only] = nodes;
        if (only === void 0) continue;
        if (box.matches(".mgv-group")) progress(box, nodes, values, grads);
        else fill(fields.get(name), this.graph.nodes[only].name, values[only] ?? null, grads[only] ?? null);
      }
    }
    trail(current) {
      const names = current.split("/").slice(1);
      const ways = ["", ...names.map((_, i) => `/${names.slice(0, i + 1).join("/")}`)];
      byId("trail").replaceChildren(
        ...ways.map((name) => {
          const button = make("button", { type: "button", ...name === current ? { "aria-current": "page" } : {} }, this.written.get(name).title);
          button.addEventListener("click", () => this.go(name));
          return make("li", {}, button);
        })
      );
    }
    /** Open a folded box, or go to the step of a single one. */
    press(target) {
      const name = target.closest(".mgv-box")?.dataset["box"];
      if (this.at === void 0 || name === void 0) return false;
      const [first] = this.view(this.at).members.get(name) ?? [];
      if (first === void 0) return false;
      const inside = `${this.at}/${name}`;
      if (this.written.has(inside)) {
        this.go(inside);
        byId("frame").focus({ preventScroll: true });
      } else {
        if (target.closest(".mgv-group")) this.go(void 0);
        this.visit(first);
      }
      return true;
    }
  };
  var above = (name) => name.slice(0, name.lastIndexOf("/"));
  function expand(ends) {
    const found = [];
    for (let i = 0; i < ends.length; i += 2) for (let node = ends[i]; node <= ends[i + 1]; node++) found.push(node);
    return found;
  }
  function progress(box, nodes, values, grads) {
    const [data2, grad] = box.querySelectorAll(".mgv-key");
    const known = nodes.filter((node) => values[node] !== null).length;
    const reached = nodes.filter((node) => grads[node] !== null && grads[node] !== 0).length;
    say(data2, `data: ${known} of ${nodes.length} known`);
    say(grad, `gradient: ${reached} of ${nodes.length} not 0`);
  }

  // src/leaves.ts
  var MOST = 60;
  var FEW2 = 20;
  var Leaves = class {
    constructor(graph, apply, measure) {
      this.graph = graph;
      this.apply = apply;
      this.measure = measure;
      this.changed = /* @__PURE__ */ new Map();
      this.list = byId("leaves");
      this.note = byId("leaf-note");
      this.inputs = /* @__PURE__ */ new Map();
      const leaves = graph.nodes.filter((node) => node.kind === "leaf");
      for (const node of leaves.slice(0, MOST)) this.add(node.index);
      if (leaves.length > FEW2) byId("edit").open = false;
      if (leaves.length > MOST)
        say(byId("leaf-more"), `Only the first ${MOST} of ${leaves.length} leaves are listed; click another one in the drawing to add it.`);
      byId("leaf-how").hidden = graph.foreign.length > 0;
      if (graph.foreign.length) {
        say(
          byId("leaf-off"),
          `Editing is off: this page does not compute ${graph.foreign.join(", ")}; only Python does. The numbers here were recorded when the page was saved; change them in Python and save again.`
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
      const { name } = this.graph.nodes[index];
      const input = make("input", { id: `leaf-${index}`, inputmode: "text", autocomplete: "off" });
      input.value = full(this.changed.get(index) ?? this.graph.nodes[index].data);
      input.disabled = this.graph.foreign.length > 0;
      input.addEventListener("change", () => this.edit(index, input));
      this.inputs.set(index, input);
      const label = make("label", { for: `leaf-${index}`, class: "scrub", title: `${name}: drag to nudge` }, name);
      this.list.append(make("p", {}, label, input));
      if (!input.disabled) this.listenToNudges(index, label, input);
    }
    valueOf(index) {
      return this.changed.get(index) ?? this.graph.nodes[index].data;
    }
    /** Drag the name sideways, or press up and down in the field: the number moves, and the output with it. */
    listenToNudges(index, label, input) {
      let from;
      const begin = (x) => {
        from = { x, value: this.valueOf(index), ...this.measure(index) };
      };
      const move = (steps2) => {
        const unit = Math.max(Math.abs(from.value), 1) / 100;
        this.nudge(index, Number((from.value + steps2 * unit).toPrecision(6)), from, input);
      };
      label.addEventListener("pointerdown", (event) => {
        begin(event.clientX);
        label.setPointerCapture(event.pointerId);
      });
      label.addEventListener("pointermove", (event) => {
        if (from && Math.abs(event.clientX - from.x) >= 2) move(Math.round((event.clientX - from.x) / 2));
      });
      for (const end2 of ["pointerup", "pointercancel"]) label.addEventListener(end2, () => from = void 0);
      input.addEventListener("keydown", (event) => {
        if (event.key !== "ArrowUp" && event.key !== "ArrowDown") return;
        event.preventDefault();
        begin(0);
        move(event.key === "ArrowUp" ? 1 : -1);
        from = void 0;
      });
    }
    nudge(index, value, from, input) {
      const before = this.valueOf(index);
      this.changed.set(index, value);
      const problem = this.apply();
      if (problem) {
        this.changed.set(index, before);
        say(this.note, problem);
        return;
      }
      say(this.note, "");
      input.value = full(value);
      const { out } = this.measure(index);
      const [name, end2] = [nameOf(this.graph, index), nameOf(this.graph, this.graph.output)];
      const [dx, dy] = [value - from.value, out - from.out];
      const text2 = `${name} from ${plain(from.value)} to ${plain(value)}: ${end2} from ${plain(from.out)} to ${plain(out)}. Δ${end2}/Δ${name} ≈ ${plain(dy / dx).replace("≈", "")}; ${slope(this.graph, this.graph.output, index)} at ${plain(from.value)} ${equals(from.grad)}`;
      byId("nudge").replaceChildren(...dx === 0 ? [] : rich(this.graph, text2));
    }
    edit(index, input) {
      byId("nudge").replaceChildren();
      const number2 = parseAny(input.value);
      const before = this.changed.get(index) ?? this.graph.nodes[index].data;
      let problem;
      if (number2 === void 0) {
        problem = `“${input.value}” is no number that a leaf can hold.`;
      } else {
        this.changed.set(index, number2);
        problem = this.apply();
      }
      input.setAttribute("aria-invalid", String(Boolean(problem)));
      if (!problem) {
        say(this.note, reading(input.value, number2));
        input.value = full(number2);
        return;
      }
      this.changed.set(index, before);
      input.value = full(before);
      input.removeAttribute("aria-invalid");
      say(this.note, `${problem} ${this.graph.nodes[index].name} stays ${full(before)}.`);
      this.apply();
    }
    restore() {
      this.changed.clear();
      for (const [index, input] of this.inputs) input.value = full(this.graph.nodes[index].data);
      say(this.note, "");
      byId("nudge").replaceChildren();
      this.apply();
    }
  };

  // src/links.ts
  var MARKED = "is-lit";
  function startLinks(words, frame, elements) {
    let lit = [];
    const clear = () => {
      for (const element of lit) element.classList.remove(MARKED);
      lit = [];
    };
    const light = (found) => {
      clear();
      lit = found;
      for (const element of lit) element.classList.add(MARKED);
    };
    const inWords = (event) => {
      const at = event.target.closest("[data-from], [data-node]");
      if (!at) return clear();
      const { node, from, to } = at.dataset;
      light(elements(from !== void 0 ? { from, to } : { node }));
    };
    const inPicture = (event) => {
      const target = event.target;
      const edge = target.closest("[data-from]");
      const box = target.closest("[data-box]");
      const [from, to, node] = [edge?.dataset["from"], edge?.dataset["to"], box?.dataset["box"]].map((name) => name?.slice(1));
      if (from !== void 0) light([...words.querySelectorAll(`[data-from="${from}"][data-to="${to}"]`)]);
      else if (node !== void 0) light([...words.querySelectorAll(`[data-node="${node}"]:not([data-from])`)]);
      else clear();
    };
    for (const kind of ["pointerover", "click"]) {
      words.addEventListener(kind, inWords);
      frame.addEventListener(kind, inPicture);
    }
    for (const place of [words, frame]) place.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && clear());
  }

  // src/place.ts
  function readPlace(hash) {
    const words = new URLSearchParams(hash.replace(/^#/, ""));
    const step2 = words.get("step");
    return { step: step2 !== null && /^\d+$/.test(step2) ? Number(step2) : void 0, slide: words.has("slide") };
  }
  function writePlace(step2, slide) {
    try {
      history.replaceState(null, "", `#step=${step2}${slide ? "&slide" : ""}`);
    } catch {
    }
  }
  var CLOSE = "mgview: close";

  // src/predict.ts
  var MOST2 = 4;
  var TRIES = 2;
  function questions(run, step2) {
    if (step2.kind !== "backward") return [];
    const { contributions } = step2.step;
    const operands = [...new Set(contributions.map((part2) => part2.operand))];
    return operands.slice(0, MOST2).map((operand) => {
      const mine = contributions.filter((part2) => part2.operand === operand);
      const before = mine[0].before;
      const what = run.breakage === "none" ? slope(run.graph, run.graph.output, operand) : `What ${nameOf(run.graph, operand)} holds`;
      const soFar = before !== 0 || run.graph.uses[operand] > mine.length ? ` (so far ${plain(before)})` : "";
      return {
        operand,
        name: run.graph.nodes[operand].name,
        text: `${what} after this step${soFar}`,
        truth: mine.at(-1).after,
        mistakes: mistakes(run, step2, operand)
      };
    });
  }
  function mistakes(run, step2, operand) {
    const { upstream, contributions } = step2.step;
    const mine = contributions.filter((part2) => part2.operand === operand);
    const [first, last] = [mine[0], mine.at(-1)];
    const sum = mine.reduce((total, part2) => total + part2.contribution, 0);
    const truth2 = last.after;
    const swapped = contributions.filter((part2) => part2.operand !== operand).map((part2) => upstream * part2.local + (run.breakage === "overwrite" ? 0 : first.before));
    const forgotten = [
      { guess: sum, words: `that is this step’s contribution; add it to the ${plain(first.before)} that is there` },
      ...mine.length > 1 ? [{ guess: first.before + first.contribution, words: "that is one edge; this operand has two or more" }] : []
    ];
    const all = [
      { guess: -truth2, words: "the size is right, the sign is not" },
      ...run.breakage === "overwrite" ? [{ guess: first.before + sum, words: "that would be the sum; here the last contribution replaces what was there" }] : forgotten,
      ...swapped.map((guess) => ({ guess, words: "that belongs to the other operand: the factors are swapped" })),
      { guess: last.local, words: "that is the local derivative alone; multiply it by the upstream gradient" },
      { guess: upstream, words: "that is the upstream gradient alone; multiply it by the local derivative" }
    ];
    return all.filter(({ guess }) => !close(guess, truth2));
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
      this.tries = 0;
      this.current = [];
      this.inputs = [];
      this.form.addEventListener("submit", (event) => {
        event.preventDefault();
        this.check();
      });
      byId("reveal").addEventListener("click", () => {
        if (this.tries) this.count();
        this.tell(this.tries ? "Revealed." : "Revealed without a guess.", "");
        this.reveal();
      });
    }
    /** Ask the questions of a step, or hide where there is nothing to ask. */
    ask(run, step2, open) {
      this.current = open ? questions(run, step2) : [];
      this.form.hidden = !this.current.length;
      if (!this.current.length) return;
      this.tries = 0;
      this.tell("", "");
      this.inputs = this.current.map(
        ({ operand, text: text2 }, i) => make("input", {
          id: `guess-${i}`,
          inputmode: "text",
          autocomplete: "off",
          "data-operand": String(operand),
          "aria-label": flat(run.graph, text2)
        })
      );
      this.fields.replaceChildren(
        ...this.current.map(
          ({ text: text2 }, i) => make("p", {}, make("label", { for: `guess-${i}` }, ...rich(run.graph, text2)), this.inputs[i])
        )
      );
    }
    clear() {
      this.tell("", "");
    }
    tell(text2, kind) {
      this.verdict.className = kind;
      say(this.verdict, text2);
    }
    check() {
      const guesses = this.inputs.map((input) => parse(input.value));
      const missing = guesses.findIndex((guess) => guess === void 0);
      if (missing >= 0) {
        this.tell(`Type a number for ${this.current[missing].name}, such as −2, 0.25 or 1/4.`, "bad");
        this.inputs[missing].focus();
        return;
      }
      this.tries++;
      const good = this.current.map(({ truth: truth2 }, i) => close(guesses[i], truth2));
      const first = good.indexOf(false);
      if (first >= 0 && this.tries < TRIES) return this.again(guesses, good, first);
      this.count(good);
      this.tell(this.current.map((question, i) => judged(question, guesses[i], good[i])).join(" "), first < 0 ? "good" : "bad");
      this.reveal();
    }
    /** Say which guesses are wrong, and what probably went wrong, but not the right number. */
    again(guesses, good, first) {
      const lines2 = this.current.map(({ name, mistakes: known }, i) => {
        if (good[i]) return `${name} is right.`;
        const likely = known.find(({ guess }) => close(guesses[i], guess));
        return `${name} is not ${plain(guesses[i])}${likely ? `: ${likely.words}` : ""}.`;
      });
      this.tell(`${lines2.join(" ")} Try once more, or reveal.`, "bad");
      this.inputs.forEach((input, i) => {
        input.setAttribute("aria-invalid", String(!good[i]));
        input.readOnly = good[i];
      });
      this.inputs[first].focus();
      this.inputs[first].select();
    }
    count(good) {
      this.asked += this.current.length;
      this.right += good?.filter(Boolean).length ?? this.inputs.filter((input) => input.readOnly).length;
      say(this.tally, `${this.right} of ${this.asked} predictions right so far.`);
    }
  };
  function judged({ name, truth: truth2 }, guess, good) {
    return good ? `Right: ${name} has ${plain(truth2)}.` : `Wrong: ${name} has ${plain(truth2)}, not ${plain(guess)}.`;
  }

  // src/saving.ts
  var NAMESPACE2 = "http://www.w3.org/2000/svg";
  var SCALE = 2;
  var LARGEST2 = 8e3;
  function standalone(svg2) {
    const { width, height } = svg2.viewBox.baseVal;
    svg2.setAttribute("xmlns", NAMESPACE2);
    svg2.setAttribute("width", String(width));
    svg2.setAttribute("height", String(height));
    const root = getComputedStyle(document.documentElement);
    const theme = document.documentElement.dataset["theme"] ?? "light";
    const names = /* @__PURE__ */ new Set();
    const rules = [];
    for (const sheet of document.styleSheets)
      for (const rule2 of sheet.cssRules) {
        const text2 = rule2.cssText;
        if (!(rule2 instanceof CSSStyleRule) || !rule2.selectorText.includes(".mgv")) continue;
        const own = /^\[data-theme="?(\w+)"?\]/.exec(rule2.selectorText)?.[1];
        if (own && own !== theme) continue;
        for (const [, name] of text2.matchAll(/var\((--[\w-]+)\)/g)) names.add(name);
        rules.push(text2.replaceAll(/\[data-theme="?\w+"?\] /g, ""));
      }
    const variables = [...names].map((name) => `${name}:${root.getPropertyValue(name).trim()}`).join(";");
    const style = document.createElementNS(NAMESPACE2, "style");
    style.textContent = `.mgv{${variables}}${rules.join("")}`;
    const paper = document.createElementNS(NAMESPACE2, "rect");
    paper.setAttribute("width", "100%");
    paper.setAttribute("height", "100%");
    paper.setAttribute("fill", root.getPropertyValue("--card").trim());
    svg2.prepend(style, paper);
    return new XMLSerializer().serializeToString(svg2);
  }
  function download(name, content) {
    const link = make("a", { href: URL.createObjectURL(content), download: name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1e4);
  }
  function saveSvg(svg2, name) {
    download(`${name}.svg`, new Blob([standalone(svg2)], { type: "image/svg+xml" }));
  }
  async function savePng(svg2, name) {
    const text2 = standalone(svg2);
    const { width, height } = svg2.viewBox.baseVal;
    const scale = Math.min(SCALE, LARGEST2 / Math.max(width, height));
    const image = new Image();
    image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text2)}`;
    await image.decode();
    const canvas = make("canvas", { width: String(Math.ceil(width * scale)), height: String(Math.ceil(height * scale)) });
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise((done) => canvas.toBlob(done, "image/png"));
    if (blob) download(`${name}.png`, blob);
  }

  // src/words.ts
  var WORDS = {
    gradient: "how fast the output changes when this value changes, all else the same.",
    upstream: "the gradient of the node itself, d(output)/d(node), when its turn comes.",
    "local derivative": "how fast one op’s result changes with one of its operands: its partial.",
    contribution: "upstream times local derivative: what a node adds to the gradient of an operand.",
    operand: "an input of an op.",
    leaf: "a node without operands: an input or a parameter.",
    leaves: "nodes without operands: inputs and parameters.",
    constant: "a plain number in an expression; it receives no gradient."
  };
  var TERMS = new RegExp(`\\b((?:${Object.keys(WORDS).sort((a, b) => b.length - a.length).join("|")})s?)\\b`, "i");
  function explainWords(body) {
    const told = /* @__PURE__ */ new Set();
    for (const element of body) {
      const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
      const texts = [];
      while (walker.nextNode()) texts.push(walker.currentNode);
      for (const text2 of texts) if (!text2.parentElement.closest(".name, .n, .formula, summary, th")) mark(text2, told);
    }
  }
  function mark(text2, told) {
    const found = TERMS.exec(text2.data);
    const word = found?.[1].toLowerCase().replace(/s$/, (s) => found[1].toLowerCase() in WORDS ? s : "");
    if (!found || !word || told.has(word)) return;
    told.add(word);
    const button = make("button", { type: "button", class: "word", "aria-expanded": "false" }, found[1]);
    const rest = text2.splitText(found.index);
    rest.data = rest.data.slice(found[1].length);
    rest.before(button);
    button.addEventListener("click", () => toggle(button, word));
    mark(rest, told);
  }
  function toggle(button, word) {
    const open = button.getAttribute("aria-expanded") === "true";
    button.setAttribute("aria-expanded", String(!open));
    const block = button.closest("p, h3, li") ?? button;
    if (open) block.nextElementSibling?.remove();
    else block.after(make("p", { class: "gloss" }, make("strong", {}, word), `: ${WORDS[word]}`));
  }

  // src/stepper.ts
  var PAUSE = 1100;
  var LEGIBLE3 = 0.92;
  var ROWS = 300;
  function startStepper(written, rules, folded) {
    const graph = readGraph(written, rules);
    const stage = new Stage(byId("frame"));
    const { boxes, edges, sheet } = stage.load(byId("picture"));
    const picture = new Picture(graph, boxes, edges, new Flow(stage.layer()), [...sheet.boxes.values()]);
    const slider = byId("slider");
    const play = byId("play");
    const numbers = byId("numbers");
    const predicting = byId("predicting");
    const revealed = /* @__PURE__ */ new Set();
    let slide = false;
    let looking = 0;
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
    }, (index) => ({ out: run.values[graph.output], grad: run.right[index] }));
    const folds = new Folds(folded, graph, stage, sheet, visit, () => show(false));
    function restart() {
      run = new Run(graph, leaves.changed, breakage);
      revealed.clear();
      slider.max = String(run.steps.length - 1);
      byId("mistake").replaceChildren(...mistake(run));
      at = Math.min(at, run.steps.length - 1);
      show(true);
    }
    function hidden() {
      return predicting.checked && run.steps[at].kind === "backward" && !revealed.has(at);
    }
    function show(ask) {
      const step2 = run.steps[at];
      const secret = hidden();
      const { title, body } = explain(run, at, secret);
      say(byId("what"), title);
      explainWords(body);
      byId("explanation").replaceChildren(...body);
      byId("broken").hidden = breakage === "none";
      say(byId("broken"), breakage === "none" ? "" : BROKEN[breakage]);
      if (timer !== void 0) say(play, secret ? "Paused: your turn" : "Pause");
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
      const touched = new Set(step2.kind === "backward" ? step2.step.contributions.map((part2) => part2.operand) : []);
      if (secret) for (const operand of touched) grads[operand] = null;
      const current = "node" in step2 ? step2.node.index : void 0;
      const shown2 = {
        values: run.valuesAt(at),
        grads,
        current,
        touched,
        wrong: new Set(step2.kind === "end" ? run.wrong() : []),
        parts: step2.kind === "backward" ? step2.step.contributions : [],
        secret,
        backwards: step2.kind === "backward"
      };
      if (!folds.on) picture.show(shown2);
      folds.show(shown2);
      table(run.valuesAt(at), grads);
      const first = graph.nodes.find((node) => node.kind === "op")?.index ?? 0;
      const look = step2.kind === "start" ? first : current;
      if (look !== void 0) stage.centre(`n${look}`);
    }
    function table(values, grads) {
      if (!numbers.open) return;
      const begun = run.isBackward(at);
      const rows = graph.nodes.slice(0, ROWS).map((node) => {
        const grad = grads[node.index] ?? null;
        const known = grad !== null && (begun || grad !== 0);
        const how = node.kind === "op" ? node.op : node.kind;
        return make(
          "tr",
          {},
          make("th", { scope: "row" }, nameTag(graph, node.index)),
          make("td", {}, how),
          make("td", {}, text2(values[node.index] ?? null)),
          make("td", {}, node.kind === "constant" ? "none" : known ? text2(grad) : "?")
        );
      });
      byId("rows").replaceChildren(...rows);
      say(byId("rows-when"), at === run.steps.length - 1 ? "After the last step." : "As they stand at this step; ? is still to come.");
      if (graph.nodes.length > ROWS) say(byId("rows-more"), `The first ${ROWS} of ${graph.nodes.length} nodes.`);
    }
    function text2(x) {
      const odd = x !== null && isOdd(x);
      return make("span", { class: odd ? "n odd" : "n" }, x === null ? "?" : full(x));
    }
    function go(to) {
      at = Math.max(0, Math.min(run.steps.length - 1, to));
      show(true);
      writePlace(at, slide);
      cancelAnimationFrame(looking);
      looking = requestAnimationFrame(() => keepInView(byId("step")));
    }
    function setSlide(on) {
      slide = on;
      document.body.classList.toggle("slide", on);
      byId("slide").setAttribute("aria-pressed", String(on));
      writePlace(at, slide);
    }
    function visit(index) {
      const own = run.steps.findIndex((step2) => step2.kind === (run.isBackward(at) ? "backward" : "forward") && step2.node.index === index);
      if (own >= 0) jump(() => own)();
      if (folds.on) return folds.reveal(index);
      stage.centre(`n${index}`);
      picture.flash(index);
    }
    function stop() {
      clearInterval(timer);
      timer = void 0;
      say(play, "Play");
    }
    function toggle2() {
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
      play: toggle2
    };
    for (const [id, move] of Object.entries(moves)) byId(id).addEventListener("click", move);
    slider.addEventListener("input", () => {
      stop();
      go(Number(slider.value));
    });
    numbers.addEventListener("toggle", () => show(false));
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
      else visit(index);
    });
    picture.onFar(visit);
    startLinks(byId("step"), byId("frame"), (target) => picture.elements(target));
    startFinding(graph, visit);
    byId("slide").addEventListener("click", () => setSlide(!slide));
    byId("save-svg").addEventListener("click", () => saveSvg(stage.whole(), `step-${at}`));
    byId("save-png").addEventListener("click", () => void savePng(stage.whole(), `step-${at}`));
    addEventListener("beforeprint", () => numbers.open = true);
    listenToKeys({ ...moves, slide: () => setSlide(!slide), leave: () => slide ? setSlide(false) : askToClose() });
    stage.fit(LEGIBLE3);
    restart();
    const follow = () => {
      const place = readPlace(location.hash);
      setSlide(place.slide);
      if (place.step !== void 0) jump(() => place.step)();
    };
    addEventListener("hashchange", follow);
    if (location.hash) follow();
  }
  function askToClose() {
    if (parent !== window) parent.postMessage(CLOSE, "*");
  }
  var KEYS = { ArrowLeft: "back", ArrowRight: "next", Home: "first", End: "last", " ": "play", s: "slide", Escape: "leave" };
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
  function keepInView(element) {
    const { top } = element.getBoundingClientRect();
    const stage = byId("stage").getBoundingClientRect();
    const controls = byId("controls").getBoundingClientRect();
    const above2 = stage.right > element.getBoundingClientRect().left ? Math.max(0, stage.bottom) : 0;
    if (top < Math.min(above2, innerHeight / 2) - 1 || top > controls.top - LEAST) element.scrollIntoView({ block: "start", behavior: "instant" });
  }
  var LEAST = 120;

  // src/main.ts
  startTheme();
  var data = JSON.parse(byId("data").textContent ?? "");
  if (data.kind === "stepper") {
    measureBar(byId("controls"));
    startStepper(data.nodes, data.rules, data.folds);
  } else startDrawing(data.views);
})();
