"""A playground: build a net of two inputs, train it, and look into every neuron of it."""

from mgview.playground.errors import BadPlaygroundError
from mgview.playground.playground import Playground, playground

__all__ = ["BadPlaygroundError", "Playground", "playground"]
