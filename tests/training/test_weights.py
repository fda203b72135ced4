from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from dataprep.errors import DataprepError
from dataprep.networks import Network, architecture
from dataprep.training import weights
from dataprep.training.fold import prepared
from tests.training import builders


def saved(path: Path, classes: int = 2) -> Network:
    torch.manual_seed(0)
    network = prepared(builders.data(), builders.params(), classes)
    network.head.weight.data.normal_()
    weights.save(network, architecture(builders.params(), classes, builders.SIDE), path)
    return network


def test_a_network_comes_back_whole(tmp_path: Path) -> None:
    network = saved(tmp_path / "a.safetensors")
    again = weights.load(tmp_path / "a.safetensors")
    assert weights.state_bytes(network) == weights.state_bytes(again)
    images = builders.data().pictures()
    assert torch.equal(network.eval()(images)[0], again(images)[0])


def test_training_starts_from_a_file_and_leaves_its_first_blocks(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    given = saved(path)
    torch.manual_seed(5)
    network = prepared(builders.data(), builders.params(weights=str(path), frozen_blocks=2), 2)
    assert weights.state_bytes(network) == weights.state_bytes(given)
    assert not any(weight.requires_grad for weight in network.blocks[:2].parameters())
    assert all(weight.requires_grad for weight in network.blocks[2:].parameters())


def test_the_output_layer_is_replaced_where_the_classes_differ(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    given = saved(path, classes=7)
    network = prepared(builders.data(), builders.params(weights=str(path)), 2)
    assert network.head.out_features == 2
    assert torch.equal(network.head.weight, torch.zeros_like(network.head.weight))
    assert all(torch.equal(a, b) for a, b in zip(network.blocks.parameters(), given.blocks.parameters(), strict=True))


def test_weights_that_do_not_fit_name_the_layers(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    saved(path)
    with pytest.raises(
        DataprepError, match=r"blocks\.1\.first\.weight \(8, 216\) for \(12, 216\).*\n.*train\.weights: "
    ):
        prepared(builders.data(), builders.params(weights=str(path), width=12), 2)
    with pytest.raises(DataprepError, match=r"lacks blocks\.0\.first\.weight.*unknown blocks\.0\.bias"):
        prepared(builders.data(), builders.params(weights=str(path), network="resnet"), 2)


def test_a_file_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    with pytest.raises(DataprepError, match=r"the weights cannot be read(.|\n)*give a \.safetensors file"):
        weights.load(path)
    path.write_bytes(b"\x80\x04 not safe")
    with pytest.raises(DataprepError, match="the weights cannot be read"):
        weights.load(path)
    save_file({"x": torch.zeros(1)}, path)
    with pytest.raises(DataprepError, match="holds no network of this version"):
        weights.load(path)


def test_more_blocks_frozen_than_there_are(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    saved(path)
    with pytest.raises(
        DataprepError, match=r"the network has 4 blocks, fewer than the 9(.|\n)*frozen_blocks(.|\n)*at most 4"
    ):
        prepared(builders.data(), builders.params(weights=str(path), frozen_blocks=9), 2)
