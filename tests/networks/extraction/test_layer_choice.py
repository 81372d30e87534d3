"""The modules that are chosen as layers, in architectures of every kind; skipped without torch or transformers."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from torch import nn  # noqa: E402

from mot_fast.networks.extraction import hooks, layer_choice  # noqa: E402
from mot_fast.networks.extraction.inputs import inputs_of  # noqa: E402
from support import torch_models  # noqa: E402
from support.torch_models import ROWS, extracted, linear  # noqa: E402

pytestmark = pytest.mark.torch

IDS = {"input_ids": torch.arange(1, 6)[None]}
IMAGES = {"pixel_values": torch.zeros(1, 3, 8, 8)}


def traced(model, values):
    with hooks.evaluation_mode(model):
        return hooks.trace(model, inputs_of(values))


def residual_stream(model, values):
    return [point.label for point in layer_choice.residual_stream(model, traced(model, values))]


def test_a_stimulus_in_another_shape_is_no_layer():
    class Waves(nn.Module):
        """Residual blocks on maps of one channel, which the stimulus is made without a copy."""

        def __init__(self):
            super().__init__()
            self.blocks = nn.ModuleList(torch_models.Residual(1) for _ in range(2))

        def forward(self, x):
            for block in self.blocks:
                x = block(x[:, None] if x.ndim == 3 else x)
            return x

    assert residual_stream(Waves(), torch.ones(1, 6, 6)) == ["blocks.0", "blocks.1"]
    assert residual_stream(nn.Sequential(nn.Conv2d(1, 1, 1), Waves()), torch.ones(1, 1, 6, 6))[0] == "stem"


@pytest.mark.parametrize(
    ("kind", "blocks"),
    [
        ("Bert", "encoder.layer.{}"),
        ("Llama", "layers.{}"),
        ("GPT2", "h.{}"),
        ("Albert", "encoder.albert_layer_groups.0[{}]"),  # one block that runs three times
        ("ViT", None),
    ],
)
def test_transformers(kind, blocks):
    found = residual_stream(torch_models.transformer(kind), IMAGES if kind == "ViT" else IDS)
    assert found[0] == "embedding"
    if blocks is None:  # named differently over the versions of transformers
        assert len(found) == 4
        assert [label.split(".")[-1] for label in found[1:]] == ["0", "1", "2"]
    else:
        assert found[1:] == [blocks.format(k) for k in range(3)]


def test_halves_of_encoder_decoders():
    model = torch_models.transformer("T5")
    assert residual_stream(model.get_encoder(), IDS) == ["embedding", "block.0", "block.1", "block.2"]


def test_convolutions():
    images = torch.zeros(1, 3, 8, 8)
    assert residual_stream(torch_models.cnn(), images) == ["stem", "1.0", "1.1"]
    stages = residual_stream(torch_models.staged_cnn(), images)
    assert stages == ["stem", "1.blocks.0", "1.blocks.1", "2.blocks.0", "2.blocks.1"]


def test_stages_of_transformers_are_opened():
    config = transformers.ResNetConfig(depths=[2, 1], hidden_sizes=[8, 16], embedding_size=8, layer_type="basic")
    found = residual_stream(transformers.ResNetModel(config), {"pixel_values": torch.zeros(1, 3, 32, 32)})
    assert found[-3:] == ["encoder.stages.0.layers.0", "encoder.stages.0.layers.1", "encoder.stages.1.layers.0"]


def test_the_stimulus_itself_is_no_layer():
    model = nn.Sequential(torch_models.Residual(3), torch_models.Residual(3))
    assert residual_stream(model, torch.zeros(1, 3, 8, 8)) == ["0", "1"]


def test_without_blocks_weights_are_layers():
    assert residual_stream(torch_models.mlp(), torch.zeros(1, 5)) == ["0", "2", "3"]
    vgg = nn.Sequential(
        nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU()), nn.Flatten(), nn.Linear(144, 2)
    )
    assert residual_stream(vgg, torch.zeros(1, 3, 8, 8)) == ["0.0", "2"]
    with pytest.raises(ValueError, match="layers: expected a model of blocks or weights, found none in Sequential"):
        residual_stream(nn.Sequential(nn.ReLU()), torch.zeros(1, 5))


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ("encoder.layer.*", ["encoder.layer.0", "encoder.layer.1", "encoder.layer.2"]),
        (["encoder.layer.2", "embeddings"], ["embeddings", "encoder.layer.2"]),
        (("encoder.layer.[02]", "pooler*"), ["encoder.layer.0", "encoder.layer.2", "pooler"]),
        ("*.*.1.*.dense", ["encoder.layer.1.intermediate.dense", "encoder.layer.1.output.dense"]),
    ],
)
def test_names_and_patterns(layers, expected):
    calls = traced(torch_models.transformer("Bert"), IDS)
    assert [point.label for point in layer_choice.named_layers(layers, calls)] == expected


def test_names_that_are_none():
    calls = traced(torch_models.transformer("Bert"), IDS)
    with pytest.raises(ValueError, match=r"such as .*'encoder.layer.0'.*, found none by 'encoder.layers.0'"):
        layer_choice.named_layers("encoder.layers.0", calls)
    with pytest.raises(ValueError, match=r"layers: expected modules that run .* found none by '12345'"):
        layer_choice.named_layers(["embeddings", "12345"], calls)
    with pytest.raises(ValueError, match=r"found none by 'encoder.layer'"):  # a list of modules, which never runs
        layer_choice.named_layers("encoder.layer", calls)


def test_every_call_of_a_module_is_a_layer():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(4, 4)

        def forward(self, x):
            return self.linear(self.linear(x))

    model = Twice()
    calls = traced(model, torch.ones(1, 4))
    hook_points = layer_choice.named_layers("linear", calls)
    assert [point.label for point in hook_points] == ["linear[0]", "linear[1]"]
    found = {}
    hooks.run(model, inputs_of(torch.ones(2, 4)), hook_points, found.__setitem__)
    torch.testing.assert_close(found[1], model.linear(found[0]))


@pytest.mark.parametrize("block", [torch_models.OneChild, torch_models.OneChildInPlace])
def test_blocks_of_one_child_are_recorded_with_their_residual(block, tmp_path):
    model = torch_models.seeded(lambda: nn.Sequential(linear(8, 8), block(8), block(8)))
    _, layers = extracted(model, ROWS, tmp_path)
    with torch.no_grad():
        expected = [model[:k](ROWS) for k in (1, 2, 3)]
    assert list(layers) == ["stem", "1", "2"]
    for values, of_one in zip(layers.values(), expected, strict=True):
        np.testing.assert_allclose(values, of_one, rtol=1e-4, atol=1e-5)


def test_sequences_with_a_residual_are_blocks(tmp_path):
    def block():
        return torch_models.ResidualSequence(nn.Conv2d(4, 4, 1), nn.ReLU(inplace=True))

    model = torch_models.seeded(lambda: nn.Sequential(nn.Conv2d(3, 4, 1), block(), block()))
    images = torch.randn(5, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    _, layers = extracted(model, images, tmp_path)
    assert list(layers) == ["stem", "1", "2"]
    with torch.no_grad():
        np.testing.assert_allclose(layers["1"], model[:2](images).mean((2, 3)), rtol=1e-4, atol=1e-6)
