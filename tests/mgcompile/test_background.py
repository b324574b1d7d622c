"""Kernels that are usable at once: which call runs in what, whatever the background does when."""

import copy
import gc
import os
import pickle
import subprocess
import sys
import threading
import time
import weakref
from pathlib import Path

import numpy as np
import pytest

import mgcompile
from mgcompile.backends.llvm import backend as llvm_backend
from mgcompile.backends.llvm.backend import LlvmBackend
from mgcompile.backends.llvm.runtime import object_cache
from mgcompile.errors import MiscompiledError, OptionError, PythonCallbackWarning
from mgcompile.runtime import quick_form
from mgcompile.runtime.early import Pending
from mgcompile.support.steps import StoppedError
from mgcore import Op, Value, grad, ops
from mgnn import MLP, optim

X = np.random.default_rng(3).normal(size=(5, 3))


def net():
    """A net of 25 parameters and three inputs: few statements."""
    model = MLP(3, [4, 2, 1], activation="tanh", seed=2)
    inputs = [Value(0.1, "a"), Value(-0.2, "b"), Value(0.3, "c")]
    return model(inputs), inputs, model.parameters()


def cholesky(count=5):
    """A formula of many kinds of numbers, each of which is a statement."""
    a, b, c = inputs = [Value(0.6, "a"), Value(0.9, "b"), Value(0.4, "c")]
    factor, found = [], 0.0
    for i in range(count):
        row = []
        for j in range(i + 1):
            far = (0.13 * i**1.3 - 0.13 * j**1.3) / a
            entry = b * ops.exp(-0.5 * far * far) + (c * c if i == j else 0.0)
            for x, y in zip(row, factor[j] if j < i else row, strict=False):
                entry = entry - x * y
            row.append(ops.sqrt(entry) if i == j else entry / factor[j][j])
        factor.append(row)
        found = found + ops.log(row[i])
    return found, inputs, []


@pytest.fixture(autouse=True)
def _few_are_many(monkeypatch):
    """Small graphs go to the machine for tapes, so that what is tested here takes no time."""
    monkeypatch.setattr(quick_form, "MANY_STATEMENTS", MANY)


MANY = 30


def near(count=5):
    return np.array([0.6, 0.9, 0.4]) + 0.01 * np.random.default_rng(1).normal(size=(count, 3))


def both(make=net, **options):
    """A kernel that is usable at once, and one that was compiled before."""
    graph = make()
    early = mgcompile.compile(*graph, cache=False, background=options.pop("background", True))
    return early, mgcompile.compile(*graph, cache=False, **options)


def bits(found):
    if isinstance(found, tuple | list):
        return tuple(bits(each) for each in found)
    return np.asarray(found).tobytes()


def pending(kernel, kind="inputs"):
    return kernel.built.early._pending.get((kind, 0))


def settle_in_background(kernel):
    """Wait until the background has nothing left to do, without taking anything over."""
    thread = kernel.built.early.worker._thread
    if thread is not None:
        thread.join()


@pytest.fixture
def slow(monkeypatch):
    """Machine code in the background is made when the event is set, no sooner."""
    gate = threading.Event()
    made = object_cache.compiled

    def compiled(text, folder):
        if threading.current_thread() is not threading.main_thread():
            assert gate.wait(60)
        return made(text, folder)

    monkeypatch.setattr(object_cache, "compiled", compiled)
    yield gate
    gate.set()


@pytest.mark.usefixtures("slow")
def test_results_are_there_before_any_machine_code_is():
    out, inputs, params = net()
    kernel = mgcompile.compile(out, inputs, params, cache=False, background=True)
    assert kernel.built.early.form.name == "interpreted"
    value, gradient = kernel.value_and_grad([0.1, -0.2, 0.3])
    assert value == pytest.approx(out.data, rel=1e-14)
    np.testing.assert_allclose(gradient, grad(out, inputs), rtol=1e-13)
    assert isinstance(kernel.built.executable("inputs"), Pending)


