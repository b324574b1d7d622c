// Where a page starts: Python wrote its data into the element #data.

import { byId, measureBar, startTheme } from "./dom";
import { startDrawing, type View } from "./drawing";
import type { WrittenFold } from "./folds";
import type { Rule, WrittenNode } from "./graph";
import { startStepper } from "./stepper";

type Data = { kind: "stepper"; nodes: WrittenNode[]; rules: Record<string, Rule>; folds: WrittenFold[] } | { kind: "drawing"; views: View[] };

startTheme();
const data = JSON.parse(byId("data").textContent ?? "") as Data;
if (data.kind === "stepper") {
  measureBar(byId("controls"));
  startStepper(data.nodes, data.rules, data.folds);
}
else startDrawing(data.views);
