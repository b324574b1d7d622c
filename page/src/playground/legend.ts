// What the plane's colours, marks and axes mean.

import { byId, say } from "../dom";
import { plain } from "../format";
import type { Table } from "./csv";

/** Name classes and axes: those of the reader's own rows, where there are some. */
export function writeLegend(half: number, own: Table | undefined): void {
  const [first, second] = own?.classes ?? ["class 0", "class 1"];
  say(byId("class-0"), `${first}, ◆`);
  say(byId("class-1"), `${second}, ●`);
  const [across, up] = own?.columns ?? ["x1", "x2"];
  const end = plain(half);
  say(byId("axes"), `across: ${across}, up: ${up}, each −${end} to ${end}${own ? " standard deviations" : ""}`);
}
