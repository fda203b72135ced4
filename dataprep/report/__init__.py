"""The data-set report: Markdown with pictures, metrics JSON and the data files for DVC plots."""
