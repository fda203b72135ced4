"""Where images come from, and how they are measured."""

from typing import Annotated, Literal

from pydantic import Field

from dataprep.config.section import Section


class Digits(Section):
    """scikit-learn's digits with planted faults, which the stage `digits` writes to `path`."""

    kind: Literal["digits"]
    path: str
    sample: Annotated[int, Field(gt=0)] | None = None


class Folder(Section):
    """Image files in class folders; `layout` says whether split folders lie above them."""

    kind: Literal["folder"]
    path: str
    layout: Literal["auto", "class", "split/class"] = "auto"
    sample: Annotated[int, Field(gt=0)] | None = None


class TableFiles(Section):
    """CSV or Parquet files. `path` is one file, or the folder that holds `files` and the images."""

    kind: Literal["table"]
    path: str
    files: tuple[str, ...] = ()
    image: str = "image"
    label: str = "label"
    split: str | None = None
    annotators: tuple[str, ...] = ()
    sample: Annotated[int, Field(gt=0)] | None = None


class Cifar(Section):
    """The published `cifar-10-python.tar.gz` or `cifar-100-python.tar.gz`."""

    kind: Literal["cifar"]
    path: str
    sample: Annotated[int, Field(gt=0)] | None = None


class Mnist(Section):
    """A folder with the published `*-images-idx3-ubyte.gz` and `*-labels-idx1-ubyte.gz`."""

    kind: Literal["mnist"]
    path: str
    sample: Annotated[int, Field(gt=0)] | None = None


Source = Annotated[Digits | Folder | TableFiles | Cifar | Mnist, Field(discriminator="kind")]


SOURCES: dict[str, type[Section]] = {
    "digits": Digits,
    "folder": Folder,
    "table": TableFiles,
    "cifar": Cifar,
    "mnist": Mnist,
}


# pydantic puts a union's chosen member into a fault's location


class DigitsFaults(Section):
    """How many faults of each kind the built-in data get."""

    seed: Annotated[int, Field(ge=0)]
    exact_copies: Annotated[int, Field(ge=0)]
    near_copies: Annotated[int, Field(ge=0)]
    split_copies: Annotated[int, Field(ge=0)]
    swapped_labels: Annotated[int, Field(ge=0)]
    odd_images: Annotated[int, Field(ge=0)]
    unreadable_files: Annotated[int, Field(ge=0)]


class Measure(Section):
    size: Literal["auto"] | Annotated[int, Field(ge=4, le=1024)]
    fit: Literal["stretch", "crop", "pad"]
    max_pixels: Annotated[int, Field(ge=1)]
    background: Annotated[int, Field(ge=0, le=255)]
