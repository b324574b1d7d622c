"""Send a kernel to other processes, small, and let each of them compile it once.

What travels is the kernel's state and, beside it, the object code that the sender has compiled and
checked. A process with the same processor keeps that code in its own cache and compiles nothing;
any other compiles and checks for itself. Whoever has opened a shipment once finds the kernel again
by the shipment's content.
"""

from __future__ import annotations

import functools
import hashlib
import os
import pickle
import platform
import threading
import zlib
from importlib import metadata
from typing import TYPE_CHECKING, Any

import attrs

from mgcompile.backends.llvm.runtime.jit import host
from mgcompile.backends.llvm.runtime.object_cache import keep
from mgcompile.errors import ClusterError, KernelFileError, ShippingError
from mgcompile.runtime.kernel import Kernel
from mgcompile.support.cache_dir import cache_folder
from mgcore.errors import PickleError, PluginError, UnknownOpError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mgcompile.program.optimizer import OptimizerSpec

__all__ = ["Shipment", "check_versions", "opened", "packed", "threads_for", "versions"]

_PACKAGES = ("mgcore", "numpy", "llvmlite")
_KERNELS = 64
"""That a process keeps; the one not used for longest goes first."""


@attrs.frozen(slots=True)
class Shipment:
    """A kernel on its way.

    Args:
        content: The pickled state of the kernel, compressed.
        versions: Of whoever packed it: pairs of name and version.
        processor: The key of the processor that the object code is for; "" without any.
        objects: Object code: pairs of key and code.
    """

    content: bytes = attrs.field(repr=False)
    versions: tuple[tuple[str, str], ...]
    processor: str
    objects: tuple[tuple[str, bytes], ...] = attrs.field(repr=False)

    @property
    def name(self) -> str:
        """Return a name that differs wherever the content does."""
        digest = hashlib.sha256(self.content)
        for key, _ in self.objects:
            digest.update(key.encode())
        return f"mgcompile-kernel-{digest.hexdigest()[:32]}"


def packed(
    kernel: Kernel, kinds: Iterable[str] = ("forward",), rule: OptimizerSpec | None = None
) -> Shipment:
    """Return a kernel, with its parameters as they are now, ready to be sent.

    Args:
        kernel: What to send.
        kinds: Whose object code goes along: "forward", "inputs", "loss", as `Built.derived` has
            them.
        rule: Of a training loop whose object code goes along too.

    Raises:
        ShippingError: naming an op that does not pickle.
    """
    try:
        content = zlib.compress(pickle.dumps(kernel.__getstate__()))
    except (PickleError, pickle.PicklingError, TypeError, AttributeError) as error:
        message = (
            f"the kernel cannot be sent to other processes: {error}. Declare the op under the "
            "entry points mgcore.ops of a package that every worker has installed"
        )
        raise ShippingError(message) from error
    objects: dict[str, bytes] = {}
    for kind in kinds:
        for output in range(kernel.built.n_outputs if kind == "inputs" else 1):
            objects |= kernel.built.object_code(kind, output)
    if rule is not None:
        objects |= kernel.built.object_code("loss", rule=rule)
    processor = host().key if objects else ""
    return Shipment(content, versions(), processor, tuple(objects.items()))


def opened(shipment: Shipment) -> Kernel:
    """Return the kernel of a shipment: made by the first call in a process, found by all others.

    Raises:
        ClusterError: if this process has other versions than the sender, or lacks an op.
    """
    with _opening:  # two threads of a worker compile it once
        return _opened(shipment)


_opening = threading.Lock()


@functools.lru_cache(maxsize=_KERNELS)
def _opened(shipment: Shipment) -> Kernel:
    check_versions(shipment.versions, versions(), whereabouts())
    try:
        state: dict[str, Any] = pickle.loads(zlib.decompress(shipment.content))  # noqa: S301 - Dask's workers trust their clients
    except (UnknownOpError, PluginError) as error:
        message = (
            f"{whereabouts()} cannot open the kernel: {error}. Install the op's package there, as "
            "on the client"
        )
        raise ClusterError(message) from error
    options = state["options"]
    state["options"] = attrs.evolve(options, threads=threads_for(options.threads))
    folder = cache_folder() if state["cached"] else None
    if folder is not None and shipment.objects and shipment.processor == host().key:
        keep(dict(shipment.objects), folder)
        state["proof"] = None  # the sender has checked this very code
    kernel = Kernel.__new__(Kernel)
    try:
        kernel.__setstate__(state)
    except KernelFileError as error:
        raise ClusterError(f"{whereabouts()} cannot open the kernel: {error}") from error
    return kernel


def threads_for(wanted: int) -> int:
    """Return how many threads a kernel may use here, so that a machine is not given twice.

    A worker of several threads runs as many kernels at once, so each gets its share of the
    processors; and OMP_NUM_THREADS, which Dask's nannies set to 1, holds as it does for BLAS.
    """
    worker = _worker()
    if worker is None:
        return wanted
    share: int = max(1, (os.cpu_count() or 1) // worker.state.nthreads)
    most = os.environ.get("OMP_NUM_THREADS", "")
    return max(1, min(wanted, share, int(most) if most.isdigit() else share))


@functools.cache
def versions() -> tuple[tuple[str, str], ...]:
    """Return what client and workers have to have alike: pairs of name and version."""
    found = [("python", ".".join(platform.python_version_tuple()[:2]))]
    for name in _PACKAGES:
        try:
            found.append((name, metadata.version(name)))
        except metadata.PackageNotFoundError:
            continue
    return tuple(found)


def check_versions(
    client: Iterable[tuple[str, str]], worker: Iterable[tuple[str, str]], where: str
) -> None:
    """Compare versions.

    Raises:
        ClusterError: naming every package that differs, and where.
    """
    here, there = dict(client), dict(worker)
    different = [
        f"{name} {there.get(name, 'not at all')} (the client has {here.get(name, 'none')})"
        for name in dict.fromkeys([*here, *there])
        if here.get(name) != there.get(name)
    ]
    if different:
        message = (
            f"{where} has {', '.join(different)}; install the same versions on the client and on "
            "every worker"
        )
        raise ClusterError(message)


def whereabouts() -> str:
    """Return how an error calls this process."""
    worker = _worker()
    return "this process" if worker is None else f"the worker {worker.address}"


def _worker() -> Any:
    """Return the worker that runs this, or None outside of one."""
    try:
        from distributed import get_worker

        return get_worker()
    except (ImportError, ValueError):
        return None
