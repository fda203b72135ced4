import pytest
import torch

from dataprep.augmentation.draws import draw, fixed
from dataprep.augmentation.erase import rectangles
from dataprep.augmentation.mix import mix, mixed_shares
from tests.augmentation.samples import digests, params, pictures

NAMES = digests(40)
OWN, OTHER = pictures(40, 12), pictures(40, 12, 1)


def test_mixup_is_the_weighted_mean() -> None:
    draws = draw(NAMES, 1, params(mixup=(0.1, 0.5)), 0)
    share = draws.values["mixup"]
    expected = (1 - share.double())[:, None, None, None] * OWN + share.double()[:, None, None, None] * OTHER
    assert torch.allclose(mix(OWN, OTHER, draws).double(), expected, atol=1e-6)
    assert torch.equal(mixed_shares(draws, 12), share)


def test_cutmix_pastes_a_rectangle_and_says_how_much() -> None:
    draws = draw(NAMES, 1, params(cutmix=(0.1, 0.5)), 0)
    made, inside = mix(OWN, OTHER, draws), rectangles(draws, "cutmix", 12).expand(-1, 3, -1, -1)
    assert torch.equal(made[inside], OTHER[inside])
    assert torch.equal(made[~inside], OWN[~inside])
    pasted = (made == OTHER).all(1).double().mean((1, 2))
    assert torch.allclose(mixed_shares(draws, 12).double(), pasted, atol=1e-7)
    assert pasted.max() <= 0.5


def test_an_image_is_mixed_once() -> None:
    draws = draw(NAMES, 1, params(mixup=0.5, cutmix=0.5), 0)
    both = draws.active("mixup") & draws.active("cutmix")
    assert both.any()
    blended = mix(OWN, OTHER, draws.without("cutmix", torch.ones(40, dtype=torch.bool)))
    assert torch.equal(mix(OWN, OTHER, draws)[both], blended[both])
    assert torch.equal(mixed_shares(draws, 12)[both], draws.values["mixup"][both])


@pytest.mark.parametrize("name", ["mixup", "cutmix"])
def test_only_what_is_drawn_is_mixed(name: str) -> None:
    draws = draw(NAMES, 1, params(**{name: 0.5}), 0)
    same = (mix(OWN, OTHER, draws) == OWN).flatten(1).all(1)
    assert torch.equal(same, ~draws.active(name))
    assert torch.equal(mixed_shares(draws, 12) == 0, ~draws.active(name))


def test_share_0_changes_no_bit() -> None:
    assert torch.equal(mix(OWN, OTHER, fixed(NAMES, "mixup", 0.0, 0)), OWN)
