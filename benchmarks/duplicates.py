"""Near duplicates: how well and how fast they are found, beside other packages in the same run.

python -m benchmarks.duplicates --data FOLDER [--animals FOLDER] [--sample N] [--peers PYTHON] [--peer phash,fastdup]
    [--scale 25000,100000,400000] [--nearest 50000] [--parts leaks,copies] [--seed N] [--json FILE]

FOLDER holds train.parquet in the Hugging Face image layout; with test.parquet and leaks.csv (test_index, train_index;
the tables have a column index) pairs across splits are ranked. Copies are made by known edits of a sample of those
images and of the photographs in class folders in FOLDER/../animals, where that exists. --scale and --nearest measure
the search alone.
"""

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from benchmarks import machine
from benchmarks.copies import class_folders, found_copies, sampled
from benchmarks.duplicate_tables import report
from benchmarks.leaks import FILES, LIST, annotated, leaks, sources
from benchmarks.nearest import compared
from benchmarks.peers import PEERS, peers
from benchmarks.scale import KINDS, PLANTED, exponent, scaled
from dataprep import pixels
from dataprep.config import load

ROOT = Path(__file__).parent.parent
PARTS = ("leaks", "copies")
SIDE = 32  # px, of the pictures for --scale
FEWEST = round(len(KINDS) / PLANTED)
WIDTH, NEIGHBORS = 512, 10
PACKAGES = ("dataprep", "torch", "numpy", "polars", "pillow", "faiss-cpu", "scikit-learn")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--animals", type=Path)
    parser.add_argument("--sample", type=int, default=2000, help="images of FOLDER that copies are made of")
    parser.add_argument("--parts", type=_words, default=PARTS, help="of leaks,copies; none for the search alone")
    parser.add_argument("--peers", metavar="PYTHON", default=sys.executable, help="interpreter that has the packages")
    parser.add_argument("--peer", type=_words, default=tuple(PEERS), help="of phash,fastdup; none for none")
    parser.add_argument("--scale", type=_numbers, default=(), help="numbers of images, such as 25000,100000,400000")
    parser.add_argument("--nearest", type=int, default=0, metavar="N", help="so many vectors for the exact search")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="of --nearest")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    _check(parser, chosen)
    values = measured(chosen)
    print(report(values))
    if chosen.json:
        chosen.json.write_text(json.dumps(values, indent=2) + "\n")


def measured(chosen: argparse.Namespace) -> dict[str, Any]:
    """Return all figures; those of dataprep's ranking stand under the plain keys as well."""
    values: dict[str, Any] = {"seed": chosen.seed, "machine": machine.description(*machine.installed(*PACKAGES))}
    if "leaks" in chosen.parts and annotated(chosen.data):
        with tempfile.TemporaryDirectory() as folder:
            values["leaks"] = leaks(chosen.data, Path(folder))
        others, values["left_out"] = peers(chosen.data, chosen.peers, chosen.peer)
        values["leaks"]["methods"] |= others
        ours = values["leaks"]["methods"]["dataprep"]
        values |= {key: ours[key] for key in ("r_precision", "recall_2p", "recall_5p")}
        values["seconds"] = ours["wall_seconds"]
    elif "leaks" in chosen.parts:
        values["left_out"] = {"ranking across splits": f"{chosen.data} lacks one of {', '.join((*FILES, LIST))}"}
    if "copies" in chosen.parts:
        values["copies"] = _copies(chosen)
    if chosen.scale:
        with tempfile.TemporaryDirectory() as folder:
            bases = _squares(_rows(chosen.data))
            values["scale"] = [scaled(bases, count, chosen.seed, Path(folder)) for count in chosen.scale]
        values["growth_exponent"] = exponent(values["scale"])
    if chosen.nearest:
        task = {"rows": chosen.nearest, "width": WIDTH, "k": NEIGHBORS, "threads": chosen.threads}
        values["nearest"] = task | {"runs": compared(**task, seed=chosen.seed)}
    return values


def _copies(chosen: argparse.Namespace) -> dict[str, Any]:
    """Return what is found of the copies of a sample of the data and of the animals, by a name for each."""
    rows = sampled(_rows(chosen.data), chosen.sample, chosen.seed)
    beside = chosen.data.resolve().parent / "animals"
    animals = chosen.animals or (beside if beside.is_dir() else None)
    sets = {f"sample of {chosen.data.name}": (rows, _known(chosen.data))}
    if animals:
        sets["animals"] = (class_folders(animals), set())
    found = {}
    for name, (originals, known) in sets.items():
        with tempfile.TemporaryDirectory() as folder:
            found[name] = found_copies(originals, known, chosen.seed, Path(folder))
    return found


def _rows(data: Path) -> pl.DataFrame:
    """Return image_id, bytes and label of the data's images, of both splits where there are two."""
    if annotated(data):
        return sources(data).select("image_id", "bytes", label=pl.col("label_clean").cast(pl.String))
    table = pl.read_parquet(data / FILES[0])
    struct = pl.col("image").struct
    return table.select(
        struct.field("path").alias("image_id"), struct.field("bytes"), label=pl.col("label_clean").cast(pl.String)
    ).sort("image_id")


def _known(data: Path) -> set[tuple[str, str]]:
    """Return the listed pairs as image_ids, the smaller first; none without a list."""
    if not annotated(data):
        return set()
    rows = sources(data)
    name = {(test, index): image_id for image_id, test, index in rows.select("image_id", "test", "index").iter_rows()}
    pairs = pl.read_csv(data / LIST).select("test_index", "train_index").rows()
    return {
        tuple(sorted((name[True, test], name[False, train])))
        for test, train in pairs
        if (True, test) in name and (False, train) in name
    }


def _squares(rows: pl.DataFrame) -> NDArray[np.uint8]:
    """Return (N, SIDE, SIDE, 3) pixels of the rows' images."""
    params = load(ROOT / "params.yaml").measure
    return np.stack(
        [
            pixels.square(
                pixels.decode(data, params.max_pixels, params.background), SIDE, params.fit, params.background
            )
            for data in rows["bytes"]
        ]
    )


def _check(parser: argparse.ArgumentParser, chosen: argparse.Namespace) -> None:
    if not (chosen.data / FILES[0]).is_file():
        parser.error(f"there is no {FILES[0]} in {chosen.data}; point --data at the folder that has it")
    if any(count < FEWEST for count in chosen.scale):
        parser.error(f"--scale: {FEWEST} images are the fewest that have a copy of each kind")
    for option, given, allowed in (("--parts", chosen.parts, PARTS), ("--peer", chosen.peer, tuple(PEERS))):
        unknown = [name for name in given if name not in allowed]
        if unknown:
            parser.error(f"{option}: there is no {', '.join(unknown)}; choose of {', '.join(allowed)}, or none")


def _words(text: str) -> tuple[str, ...]:
    return () if text == "none" else tuple(text.split(","))


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in text.split(","))


if __name__ == "__main__":
    main()
