"""``mg check``: the conformance checks of ops, as a table."""

import json
import sys
from typing import TYPE_CHECKING

import attrs
import click

from mgcli.errors import CliError
from mgcli.screen import console, plain_table, strangers_on_stderr
from mgcore.testing import CHECKS, check_op
from mgcore.testing.selection import every_op, ops_of

if TYPE_CHECKING:
    from mgcore.testing import CheckResult, Report

__all__ = ["command"]

FAILED = 1
STYLES = {"fail": "bold red", "fragile": "magenta", "skip": "yellow", "pass": None}


@click.command(
    short_help="Prove that ops do what ops should.",
    epilog="Example: mg check tanh, mg check my-package, mg check --check partials",
)
@click.argument("names", nargs=-1, metavar="[NAME ...]")
@click.option("--check", "checks", multiple=True, metavar="CHECK", help="Run this check alone.")
@click.option("--samples", type=click.IntRange(1), default=50, show_default=True)
@click.option("--seed", type=int, default=0, show_default=True, help="For drawing operands.")
@click.option("--strict", is_flag=True, help="An op that is fragile fails, as a wrong one does.")
@click.option("--list", "only_list", is_flag=True, help="List the checks, and run none.")
@click.option("--verbose", "-v", is_flag=True, help="Print the whole table of every op.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def command(
    names: tuple[str, ...],
    checks: tuple[str, ...],
    samples: int,
    seed: int,
    strict: bool,
    only_list: bool,
    verbose: bool,
    as_json: bool,
) -> None:
    """Check the ops NAME, or those of the package NAME; every installed op by default.

    Operands are drawn from each op's declared domain. Exit code 1 when an op fails; a failure is
    told with the operands, both numbers and the lines that show it again. An op is fragile where
    its rules are right, but overflow or lose digits: it passes, with advice.
    """
    if only_list:
        _list_checks()
        return
    with strangers_on_stderr():
        ops = ops_of(names) if names else every_op()
    reports = []
    for op in ops:
        with strangers_on_stderr():
            report = check_op(op, checks=checks or None, samples=samples, seed=seed, strict=strict)
        reports.append(report)
        if not as_json:
            _show(report, whole=verbose or len(ops) == 1)
    if as_json:
        click.echo(json.dumps([_record(report) for report in reports], indent=2))
    elif len(ops) > 1:
        _sum_up(reports)
    if not any(check.verdict != "skip" for report in reports for check in report.checks):
        raise CliError("every check was skipped, so nothing is known; see the reasons above")
    if any(report.failures for report in reports):
        sys.exit(FAILED)


def _list_checks() -> None:
    table = plain_table("check", "what it does")
    for name, check in CHECKS.items():
        table.add_row(name, check.doc)
    console().print(table)


def _show(report: "Report", *, whole: bool) -> None:
    screen = console()
    if not whole and not report.failures:
        screen.print(f"{report.op}: {_counts(report.checks)}")
        return
    screen.print(f"{report.op} (seed {report.seed})", style="bold")
    table = plain_table("check", "samples", "worst error", "of bound", "verdict", "reason")
    for check in report.checks:
        table.add_row(
            check.name,
            str(check.samples or "-"),
            "-" if check.worst is None else f"{check.worst:.1e}",
            "-" if check.worst_of_bound is None else f"{check.worst_of_bound:.2f}",
            check.word,
            check.reason if check.word in {"pass", "skip"} else "see below",
            style=STYLES[check.word],
        )
    screen.print(table)
    screen.print(_counts(report.checks))
    for check in (*report.failures, *report.fragile):
        screen.print(f"\n{check}", soft_wrap=True)
    screen.print()


def _counts(checks: "tuple[CheckResult, ...]") -> str:
    ran = [check for check in checks if check.verdict != "skip"]
    failed = sum(check.verdict == "fail" for check in ran)
    fragile = [check.name for check in ran if check.word == "fragile"]
    passed = f"{len(ran) - failed} passed" + (f" ({len(fragile)} fragile)" if fragile else "")
    text = f"{len(ran)} of {len(checks)} checks ran: {passed}, {failed} failed"
    if fragile:
        text += f"; fragile {', '.join(fragile)}"
    skipped = [check for check in checks if check.verdict == "skip"]
    if not skipped:
        return text
    return f"{text}; skipped " + ", ".join(f"{c.name} ({c.reason})" for c in skipped)


def _sum_up(reports: "list[Report]") -> None:
    failed = [report.op for report in reports if report.failures]
    fragile = [report.op for report in reports if report.fragile]
    text = f"{len(reports)} ops, {sum(len(report.checks) for report in reports)} checks: "
    console().print(
        text
        + (f"{len(failed)} failed: {', '.join(failed)}" if failed else "every op passes")
        + (f"; fragile: {', '.join(fragile)}" if fragile else ""),
        style="bold red" if failed else "bold green",
    )


def _record(report: "Report") -> dict[str, object]:
    checks = []
    for check in report.checks:
        record = attrs.asdict(check)
        record["got"], record["expected"] = (
            None if value is None else str(value) for value in (check.got, check.expected)
        )
        checks.append(record)
    return {"op": report.op, "passed": report.passed, "seed": report.seed, "checks": checks}
