"""Check what was compiled before it is handed out, by an evaluation that shares nothing with it.

Nothing here reads a program or runs a pass: the captured graph is evaluated node by node, by the
ops' own rules, and the numbers are compared.
"""
