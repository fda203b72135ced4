"""How figures of several seeds are written."""

import statistics


def spread(values: list[float], digits: int = 3) -> str:
    """Return mean ± standard deviation (n - 1); 0 of a single value.

    >>> spread([1.0, 2.0, 3.0], 1)
    '2.0 ± 1.0'
    """
    deviation = statistics.stdev(values) if len(values) > 1 else 0.0
    return f"{statistics.mean(values):.{digits}f} ± {deviation:.{digits}f}"
