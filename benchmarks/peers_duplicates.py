"""Rank pairs of image files with another package. benchmarks.peers runs this with any interpreter.

peers_duplicates.py phash|fastdup FOLDER OUT.json

OUT.json: {"version", "pairs": [[name, name, score]...] best first (higher is closer), "seconds": {step: wall},
"peak_bytes"}. FOLDER holds images and no subfolder. Exit status 3: the package cannot be imported.
"""

import json
import os
import resource
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

BITS = 16  # of 64: pairs up to that far apart are ranked; imagededup's default of 10 finds too few to rank
NEIGHBORS = 5
LEAST_COSINE = 0.5
MOST_PAIRS = 500_000


def phash(folder: Path) -> dict:
    from imagededup.methods import PHash

    hasher = PHash(verbose=False)
    start = time.perf_counter()
    hashes = hasher.encode_images(image_dir=str(folder))
    encoded = time.perf_counter()
    found = hasher.find_duplicates(encoding_map=hashes, max_distance_threshold=BITS, scores=True)
    searched = time.perf_counter()
    pairs = {tuple(sorted((one, other))): -int(bits) for one, others in found.items() for other, bits in others}
    return {
        "version": version("imagededup"),
        "pairs": [[*names, score] for names, score in pairs.items()],
        "seconds": {"encode": encoded - start, "search": searched - encoded},
    }


def fastdup(folder: Path) -> dict:
    os.environ["SENTRY_OPT_OUT"] = "1"
    import fastdup
    import pandas

    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as work:
        fastdup.run(str(folder), work_dir=work, nearest_neighbors_k=NEIGHBORS, threshold=LEAST_COSINE)
        spent = time.perf_counter() - start
        table = pandas.read_csv(Path(work) / "similarity.csv")
    pairs: dict = {}
    for one, other, cosine in table[["from", "to", "distance"]].itertuples(index=False):
        key = tuple(sorted((Path(one).name, Path(other).name)))
        pairs[key] = max(float(cosine), pairs.get(key, -1.0))
    return {
        "version": version("fastdup"),
        "pairs": [[*names, score] for names, score in pairs.items() if names[0] != names[1]],
        "seconds": {"run": spent},
    }


def peak_bytes() -> int:
    """Return the most that this process or an ended child held; see benchmarks.machine.peak_bytes."""
    peaks = [resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss]
    status = Path("/proc/self/status")
    if status.exists():
        peaks += [int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM:")]
    else:
        peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    return max(peaks) * 1024


def main() -> None:
    method, folder, out = sys.argv[1:]
    try:
        found = {"phash": phash, "fastdup": fastdup}[method](Path(folder))
    except ImportError as error:
        print(f"{method} is not installed here: {error}", file=sys.stderr)
        sys.exit(3)
    found["pairs"] = sorted(found["pairs"], key=lambda pair: (-pair[2], pair[:2]))[:MOST_PAIRS]
    Path(out).write_text(json.dumps(found | {"peak_bytes": peak_bytes()}))


if __name__ == "__main__":
    main()
