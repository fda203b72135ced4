"""Thin stages: read params, call one library function, write outputs. dvc.yaml names the files."""
