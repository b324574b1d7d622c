// Keys that move the page, except where an element has its own use for them.

export function listenToKeys(keys: Record<string, () => unknown>, free: () => boolean): void {
  document.addEventListener("keydown", (event) => {
    const move = keys[event.key];
    if (!move || event.ctrlKey || event.altKey || event.metaKey || event.shiftKey || !free()) return;
    const target = event.target as HTMLElement;
    if (target.matches("input, textarea, select") || (event.key === " " && target.matches("button, summary"))) return;
    event.preventDefault();
    void move();
  });
}