def test_many_statements_go_to_the_machine_for_tapes(monkeypatch):
    monkeypatch.undo()
    out, inputs, _ = cholesky(16)
    kernel = mgcompile.compile(out, inputs, cache=False, background=2)
    assert kernel.built.early.form.name == "on a tape"
    for _ in range(4):
        value, gradient = kernel.value_and_grad([0.6, 0.9, 0.4])
        assert value == pytest.approx(out.data, rel=1e-13)
        np.testing.assert_allclose(gradient, grad(out, inputs), rtol=1e-9)


@pytest.mark.parametrize("make", [net, cholesky])
@pytest.mark.parametrize("ready", [True, False])
def test_the_call_after_those_named_is_the_first_in_machine_code(make, ready, slow):
    if ready:
        slow.set()
    early, plain = both(make, background=3)
    at, found = near(), []
    for _ in range(3):
        found.append(bits(early.value_and_grad(at)))
        if ready:
            settle_in_background(early)
    slow.set()
    wanted = bits(plain.value_and_grad(at))
    assert bits(early.value_and_grad(at)) == wanted
    assert bits(early.value_and_grad(at)) == wanted
    assert len(set(found)) == 1
    assert found[0] != wanted  # else nothing was shown


def test_how_long_it_is_quick_follows_from_the_calls_alone():
    def quick_calls(count):
        kernel = mgcompile.compile(*net(), cache=False, background=True)
        rows = np.repeat(near(1), count, axis=0)
        kernel.value_and_grad(rows)
        while pending(kernel) is not None:
            calls.append(pending(kernel)._left)
            kernel.value_and_grad(rows)
        found = len(calls)
        calls.clear()
        return found

    calls = []
    one = quick_calls(1)
    assert one > 1
    assert quick_calls(1) == one
    assert 1 < quick_calls(50_000) < one


