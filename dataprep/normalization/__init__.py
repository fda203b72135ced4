"""Pixel scale and contrast brought to a norm: pure functions, modules, and what is fitted on the training split."""
