"""Pooled activations against plain means over what is not padding; skipped where torch is not installed."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from mot_fast.networks.extraction.pooling import Pooling  # noqa: E402

pytestmark = pytest.mark.torch

LENGTHS = [3, 1, 5]


def padded(side, filler=float("nan")):
    """Tokens of three stimuli, and the same tokens within padding that must not count."""
    rng = np.random.default_rng(0)
    stimuli = [torch.tensor(rng.random((length, 4)), dtype=torch.float32) for length in LENGTHS]
    values, mask = torch.full((3, 6, 4), filler), torch.zeros(3, 6, dtype=torch.bool)
    for row, stimulus in enumerate(stimuli):
        where = slice(0, len(stimulus)) if side == "right" else slice(6 - len(stimulus), 6)
        values[row, where], mask[row, where] = stimulus, True
    return stimuli, values, mask


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize(
    ("pool", "of_one"),
    [
        ("mean", lambda x: x.mean(0)),
        ("max", lambda x: x.amax(0)),
        ("cls", lambda x: x[0]),
        ("last", lambda x: x[-1]),
    ],
)
def test_padding_does_not_count(side, pool, of_one):
    stimuli, values, mask = padded(side)
    torch.testing.assert_close(Pooling(pool)(values, mask, 3), torch.stack([of_one(x) for x in stimuli]))


@pytest.mark.parametrize("side", ["left", "right"])
def test_the_mean_can_leave_out_the_first_token(side):
    stimuli, values, mask = padded(side)
    kept = [0, 2]  # the other one has no second token
    found = Pooling("mean", skips_first_token=True)(values[kept], mask[kept], 2)
    torch.testing.assert_close(found, torch.stack([stimuli[k][1:].mean(0) for k in kept]))
    assert mask[0].sum() == 3
    found = Pooling("max", skips_first_token=True)(values[kept], mask[kept], 2)
    torch.testing.assert_close(found, torch.stack([stimuli[k][1:].amax(0) for k in kept]))


def test_without_a_mask_every_token_counts():
    values = torch.rand(2, 3, 4)
    torch.testing.assert_close(Pooling("mean")(values, None, 2), values.mean(1))
    torch.testing.assert_close(Pooling("last")(values, None, 2), values[:, -1])


@pytest.mark.parametrize("shape", [(2, 3, 4, 5), (2, 3, 4, 5, 6)])
def test_pixels(shape):
    values = torch.rand(shape)
    torch.testing.assert_close(Pooling("mean")(values, None, 2), values.reshape(2, 3, -1).mean(2))
    torch.testing.assert_close(Pooling("max")(values, None, 2), values.reshape(2, 3, -1).amax(2))
    torch.testing.assert_close(
        Pooling("max")(values.movedim(1, -1), None, 2, values.ndim - 1), values.flatten(2).amax(2)
    )


@pytest.mark.parametrize("shape", [(2, 3, 4), (2, 3, 4, 5), (2, 3, 4, 5, 6)])
def test_flattened_activations_are_those_of_the_tensor(shape):
    values = torch.rand(shape)
    expected = values.reshape(2, -1).clone()
    found = Pooling("flatten")(values, torch.ones(shape[:2], dtype=torch.bool), 2)
    values.zero_()
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_means_are_taken_in_float32(dtype):
    values = torch.full((1, 4096, 2), 1.001).to(dtype)
    found = Pooling("mean")(values, None, 1)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, values[:, 0].float())


@pytest.mark.parametrize("pool", ["mean", "max", "last", "flatten", "none", lambda values, _: values * 0])
def test_what_is_one_row_a_stimulus_stays(pool):
    values = torch.rand(3, 4)
    found = Pooling(pool)(values, None, 3)
    expected = values.clone()
    values.zero_()  # as a module that works in place does
    torch.testing.assert_close(found, expected)


def test_a_function_gets_activations_and_mask():
    _, values, mask = padded("right", 0.0)
    found = Pooling(lambda x, m: x.sum(1) / m.sum(1)[:, None])(values, mask, 3)
    torch.testing.assert_close(found, Pooling("mean")(values, mask, 3))


def of_a_name(values, mask):  # noqa: ARG001
    return values[:, 0]


def test_how_it_is_described():
    assert Pooling("mean", skips_first_token=True).described() == {"pool": "mean", "skip_first_token": True}
    assert Pooling(of_a_name).described()["pool"].endswith("test_pooling.of_a_name")


@pytest.mark.parametrize(
    ("pool", "shape", "mask", "message"),
    [
        ("mean", (4, 3), None, r"expected 2 stimuli as the first dimension, found shape \(4, 3\)"),
        ("mean", (), None, r"expected 2 stimuli as the first dimension, found shape \(\)"),
        ("mean", (2,), None, r"expected activations over tokens or pixels for pool='mean', found shape \(2,\)"),
        ("cls", (2, 3, 4, 4), None, r"expected activations over tokens for pool='cls', found shape \(2, 3, 4, 4\)"),
        ("flatten", (2,), None, r"expected activations over tokens or pixels for pool='flatten', found shape \(2,\)"),
        (
            "none",
            (2, 3, 4),
            None,
            r"expected activations \(n_stimuli, n_units\) for pool='none', found shape \(2, 3, 4\);",
        ),
        ("mean", (2, 3, 4), (2, 5), r"expected 5 tokens as the stimuli have, found shape \(2, 3, 4\)"),
        (lambda x, _: x, (2, 3, 4), None, r"expected shape \(2, n_units\) from pool, found \(2, 3, 4\)"),
        (lambda x, _: x[:1, 0], (2, 3, 4), None, r"expected shape \(2, n_units\) from pool, found \(1, 4\)"),
        (lambda *_: 3, (2, 3, 4), None, r"expected shape \(2, n_units\) from pool, found int"),
    ],
)
def test_other_shapes_are_refused(pool, shape, mask, message):
    with pytest.raises(ValueError, match=message):
        Pooling(pool)(torch.zeros(shape), None if mask is None else torch.ones(mask, dtype=torch.bool), 2)


def test_padding_is_not_flattened():
    _, values, mask = padded("right", 0.0)
    with pytest.raises(ValueError, match="expected as many tokens in every stimulus for pool='flatten', found padding"):
        Pooling("flatten")(values, mask, 3)


@pytest.mark.parametrize(
    ("values", "found"),
    [
        (torch.ones(2, 3, dtype=torch.complex64), "torch.complex64"),
        (torch.ones(2, 3).to_sparse(), "torch.sparse_coo"),
    ],
)
def test_what_is_no_dense_tensor_of_real_numbers_is_refused(values, found):
    with pytest.raises(
        ValueError, match=f"expected activations that are real numbers in one dense tensor, found {found}"
    ):
        Pooling("mean")(values, None, 2)
