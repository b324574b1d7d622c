// The numbers of a moment, and what there is to warn of.

import { byId, make, say } from "../dom";
import { brief } from "../format";
import type { Rows, Split } from "./datasets";
import type { Moment } from "./engine";
import { type Warning, warnings } from "./watch";

/** Show epochs, losses, rows on the right side, and warnings; these come back. */
export function readOut(moment: Moment, rows: Split): Warning[] {
  const { trainLoss, testLoss, trainScore, testScore } = moment.judged;
  say(byId("epochs"), String(moment.epochs));
  say(byId("train-loss"), brief(trainLoss));
  say(byId("test-loss"), brief(testLoss));
  say(byId("train-score"), counted(trainScore, rows.train));
  say(byId("test-score"), counted(testScore, rows.test));
  const found = warnings(moment);
  const texts = found.map(({ text }) => text).join("\n");
  const box = byId("warnings");
  if (box.dataset["texts"] !== texts) {
    box.dataset["texts"] = texts;
    box.replaceChildren(...found.map(({ kind, text }) => make("p", { class: `warning ${kind}` }, text)));
  }
  return found;
}

function counted(share: number, rows: Rows): string {
  const n = rows.label.length;
  return `${Math.round(share * n)} of ${n}`;
}
