"""Which files of the repository a module imports, directly or not."""

import ast
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGES = ("dataprep", "stages")


def imported_files(module: str) -> set[str]:
    """Return the repository's files, as relative POSIX paths, that importing `module` runs."""
    found: set[str] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        for path in _files_of(name):
            relative = path.relative_to(ROOT).as_posix()
            if relative not in found:
                found.add(relative)
                waiting += _imports(path)
    return found


def _files_of(name: str) -> list[Path]:
    """A module's own file and the __init__ of every package above it; nothing for what is no module."""
    parts = name.split(".")
    if parts[0] not in PACKAGES:
        return []
    files = [ROOT.joinpath(*parts[:depth], "__init__.py") for depth in range(1, len(parts) + 1)]
    files.append(ROOT.joinpath(*parts).with_suffix(".py"))
    return [path for path in files if path.is_file()]


def _imports(path: Path) -> list[str]:
    names = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [node.module] + [f"{node.module}.{alias.name}" for alias in node.names]
    return names
