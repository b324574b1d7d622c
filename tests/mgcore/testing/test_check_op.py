import math
import threading
import time
from typing import Any

import mpmath
import pytest

from mgcore import Op, ops, register, unregister
from mgcore.errors import UnknownOpError
from mgcore.testing import CHECKS, CheckError, UsageError, assert_op, check_op
from mgcore.testing.subject import Subject
from mgcore.testing.table import Check
from mgcore.testing.tally import Tally

softsign = Op(
    "softsign",
    forward=lambda x: x / (1 + abs(x)),
    partials=(lambda out, x: (1 + abs(x)) ** -2,),
    kink=lambda x: x,
)
wrong = Op("wrong", math.tanh, (lambda out, x: 1.0 - out,))


def test_a_report_tells_of_every_check_its_samples_error_verdict_and_reason() -> None:
    report = check_op("tanh", checks=["partials", "borders"])
    partials, borders = report.checks
    assert report.passed
    assert (partials.name, partials.verdict) == ("partials", "pass")
    assert partials.samples > 50
    assert partials.worst is not None
    assert 0 < partials.worst < 1e-15
    assert (borders.verdict, borders.reason) == ("skip", "the domain is the whole real line")


def test_printing_a_report_gives_the_table_and_how_many_checks_ran_and_were_skipped() -> None:
    lines = str(check_op("tanh", checks=["purity", "borders"])).splitlines()
    assert lines[0] == "tanh (seed 0)"
    assert lines[1].split() == [
        "check",
        "samples",
        "worst",
        "error",
        "of",
        "bound",
        "verdict",
        "reason",
    ]
    assert lines[2].split()[0] == "purity"
    assert "whole real line" in lines[3]
    assert lines[-1] == "1 of 2 checks ran: 1 passed, 0 failed; 1 skipped"


def test_a_failing_op_raises_nothing_and_is_told_in_the_report() -> None:
    report = check_op(wrong, checks=["partials", "purity"])
    assert not report.passed
    assert [check.name for check in report.failures] == ["partials"]
    assert "to see it again" in str(report)


def test_assert_op_raises_on_the_first_failed_check_with_everything_needed() -> None:
    with pytest.raises(CheckError, match=r"wrong fails partials(?s:.)*operands(?s:.)*seed 3"):
        assert_op(wrong, seed=3)
    assert_op(softsign, checks=["partials", "second", "forward", "kinks"])


def test_a_generic_op_that_is_not_registered_passes_and_pickling_is_skipped_with_a_reason() -> None:
    names = [name for name in CHECKS if not name.startswith("compiled")]
    report = check_op(softsign, checks=names)
    assert report.passed, report
    assert "not registered" in report["pickling"].reason


def test_a_reference_finds_a_forward_rule_that_computes_something_else() -> None:
    result = check_op(softsign, reference=mpmath.tanh, checks=["forward"])["forward"]
    assert result.verdict == "fail"
    assert result.expected == pytest.approx(math.tanh(result.operands[0]))  # type: ignore[index]  # it failed


def test_richardson_extrapolation_serves_where_nothing_runs_in_high_precision() -> None:
    good = Op("arctan", math.atan, (lambda out, x: 1.0 / (1.0 + x * x),))
    bad = Op("arctan", math.atan, (lambda out, x: 1.0 / (1.0 + x * x) + 1e-6,))
    result = check_op(good, checks=["partials"])["partials"]
    assert result.verdict == "pass", result
    assert "Richardson" in result.reason
    assert check_op(good, checks=["second"]).passed
    assert check_op(bad, checks=["partials"])["partials"].verdict == "fail"


def test_a_forward_rule_on_floats_without_reference_is_skipped_with_the_reason() -> None:
    op = Op("arctan", math.atan, (lambda out, x: 1.0 / (1.0 + x * x),))
    result = check_op(op, checks=["forward"])["forward"]
    assert result.verdict == "skip"
    assert "no reference" in result.reason


def test_the_same_seed_gives_the_same_failure_and_operands_are_drawn_from_the_domain() -> None:
    drawn: list[float] = []

    def forward(x: float) -> float:
        drawn.append(x)
        return math.log(x)

    op = Op("recorded", forward, (lambda out, x: 1.0 / x + 0.5,), domain="(0, inf)")
    first, second = (check_op(op, checks=["partials"], seed=5)["partials"] for _ in range(2))
    assert first == second
    assert drawn
    assert min(drawn) > 0.0


def test_a_check_that_tries_nothing_and_gives_no_reason_fails(monkeypatch: Any) -> None:
    from mgcore.testing import examine

    silent = {"silent": Check("silent", lambda subject: Tally())}
    monkeypatch.setattr(examine, "CHECKS", silent)
    result = check_op("tanh")["silent"]
    assert result.verdict == "fail"
    assert "no reason to skip" in result.reason


def test_a_report_of_nothing_but_skipped_checks_has_not_passed() -> None:
    assert not check_op("tanh", checks=["borders"]).passed


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: check_op("tanh", checks=["partial"]), "did you mean partials"),
        (lambda: check_op("tanh", samples=0), "samples is 0"),
        (lambda: check_op(3), "an Op or the name of one, not int 3"),  # type: ignore[arg-type]  # on purpose
        (lambda: check_op("tanh", reference="tanh"), "must be a function"),  # type: ignore[arg-type]  # on purpose
        (lambda: check_op(softsign, reference=math.tanh, checks=["forward"]), "16 digits"),
    ],
)
def test_misuse_raises_and_names_the_remedy(call: Any, text: str) -> None:
    with pytest.raises(UsageError, match=text):
        call()


def test_an_unknown_op_is_answered_with_near_matches() -> None:
    with pytest.raises(UnknownOpError, match="tanh"):
        check_op("tahn")


def test_a_plugin_can_give_the_reference_of_its_op() -> None:
    class Plugin:
        from mgcore import hookimpl

        @hookimpl
        def mgcore_register_ops(self) -> Op:
            return off_by_little

        @hookimpl
        def mgcore_op_reference(self, op: Op) -> Any:
            return mpmath.tanh if op is off_by_little else None

    off_by_little = Op(
        "off_by_little", lambda x: ops.tanh(x) * (1 + 1e-9), (lambda out, x: 1 - out * out,)
    )
    register(Plugin())
    try:
        assert check_op("off_by_little", checks=["forward"])["forward"].verdict == "fail"
        assert check_op("tanh", checks=["forward"]).passed
    finally:
        unregister("off_by_little")


def test_every_check_says_in_one_line_what_it_does() -> None:
    assert all(check.doc.endswith(".") for check in CHECKS.values())
    assert Subject(ops.tanh).counts == (1,)


def test_what_another_thread_keeps_is_no_leak_of_the_rules() -> None:
    kept: list[str] = []
    done = threading.Event()

    def keep() -> None:
        while not done.wait(0.0003):
            kept.append(f"{time.time()}" * 500)

    thread = threading.Thread(target=keep)
    thread.start()
    try:
        (result,) = check_op(softsign, checks=["leaks"]).checks
    finally:
        done.set()
        thread.join()
    assert result.verdict == "pass", str(result)
