"""Text of LLVM functions: registers with operators, loops with state, modules."""
