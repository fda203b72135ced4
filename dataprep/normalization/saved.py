"""A fitted normalization as files: parameters for people and for this library, and programs for serving.

normalization.json: scale, image shape, and each step with its numbers. values.safetensors: fitted tensors.
program.pt2: the whole as `torch.export` writes it, uint8 (N, C, H, W) in, float32 out; needs torch alone.
program.onnx: the same for other runtimes.
"""

import io
import json
import logging
import warnings
import zipfile
from importlib.util import find_spec
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch.export import ExportedProgram

from dataprep import files
from dataprep.errors import DataprepError
from dataprep.normalization.fitting import build
from dataprep.normalization.modules import Normalization

SPEC, VALUES, PROGRAM, ONNX = "normalization.json", "values.safetensors", "program.pt2", "program.onnx"
PACKAGES = ("onnx", "onnxscript")
OPSET = 20
WITHOUT = (".data/serialization_id",)  # differs from run to run, and is read by nobody


def save(module: Normalization, folder: Path, onnx: str = "never") -> None:
    """Write the files to `folder`, whole or not at all; the same module gives the same bytes.

    onnx: always, never, or auto: where the packages are installed. Raises DataprepError when they are not but must be,
    or when the program does not give the very bits that the module gives.
    """
    missing = [name for name in PACKAGES if find_spec(name) is None]
    if onnx == "always" and missing:
        raise DataprepError(
            f"an ONNX program was asked for, but {' and '.join(missing)} cannot be imported",
            where="params.yaml, normalize.onnx: always",
            remedy='install them with `pip install -e ".[onnx]"`, or set normalize.onnx: auto',
        )
    exported = program(module)
    _same_bits(module, exported)
    with files.replacing_folder(folder) as part:
        files.write_json(part / SPEC, module.spec)
        save_file({name: value.contiguous() for name, value in module.state_dict().items()}, part / VALUES)
        (part / PROGRAM).write_bytes(program_bytes(exported))
        if onnx != "never" and not missing:
            write_onnx(module, part / ONNX)


def load(folder: Path) -> Normalization:
    """Return the normalization that `save` wrote.

    Raises DataprepError when files are missing or do not fit each other.
    """
    try:
        spec = json.loads((folder / SPEC).read_text(encoding="utf-8"))
        return build(spec, load_file(folder / VALUES))
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
        raise DataprepError(
            f"the normalization cannot be read: {error}",
            where=str(folder),
            remedy="run `dvc repro` to write it anew, or `dvc checkout` to get it back",
        ) from error


def program(module: Normalization) -> ExportedProgram:
    """Return the module as an exported program for any number of images, without traces of where it was made."""
    example = (torch.zeros(2, *module.shape, dtype=torch.uint8),)
    exported = torch.export.export(module, example, dynamic_shapes={"images": {0: torch.export.Dim.DYNAMIC}})
    for node in exported.graph.nodes:
        for name in ("stack_trace", "nn_module_stack", "torch_fn", "source_fn_stack"):
            node.meta.pop(name, None)
    exported.example_inputs = None
    return exported


def program_bytes(exported: ExportedProgram) -> bytes:
    """Return the program as `torch.export.load` reads it, with the same bytes each time."""
    raw, clean = io.BytesIO(), io.BytesIO()
    torch.export.save(exported, raw)
    with zipfile.ZipFile(raw) as source, zipfile.ZipFile(clean, "w") as target:
        for entry in source.infolist():
            if not entry.filename.endswith(WITHOUT):
                target.writestr(zipfile.ZipInfo(entry.filename), source.read(entry))
    return clean.getvalue()


def _same_bits(module: Normalization, exported: ExportedProgram) -> None:
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (17, *module.shape), dtype=torch.uint8, generator=generator)
    images[1:3] = images[1:3, :1, :1, :1]  # flat ones
    images[3] = 128 + images[3] % 2  # and a faint one
    run, expected = exported.module(), module(images)
    tried = [images[:1], images[:5], images, images.contiguous(memory_format=torch.channels_last)]
    if not all(torch.equal(run(some), expected[: len(some)]) for some in tried):
        raise DataprepError(
            "the exported program does not give the same bits as the normalization itself",
            where=f"torch {torch.__version__}",
            remedy="use the torch version of requirements.lock",
        )


def write_onnx(module: Normalization, path: Path) -> None:
    """Write the module as an ONNX program with the input `images` and the output `normalized`.

    Other runtimes sum in another order: the output is the module's to rounding, not to the bit.
    """
    # It tells of torchvision, which has no part in this, and torch of its own ways.
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = torch.onnx.export(
            program(module),
            dynamo=True,
            verbose=False,
            input_names=["images"],
            output_names=["normalized"],
            opset_version=OPSET,
        )
    if made is None:
        raise DataprepError(
            "torch wrote no ONNX program", where=str(path), remedy="set normalize.onnx: never, or update onnxscript"
        )
    for node in made.model.graph.all_nodes():
        node.metadata_props.clear()  # where in the code it was made
    made.save(path)
