"""Join pairs of copies into groups in which every picture is a copy of every other."""

from collections.abc import Callable

import numpy as np

LARGEST = 1000  # pictures in a group; what would make it larger starts another

Alike = Callable[[np.ndarray, np.ndarray], np.ndarray]  # rows, rows -> bool: are these pairs copies?


def link_completely(count: int, left: np.ndarray, right: np.ndarray, closeness: np.ndarray, alike: Alike) -> np.ndarray:
    """Return a group number per picture, -1 for none, by greedy complete linkage of the given pairs.

    Pairs are taken from the closest on (ties by row); two groups are joined only when every pair across them is given
    or `alike`, so that a chain of weak links joins nothing, and no group has more than 1,000 pictures.
    """
    known: dict[int, set[int]] = {}
    for a, b in zip(left.tolist(), right.tolist(), strict=True):
        known.setdefault(a, set()).add(b)
        known.setdefault(b, set()).add(a)
    apart: dict[int, set[int]] = {}
    group_of = np.arange(count)
    members: dict[int, set[int]] = {}
    for pair in np.lexsort((right, left, -closeness)):
        a, b = int(group_of[left[pair]]), int(group_of[right[pair]])
        if a == b or b in apart.get(a, ()):
            continue
        ours, theirs = members.get(a, {a}), members.get(b, {b})
        if len(ours) + len(theirs) > LARGEST or not _all_alike(ours, theirs, known, alike):
            apart.setdefault(a, set()).add(b)
            apart.setdefault(b, set()).add(a)
            continue
        members[a] = ours | theirs
        members.pop(b, None)
        group_of[list(theirs)] = a
        for enemy in apart.pop(b, set()):
            apart.setdefault(a, set()).add(enemy)
            apart.setdefault(enemy, set()).add(a)
    sizes = np.bincount(group_of, minlength=count)
    return np.where(sizes[group_of] > 1, group_of, -1)


def _all_alike(ours: set[int], theirs: set[int], known: dict[int, set[int]], alike: Alike) -> bool:
    pairs = [(x, y) for x in sorted(ours) for y in sorted(theirs - known.get(x, set()))]
    if not pairs:
        return True
    left, right = np.array(pairs).T
    return bool(alike(left, right).all())
