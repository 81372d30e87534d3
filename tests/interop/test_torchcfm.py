"""Minibatches of torchcfm that are coupled by the solver of this package."""

from __future__ import annotations

import numpy as np
import pytest

import mot_fast as mot

pytestmark = pytest.mark.torch


@pytest.fixture(scope="module")
def torch():
    return pytest.importorskip("torch")


@pytest.fixture
def samplers(torch):
    """Samplers of torchcfm, with POT's solver and with ours."""
    del torch
    pytest.importorskip("torchcfm")
    from torchcfm.optimal_transport import OTPlanSampler

    theirs, ours = OTPlanSampler("exact"), OTPlanSampler("exact")
    ours.ot_fn = mot.ot.emd
    return theirs, ours


@pytest.mark.parametrize("shapes", [((48, 2), (48, 2)), ((30, 3), (45, 3)), ((16, 1, 4, 4), (16, 1, 4, 4))])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_plans_are_those_of_pot(torch, samplers, shapes, dtype):
    generator = torch.Generator().manual_seed(0)
    x, y = (torch.randn(shape, generator=generator, dtype=getattr(torch, dtype)) for shape in shapes)
    theirs, ours = (sampler.get_map(x, y) for sampler in samplers)
    assert isinstance(ours, np.ndarray)
    cost = (torch.cdist(x.flatten(1), y.flatten(1)) ** 2).numpy().astype(float)
    assert (ours * cost).sum() == pytest.approx((theirs * cost).sum(), rel=1e-9)
    np.testing.assert_allclose(ours.sum(axis=1), 1 / len(x), atol=1e-12)


def test_pairs_that_are_drawn_are_pairs_of_the_plan(torch, samplers, monkeypatch):
    monkeypatch.setattr(np.random, "choice", np.random.RandomState(0).choice)
    generator = torch.Generator().manual_seed(1)
    x, y = (torch.randn(32, 2, generator=generator) + shift for shift in (0, 1))
    partner = mot.solve_transport(torch.cdist(x, y) ** 2).columns
    left, right = samplers[1].sample_plan(x, y)
    for one, other in zip(left, right, strict=True):
        (i,) = torch.nonzero((x == one).all(dim=1)).ravel().tolist()
        assert torch.equal(y[partner[i]], other)


def test_a_matcher_that_learns_from_our_plans(torch, samplers):
    del samplers
    from torchcfm.conditional_flow_matching import ExactOptimalTransportConditionalFlowMatcher

    matcher = ExactOptimalTransportConditionalFlowMatcher(sigma=0.0)
    matcher.ot_sampler.ot_fn = mot.ot.emd
    generator = torch.Generator().manual_seed(1)
    x, y = (torch.randn(64, 2, generator=generator, dtype=torch.float64) + shift for shift in (0, 3))
    time, position, velocity = matcher.sample_location_and_conditional_flow(x, y)
    start, end = position - time[:, None] * velocity, position + (1 - time[:, None]) * velocity
    for found, points in ((start, x), (end, y)):
        assert (found[:, None] - points).norm(dim=2).amin(dim=1).max() < 1e-6
