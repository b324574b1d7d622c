"""Run the campaign from a new seed: ``python -m campaign --seconds 600``."""

from __future__ import annotations

import argparse
import secrets
import sys

from campaign.kinds import KINDS, make
from campaign.known import line
from campaign.modes import MODES
from campaign.run import campaign


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--seed", type=int, default=None, help="of the first graph")
    parser.add_argument("--modes", default=None, help=f"of: {', '.join(MODES)}")
    parser.add_argument("--most", type=int, default=20, help="failures that end it")
    parser.add_argument("--show", type=int, default=None, help="print the graph of a seed")
    parser.add_argument("--kind", default=None, choices=sorted(KINDS))
    chosen = parser.parse_args()
    if chosen.show is not None:
        print(make(chosen.show, chosen.kind).script())
        return 0
    seed = secrets.randbelow(10**9) if chosen.seed is None else chosen.seed
    print(f"seed {seed}", flush=True)
    report = campaign(
        seed,
        chosen.seconds,
        modes=chosen.modes.split(",") if chosen.modes else None,
        most=chosen.most,
        on_failure=lambda f: print(f"\n{f.text()}\n# keep: {line('?', f)}\n", flush=True),
        progress=lambda r: print(f"{r.graphs} graphs, {r.seconds:.0f} s", flush=True),
    )
    print(report.text().partition("\n\n")[0])
    return 1 if report.failures else 0


sys.exit(main())
