"""Pictures of graphs, of backpropagation and of training.

>>> from mgcore import Value
>>> import mgview
>>> a, b = Value(2.0, label="a"), Value(-3.0, label="b")
>>> mgview.draw(a * b)
Drawing(title='Graph: 3 nodes')
"""

from mgview.drawing import Drawing, draw
from mgview.errors import ViewError
from mgview.network import Network, network
from mgview.playground import Playground, playground
from mgview.stepper import Stepper, stepper

__all__ = [
    "Drawing",
    "Network",
    "Playground",
    "Stepper",
    "ViewError",
    "draw",
    "network",
    "playground",
    "stepper",
]
