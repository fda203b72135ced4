"""Augmented copies of training images, each drawn from its own content and the seed.

`operations.OPERATIONS` lists what can be done, `draws.draw` and `draws.fixed` choose strengths, `operations.augment`
applies them.
"""
