// Words and picture point at one another: a name at its box, a local derivative at its edge, and back.

interface Target {
  node?: string;
  from?: string;
  to?: string;
}

const MARKED = "is-lit";

/** Light up what belongs together while the pointer is over it, or after a tap. */
export function startLinks(words: HTMLElement, frame: HTMLElement, elements: (target: Target) => Element[]): void {
  let lit: Element[] = [];
  const clear = (): void => {
    for (const element of lit) element.classList.remove(MARKED);
    lit = [];
  };
  const light = (found: Element[]): void => {
    clear();
    lit = found;
    for (const element of lit) element.classList.add(MARKED);
  };
  const inWords = (event: Event): void => {
    const at = (event.target as Element).closest<HTMLElement>("[data-from], [data-node]");
    if (!at) return clear();
    const { node, from, to } = at.dataset;
    light(elements(from !== undefined ? { from, to: to! } : { node: node! }));
  };
  const inPicture = (event: Event): void => {
    const target = event.target as Element;
    const edge = target.closest<SVGElement>("[data-from]");
    const box = target.closest<SVGElement>("[data-box]");
    const [from, to, node] = [edge?.dataset["from"], edge?.dataset["to"], box?.dataset["box"]].map((name) => name?.slice(1));
    if (from !== undefined) light([...words.querySelectorAll(`[data-from="${from}"][data-to="${to}"]`)]);
    else if (node !== undefined) light([...words.querySelectorAll(`[data-node="${node}"]:not([data-from])`)]);
    else clear();
  };
  for (const kind of ["pointerover", "click"]) {
    words.addEventListener(kind, inWords);
    frame.addEventListener(kind, inPicture);
  }
  for (const place of [words, frame]) place.addEventListener("pointerleave", (event) => (event as PointerEvent).pointerType === "mouse" && clear());
}
