"""POT's own algorithms with the solver of this package inside, as docs/guides/backend.md puts it there."""

from __future__ import annotations

import numpy as np
import ot as pot
import pytest

import mot_fast as mot
from support.pages import defined_on

PAGE = "docs/guides/backend.md"


@pytest.mark.parametrize("n", [(30, 30), (25, 40)])
def test_gromov_wasserstein_takes_the_same_steps(rng, n):
    c1, c2 = (pot.dist(rng.normal(size=(size, 3))) for size in n)
    a, b = (pot.unif(size) if n[0] == n[1] else rng.dirichlet(np.ones(size)) for size in n)
    ours = defined_on(PAGE, "gromov_wasserstein", np=np, mot=mot)["gromov_wasserstein"](c1, c2, a, b)
    theirs, log = pot.gromov.gromov_wasserstein(c1, c2, a, b, log=True)
    np.testing.assert_allclose(ours.sum(axis=1), a, atol=1e-12)
    np.testing.assert_allclose(ours.sum(axis=0), b, atol=1e-12)
    loss = np.einsum("ijkl,ik,jl->", (c1[:, :, None, None] - c2[None, None]) ** 2, ours, ours)
    assert loss == pytest.approx(log["gw_dist"], rel=1e-6)
    np.testing.assert_allclose(ours, theirs, atol=1e-8)


def test_regularized_transport_by_a_conditional_gradient(rng):
    a, b, cost = rng.dirichlet(np.ones(20)), rng.dirichlet(np.ones(15)), rng.random((20, 15))
    solver = defined_on(PAGE, "solver", np=np, mot=mot)["solver"]
    functions = (lambda plan: 0.5 * (plan**2).sum()), (lambda plan: plan)

    def line_search(loss, plan, change, gradient, value, _, **options):
        return pot.optim.line_search_armijo(loss, plan, change, gradient, value, **options)

    found = pot.optim.generic_conditional_gradient(a, b, cost, *functions, 0.1, None, solver, line_search)
    np.testing.assert_allclose(found, pot.optim.cg(a, b, cost, 0.1, *functions), atol=1e-9)


def test_samples_are_moved_as_by_pots_estimator(rng):
    estimator = defined_on(PAGE, "ProvenTransport", pot=pot, mot=mot)["ProvenTransport"]
    source, target = rng.normal(size=(60, 3)), rng.normal(size=(45, 3)) + 2
    ours, theirs = (each().fit(Xs=source, Xt=target) for each in (estimator, pot.da.EMDTransport))
    np.testing.assert_allclose(ours.coupling_, theirs.coupling_, atol=1e-12)
    np.testing.assert_allclose(ours.transform(Xs=source), theirs.transform(Xs=source), atol=1e-9)
    assert ours.log_["cost"] == pytest.approx((theirs.coupling_ * theirs.cost_).sum())
