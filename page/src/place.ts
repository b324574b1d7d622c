// Where the page is, in its address: #step=12, and &slide for slides.

export interface Place {
  step: number | undefined;
  slide: boolean;
}

export function readPlace(hash: string): Place {
  const words = new URLSearchParams(hash.replace(/^#/, ""));
  const step = words.get("step");
  return { step: step !== null && /^\d+$/.test(step) ? Number(step) : undefined, slide: words.has("slide") };
}

export function writePlace(step: number, slide: boolean): void {
  try {
    history.replaceState(null, "", `#step=${step}${slide ? "&slide" : ""}`);
  } catch {
    // a page inside a sandboxed frame has no address of its own
  }
}

/** What a page in a frame says to the page around it when the reader wants to leave. */
export const CLOSE = "mgview: close";
