"""Training a network: batches, precision, optimizers, one step, the whole course, inference, saved weights."""
