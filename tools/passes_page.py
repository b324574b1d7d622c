"""Write docs/passes.md: every pass of the compiler, and one small graph printed after each.

python tools/passes_page.py            # writes the page
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from attrs import evolve

import mgcompile
from mgcompile.autodiff.pipeline import param_gradient
from mgcompile.graph import pipeline as graphs
from mgcompile.graph.capture import capture
from mgcompile.graph.printer import format_graph
from mgcompile.program.printer import format_program
from mgcompile.reroll import pipeline as rerolling
from mgcompile.reroll.ir import Rerolling
from mgcompile.schedule import pipeline as schedules
from mgcompile.schedule.ir import LoopProgram
from mgcore import Value, ops

PAGE = Path(mgcompile.__file__).parents[1] / "docs" / "passes.md"

HEAD = """# The passes of the compiler, one by one

From the recorded graph to a loop program, in the order in which they run. This page is written by
`tools/passes_page.py` from the code's own list, `mgcompile.passes()`. After it code generation
(`mgcompile/backends/llvm/codegen/`) writes what the loop program says.

- `MGCOMPILE_PRINT=after:fusion` prints the form after a pass, to standard error; several are
  parted by commas, `all` prints every one.
- `MGCOMPILE_SKIP=fusion,cse` leaves out passes that are optional: the numbers stay the same.
- `MGCOMPILE_TIME=1` prints how many milliseconds of processor time each pass took, and what comes
  before and after them did: `capture` or `trace`, `code` (its text), `machine-code`, `check`.
- `MGCOMPILE_VERIFY=1` holds the form to its rules after every pass, not only between stages.

| pass | gives a | what it does | optional |
|---|---|---|---|
"""

EXAMPLE = """
## One graph after every pass

Two neurons, a loss, its gradient to the parameters; for vectors of four numbers:

```python
import mgcompile
from mgcore import Value, ops

x, y = Value(0.3, "x"), Value(1.0, "y")
w = [Value(0.1 * (k + 1), f"w{k}") for k in range(4)]
hidden = [ops.tanh(w[k] * x + w[k + 2]) for k in range(2)]
error = hidden[0] + hidden[1] - y
kernel = mgcompile.compile(error * error, inputs=[x, y], params=w)
```
"""


def table() -> str:
    """Return the rows of all passes."""
    rows = (
        f"| `{each.name}` | {each.level.name} | {each.does} | {'yes' if each.optional else 'no'} |"
        for each in mgcompile.passes()
    )
    return "\n".join(rows) + "\n"


def recorded() -> tuple[Value, list[Value], list[Value]]:
    """Record the graph of the example."""
    x, y = Value(0.3, "x"), Value(1.0, "y")
    w = [Value(0.1 * (k + 1), f"w{k}") for k in range(4)]
    hidden = [ops.tanh(w[k] * x + w[k + 2]) for k in range(2)]
    error = hidden[0] + hidden[1] - y
    return error * error, [x, y], w


def steps() -> list[tuple[str, str]]:
    """Return the name of every pass that runs on the example, and the form after it."""
    loss, inputs, params = recorded()
    form: Any = capture([loss], inputs, params)
    found = [("capture", format_graph(form))]
    for each in graphs.PASSES:
        form = each.run(form)
        found.append((each.name, each.level.format(form)))
    form = Rerolling(form, len(inputs), len(params))
    for each in rerolling.PASSES:
        form = each.run(form)
        found.append((each.name, each.level.format(form)))
    form = param_gradient(form)
    found.append(("reverse-params", format_program(form)))
    loops = LoopProgram(form, "float64", 4)
    for each in schedules.PASSES:
        loops = each.run(evolve(loops))
        found.append((each.name, each.level.format(loops)))
    return found


def page() -> str:
    """Return the whole page."""
    parts = [HEAD, table(), EXAMPLE]
    before = ""
    for name, text in steps():
        same = text == before
        parts.append(f"\n### after {name}\n\n")
        parts.append("The same as before.\n" if same else f"```text\n{text}\n```\n")
        before = text
    return "".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(f"wrote {PAGE}")