def test_a_first_call_that_takes_longer_than_compiling_is_in_machine_code():
    early, plain = both()
    rows = np.repeat(near(1), 10_000_000 // 20, axis=0)
    assert bits(early(rows)) == bits(plain(rows))
    assert pending(early, "forward") is None


@pytest.mark.parametrize("make", [net, cholesky])
def test_wait_leads_to_the_bits_of_a_plain_kernel(make):
    early, plain = both(make)
    at = near()
    early.value_and_grad(at)
    early.hessian(at[0])
    assert early.wait() is early
    assert bits(early.value_and_grad(at)) == bits(plain.value_and_grad(at))
    assert bits(early.value_and_grad(at[0])) == bits(plain.value_and_grad(at[0]))
    assert bits(early.hessian(at[0])) == bits(plain.hessian(at[0]))
    assert bits(early(at)) == bits(plain(at))  # was not called before
    assert plain.wait() is plain


def everything(kernel, params):
    at, v = near(), np.array([1.0, -2.0, 0.5])
    into = np.empty(5), np.empty((5, 3))
    found = [
        kernel(at), kernel(at[0]), kernel(at.astype(np.float32)), kernel(list(at.T)),
        kernel({"c": at[:, 2], "a": at[:, 0], "b": 0.25}), kernel.value_and_grad(at),
        kernel.value_and_grad(at[0]), kernel.value_and_grad(at, out=into),
        kernel.value_and_grad({"c": at[:, 2], "a": at[:, 0], "b": 0.25})[1]["c"],
        kernel.hvp(at, v), kernel.hessian(at), kernel.jacobian(at),
        kernel.jacobian(at, mode="forward"), kernel(np.zeros((0, 3))),
    ]  # fmt: skip
    if len(params):
        found += [
            kernel.loss_and_grad(at), kernel.loss_and_grad(at, "sum", out=np.empty(len(params))),
            kernel.jacobian(at, wrt="params", per_sample=True),
            kernel.hvp(at, kernel.params, "params"),
        ]  # fmt: skip
    return found


@pytest.mark.parametrize("make", [net, cholesky])
def test_every_kind_of_call_agrees_with_a_plain_kernel(make):
    early, plain = both(make)
    params = plain.params
    wanted = everything(plain, params)
    for found, other in zip(everything(early, params), wanted, strict=True):
        for x, y in zip(
            *(z if isinstance(z, tuple) else (z,) for z in (found, other)), strict=True
        ):
            np.testing.assert_allclose(x, y, rtol=1e-8, atol=1e-10)
    early.wait()
    assert bits(everything(early, params)) == bits(wanted)


def test_several_outputs_and_single_precision_and_checks():
    x, y = Value(1.5, "x"), Value(0.5, "y")
    graph = [x * y, ops.sin(x) / y, x - y]
    for options in ({}, {"dtype": "float32"}, {"checks": True}):
        early = mgcompile.compile(graph, [x, y], cache=False, background=2, **options)
        plain = mgcompile.compile(graph, [x, y], cache=False, **options)
        for _ in range(2):
            for found, wanted in zip(early(X[:, :2]), plain(X[:, :2]), strict=True):
                np.testing.assert_allclose(found, wanted, rtol=1e-6)
        assert bits(early(X[:, :2])) == bits(plain(X[:, :2]))
        np.testing.assert_allclose(early.jacobian(X[:, :2]), plain.jacobian(X[:, :2]), rtol=1e-5)


def test_a_recorded_data_set_is_called_and_trained():
    def graph():
        model = MLP(2, [3, 1], activation="tanh", seed=1)
        data = np.random.default_rng(0).normal(size=(20, 2)).tolist()
        return ops.sum(*[(model(row) - row[0]) ** 2 for row in data]) / 20.0, model.parameters()

    (loss, params), (other, theirs) = graph(), graph()
    early = mgcompile.compile(loss, [], params, cache=False, background=1)
    plain = mgcompile.compile(other, [], theirs, cache=False)
    np.testing.assert_allclose(early.loss_and_grad()[1], plain.loss_and_grad()[1], rtol=1e-11)
    assert bits(early.loss_and_grad()) == bits(plain.loss_and_grad())
    for kernel in (early, plain):
        kernel.train(optimizer=optim.Adam(lr=0.01), epochs=5)
        kernel.train(optimizer=optim.SGD(lr=0.01), epochs=2, batch_size=7)
    assert bits(early.params) == bits(plain.params)
    assert [p.data for p in params] == early.params.tolist()


class Own:
    """An optimiser with an update of its own."""

    lr = 0.1

    def start(self, parameters):
        def step(rate):
            for p in parameters:
                p.data -= rate * p.grad

        return step


@pytest.mark.parametrize("optimizer", [optim.SGD(lr=0.1, momentum=0.5), Own()])
def test_training_is_in_machine_code_from_its_first_update(optimizer):
    (out, inputs, params), (other, at, theirs) = net(), net()
    early = mgcompile.compile(out, inputs, params, cache=False, background=100)
    plain = mgcompile.compile(other, at, theirs, cache=False)
    early.loss_and_grad(X)  # the background begins with the same program
    for kernel in (early, plain):
        kernel.train(X, optimizer, epochs=3, batch_size=2)
    assert bits(early.params) == bits(plain.params)
    assert pending(early, "loss") is not None  # calls are as quick as they were


def test_parameters_are_those_of_the_kernel_whatever_it_runs_in():
    early, plain = both(background=2)
    out, inputs, params = net()
    stale = mgcompile.compile(out, inputs, params, cache=False, background=1)
    first = bits(plain(X))
    for p in params:  # a graph recorded before its leaves moved
        p.data = 0.0
    stale(X)
    assert bits(stale(X)) == first
    for _ in range(3):
        changed = early.params * 1.25
        early.params = plain.params = changed
        np.testing.assert_allclose(early(X), plain(X), rtol=1e-12)
    assert bits(early(X)) == bits(plain(X))


def broken(monkeypatch, background_only=True):
    build = LlvmBackend.build

    def wrong(self, program, options):
        made = build(self, program, options)
        in_main = threading.current_thread() is threading.main_thread()
        if in_main and background_only:
            return made
        return lambda inputs, count, params: tuple(
            1.001 * x + 1e-3 for x in made(inputs, count, params)
        )

    monkeypatch.setattr(LlvmBackend, "build", wrong)


def test_what_the_background_meets_with_is_raised_at_the_switch(monkeypatch):
    broken(monkeypatch)
    kernel = mgcompile.compile(*net(), cache=False, background=2)
    for _ in range(2):
        kernel.value_and_grad(X)
        settle_in_background(kernel)
    assert [check.program for check in kernel.verified.checks] == ["inputs (output 0)"]
    for _ in range(2):
        with pytest.raises(MiscompiledError, match="compiled inputs") as caught:
            kernel.value_and_grad(X)
        assert " = ops." in caught.value.script
    with pytest.raises(MiscompiledError):
        kernel.wait()


def test_wait_waits_for_all_and_raises_what_one_has_met_with(monkeypatch):
    kernel = mgcompile.compile(*net(), cache=False, background=9)
    kernel(X)
    settle_in_background(kernel)
    broken(monkeypatch)
    kernel.value_and_grad(X)
    with pytest.raises(MiscompiledError):
        kernel.wait()
    assert pending(kernel, "forward") is None
    kernel(X)


def test_a_wrong_quick_form_is_refused(monkeypatch):
    from mgcompile.autodiff import adjoints

    kernel = mgcompile.compile(*net(), cache=False, background=True)
    seed = adjoints.Adjoints.seed
    monkeypatch.setattr(adjoints.Adjoints, "seed", lambda self, array, _: seed(self, array, 1.001))
    with pytest.raises(MiscompiledError, match="derivative to input"):
        kernel.value_and_grad(X)


@pytest.mark.parametrize("make", [net, cholesky])
def test_both_forms_are_checked_and_listed_when_they_are_used(make):
    kernel = mgcompile.compile(*make(), cache=False, background=1, verify="full")
    assert kernel.verified.checks == ()
    kernel.value_and_grad(near())
    settle_in_background(kernel)
    (quick,) = kernel.verified.checks
    kernel.value_and_grad(near())
    listed = kernel.verified.checks
    assert listed[0] == quick
    assert [check.program for check in listed] == ["inputs (output 0)"] * 2
    assert all(check.compared for check in listed)
    unchecked = mgcompile.compile(*make(), cache=False, background=1, verify=False)
    for _ in range(2):
        unchecked.value_and_grad(near())
    assert unchecked.verified.checks == ()


def test_files_and_copies_are_plain_kernels(tmp_path, slow):
    early, plain = both()
    early.value_and_grad(X)  # the background is at work, and stays so
    early.save(tmp_path / "kernel")
    kernels = [
        mgcompile.load(tmp_path / "kernel"), pickle.loads(pickle.dumps(early)), copy.deepcopy(early)
    ]  # fmt: skip
    for kernel in kernels:
        assert kernel.built.early is None
        assert bits(kernel.value_and_grad(X)) == bits(plain.value_and_grad(X))
    early.export(tmp_path / "net.c")
    assert (tmp_path / "net.c").read_text()
    slow.set()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:os.fork:RuntimeWarning")  # JAX's, once it was imported
@pytest.mark.parametrize("make", [net, cholesky])
def test_a_child_of_a_fork_compiles_for_itself(make, monkeypatch):
    made = object_cache.compiled
    at_work, forked = threading.Event(), []

    def compiled(text, folder):
        if threading.current_thread() is not threading.main_thread():
            at_work.set()
            code = made(text, folder)
            time.sleep(0.2)
            forked.append(child)  # still None: the fork waits for LLVM
            return code
        return made(text, folder)

    child = None
    monkeypatch.setattr(object_cache, "compiled", compiled)
    early, plain = both(make, background=5)
    wanted = bits(plain.value_and_grad(near()))
    quick = bits(early.value_and_grad(near()))
    assert at_work.wait(60)
    child = os.fork()
    if child == 0:
        code = 1
        try:
            same = [bits(early.value_and_grad(near())) == quick for _ in range(4)]
            code = 0 if all(same) and bits(early.value_and_grad(near())) == wanted else 2
            early.loss_and_grad(near()) if make is net else None
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert forked == [None]
    assert bits(early.wait().value_and_grad(near())) == wanted


def test_threads_share_the_quick_calls_and_the_switch():
    early, plain = both(background=20)
    wanted = bits(plain.value_and_grad(X))
    first = early.value_and_grad(X)
    found, errors = [], []

    def work():
        try:
            found.extend(bits(early.value_and_grad(X)) for _ in range(10))
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert found.count(bits(first)) == 19
    assert found.count(wanted) == 61


def test_threads_that_meet_at_the_first_call_build_one_quick_form(monkeypatch):
    built = []
    checked = mgcompile.runtime.compiled_programs.Built.checked
    monkeypatch.setattr(
        mgcompile.runtime.compiled_programs.Built, "checked",
        lambda self, *args: built.append(args) or checked(self, *args),
    )  # fmt: skip
    kernel = mgcompile.compile(*net(), cache=False, background=True)
    threads = [threading.Thread(target=kernel.value_and_grad, args=(X,)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert built == [("inputs", 0)]


SCRIPT = """
import sys
sys.path.insert(0, {tests!r})
import numpy as np, mgcompile
from test_background import cholesky, near, net
from mgcompile.runtime import quick_form
quick_form.MANY_STATEMENTS = 30
make = {make}
kernel = mgcompile.compile(*make(), cache=False, background=True)
kernel.value_and_grad(near())
kernel(near())
{end}
print("done")
"""


@pytest.mark.parametrize(
    ("make", "end"),
    [("net", ""), ("cholesky", "del kernel"), ("cholesky", "raise SystemExit(print('done'))")],
)
def test_the_interpreter_ends_while_the_background_compiles(make, end):
    tests = str(Path(__file__).parent)
    text = SCRIPT.format(tests=tests, make=make, end=end)
    done = subprocess.run(
        [sys.executable, "-c", text], capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "done\n", "")


def test_a_kernel_that_is_called_while_the_interpreter_ends_still_answers():
    tests = str(Path(__file__).parent)
    end = (
        "import atexit\n"
        "kernel = mgcompile.compile(*net(), cache=False, background=2)\n"
        "atexit.register(lambda: print([len(kernel(near())) for _ in range(4)]))"
    )
    text = SCRIPT.format(tests=tests, make="net", end=end)
    done = subprocess.run(
        [sys.executable, "-c", text], capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, done.stdout) == (0, "done\n[5, 5, 5, 5]\n"), done.stderr


def test_a_kernel_that_is_collected_stops_its_background(slow):
    kernel = mgcompile.compile(*net(), cache=False, background=True)
    kernel.value_and_grad(X)
    worker, program = kernel.built.early.worker, weakref.ref(kernel.built)
    thread, job = worker._thread, pending(kernel)._job
    kept = weakref.ref(kernel)
    del kernel, worker
    assert kept() is None
    slow.set()
    thread.join(60)
    assert not thread.is_alive()
    with pytest.raises(StoppedError):
        job.wait()
    del job
    gc.collect()
    assert program() is None


def test_a_stopped_background_leaves_the_work_to_who_calls():
    early, plain = both(background=2)
    early.built.early.worker.stop()
    for _ in range(2):
        early.value_and_grad(X)
    assert bits(early.value_and_grad(X)) == bits(plain.value_and_grad(X))


def test_the_background_leaves_the_collector_as_it_is(monkeypatch):
    seen, made = [], object_cache.compiled

    def compiled(text, folder):
        seen.append((threading.current_thread() is threading.main_thread(), gc.isenabled()))
        return made(text, folder)

    monkeypatch.setattr(object_cache, "compiled", compiled)
    kernel = mgcompile.compile(*net(), cache=False, background=1)
    kernel(X)
    settle_in_background(kernel)
    assert seen == [(False, True)]


def test_warnings_of_the_background_are_given_at_the_switch_to_who_calls():
    odd = Op("odd_one", lambda x: float(x) ** 3, (lambda out, x: 3.0 * float(x) ** 2,))
    x = Value(1.5, "x")
    kernel = mgcompile.compile(odd(x) * x, [x], cache=False, background=1)
    assert kernel([1.5]) == pytest.approx(1.5**4)
    settle_in_background(kernel)
    with pytest.warns(PythonCallbackWarning, match="odd_one") as caught:
        assert kernel([1.5]) == pytest.approx(1.5**4)
    assert [warning.filename for warning in caught] == [__file__]


def test_nan_goes_to_a_guarded_twin_in_either_form():
    x = Value(1.0, "x")
    kernel = mgcompile.compile(
        ops.select(ops.gt(x, 0.0), ops.sqrt(x), 0.0), [x], cache=False, background=1
    )
    for _ in range(2):
        np.testing.assert_array_equal(
            kernel.value_and_grad(np.array([[4.0], [0.0], [-1.0]]))[1], [[0.25], [0.0], [0.0]]
        )


@pytest.mark.parametrize("options", [{"strict": True}, {"backend": "numpy"}])
def test_where_nothing_is_sooner_there_is_one_form(options):
    out, inputs, params = net()
    kernel = mgcompile.compile(out, inputs, params, cache=False, background=True, **options)
    plain = mgcompile.compile(out, inputs, params, cache=False, **options)
    assert kernel.built.early is None
    assert bits(kernel.value_and_grad(X)) == bits(plain.value_and_grad(X))
    assert kernel.wait() is kernel


def test_long_loops_and_long_tapes_are_compiled_when_they_are_called():
    def chain(x, y):
        for _ in range(3000):
            x, y = x + 0.01 * y * x, y - 0.01 * x
        return x

    kernel = mgcompile.trace(chain, 2, cache=False, background=True)
    assert kernel.built.early is None
    assert kernel.verified.checks == ()
    kernel(X[:, :2])
    assert len(kernel.verified.checks) == 1


def test_traced_functions_and_decorated_ones():
    def f(x, y):
        return ops.sin(x) * y

    traced = mgcompile.trace(f, 2, cache=False, background=1)
    decorated = mgcompile.kernel(cache=False, background=1)(f)
    plain = mgcompile.trace(f, 2, cache=False)
    for kernel in (traced, decorated):
        np.testing.assert_allclose(kernel(X[:, :2]), plain(X[:, :2]), rtol=1e-14)
        assert bits(kernel(X[:, :2])) == bits(plain(X[:, :2]))


@pytest.mark.parametrize("background", [0, -1, 1.5, "yes", None])
def test_an_impossible_background_is_refused(background):
    out, inputs, params = net()
    with pytest.raises(OptionError, match="background is "):
        mgcompile.compile(out, inputs, params, background=background)
    with pytest.raises(OptionError, match="background is "):
        mgcompile.trace(lambda x: x, 1, background=background)


def test_a_loss_of_several_outputs_is_refused_at_once():
    x = Value(1.0, "x")
    kernel = mgcompile.compile([x * x, x], [x], cache=False, background=True)
    with pytest.raises(OptionError, match="2 outputs"):
        kernel.loss_and_grad(np.ones((2, 1)))
    with pytest.raises(mgcompile.errors.InputError):
        kernel(np.ones((2, 7)))


def test_the_cache_serves_the_background(tmp_path, monkeypatch):
    monkeypatch.setenv("MGCORE_CACHE", str(tmp_path / "cache"))
    asked = []
    made = object_cache.object_code
    monkeypatch.setattr(object_cache, "object_code", lambda text: asked.append(1) or made(text))
    for _ in range(2):
        kernel = mgcompile.compile(*net(), background=1)
        kernel(X)
        kernel(X)
    assert asked == [1]
    assert llvm_backend.object_cache is object_cache
