"""Random search over the parameters of the training: draws, DVC experiments, the table and the picture."""
