"""The problems of gradbench.py: the same formulas for every system, one problem a module.

The definitions are those of GradBench (https://github.com/gradbench/gradbench), which took gmm, ba
and lstm from ADBench; the code is our own. Every module has

- `SIZES`, by name; "tiny" is for the tests,
- `instance(*size)`, the numbers,
- `loss(library, params, data, size)`, on arrays, for JAX, PyTorch and autograd,
- `mgcore(instance)` and `casadi(instance)`, which build it in scalars and give the two functions
  to be timed: one returns the value, the other the value and its derivatives to `params`.
"""
