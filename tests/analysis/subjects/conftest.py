from __future__ import annotations

import pytest

import mot_fast as mot

N_STIMULI = 45


@pytest.fixture
def subjects(layers):
    """Four subjects with three layers of the same labels, and of other widths."""
    return {
        f"s{k}": dict(zip(("V1", "V4", "IT"), layers([3 + k, 4, 5], N_STIMULI, seed=k + 1), strict=True))
        for k in range(4)
    }


@pytest.fixture
def target(layers):
    return mot.load(layers([5, 4, 3, 6], N_STIMULI, seed=9), "model")
