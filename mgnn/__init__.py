"""Small neural networks made of registered ops: neurons, losses, optimisers, training."""

from mgnn import losses, optim
from mgnn.errors import StopTraining
from mgnn.functional import attention, rmsnorm, softmax
from mgnn.history import Epoch, History
from mgnn.layers import MLP, Layer, Neuron
from mgnn.modelfile import load, save
from mgnn.module import Module
from mgnn.onnx_file import export_onnx
from mgnn.prediction import predict
from mgnn.sequence import Embedding, Linear, MultiHeadAttention, RMSNorm
from mgnn.stopping import EarlyStopping
from mgnn.training import Trainer, fit

__all__ = [
    "MLP",
    "EarlyStopping",
    "Embedding",
    "Epoch",
    "History",
    "Layer",
    "Linear",
    "Module",
    "MultiHeadAttention",
    "Neuron",
    "RMSNorm",
    "StopTraining",
    "Trainer",
    "attention",
    "export_onnx",
    "fit",
    "load",
    "losses",
    "optim",
    "predict",
    "rmsnorm",
    "save",
    "softmax",
]
