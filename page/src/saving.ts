// The drawing as it is now, as a picture file: SVG, or PNG through a canvas.

import { make } from "./dom";

const NAMESPACE = "http://www.w3.org/2000/svg";
const SCALE = 2;
const LARGEST = 8000; // pixels along a side of a PNG

/** An SVG that stands alone: its rules come along, and colours are those of the page now. */
export function standalone(svg: SVGSVGElement): string {
  const { width, height } = svg.viewBox.baseVal;
  svg.setAttribute("xmlns", NAMESPACE);
  svg.setAttribute("width", String(width));
  svg.setAttribute("height", String(height));
  const root = getComputedStyle(document.documentElement);
  const theme = document.documentElement.dataset["theme"] ?? "light";
  const names = new Set<string>();
  const rules: string[] = [];
  for (const sheet of document.styleSheets)
    for (const rule of sheet.cssRules) {
      const text = rule.cssText;
      if (!(rule instanceof CSSStyleRule) || !rule.selectorText.includes(".mgv")) continue;
      const own = /^\[data-theme="?(\w+)"?\]/.exec(rule.selectorText)?.[1];
      if (own && own !== theme) continue;
      for (const [, name] of text.matchAll(/var\((--[\w-]+)\)/g)) names.add(name!);
      rules.push(text.replaceAll(/\[data-theme="?\w+"?\] /g, ""));
    }
  const variables = [...names].map((name) => `${name}:${root.getPropertyValue(name).trim()}`).join(";");
  const style = document.createElementNS(NAMESPACE, "style");
  style.textContent = `.mgv{${variables}}${rules.join("")}`;
  const paper = document.createElementNS(NAMESPACE, "rect");
  paper.setAttribute("width", "100%");
  paper.setAttribute("height", "100%");
  paper.setAttribute("fill", root.getPropertyValue("--card").trim());
  svg.prepend(style, paper);
  return new XMLSerializer().serializeToString(svg);
}

export function download(name: string, content: Blob): void {
  const link = make("a", { href: URL.createObjectURL(content), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

export function saveSvg(svg: SVGSVGElement, name: string): void {
  download(`${name}.svg`, new Blob([standalone(svg)], { type: "image/svg+xml" }));
}

export async function savePng(svg: SVGSVGElement, name: string): Promise<void> {
  const text = standalone(svg);
  const { width, height } = svg.viewBox.baseVal;
  const scale = Math.min(SCALE, LARGEST / Math.max(width, height));
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  await image.decode();
  const canvas = make("canvas", { width: String(Math.ceil(width * scale)), height: String(Math.ceil(height * scale)) });
  canvas.getContext("2d")!.drawImage(image, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, "image/png"));
  if (blob) download(`${name}.png`, blob);
}
