"""Random graphs of every structure against truth of their own: see the modules, in this order.

`graphs` (a graph as data), `kinds` (the structures), `truth` (values and derivatives by formulas
written here, and what rounding may do to them), `modes` (the ways to compute them), `judge`
(compares), `reduction` (makes a failing graph small), `known` (faults that wait to be mended).
"""
