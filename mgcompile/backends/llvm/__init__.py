"""Programs as machine code: LLVM IR text, compiled through llvmlite."""
