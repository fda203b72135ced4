"""Seconds that albumentations takes for random pictures; run by benchmarks.augment, with nothing of this project.

python peers_augment.py SIDE COUNT LEAST_AREA MOST_AREA FACTOR TURNS

Prints "ready", then, for every line that it reads, CPU seconds and seconds of one turn.
"""

import sys
import time

import albumentations as A
import numpy as np


def main() -> None:
    side, count = int(sys.argv[1]), int(sys.argv[2])
    least, most, factor, turns = map(float, sys.argv[3:])
    pictures = list(np.random.default_rng(0).integers(0, 256, (count, side, side, 3), np.uint8))
    work = A.Compose(
        [
            A.HorizontalFlip(p=0.5),
            A.RandomResizedCrop((side, side), scale=(least, most), ratio=(1.0, 1.0), p=1.0),
            A.ColorJitter(*[(1 - factor, 1 + factor)] * 3, hue=(-turns, turns), p=1.0),
        ],
        seed=0,
    )
    work(image=pictures[0])
    print("ready", flush=True)
    for _ in sys.stdin:
        cpu, wall = time.process_time(), time.perf_counter()
        for picture in pictures:
            work(image=picture)
        print(time.process_time() - cpu, time.perf_counter() - wall, flush=True)


if __name__ == "__main__":
    main()
