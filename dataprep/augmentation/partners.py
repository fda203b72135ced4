"""Which other training image an image is mixed with, or put into."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dataprep.augmentation.draws import content_words, mixed, stream_key

ALONE = -1  # there is no other content


def partners(sha256: Sequence[str], copy: int, operation: str, seed: int) -> NDArray[np.int64]:
    """Return the row of each image's partner, (N,) int64; ALONE for all when there is only one content.

    Consistent hashing (Karger et al., STOC 1997): every content has a place on a ring of 2^64 places and looks for
    its partner from another; both depend on (seed, copy, operation, its sha256) alone, and the partner is the next
    other content round the ring. So a new image becomes the partner of those that find it first, and changes no other
    pair. Images of the same content are never each other's partners, and have the same one; of several with the
    partner's content it is the first row.
    """
    contents, first, content = np.unique(np.asarray(sha256, dtype=str), return_index=True, return_inverse=True)
    if len(contents) < 2:
        return np.full(len(sha256), ALONE, np.int64)
    words = content_words(contents.tolist())
    places, starts = (
        mixed(words[:, 0] ^ stream_key(seed, copy, f"{operation} {end}")).numpy() for end in ("place", "start")
    )
    order = np.argsort(places, kind="stable")
    found = np.searchsorted(places[order], starts) % len(order)
    itself = order[found] == np.arange(len(order))
    found = (found + itself) % len(order)
    return first[order[found]][content]
