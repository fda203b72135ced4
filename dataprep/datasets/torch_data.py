"""What torch trains on: the shards, mapped into memory, in any order.

Pages come from the system's cache, shared by all worker processes; nothing is kept open across a fork or a pickle.
"""

import hashlib
import mmap
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from dataprep import decoding, pixels
from dataprep.datasets.manifest import check_digests
from dataprep.datasets.reader import DataSet, damaged
from dataprep.errors import DataprepError

Item = tuple[Any, Any]
BACKGROUND = 255  # gray value behind transparent pixels, and
MAX_PIXELS = 100_000_000  # limit of a picture's size, where the data set does not say


class Mapped:
    """Files mapped into memory when they are first used, in each process anew."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self.paths = list(paths)
        self._maps: dict[int, mmap.mmap] = {}

    def __getitem__(self, number: int) -> mmap.mmap:
        if number not in self._maps:
            with self.paths[number].open("rb") as stream:
                self._maps[number] = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
        return self._maps[number]

    def __getstate__(self) -> dict[str, Any]:
        return {"paths": self.paths, "_maps": {}}


class Images(Dataset[Item]):
    """A split's images: (pixels, label) with pixels (3, H, W) uint8, or what `transform` makes of them, label an int.

    Files are decoded by the one rule of `pixels.decode`; each image's bytes are compared with their checksum.
    A list of numbers gives a batch: (n, 3, H, W) and (n,) int64, where all images have one size.
    Raises DataprepError for a file whose bytes are not those that were written or that cannot be decoded.
    """

    def __init__(self, data: DataSet, split: str, transform: Callable[[Tensor], Any] | None = None) -> None:
        rows = data.rows(split)
        names = rows["file"].unique().sort().to_list()
        measure = data.manifest["parameters"].get("measure", {})
        self.image_ids = rows["image_id"]
        self.labels = label_numbers(rows["label"], data.classes)
        self._transform = transform
        self._background = int(measure.get("background", BACKGROUND))
        self._max_pixels = int(measure.get("max_pixels", MAX_PIXELS))
        self._shards = Mapped([data.folder / name for name in names])
        self._shard = numbered(rows["file"], names)
        self._begins, self._sizes = rows["offset"].to_numpy(), rows["bytes"].to_numpy()
        self._digests = bytes.fromhex("".join(rows["sha256"]))

    def __len__(self) -> int:
        return len(self._begins)

    def encoded(self, number: int) -> bytes:
        """Return the bytes of one image's file."""
        place = range(len(self))[number]
        begin, shard = int(self._begins[place]), int(self._shard[place])
        data = self._shards[shard][begin : begin + int(self._sizes[place])]
        if hashlib.sha256(data).digest() != self._digests[32 * place : 32 * place + 32]:
            raise damaged(self._shards.paths[shard], self.image_ids[place])
        return data

    def __getitem__(self, number: int | Sequence[int]) -> Item:
        if isinstance(number, (int, np.integer)):
            return self._picture(int(number)), int(self.labels[number])
        return torch.stack([self._picture(one) for one in number]), self.labels[list(number)]

    def _picture(self, number: int) -> Any:
        try:
            picture = decoding.decode(self.encoded(number), self._max_pixels, self._background).pixels
        except pixels.Unreadable as fault:
            raise DataprepError(
                f"{self.image_ids[number]} cannot be decoded: {fault}",
                where=str(self._shards.paths[int(self._shard[number])]),
                remedy="raise measure.max_pixels, or remove the image by a decision",
            ) from fault
        found = torch.from_numpy(picture if picture.flags.writeable else picture.copy()).permute(2, 0, 1)
        return found if self._transform is None else self._transform(found)


