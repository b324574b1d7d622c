"""Name the processor that code is generated for, as far as code generation depends on it."""

from __future__ import annotations

import llvmlite.binding as llvm
from attrs import frozen

_ELEMENT_BITS = {"float64": 64, "float32": 32}


@frozen
class Target:
    """Say how wide the vectors are and whether a fused multiply-add is one instruction.

    Attributes:
        cpu: LLVM's name of the processor.
        features: LLVM's feature string, such as ``"+avx2,+fma"``.
        vector_bits: the width of one vector register, in bits.
        fma: whether ``a * b + c`` with one rounding is one instruction.
    """

    cpu: str
    features: str
    vector_bits: int
    fma: bool

    def lanes(self, dtype: str) -> int:
        """Return how many elements of a dtype (``"float64"``, ``"float32"``) fill a register."""
        return self.vector_bits // _ELEMENT_BITS[dtype]


def host_target() -> Target:
    """Describe the processor that this program runs on.

    Returns:
        The target: 512-bit vectors with AVX-512, 256 with AVX2, else 128 (SSE2, NEON).
    """
    features = dict(llvm.get_host_cpu_features())
    arm = llvm.get_default_triple().startswith(("aarch64", "arm64"))
    if features.get("avx512f") and features.get("avx512dq"):
        bits = 512
    elif features.get("avx2"):
        bits = 256
    else:
        bits = 128
    flags = ",".join(f"{'+' if on else '-'}{name}" for name, on in sorted(features.items()))
    return Target(llvm.get_host_cpu_name(), flags, bits, arm or bool(features.get("fma")))
