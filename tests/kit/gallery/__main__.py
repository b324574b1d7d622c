"""Write the table into docs/checks.md: ``PYTHONPATH=tests/kit python -m gallery``."""

from itertools import groupby
from pathlib import Path

from gallery.run import Outcome, outcomes

PAGE = Path("docs/checks.md")
MARK = "<!-- Made by `PYTHONPATH=tests/kit python -m gallery`. -->\n"
END = "<!-- The end of what was made. -->\n"

TEXT = """## What it tells apart

The kit is tried on ops that are broken on purpose, {broken} of them, each one slip from right
(`tests/kit/gallery/broken.py`), and on {good} good ones, written as one writes them first
(`tests/kit/gallery/good.py`). It rejects {rejected} of the broken ones and accepts {accepted} of
the good ones, {fragile} of those as fragile.

| broken | ops | noticed by |
|---|---|---|
{broken_rows}

| good | accepted | fragile, and where |
|---|---|---|
{good_rows}
"""


def page_part(broken: list[Outcome], good: list[Outcome]) -> str:
    """Return the part of the page that tells of a run."""
    return TEXT.format(
        broken=len(broken),
        good=len(good),
        rejected=_count(sum(bool(o.wrong) for o in broken), len(broken)),
        accepted=_count(sum(not o.wrong for o in good), len(good)),
        fragile=sum(o.word == "fragile" for o in good),
        broken_rows="\n".join(_broken_row(kind, list(os)) for kind, os in _by_kind(broken)),
        good_rows="\n".join(_good_row(kind, list(os)) for kind, os in _by_kind(good)),
    )


def _count(part: int, whole: int) -> str:
    return "all" if part == whole else f"{part}"


def _by_kind(found: list[Outcome]) -> "groupby[str, Outcome]":
    return groupby(found, key=lambda o: o.kind)


def _broken_row(kind: str, found: list[Outcome]) -> str:
    names = ", ".join(f"`{o.name}`" + ("" if o.wrong else " (**accepted**)") for o in found)
    checks = dict.fromkeys(check for o in found for check in o.wrong)
    return f"| {kind} | {names} | {', '.join(f'`{check}`' for check in checks)} |"


def _good_row(kind: str, found: list[Outcome]) -> str:
    sound = ", ".join(f"`{o.name}`" for o in found if o.word == "accepted")
    weak = ", ".join(f"`{o.name}` ({', '.join(o.fragile)})" for o in found if o.word == "fragile")
    wrong = ", ".join(f"`{o.name}` (**rejected**)" for o in found if o.wrong)
    return f"| {kind} | {', '.join(part for part in (sound, wrong) if part)} | {weak} |"


def write(part: str) -> None:
    """Put the part into the page, in place of what a run before has made."""
    text = PAGE.read_text(encoding="utf-8")
    head, _, rest = text.partition(MARK)
    _, _, tail = rest.partition(END)
    PAGE.write_text(f"{head.rstrip()}\n\n{MARK}\n{part}\n{END}{tail}", encoding="utf-8")


if __name__ == "__main__":
    write(page_part(outcomes(good=False), outcomes(good=True)))
