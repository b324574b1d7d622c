"""Code and its constants lie together, however full the process's memory is."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

SCRIPT = """
    import ctypes

    from mgcompile.backends.llvm.runtime.jit import LoadedCode, object_code

    factors = [1.0 + (i % 97) / 128 for i in range(6000)]  # much code, few constants
    steps = [f"%v{i + 1} = fsub double %v{i}, {x!r}" for i, x in enumerate(factors)]
    body = chr(10).join(steps)
    ir = f"define double @f(double %v0) {{ {chr(10)}{body}{chr(10)} ret double %v6000 }}"
    code = object_code(ir)
    LoadedCode.load(code, ["f"])

    libc = ctypes.CDLL(None)
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = [ctypes.c_void_p, *[ctypes.c_size_t] * 5]
    libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
    reserve = lambda size: libc.mmap(None, size, 0, 0x4022, 2**64 - 1, 0)

    # 4 GiB in one piece; whatever holes are above it are filled; then holes of one page at its end
    block = reserve(4 << 30)
    for size in (1 << k for k in range(26, 11, -1)):
        while (found := reserve(size)) > block:
            pass
        libc.munmap(found, size)
    for i in range(64):
        libc.munmap(block + (4 << 30) - (1 << 20) - i * (1 << 20), 4096)

    libraries = [LoadedCode.load(code, ["f"]) for _ in range(4)]
    number = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_double)
    print([number(library.addresses["f"])(0.0) for library in libraries])
    print(-sum(factors))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="lays memory out as Linux does")
def test_code_is_linked_where_memory_has_only_small_holes_left_nearby():
    command = [sys.executable, "-c", textwrap.dedent(SCRIPT)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    found, wanted = done.stdout.splitlines()
    assert found == f"[{', '.join([wanted] * 4)}]"
