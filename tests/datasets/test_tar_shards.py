import io
import json
import tarfile
from pathlib import Path

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from dataprep.datasets.tar_shards import BLOCK, headers, write_tar
from tests.datasets.builders import picture

NAMES = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=100)


@given(st.lists(st.tuples(NAMES, st.integers(0, 8 * 2**30 - 1)), min_size=1, max_size=5))
def test_headers_are_those_of_the_standard_library(members: list[tuple[str, int]]) -> None:
    names, sizes = zip(*members, strict=True)
    made = headers(np.array(names, "S100").view(np.uint8).reshape(-1, 100), np.array(sizes, np.int64))
    for row, name, size in zip(made, names, sizes, strict=True):
        info = tarfile.TarInfo(name)
        info.size, info.uname, info.gname = size, "root", "root"
        expected = bytearray(info.tobuf(tarfile.USTAR_FORMAT))
        expected[329:345] = bytes(16)  # device numbers, of which a regular file has none
        ours = bytearray(row.tobytes())
        assert ours[:148] == expected[:148]
        assert ours[156:] == expected[156:]
        assert tarfile.TarInfo.frombuf(bytes(ours), "ascii", "strict").size == size, "its checksum is right"


def test_members_are_read_back_by_the_standard_library(tmp_path: Path) -> None:
    kinds = ["JPEG", "PNG", "GIF", "BMP", "TIFF", None]
    data = [picture(n, kind or "PPM") for n, kind in enumerate(kinds)]
    shard = pl.DataFrame(
        {
            "image_id": [f'{n}/ü "x"\n' for n in range(6)],
            "label": list("abbaab"),
            "given_label": list("aaaaaa"),
            "sha256": ["0" * 64] * 6,
            "reason": [None, "a, b: c", None, None, None, None],
            "decided_by": None,
            "format": kinds,
            "data": data,
        },
        schema_overrides={"decided_by": pl.String},
    )
    begins = write_tar(shard, ["a", "b"], 40, tmp_path / "x.tar")
    whole = (tmp_path / "x.tar").read_bytes()
    assert len(whole) % (20 * BLOCK) == 0
    with tarfile.open(fileobj=io.BytesIO(whole)) as archive:
        members = {member.name: archive.extractfile(member).read() for member in archive}  # type: ignore[union-attr]
        assert {(m.mtime, m.mode, m.uid, m.gid, m.type) for m in archive} == {(0, 0o644, 0, 0, b"0")}
    for n, (begin, suffix) in enumerate(zip(begins, ["jpg", "png", "gif", "bmp", "tif", "bin"], strict=True)):
        key = f"{40 + n:09d}"
        assert members[f"{key}.{suffix}"] == data[n] == whole[begin : begin + len(data[n])]
        assert members[f"{key}.cls"] == str("ab".index(shard["label"][n])).encode()
        assert json.loads(members[f"{key}.json"])["image_id"] == shard["image_id"][n]
    assert len(members) == 18
