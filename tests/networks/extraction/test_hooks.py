"""Recorded outputs, of models that are compiled, wrapped, or edit tensors in place; skipped without torch."""

from __future__ import annotations

from contextlib import contextmanager

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402

import mot_fast as mot  # noqa: E402
from support import torch_models  # noqa: E402
from support.torch_models import ROWS, Applied, extracted, linear  # noqa: E402

pytestmark = pytest.mark.torch


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
    """Later modules, and the function that pools, edit the output in place."""
    images = torch.randn(7, 3, 6, 6, generator=torch.Generator().manual_seed(0))
    model = nn.Sequential(torch_models.seeded(nn.Conv2d, 3, 4, 3), Applied(F.relu_), Applied(lambda x: x.mul_(3)))
    with torch.no_grad():
        first = model[0](images)
    for pool in ("mean", lambda x, _: x.mul_(2).mean((2, 3)) / 2):
        _, layers = extracted(model, images, tmp_path / str(callable(pool)), layers=["0", "1", "2"], pool=pool)
        for label, expected in (("0", first), ("1", first.relu()), ("2", 3 * first.relu())):
            np.testing.assert_allclose(layers[label], expected.mean((2, 3)), rtol=1e-5, atol=1e-6)


class OptimizedModule(nn.Module):
    """A stand-in for the result of `torch.compile`, without the seconds that it takes to import the compiler."""

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
