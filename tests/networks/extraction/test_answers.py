"""Every row is the model's own answer to its stimulus, every column a unit; skipped where torch is not installed."""

from __future__ import annotations

import warnings
from contextlib import contextmanager

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402
from torch.utils.data import (  # noqa: E402
    BatchSampler,
    DataLoader,
    IterableDataset,
    RandomSampler,
    SubsetRandomSampler,
    TensorDataset,
    WeightedRandomSampler,
)
from torch.utils.data.distributed import DistributedSampler  # noqa: E402

import mot_fast as mot  # noqa: E402
from mot_fast.networks.extraction.batches import stream  # noqa: E402
from support import torch_models  # noqa: E402
from support.torch_models import Applied, extracted  # noqa: E402

pytestmark = pytest.mark.torch

IMAGES = torch.randn(5, 3, 16, 16, generator=torch.Generator().manual_seed(0))
ROWS = torch.randn(9, 8, generator=torch.Generator().manual_seed(1))


def linear(n_in=8, n_out=6):
    return torch_models.seeded(nn.Linear, n_in, n_out)


@pytest.mark.parametrize(
    "edit", [lambda x: x.sub_(1).div_(2), F.relu_, lambda x: x.clamp_(-1, 1), lambda x: x.copy_(x.flip(1))]
)
@pytest.mark.parametrize("of", [torch.clone, lambda x: {"input": x}, lambda x: [x[:4], x[4:]], lambda x: x.numpy()])
def test_models_that_edit_their_input(edit, of, tmp_path):
    model, given = nn.Sequential(Applied(edit), linear()), of(ROWS.clone())
    with torch.no_grad():
        expected = model(ROWS.clone()).numpy()
    _, layers = extracted(model, given, tmp_path, layers="1", batch_size=4)
    np.testing.assert_allclose(layers["1"], expected, rtol=1e-5, atol=1e-6)
    left = torch.as_tensor(given["input"] if isinstance(given, dict) else np.concatenate(list(given)).reshape(9, 8))
    assert torch.equal(left, ROWS)


def test_what_is_recorded_is_what_left_the_module(tmp_path):
    """Later modules edit it in place, and so may the function that pools it."""
    images = torch.randn(7, 3, 6, 6, generator=torch.Generator().manual_seed(0))
    model = nn.Sequential(torch_models.seeded(nn.Conv2d, 3, 4, 3), Applied(F.relu_), Applied(lambda x: x.mul_(3)))
    with torch.no_grad():
        first = model[0](images)
    for pool in ("mean", lambda x, _: x.mul_(2).mean((2, 3)) / 2):
        _, layers = extracted(model, images, tmp_path / str(callable(pool)), layers=["0", "1", "2"], pool=pool)
        for label, expected in (("0", first), ("1", first.relu()), ("2", 3 * first.relu())):
            np.testing.assert_allclose(layers[label], expected.mean((2, 3)), rtol=1e-5, atol=1e-6)


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
    """Hands on a reshaped tensor, as timm's Swin does."""

    def forward(self, x):
        tokens = x.reshape(len(x), -1, x.shape[-1])
        return super().forward(tokens).reshape(x.shape)


class Shifted(Plain):
    """Moves windows about before its weights."""

    def forward(self, x):
        windows = self.norm(x).roll((1, 1), (1, 2)).unflatten(1, (2, -1)).flatten(0, 1)
        return x + self.linear(windows).unflatten(0, (-1, 2)).flatten(1, 2).roll((-1, -1), (1, 2))


class OwnNorm(nn.Module):
    """Its norm and weights are no modules of torch."""

    def __init__(self, n):
        super().__init__()
        self.scale, self.weight = nn.Parameter(torch.ones(n)), nn.Parameter(torch.eye(n))

    def forward(self, x):
        return x + (x / x.square().mean(-1, keepdim=True).sqrt() * self.scale) @ self.weight


class Convolved(nn.Module):
    """A block of ConvNeXt: the maps that it takes in and puts out have their channels second."""

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
    """Also beside weights that are applied to them at the end, and over one dimension."""
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
    """In a product of activations with weights, the channels are what the weights have of their own."""
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
    """One that has channels last somewhere, and then mixes all dimensions beyond recognition."""
    scramble = Applied(lambda x: x.flatten(1).sort().values.view(x.shape))
    model = nn.Sequential(ChannelsLast(Plain), scramble)
    with pytest.raises(ValueError, match=r"layer '1': expected norms, .* holds the channels, found none for shape"):
        mot.extract(model, IMAGES, tmp_path / "refused", layers="1", progress=False)
    network = mot.extract(model, IMAGES, tmp_path, layers="1", pool=lambda x, _: x.mean((1, 2)), progress=False)
    assert network.widths == (12,)


