// Small helpers for the page's elements. Text only ever enters as text, never as markup.

export function byId<T extends Element = HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no element #${id}`);
  return found as unknown as T;
}

type Child = Node | string;

/** Make an element; attributes are set as given, children are appended. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Record<string, string> = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** Set an element's text only where it changed, so that large pages stay quick. */
export function say(element: Element | null | undefined, text: string): void {
  if (element && element.textContent !== text) element.textContent = text;
}

/** Tell the style sheet how high the bar of controls is, so that nothing focused hides under it. */
export function measureBar(bar: HTMLElement): void {
  const measure = (): void => {
    const fixed = getComputedStyle(bar).position === "sticky" ? bar.offsetHeight : 0;
    document.documentElement.style.setProperty("--bar", `${fixed}px`);
  };
  new ResizeObserver(measure).observe(bar);
  measure();
}

/** Follow the reader's light or dark setting, until the button chooses. */
export function startTheme(): void {
  const button = byId<HTMLButtonElement>("theme");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  let chosen = false;
  const set = (theme: string): void => {
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
