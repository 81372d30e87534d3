"""Stored rows are the responses to single stimuli, or the user is warned; skipped without torch."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402

import mot_fast as mot  # noqa: E402
from support import torch_models  # noqa: E402
from support.torch_models import ROWS, Applied, linear  # noqa: E402

pytestmark = pytest.mark.torch


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
    """The model adds the sum of all tokens to each token, padding included, although the mask leaves padding out."""

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
    """Kernels for one stimulus and for many round differently; a mean of rounding errors alone causes no warning."""
    centred = Applied(lambda x: x - x.mean((2, 3), keepdim=True))
    blocks = (torch_models.Residual(8) for _ in range(2))
    model = torch_models.seeded(lambda: nn.Sequential(nn.Conv2d(3, 8, 3), *blocks, centred)).to(dtype)
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        mot.extract(model, torch.randn(9, 3, 7, 7), tmp_path, layers=["1", "2", "3"], batch_size=9, progress=False)
    assert [str(each.message) for each in found if "alone" in str(each.message)] == []


def test_rows_of_a_model_that_has_changed_since_are_refused(tmp_path):
    """The change is in an attribute that is neither parameter nor buffer; complete and incomplete runs are refused."""
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
