"""Run tapes: instructions without structure, interpreted over tiles of samples.

LLVM's time grows faster than the length of straight-line code. So a tape becomes data: a stream of
opcodes and places, which a small machine works off, one instruction for all samples of a tile at a
time. The machine is compiled for the opcodes that the tape has.
"""
