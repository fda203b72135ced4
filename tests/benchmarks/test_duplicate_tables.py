"""Tables from small made-up figures."""

from typing import Any

from benchmarks.duplicate_tables import report

MACHINE = {"processor": "P, 2 cores", "python": "3.11"}
RANKED = {"r_precision": 0.5, "recall_2p": 0.625, "recall_5p": 1.0, "wall_seconds": 12.34}
LINE = {"planted": 4, "hits": 3, "false": 1, "precision": 0.75, "recall": 0.75}


def test_tables_have_the_given_figures() -> None:
    flags = {"pairs": 5, "listed": 3, "recall": 0.75}
    values: dict[str, Any] = {
        "seed": 7,
        "machine": MACHINE,
        "leaks": {
            "images": 25026,
            "listed": 4,
            "steps": {"ingest": {"wall_seconds": 1.0, "cpu_seconds": 0.5}},
            "methods": {
                "dataprep": RANKED | {"flagged": {"groups": flags}},
                "other": RANKED | {"version": "1.2", "peak_bytes": 3 * 2**30, "flagged": {}},
            },
        },
        "left_out": {"fastdup": "not installed"},
        "copies": {
            "animals": LINE
            | {
                "edits": {"flip": LINE | {"precision": None}},
                "originals": 4,
                "wall_seconds": 2.0,
                "false_between_originals": 1,
                "left_out_flagged_alone": 2,
                "left_out_known": 3,
            }
        },
        "scale": [
            {
                "images": 25000,
                "wall_seconds": 9.0,
                "cpu_seconds": 8.0,
                "peak_bytes": 2**30,
                "before_bytes": 2**29,
                "recall": 0.9,
                "recalls": {"shift": 0.8},
                "other_pairs": 6,
            }
        ],
        "growth_exponent": None,
        "nearest": {
            "k": 10,
            "rows": 50000,
            "width": 512,
            "threads": 2,
            "runs": [
                {"method": "dataprep", "wall_seconds": 1.0, "cpu_seconds": 2.0, "peak_bytes": 2**20, "agreement": 1.0},
                {"method": "bare", "wall_seconds": 0.5, "cpu_seconds": 1.0, "peak_bytes": 2**20, "agreement": None},
            ],
        },
    }
    text = report(values)
    for line in (
        "| dataprep | 0.500 | 0.625 | 1.000 | 12.3 |  |",
        "| other 1.2 | 0.500 | 0.625 | 1.000 | 12.3 | 3,072 |",
        "| dataprep | groups | 5 | 3 | 0.750 |",
        "| flip | 4 | 3 | 1 |  | 0.750 |",
        "| **all** | 4 | 3 | 1 | 0.750 | 0.750 |",
        "| 25,000 | 9.0 | 8.0 | 1,024 | 512 | 0.900 | 0.800 | 6 |  |  |  |",
        "| bare | 0.5 | 1.0 | 1 |  |",
        "Left out: fastdup, not installed",
        "Seed 7. processor P, 2 cores, python 3.11",
    ):
        assert line in text.splitlines()
    assert "power" not in text
    assert "seconds grow with images to the power of 1.50" in report(values | {"growth_exponent": 1.5})


def test_what_was_not_measured_has_no_table() -> None:
    assert report({"seed": 0, "machine": MACHINE}) == "Seed 0. processor P, 2 cores, python 3.11"
