"""Similarities of layers against rsatoolbox, which shares no code with this package."""

from __future__ import annotations

import numpy as np
import pytest

import mot_fast as mot

pytestmark = pytest.mark.torch  # in the session whose environment has what is too much for every other


@pytest.fixture(scope="module")
def toolbox():
    pytest.importorskip("rsatoolbox")
    from rsatoolbox import data, rdm

    return data, rdm


@pytest.fixture(params=[np.float64, np.float32])
def networks(request, layers):
    """Layers with fewer units than stimuli, and with more."""
    return [layers([6, 60, 9], 40, dtype=request.param), layers([5, 50], 40, seed=3, dtype=request.param)]


def compared(toolbox, networks, rdms, method):
    data, rdm = toolbox
    both = [rdm.calc_rdm([data.Dataset(layer.astype(float)) for layer in layers], method=rdms) for layers in networks]
    return rdm.compare(*both, method=method)


@pytest.mark.parametrize(("theirs", "ours"), [("spearman", "spearman"), ("corr", "pearson"), ("kendall", "kendall")])
def test_rsa(toolbox, networks, theirs, ours):
    expected = compared(toolbox, networks, "correlation", theirs)
    np.testing.assert_allclose(mot.baselines.rsa(*networks, compare=ours), expected, atol=1e-9)


def test_rsa_of_tied_dissimilarities(toolbox, rng):
    """Stimuli that are shown twice."""
    layers = [np.repeat(rng.standard_normal((15, width)), 2, axis=0) for width in (8, 11)]
    expected = compared(toolbox, [[layer] for layer in layers], "correlation", "spearman")
    np.testing.assert_allclose(mot.baselines.rsa([layers[0]], [layers[1]]), expected, atol=1e-3)


def test_cka_is_the_cosine_of_whitened_squared_distances(toolbox, networks):
    expected = compared(toolbox, networks, "euclidean", "cosine_cov")
    np.testing.assert_allclose(mot.baselines.linear_cka(*networks), expected, atol=1e-9)


def test_procrustes_is_the_bures_similarity_of_kernels(toolbox, networks):
    expected = compared(toolbox, networks, "euclidean", "bures")
    np.testing.assert_allclose(mot.baselines.procrustes(*networks), expected, atol=1e-5)
