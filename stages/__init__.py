"""Thin stages: read params, call one library function, write outputs. dvc.yaml names the files."""

import os

# Here, because it must be set before matplotlib is imported: its font cache stays in the repository.
os.environ.setdefault("MPLCONFIGDIR", ".cache/matplotlib")
