// Where the page of the playground starts: Python wrote its data into the element #data.

import { byId, startTheme } from "../dom";
import { OPS } from "../ops";
import { type Own, tableOf } from "./csv";
import { LocalEngine } from "./engine";
import { Playground } from "./playground";
import { RemoteEngine } from "./remote";
import type { Settings } from "./settings";
import { fillPage } from "./stepperpage";

interface Data {
  settings: Settings;
  own: Own | null;
  /** The stepper's page, with places for what it shows. */
  stepper: string;
  /** Where a server trains, and what it knows; null where the page trains itself. */
  remote: { path: string; activations: string[] } | null;
}

startTheme();
const data = JSON.parse(byId("data").textContent ?? "") as Data;
const engine = data.remote ? new RemoteEngine(data.remote.path, data.remote.activations) : local();
for (const option of byId<HTMLSelectElement>("activation").querySelectorAll("option")) if (!engine.activations.includes(option.value)) option.remove();
void new Playground(engine, data.settings, data.own ? tableOf(data.own) : undefined).start();

function local(): LocalEngine {
  const known = Object.keys(OPS).filter((name) => OPS[name]!.scalar);
  return new LocalEngine(known, (training, subject) => fillPage(data.stepper, training, subject));
}
