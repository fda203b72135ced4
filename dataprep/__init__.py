"""Find, review, correct, normalize and version image classification data.

The library knows no DVC and no fixed paths; `stages/` and `dvc.yaml` wire it up.
"""
