from __future__ import annotations

import numpy as np
import pytest

from mot_fast.networks.extraction import activation_warnings
from mot_fast.networks.extraction.activation_warnings import first_component_share


def with_principal_values(values, n_stimuli=400, seed=0):
    """A layer with these singular values after centring."""
    rng = np.random.default_rng(seed)
    left = np.linalg.qr(np.column_stack([np.ones(n_stimuli), rng.standard_normal((n_stimuli, len(values)))]))[0][:, 1:]
    right = np.linalg.qr(rng.standard_normal((len(values), len(values))))[0]
    return left * values @ right + rng.standard_normal(len(values))


@pytest.mark.parametrize("values", [[3, 1, 1], [10, 2, 1, 0.1], [1, 0.9, 0.5]])
def test_it_is_the_first_component(values):
    values = np.array(values, dtype=float)
    expected = values[0] ** 2 / (values**2).sum()
    assert first_component_share(with_principal_values(values)) == pytest.approx(expected, rel=1e-2)


@pytest.mark.parametrize(
    "layer", [np.full((50, 4), 1e6), np.full((50, 4), np.float32(0.1)), np.zeros((3, 2)), np.ones((1, 4))]
)
def test_where_nothing_varies_nothing_dominates(layer):
    assert first_component_share(layer) == 0


def test_of_many_stimuli_some_are_read(monkeypatch):
    layer = with_principal_values(np.array([5.0, 1, 1]), n_stimuli=5000).astype(np.float16)
    assert first_component_share(layer) == pytest.approx(25 / 27, abs=0.02)
    monkeypatch.setattr(activation_warnings, "MAX_NUMBERS", 600)
    assert first_component_share(layer) == pytest.approx(25 / 27, abs=0.05)
