"""GCN against a plain copy of the same tensors and NumPy; LCN against what people use for blurring. One run, in turns.

python -m benchmarks.normalize [--images N] [--side S] [--repeats N] [--json FILE]

One thread each, so that peers compare by CPU seconds; the share of a copy with all threads as well. All compute the
same: GCN with lambda 0; LCN after Jarrett et al., joint over channels, window 9 px, sigma 2 px, borders normalized.
Images are random, RGB, float32. What a peer gives is checked against what this project gives before it is timed.
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import kornia
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor

from benchmarks import machine
from dataprep.normalization.contrast import global_contrast
from dataprep.normalization.local import local_contrast

WINDOW, SIGMA = 9, 2.0
BLOCK = 256  # images at once, for those who take batches
AGREE = 1e-3
PART = 4096  # images that the slower ones go through
BLOCKS = f"kornia, gaussian_blur2d, {BLOCK} images at a time"
SLOW = ("SciPy", "kornia", "torch")
Blur = Callable[[Tensor], Tensor]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=16384)
    parser.add_argument("--side", type=int, default=32)
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    images = torch.rand(chosen.images, 3, chosen.side, chosen.side, generator=torch.Generator().manual_seed(0))
    values: dict[str, Any] = {"images": chosen.images, "side": chosen.side, "repeats": chosen.repeats}
    values |= contrast_figures(images, chosen.repeats) | local_figures(images, chosen.repeats)
    torch.set_num_threads(threads)
    out = torch.empty_like(images)
    _, wall = timed(
        {"copy": lambda: out.copy_(images), "gcn": lambda: global_contrast(images, out=out)}, chosen.repeats
    )
    values |= {"threads": threads, "gcn_share_of_copy_all_threads": wall["copy"] / wall["gcn"]}
    if torch.cuda.is_available():
        values["gpu"] = gpu_figures(images, chosen.repeats)
    values["machine"] = machine.description("torch", "numpy", "scipy", "kornia", "opencv-python-headless")
    print(table(values))
    if chosen.json:
        chosen.json.write_text(json.dumps(values, indent=2) + "\n")


def contrast_figures(images: Tensor, repeats: int) -> dict[str, Any]:
    """Return images per CPU second of GCN, a copy and NumPy, each into new memory and into memory that is there."""
    out = torch.empty_like(images)
    array = images.numpy()
    result = np.empty_like(array)
    blocks = [slice(i, i + BLOCK) for i in range(0, len(array), BLOCK)]
    runs: dict[str, Callable[[], object]] = {
        "copy": lambda: out.copy_(images),
        "dataprep": lambda: global_contrast(images, out=out),
        "NumPy, tuned: in place, by blocks": lambda: [numpy_gcn(array[rows], result[rows]) for rows in blocks],
        "copy to new memory": lambda: images.clone(),
        "dataprep, to new memory": lambda: global_contrast(images),
        "NumPy, as the formula reads": lambda: plain_gcn(array),
        "NumPy, mean and std": lambda: usual_gcn(array),
        "NumPy, mean and std, image by image": lambda: [usual_gcn(image[None]) for image in array],
    }
    for found in (numpy_gcn(array[:50], result[:50]), plain_gcn(array[:50]), usual_gcn(array[:50])):
        agree(torch.from_numpy(found), global_contrast(images[:50]))
    cpu, wall = timed(runs, repeats)
    return {
        "gcn_per_cpu_second": {name: len(images) / seconds for name, seconds in cpu.items()},
        "gcn_share_of_copy": wall["copy"] / wall["dataprep"],
        "copy_gigabytes_per_second": 2 * images.numel() * 4 / wall["copy"] / 1e9,
        "gcn_over_numpy": cpu["NumPy, mean and std"] / cpu["dataprep, to new memory"],
        "gcn_over_numpy_formula": cpu["NumPy, as the formula reads"] / cpu["dataprep, to new memory"],
        "gcn_over_tuned_numpy": cpu["NumPy, tuned: in place, by blocks"] / cpu["dataprep"],
    }


def usual_gcn(images: NDArray[np.float32]) -> NDArray[np.float32]:
    axes = (1, 2, 3)
    deviation = np.maximum(1e-8, images.std(axes, keepdims=True))
    found: NDArray[np.float32] = (images - images.mean(axes, keepdims=True)) / deviation
    return found


def plain_gcn(images: NDArray[np.float32]) -> NDArray[np.float32]:
    axes = (1, 2, 3)
    centered = images - images.mean(axes, keepdims=True)
    found: NDArray[np.float32] = centered / np.maximum(1e-8, np.sqrt(np.mean(centered**2, axes, keepdims=True)))
    return found


def numpy_gcn(images: NDArray[np.float32], out: NDArray[np.float32]) -> NDArray[np.float32]:
    axes = (1, 2, 3)
    np.subtract(images, images.mean(axes, keepdims=True), out=out)
    out /= np.maximum(1e-8, np.sqrt(np.square(out).mean(axes, keepdims=True)))
    return out


def local_figures(images: Tensor, repeats: int) -> dict[str, Any]:
    """Return images per CPU second of LCN. Those who take batches get the whole tensor, as this project does."""
    out = torch.empty_like(images)
    few = images[:PART]
    blurs: dict[str, Blur] = {
        "kornia, gaussian_blur2d": kornia_blur,
        "torch, separable convolution": separable_blur,
        "torch, dense convolution": dense_blur,
        "SciPy, dense": scipy_blur,
    }
    runs: dict[str, Callable[[], object]] = {
        "dataprep": lambda: local_contrast(images, WINDOW, SIGMA, out=out),
        "OpenCV, sepFilter2D": lambda: opencv_lcn(few),
    }
    for name, blur in blurs.items():
        agree(lcn(images[:20], blur), local_contrast(images[:20], WINDOW, SIGMA))
        runs[name] = lambda blur=blur: lcn(few, blur)  # type: ignore[misc]
    runs[BLOCKS] = lambda: [lcn(block, kornia_blur) for block in few.split(BLOCK)]
    agree(opencv_lcn(images[:20]), local_contrast(images[:20], WINDOW, SIGMA))
    cpu, _ = timed(runs, repeats, slow=SLOW)
    rate = {name: len(images if name == "dataprep" else few) / seconds for name, seconds in cpu.items()}
    return {
        "lcn_per_cpu_second": rate,
        "lcn_over_kornia": rate["dataprep"] / rate["kornia, gaussian_blur2d"],
        "lcn_over_kornia_blocks": rate["dataprep"] / rate[BLOCKS],
        "lcn_over_opencv": rate["dataprep"] / rate["OpenCV, sepFilter2D"],
    }


def lcn(images: Tensor, blur: Blur) -> Tensor:
    """The formula, with any blur of (N, 1, H, W)."""
    centered = images - blur(images.mean(1, keepdim=True))
    deviation = blur(centered.square().mean(1, keepdim=True)).clamp_min(0).sqrt()
    return centered / torch.maximum(deviation, deviation.mean((2, 3), keepdim=True)).clamp_min(1e-4)


def line() -> Tensor:
    offsets = torch.arange(WINDOW, dtype=torch.float64) - WINDOW // 2
    weights = torch.exp(-offsets.square() / (2 * SIGMA**2))
    return (weights / weights.sum()).float()


def share_inside(side: int) -> Tensor:
    """Return (side, side), the window's weight that lies inside the image."""
    inside = F.conv1d(torch.ones(1, 1, side), line().view(1, 1, -1), padding=WINDOW // 2)[0, 0]
    return torch.outer(inside, inside)


def kornia_blur(planes: Tensor) -> Tensor:
    blurred = kornia.filters.gaussian_blur2d(planes, (WINDOW, WINDOW), (SIGMA, SIGMA), border_type="constant")
    return blurred / share_inside(planes.shape[-1])


def separable_blur(planes: Tensor) -> Tensor:
    reach = WINDOW // 2
    across = F.conv2d(planes, line().view(1, 1, 1, -1), padding=(0, reach))
    return F.conv2d(across, line().view(1, 1, -1, 1), padding=(reach, 0)) / share_inside(planes.shape[-1])


def dense_blur(planes: Tensor) -> Tensor:
    kernel = torch.outer(line(), line()).view(1, 1, WINDOW, WINDOW)
    return F.conv2d(planes, kernel, padding=WINDOW // 2) / share_inside(planes.shape[-1])


def scipy_blur(planes: Tensor) -> Tensor:
    kernel = torch.outer(line(), line()).numpy()
    done = [ndimage.convolve(plane, kernel, mode="constant") for plane in planes[:, 0].numpy()]
    return torch.from_numpy(np.stack(done))[:, None] / share_inside(planes.shape[-1])


def opencv_lcn(images: Tensor) -> Tensor:
    """Image by image, on (H, W, C) arrays, as OpenCV has them."""
    weights, inside = line().numpy(), share_inside(images.shape[-1]).numpy()
    done = np.empty((len(images), *images.shape[2:], 3), np.float32)
    for image, target in zip(images.permute(0, 2, 3, 1).contiguous().numpy(), done, strict=True):
        mean = cv2.transform(image, THIRDS)
        blurred = cv2.sepFilter2D(mean, -1, weights, weights, borderType=cv2.BORDER_CONSTANT) / inside
        centered = image - blurred[..., None]
        square = cv2.transform(centered * centered, THIRDS)
        deviation = np.sqrt(cv2.sepFilter2D(square, -1, weights, weights, borderType=cv2.BORDER_CONSTANT) / inside)
        np.divide(centered, np.maximum(1e-4, np.maximum(deviation, deviation.mean()))[..., None], out=target)
    return torch.from_numpy(done).permute(0, 3, 1, 2)


THIRDS = np.full((1, 3), 1 / 3, np.float32)


def agree(theirs: Tensor, ours: Tensor) -> None:
    """Stop where a peer computes something else."""
    furthest = float((theirs - ours).abs().max())
    if furthest > AGREE:
        raise SystemExit(f"a peer's result differs by {furthest:.2g}; the timings would not compare")


def timed(
    runs: dict[str, Callable[[], object]], repeats: int, slow: tuple[str, ...] = ()
) -> tuple[dict[str, float], dict[str, float]]:
    """Return the least CPU and wall seconds of each, of so many rounds in turns, after one that does not count.

    The least, as whatever else runs on the machine can only add to it. Those whose names begin with a word of `slow`
    take part in three rounds.
    """
    cpu: dict[str, list[float]] = {name: [] for name in runs}
    wall: dict[str, list[float]] = {name: [] for name in runs}
    for repeat in range(repeats + 1):
        for name, run in runs.items():
            if name.startswith(slow) and slow and repeat > 3:
                continue
            start = time.process_time(), time.perf_counter()
            run()
            if repeat:
                cpu[name].append(time.process_time() - start[0])
                wall[name].append(time.perf_counter() - start[1])
    return {name: min(seconds) for name, seconds in cpu.items()}, {name: min(s) for name, s in wall.items()}


def gpu_figures(images: Tensor, repeats: int) -> dict[str, float]:
    """Return images per second on CUDA, and GCN's share of a copy there."""
    there = images.cuda()
    out = torch.empty_like(there)

    def synchronized(run: Callable[[], object]) -> Callable[[], object]:
        return lambda: (run(), torch.cuda.synchronize())

    runs = {
        "copy": synchronized(lambda: out.copy_(there)),
        "gcn": synchronized(lambda: global_contrast(there)),
        "lcn": synchronized(lambda: local_contrast(there, WINDOW, SIGMA)),
        "kornia_lcn": synchronized(lambda: lcn(there, cuda_kornia_blur)),
    }
    _, wall = timed(runs, repeats)
    rates = {f"{name}_per_second": len(images) / seconds for name, seconds in wall.items()}
    return rates | {
        "gcn_share_of_copy_all_threads": wall["copy"] / wall["gcn"],
        "lcn_over_kornia": wall["kornia_lcn"] / wall["lcn"],
    }


def cuda_kornia_blur(planes: Tensor) -> Tensor:
    blurred = kornia.filters.gaussian_blur2d(planes, (WINDOW, WINDOW), (SIGMA, SIGMA), border_type="constant")
    return blurred / share_inside(planes.shape[-1]).to(planes.device)


def table(values: dict[str, Any]) -> str:
    """Return the figures as Markdown."""
    lines = [
        f"{values['images']:,} images of {values['side']} x {values['side']} px, RGB, float32; the best of "
        f"{values['repeats']} rounds in turns. A copy moves {values['copy_gigabytes_per_second']:.1f} GB/s.",
    ]
    for kind, title in (("gcn", "GCN"), ("lcn", "LCN, 9 x 9")):
        rates = values[f"{kind}_per_cpu_second"]
        lines += ["", f"| {title} | images per CPU second | dataprep is so many times as fast |", "|:--|--:|--:|"]
        for name, rate in sorted(rates.items(), key=lambda item: -item[1]):
            lines.append(f"| {name} | {rate:,.0f} | {rates['dataprep'] / rate:.2f} |")
    lines += [
        "",
        f"GCN moves {values['gcn_share_of_copy']:.2f} of the bytes per second that a copy moves; both with "
        f"{values['threads']} threads {values['gcn_share_of_copy_all_threads']:.2f}.",
        f"GCN over NumPy: {values['gcn_over_numpy']:.2f} (mean and std, both to new memory), "
        f"{values['gcn_over_numpy_formula']:.2f} (as the formula reads, both to new memory), "
        f"{values['gcn_over_tuned_numpy']:.2f} (tuned, both to memory that is there).",
        f"LCN over kornia: {values['lcn_over_kornia']:.1f} on the same tensor, {values['lcn_over_kornia_blocks']:.1f} "
        f"where kornia gets {BLOCK} images at a time; over OpenCV: {values['lcn_over_opencv']:.1f}.",
    ]
    if "gpu" in values:
        found = ", ".join(f"{name} {value:,.2f}" for name, value in values["gpu"].items())
        lines += ["", f"On the GPU: {found}"]
    return "\n".join([*lines, "", ", ".join(f"{name} {value}" for name, value in values["machine"].items())])


if __name__ == "__main__":
    main()