class Permuted(torch.utils.data.Sampler):
    """Another order, and always the same."""

    def __iter__(self):
        return iter([0, 2, 1, 3, 4, 5, 6, 7, 8])

    def __len__(self):
        return 9


def loader(**options):
    return DataLoader(TensorDataset(ROWS), **({} if "batch_sampler" in options else {"batch_size": 3}) | options)


@pytest.mark.parametrize(
    "options",
    [
        {"shuffle": True},
        {"shuffle": True, "generator": torch.Generator().manual_seed(0)},
        {"sampler": SubsetRandomSampler(range(9))},
        {"sampler": WeightedRandomSampler(torch.ones(9), 9)},
        {"sampler": DistributedSampler(TensorDataset(ROWS), 1, 0, shuffle=True)},
        {"sampler": Permuted()},
        {"sampler": [3, 2, 1]},
        {"batch_sampler": BatchSampler(RandomSampler(range(9)), 3, drop_last=False)},
        {"batch_sampler": [[0, 1], [3, 2]]},
        {"batch_sampler": iter([[0, 1], [2, 3]])},
        {"batch_sampler": [torch.tensor([0, 2]), torch.tensor([1, 3])]},
        {"batch_sampler": [[0, 1], [1, 2]]},
        {"sampler": np.array([1, 0])},
        {"batch_size": None, "sampler": BatchSampler(RandomSampler(range(9)), 3, drop_last=False)},
        {"num_workers": 2, "in_order": False},
    ],
)
def test_loaders_that_shuffle_are_refused(options, tmp_path):
    with pytest.raises(ValueError, match=r"batches: expected a loader .*(shuffle|order)"):
        mot.extract(linear(), loader(**options), tmp_path / "net", layers="*", stimuli=range(9), progress=False)
    assert not (tmp_path / "net").exists()


def test_what_has_no_order_or_leaves_stimuli_out_is_refused(tmp_path):
    model = nn.Sequential(linear())
    with pytest.raises(TypeError, match="batches: expected stimuli in an order, found a set; give a list"):
        mot.extract(model, {"a", "b"}, tmp_path, progress=False)
    four = BatchSampler(range(9), 4, drop_last=True)
    for options, message in (
        ({"batch_size": 4, "drop_last": True}, "drop_last=True, which leaves out the last 1"),
        ({"batch_sampler": type("Own", (BatchSampler,), {})(range(9), 4, True)}, "drop_last=True, .* the last 1"),
        ({"batch_size": None, "sampler": four}, "drop_last=True, which leaves out the last 1"),
        (
            {"sampler": DistributedSampler(TensorDataset(ROWS), 3, 0, shuffle=False)},
            "a DistributedSampler, which leaves out 6 for other processes",
        ),
    ):
        with pytest.raises(ValueError, match=f"expected a loader of all stimuli, found one with {message}"):
            mot.extract(model, loader(**options), tmp_path, progress=False)


class Stream(IterableDataset):
    """The rows, in an order that depends on how often they have been gone through, or always as they are."""

    def __init__(self, shuffles=False):
        self.shuffles, self.n_times = shuffles, 0

    def __iter__(self):
        self.n_times += self.shuffles
        return iter(ROWS.roll(self.n_times, 0))


class Noisy(TensorDataset):
    """Every time another variant of the same image, as data augmentation makes them."""

    def __getitem__(self, k):
        return super().__getitem__(k)[0] + torch.randn(8)


class Wrapped:
    """What hides a loader, as a progress bar does."""

    def __init__(self, within):
        self.within = within

    def __iter__(self):
        return iter(self.within)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_workers": 2}, "found num_workers=2 for an IterableDataset, .*; give num_workers=1"),
        ({"drop_last": True}, "found one with drop_last=True, which may leave out the last"),
    ],
)
def test_streams_that_mix_or_lose_stimuli_are_refused(options, message, tmp_path):
    with pytest.raises(ValueError, match=f"batches: expected a loader .* {message}"):
        mot.extract(linear(), DataLoader(Stream(), batch_size=3, **options), tmp_path / "net", progress=False)
    assert not (tmp_path / "net").exists()


