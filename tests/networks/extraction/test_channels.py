"""Channels are found in the dimension that holds them, in models of every kind; skipped without torch."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402

import mot_fast as mot  # noqa: E402
from support import torch_models  # noqa: E402
from support.torch_models import Applied, extracted  # noqa: E402

pytestmark = pytest.mark.torch

IMAGES = torch.randn(5, 3, 16, 16, generator=torch.Generator().manual_seed(0))


class ChannelsLast(nn.Module):
    """A stem of convolutions, then blocks on `(n_stimuli, height, width, n_channels)`, as of a Swin transformer."""

    def __init__(self, block, n_channels=12):
        super().__init__()
        self.stem = nn.Conv2d(3, n_channels, 4, 4)
        self.blocks = nn.Sequential(block(n_channels), block(n_channels))

    def forward(self, x):
        return self.blocks(self.stem(x).permute(0, 2, 3, 1))


class Plain(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.norm, self.linear = nn.LayerNorm(n), nn.Linear(n, n)

    def forward(self, x):
        return x + self.linear(self.norm(x))


class OverTokens(Plain):
    """A block that returns a reshaped tensor, as timm's Swin does."""

    def forward(self, x):
        tokens = x.reshape(len(x), -1, x.shape[-1])
        return super().forward(tokens).reshape(x.shape)


class Shifted(Plain):
    """A block that shifts windows before its weights."""

    def forward(self, x):
        windows = self.norm(x).roll((1, 1), (1, 2)).unflatten(1, (2, -1)).flatten(0, 1)
        return x + self.linear(windows).unflatten(0, (-1, 2)).flatten(1, 2).roll((-1, -1), (1, 2))


class OwnNorm(nn.Module):
    """A block whose norm and weights are not modules of torch."""

    def __init__(self, n):
        super().__init__()
        self.scale, self.weight = nn.Parameter(torch.ones(n)), nn.Parameter(torch.eye(n))

    def forward(self, x):
        return x + (x / x.square().mean(-1, keepdim=True).sqrt() * self.scale) @ self.weight


class Convolved(nn.Module):
    """A block like those of ConvNeXt, which computes on maps whose channels come second."""

    def __init__(self, n):
        super().__init__()
        self.conv, self.norm, self.linear = nn.Conv2d(n, n, 3, padding=1, groups=n), nn.LayerNorm(n), nn.Linear(n, n)

    def forward(self, x):
        x = x.permute(0, 3, 1, 2)
        x = x + self.linear(self.norm(self.conv(x).permute(0, 2, 3, 1))).permute(0, 3, 1, 2)
        return x.permute(0, 2, 3, 1)


@pytest.mark.parametrize(
    ("block", "n_channels"),  # the last has as many channels as rows
    [(Plain, 12), (OverTokens, 12), (Shifted, 12), (OwnNorm, 12), (Convolved, 12), (Plain, 4)],
)
def test_channels_that_come_last(block, n_channels, tmp_path):
    model = torch_models.seeded(ChannelsLast, block, n_channels)
    _, layers = extracted(model, IMAGES, tmp_path, batch_size=3)
    assert list(layers) == ["stem", "blocks.0", "blocks.1"]
    with torch.no_grad():
        maps = [model.stem(IMAGES).permute(0, 2, 3, 1)]
        for each in model.blocks:
            maps.append(each(maps[-1]))
    for values, expected in zip(layers.values(), maps, strict=True):
        np.testing.assert_allclose(values, expected.mean((1, 2)), rtol=1e-4, atol=1e-5)


def test_channels_that_come_second(tmp_path):
    """Maps whose channels come second are recognized before a final permutation, and so are sequences."""
    model = torch_models.seeded(
        lambda: nn.Sequential(nn.Conv2d(3, 4, 1), nn.GroupNorm(2, 4), Applied(lambda x: x.permute(0, 2, 3, 1)))
    )
    _, layers = extracted(model, IMAGES, tmp_path / "maps", layers=["0", "1", "2"])
    assert {values.shape for values in layers.values()} == {(5, 4)}
    with torch.no_grad():
        np.testing.assert_allclose(layers["2"], model(IMAGES).mean((1, 2)), rtol=1e-4, atol=1e-6)
    sounds = torch.randn(5, 2, 40)
    model = torch_models.seeded(nn.Sequential, nn.Conv1d(2, 7, 5), nn.Conv1d(7, 7, 5))
    _, layers = extracted(model, sounds, tmp_path / "sounds", layers=["0", "1"])
    with torch.no_grad():
        np.testing.assert_allclose(layers["0"], model[0](sounds).mean(2), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("function", "shape", "dim"),
    [
        (lambda x, w: torch.einsum("bchw,dc->bhwd", x, w), (6, 4, 4), 3),
        (lambda x, w: torch.einsum("dc,bchw->bdhw", w, x), (6, 6, 4), 1),
        (lambda x, w: torch.einsum("b n c, m n -> b m c", F.layer_norm(x, (4,)), w), (6, 4), 2),
        (lambda x, w: w @ x, (6, 6), 1),
        (lambda x, w: w @ F.layer_norm(x, (4,)), (6, 4), 2),
        (lambda x, _: F.unfold(x, 2, stride=2), (3, 4, 4), 1),
    ],
)
def test_channels_by_products_that_are_written_out(function, shape, dim, tmp_path):
    """In a product of activations with weights, the channels are the dimension that only the weights have."""
    weights = torch.randn(6, 6, generator=torch.Generator().manual_seed(2))
    layer, x = Applied(lambda x: function(x, weights)), torch.randn(4, *shape)
    expected = function(x, weights).movedim(dim, 1).flatten(2).mean(2)
    _, layers = extracted(nn.Sequential(layer), x, tmp_path, layers="0")
    np.testing.assert_allclose(layers["0"], expected.numpy(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("n_tokens", [9, 12])
def test_convolutions_over_tokens_have_their_channels_second(n_tokens, tmp_path):
    class Convolving(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed, self.conv = nn.Embedding(30, 12), nn.Conv1d(12, 12, 3, padding=1)

        def forward(self, ids):
            return self.conv(self.embed(ids).transpose(1, 2))

    model, ids = torch_models.seeded(Convolving), torch.arange(4 * n_tokens).view(4, n_tokens) % 30
    with torch.no_grad():
        expected = model(ids).mean(2).numpy()
    _, layers = extracted(model, ids, tmp_path, layers="conv", skip_first_token=False)
    np.testing.assert_allclose(layers["conv"], expected, rtol=1e-4, atol=1e-5)


def test_channels_that_nothing_tells_are_refused(tmp_path):
    """The model has maps whose channels come last, and a layer that sorts all numbers."""
    scramble = Applied(lambda x: x.flatten(1).sort().values.view(x.shape))
    model = nn.Sequential(ChannelsLast(Plain), scramble)
    with pytest.raises(ValueError, match=r"layer '1': expected norms, .* holds the channels, found none for shape"):
        mot.extract(model, IMAGES, tmp_path / "refused", layers="1", progress=False)
    network = mot.extract(model, IMAGES, tmp_path, layers="1", pool=lambda x, _: x.mean((1, 2)), progress=False)
    assert network.widths == (12,)
