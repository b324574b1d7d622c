// Where the page of the playground starts: Python wrote its data into the element #data.

import { byId, startTheme } from "../dom";
import { OPS } from "../ops";
import { type Own, tableOf } from "./csv";
import { LocalEngine } from "./engine";
import { Playground } from "./playground";
import type { Settings } from "./settings";
import { fillPage } from "./stepperpage";

interface Data {
  settings: Settings;
  own: Own | null;
  /** The stepper's page, with places for what it shows. */
  stepper: string;
}

startTheme();
const data = JSON.parse(byId("data").textContent ?? "") as Data;
const known = Object.keys(OPS).filter((name) => OPS[name]!.scalar);
const engine = new LocalEngine(known, (training, subject) => fillPage(data.stepper, training, subject));
for (const option of byId<HTMLSelectElement>("activation").querySelectorAll("option")) if (!known.includes(option.value)) option.remove();
void new Playground(engine, data.settings, data.own ? tableOf(data.own) : undefined).start();