@pytest.mark.parametrize(
    "source",
    [
        DataLoader(Stream(shuffles=True), batch_size=3),
        DataLoader(Noisy(ROWS), batch_size=3),
        Wrapped(loader(shuffle=True)),
    ],
)
def test_what_begins_with_other_stimuli_the_second_time_is_refused(source, tmp_path):
    with pytest.raises(ValueError, match=r"found that (DataLoader|Wrapped) begins with others the second time"):
        mot.extract(nn.Sequential(linear()), source, tmp_path, stimuli=range(9), progress=False)


def test_texts_that_begin_otherwise_the_second_time_are_refused():
    source = Wrapped(DataLoader([f"text {k}" for k in range(40)], batch_size=20, shuffle=True))
    with pytest.raises(ValueError, match="found that Wrapped begins with others the second time"):
        list(stream(source, 20, range(40), lambda: None))


def test_loaders_that_keep_the_order(tmp_path):
    def once():
        yield from ROWS.split(4)

    model = nn.Sequential(linear())
    with torch.no_grad():
        expected = model(ROWS).numpy()
    for k, each in enumerate(
        (
            loader(),
            loader(sampler=range(9)),
            loader(batch_sampler=[[0, 1], [2], [3, 4, 5, 6, 7, 8]]),
            loader(sampler=DistributedSampler(TensorDataset(ROWS), 1, 0, shuffle=False)),
            loader(batch_sampler=[torch.tensor([0, 1, 2, 3]), torch.tensor([4, 5, 6, 7, 8])]),
            DataLoader(Stream(), batch_size=2),
            Wrapped(loader()),
            Wrapped(once()),
        )
    ):
        _, layers = extracted(model, each, tmp_path / str(k))
        np.testing.assert_allclose(layers["0"], expected, rtol=1e-5, atol=1e-6)


DEPENDENT = (
    "stimulus [0-9]+, read alone, has other activations in layer '1' than in its batch: rows depend on the batch"
)


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (Applied(lambda x: x - x.mean(0, keepdim=True)), DEPENDENT),
        (Applied(lambda x: x - x[:1]), DEPENDENT),
        (Applied(lambda x: x.cumsum(0)), DEPENDENT),
        (Applied(lambda x: x / x.abs().max()), DEPENDENT),
        (nn.BatchNorm1d(8, track_running_stats=False), r"stimulus 0 cannot be read alone \(Expected more than 1 value"),
        (Applied(lambda x: F.dropout(x, 0.5, training=True)), "layer '1' each time: the model draws random numbers"),
        (Applied(lambda x: x + torch.rand_like(x)), "layer '1' each time: the model draws random numbers"),
    ],
)
def test_rows_that_are_not_the_models_answer_are_told_of(layer, message, tmp_path):
    model = nn.Sequential(layer, linear())
    for _ in range(2):  # as well where the rows are there already
        with pytest.warns(UserWarning, match=message) as found:
            mot.extract(model, ROWS, tmp_path, layers="1", batch_size=5, progress=False)
        assert {warning.filename for warning in found} == {__file__}


