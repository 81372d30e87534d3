"""Sources that shuffle, alter or lose stimuli are refused; skipped where torch is not installed."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402
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
from mot_fast.networks.extraction.batches import iterate_batches  # noqa: E402
from support.torch_models import ROWS, extracted, linear  # noqa: E402

pytestmark = pytest.mark.torch


class Permuted(torch.utils.data.Sampler):
    """A sampler of a permuted order, which is always the same."""

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
    """A data set that yields the rows in another order in each iteration, or always in their own order."""

    def __init__(self, shuffles=False):
        self.shuffles, self.n_times = shuffles, 0

    def __iter__(self):
        self.n_times += self.shuffles
        return iter(ROWS.roll(self.n_times, 0))


class Noisy(TensorDataset):
    """A data set that returns another variant of a stimulus each time, as data augmentation does."""

    def __getitem__(self, k):
        return super().__getitem__(k)[0] + torch.randn(8)


class Wrapped:
    """An iterable that hides a loader, as a progress bar does."""

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
        list(iterate_batches(source, 20, range(40), lambda: None))


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