class Tensors(Dataset[Item]):
    """A split's tensors: (pixels, label) with pixels (3, S, S) as written, label an int64 scalar.

    uint8 pixels are normalized by `DataSet.program()`, batch by batch. Where images were mixed with partners, labels
    are (C,) float32 probabilities instead, of all items: 1 - share for the own class, share for the partner's.
    A list of numbers gives a batch: (n, 3, S, S) and (n,) or (n, C). copies: with the augmented copies. check: the
    arrays are compared with their checksums at once, which reads them whole (some 2 GB a second and core).
    Raises DataprepError that names an array whose bytes are not those that were written.
    """

    def __init__(self, data: DataSet, split: str, *, copies: bool = True, check: bool = True) -> None:
        data.check_split(split)
        rows = data.tensor_index.filter(pl.col("split") == split)
        rows = rows if copies else rows.filter(pl.col("copy") == 0)
        names = rows["file"].unique().sort().to_list()
        if check:
            check_digests(data.folder, [entry for entry in data.manifest["files"] if entry["file"] in set(names)])
        self.image_ids, self.copies = rows["image_id"], rows["copy"]
        self.labels = targets(rows, data.classes)
        self._paths = [data.folder / name for name in names]
        self._arrays: dict[int, NDArray] = {}
        self._shard = numbered(rows["file"], names)
        self._row = rows["row"].to_numpy()

    def __len__(self) -> int:
        return len(self._row)

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_arrays": {}}  # a mapped array would be pickled as a copy of all its pixels

    def _array(self, shard: int) -> NDArray:
        if shard not in self._arrays:
            # as a plain array: numpy's own class for mapped ones takes ten times as long to index
            self._arrays[shard] = np.asarray(np.load(self._paths[shard], mmap_mode="r"))
        return self._arrays[shard]

    def __getitem__(self, number: int | Sequence[int]) -> Item:
        if isinstance(number, (int, np.integer)):
            place = range(len(self))[number]
            own = self._array(int(self._shard[place]))[self._row[place]]
            return torch.from_numpy(own.copy()), self.labels[place]
        places = np.asarray(number, np.int64)
        first = self._array(0)
        batch = np.empty((len(places), *first.shape[1:]), first.dtype)
        for at, (shard, row) in enumerate(zip(self._shard[places].tolist(), self._row[places].tolist(), strict=True)):
            batch[at] = self._array(shard)[row]  # one copy from the page cache; by arrays of rows it would be two
        return torch.from_numpy(batch), self.labels[torch.from_numpy(places)]


class Batches(Sampler[list[int]]):
    """Numbers of the images of each batch, in an order drawn by (seed, epoch) alone; the epoch advances by itself.

    The order does not depend on the number of workers. `set_epoch` goes on from any epoch.
    """

    def __init__(
        self, images: int, batch: int, *, seed: int = 0, shuffle: bool = True, drop_last: bool = False
    ) -> None:
        self._images, self._batch, self._seed = images, batch, seed
        self._shuffle, self._drop_last = shuffle, drop_last
        self._epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Let the next pass be that of `epoch`."""
        self._epoch = epoch

    def __len__(self) -> int:
        return self._images // self._batch if self._drop_last else -(-self._images // self._batch)

    def __iter__(self) -> Iterator[list[int]]:
        random = np.random.default_rng([self._seed, self._epoch])
        self._epoch += 1
        order = random.permutation(self._images) if self._shuffle else np.arange(self._images)
        for number in range(len(self)):
            yield order[number * self._batch : (number + 1) * self._batch].tolist()


def loader(
    data: Images | Tensors,
    batch: int,
    *,
    seed: int = 0,
    shuffle: bool = True,
    drop_last: bool = False,
    workers: int = 0,
    **options: Any,
) -> DataLoader[Item]:
    """Return a torch DataLoader of whole batches, shuffled by seed and epoch; `options` are DataLoader's own."""
    sampler = Batches(len(data), batch, seed=seed, shuffle=shuffle, drop_last=drop_last)
    return DataLoader(data, batch_size=None, sampler=sampler, num_workers=workers, **options)


def label_numbers(labels: pl.Series, classes: list[str]) -> Tensor:
    """Return each label's place among the classes, (n,) int64."""
    return torch.from_numpy(numbered(labels, classes).astype(np.int64))


def numbered(names: pl.Series, known: list[str]) -> NDArray[np.int32]:
    """Return each name's place among the known ones."""
    places = {name: number for number, name in enumerate(known)}
    return names.replace_strict(places, return_dtype=pl.Int32).to_numpy(writable=True)


def targets(rows: pl.DataFrame, classes: list[str]) -> Tensor:
    """Return (n,) int64 labels; (n, C) float32 probabilities when any row of TENSORS has a partner."""
    own = label_numbers(rows["label"], classes)
    if "partner_label" not in rows.columns or rows["partner_label"].null_count() == rows.height:
        return own
    share = torch.from_numpy(rows["partner_share"].fill_null(0.0).to_numpy(writable=True))
    partner = label_numbers(rows["partner_label"].fill_null(rows["label"]), classes)
    every = torch.arange(rows.height)
    mixed = torch.zeros(rows.height, len(classes))
    mixed[every, own] = 1 - share
    mixed[every, partner] += share
    return mixed