@pytest.mark.parametrize("comes_late", [False, True])
def test_padding_that_counts_is_told_of(comes_late, tmp_path):
    """One embedding a token, and a sum over all of them: padding, which the mask leaves out, is in it."""

    class Summed(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed = nn.Embedding(torch_models.N_IDS, 5)
            self.mixed = Applied(lambda x: x + x.sum(1, keepdim=True))

        def forward(self, input_ids, **_):
            return self.mixed(self.embed(input_ids))

    ids = torch_models.padded(torch_models.sentences_of_ids(6))
    of_one_length = {"input_ids": ids["input_ids"][:2, :2], "attention_mask": torch.ones(2, 2)}
    batches = [of_one_length, ids] if comes_late else ids
    with pytest.warns(UserWarning, match="layer 'mixed' than in its batch: rows depend on the batch .* padding"):
        mot.extract(torch_models.seeded(Summed), batches, tmp_path, layers="mixed", progress=False)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_rounding_is_no_doubt(dtype, tmp_path):
    """Kernels for one stimulus round otherwise than those for many; a mean of nothing but rounding is none either."""
    centred = Applied(lambda x: x - x.mean((2, 3), keepdim=True))
    blocks = (torch_models.Residual(8) for _ in range(2))
    model = torch_models.seeded(lambda: nn.Sequential(nn.Conv2d(3, 8, 3), *blocks, centred)).to(dtype)
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        mot.extract(model, torch.randn(9, 3, 7, 7), tmp_path, layers=["1", "2", "3"], batch_size=9, progress=False)
    assert [str(each.message) for each in found if "alone" in str(each.message)] == []


def test_rows_of_a_model_that_has_changed_since_are_refused(tmp_path):
    """By what is neither a parameter nor a buffer; of both what is complete and what is not."""
    model = nn.Sequential(torch_models.Scaled(1.0), linear())

    def stopped():
        yield ROWS[:4]
        raise KeyboardInterrupt

    mot.extract(model, ROWS, tmp_path / "whole", layers="1", batch_size=4, progress=False)
    with pytest.raises(KeyboardInterrupt):
        mot.extract(model, stopped(), tmp_path / "part", layers="1", progress=False)
    model[0].scale = 1.01
    for name in ("whole", "part"):
        with pytest.raises(
            ValueError, match=r"folder: expected what the model now makes .* stimulus 0, read alone, has "
        ):
            mot.extract(model, ROWS, tmp_path / name, layers="1", batch_size=3, progress=False)
    model[0].scale = 1.0
    assert mot.extract(model, ROWS, tmp_path / "part", layers="1", progress=False).n_stimuli == 9
    altered = np.load(tmp_path / "whole" / "layer000.npy", mmap_mode="r+")
    altered[0] += 1
    altered.flush()
    with pytest.raises(ValueError, match=r"layer000.npy: expected the numbers whose digest is in network.json"):
        mot.extract(model, ROWS, tmp_path / "whole", layers="1", progress=False)


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
    _, layers = extracted(model, IMAGES, tmp_path)
    assert list(layers) == ["stem", "1", "2"]
    with torch.no_grad():
        np.testing.assert_allclose(layers["1"], model[:2](IMAGES).mean((2, 3)), rtol=1e-4, atol=1e-6)


class OptimizedModule(nn.Module):
    """What `torch.compile` makes of a module, without the seconds that its compiler takes to be imported."""

    def __init__(self, module):
        super().__init__()
        self._orig_mod = module

    def forward(self, *inputs):
        assert STANCES == ["force_eager"], "compiled code would not tell what passes within"
        return self._orig_mod(*inputs)


STANCES = []


@contextmanager
def set_stance(stance):
    STANCES.append(stance)
    yield
    STANCES.pop()


def test_modules_that_are_compiled_are_not_run_so(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.compiler, "set_stance", set_stance, raising=False)
    blocks = [torch_models.seeded(torch_models.OneChild, 8) for _ in range(3)]
    _, expected = extracted(nn.Sequential(*blocks), ROWS, tmp_path / "bare")
    within = nn.Sequential(blocks[0], *map(OptimizedModule, blocks[1:]))
    _, layers = extracted(within, ROWS, tmp_path / "compiled")
    assert list(layers) == list(expected) == ["0", "1", "2"]
    _, named = extracted(within, ROWS, tmp_path / "named", layers=["0", "1", "2"])
    _, by_pattern = extracted(within, ROWS, tmp_path / "pattern", layers="*")
    for label, values in expected.items():
        for found in layers, named, by_pattern:
            np.testing.assert_array_equal(found[label], values)
    assert len(named) == len(by_pattern) == 3
    assert STANCES == []
    monkeypatch.delattr(torch.compiler, "set_stance")
    with pytest.raises(ValueError, match=r"model: expected modules that are not compiled, as torch before 2.6 cannot"):
        mot.extract(within, ROWS, tmp_path / "old", progress=False)


@pytest.mark.parametrize(
    "wrap", [nn.DataParallel, OptimizedModule, lambda model: nn.DataParallel(OptimizedModule(model))]
)
def test_wrapped_models_are_read_within(wrap, tmp_path):
    model = torch_models.seeded(lambda: nn.Sequential(linear(8, 8), *(torch_models.OneChild(8) for _ in range(2))))
    _, expected = extracted(model, ROWS, tmp_path / "bare")
    header, layers = extracted(wrap(model), ROWS, tmp_path / "wrapped")
    assert (header["name"], list(layers)) == ("Sequential", list(expected))
    for label, values in expected.items():
        np.testing.assert_array_equal(layers[label], values)
