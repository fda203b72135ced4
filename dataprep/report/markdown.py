"""The report's Markdown is that of all pages: see `dataprep.markdown`."""

from dataprep.markdown import JOINERS, code, count, details, escape, picture, share, shorten, spelled, table, visible

__all__ = [
    "JOINERS",
    "code",
    "count",
    "details",
    "escape",
    "picture",
    "share",
    "shorten",
    "spelled",
    "table",
    "visible",
]
