"""Identifiers and times of a session's documents: the same for the same content."""

from dataprep import files

WRITTEN = {"$date": "2000-01-01T00:00:00Z"}


def object_id(name: str, role: str) -> dict[str, str]:
    """Return a MongoDB ObjectId, as extended JSON, that depends on name and role alone."""
    return {"$oid": files.sha256(f"{role}:{name}".encode())[:24]}
