// The page of a drawing: zoom, and folded boxes that open.

import { byId, make, say } from "./dom";
import { Stage } from "./stage";

export interface View {
  /** The way to the view: names of the boxes opened, each after a slash; empty for the whole. */
  name: string;
  title: string;
}

const LEGIBLE = 0.92; // 12 pixels become 11

export function startDrawing(views: View[]): void {
  const frame = byId("frame");
  const stage = new Stage(frame);
  const titles = new Map(views.map((view) => [view.name, view.title]));
  let current = "";

  function open(name: string, focus: boolean): void {
    current = name;
    stage.load(document.querySelector<HTMLTemplateElement>(`template[data-view="${CSS.escape(name)}"]`)!);
    trail();
    stage.fit(LEGIBLE);
    frame.scrollTo(0, 0);
    if (!focus) return;
    say(byId("status"), `Shown: ${titles.get(name)}.`);
    frame.focus({ preventScroll: true });
  }

  function trail(): void {
    const names = current.split("/").slice(1);
    const crumbs = ["", ...names.map((_, i) => `/${names.slice(0, i + 1).join("/")}`)];
    byId("trail").replaceChildren(
      ...crumbs.map((name) => {
        const here = name === current;
        const button = make("button", { type: "button", ...(here ? { "aria-current": "page" } : {}) }, titles.get(name)!);
        button.addEventListener("click", () => open(name, true));
        return make("li", {}, button);
      }),
    );
  }

  function openBox(target: EventTarget | null): boolean {
    const box = (target as Element | null)?.closest<SVGElement>(".mgv-group");
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
