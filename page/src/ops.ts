// Every op that ships and that JavaScript can compute: the same two rules as in Python, and how to
// write them for a reader. Conventions at kinks are the same too: relu'(0) = 0, abs'(0) = 0, maximum
// at a tie gives half.

import { ACTIVATIONS } from "./ops/activations";
import { ARITHMETIC } from "./ops/arithmetic";
import { CHOICES } from "./ops/choices";
import { FUNCTIONS } from "./ops/functions";
import { LISTS } from "./ops/lists";
import type { OpRules } from "./rules";

export const OPS: Readonly<Record<string, OpRules>> = {
  ...ARITHMETIC,
  ...FUNCTIONS,
  ...CHOICES,
  ...LISTS,
  ...ACTIVATIONS,
};
