"""Small neural networks made of registered ops: neurons, losses, optimisers, training."""

from mgnn import losses, optim
from mgnn.errors import StopTraining
from mgnn.layers import MLP, Layer, Neuron
from mgnn.module import Module
from mgnn.training import Epoch, History, fit

__all__ = [
    "MLP",
    "Epoch",
    "History",
    "Layer",
    "Module",
    "Neuron",
    "StopTraining",
    "fit",
    "losses",
    "optim",
]
