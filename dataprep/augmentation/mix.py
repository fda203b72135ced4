"""Two images in one, with a label that is shared out: mixup and cutmix."""

import torch
from torch import Tensor

from dataprep.augmentation.draws import Draws
from dataprep.augmentation.erase import rectangles


def mixed_shares(draws: Draws, side: int) -> Tensor:
    """Return how much of each image is its partner's, (N,) float32.

    mixup's weight, or the share of pixels that cutmix pastes;
    0 where nothing is mixed. An image for which both are drawn has mixup only.
    """
    share = draws.values["mixup"]
    if not draws.active("cutmix").any():
        return share
    pasted = rectangles(draws, "cutmix", side).float().mean((1, 2, 3))
    return torch.where(draws.active("mixup"), share, pasted)


def mix(images: Tensor, partners: Tensor, draws: Draws) -> Tensor:
    """Return (N, 3, S, S) images mixed with their partners; where none is drawn, the image.

    mixup: (1 - share) x + share partner (Zhang et al., mixup: beyond empirical risk minimization, ICLR 2018).
    cutmix: a rectangle is the partner's (Yun et al., CutMix, ICCV 2019).
    """
    blended, pasted = draws.active("mixup"), draws.active("cutmix") & ~draws.active("mixup")
    if blended.any():
        share = draws.values["mixup"].to(images.device)[:, None, None, None]
        images = torch.where(share > 0, torch.lerp(images, partners, share), images)
    if pasted.any():
        inside = rectangles(draws, "cutmix", images.shape[-1]) & pasted[:, None, None, None]
        images = torch.where(inside.to(images.device), partners, images)
    return images
