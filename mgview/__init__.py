"""Pictures of graphs, of backpropagation and of training."""
