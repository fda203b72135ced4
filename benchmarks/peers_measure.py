"""Seconds that CleanVision takes for a folder of images; run by benchmarks.measure, with nothing of this project.

python peers_measure.py FOLDER WORKERS
"""

import contextlib
import io
import sys
import time

from cleanvision import Imagelab


def main() -> None:
    folder, workers = sys.argv[1], int(sys.argv[2])
    with contextlib.redirect_stdout(io.StringIO()):
        start = time.perf_counter()
        Imagelab(data_path=folder).find_issues(n_jobs=workers, verbose=False)
        taken = time.perf_counter() - start
    print(taken)


if __name__ == "__main__":
    main()
