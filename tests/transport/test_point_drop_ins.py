"""The drop-ins that take points against POT's."""

from __future__ import annotations

import inspect

import numpy as np
import ot as pot
import pytest
from scipy.spatial.distance import cdist

import mot_fast as mot


def problem(seed=0, n=30, m=25, d=4):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)), rng.normal(size=(m, d)), rng.dirichlet(np.ones(n)), rng.dirichlet(np.ones(m))


@pytest.mark.parametrize("name", ["emd2_lazy", "solve_sample"])
def test_signatures_are_pots(name):
    theirs = inspect.signature(getattr(pot.lp, name, None) or getattr(pot, name))
    ours = inspect.signature(getattr(mot.ot, name))
    assert [(p.name, p.default) for p in ours.parameters.values()] == [
        (p.name, p.default) for p in theirs.parameters.values()
    ]


@pytest.mark.parametrize("metric", ["sqeuclidean", "euclidean", "cityblock"])
@pytest.mark.parametrize("is_uniform", [True, False])
def test_emd2_lazy_costs_what_pot_finds(metric, is_uniform):
    x, y, a, b = problem()
    masses = (None, None) if is_uniform else (a, b)
    expected, theirs = pot.lp.emd2_lazy(x, y, *masses, metric=metric)
    cost, log = mot.ot.emd2_lazy(x, y, *masses, metric=metric)
    assert cost == log["cost"] == pytest.approx(expected)
    assert log["G"].shape == theirs["G"].shape
    np.testing.assert_allclose(log["G"].sum(1), theirs["G"].sum(1))
    assert (log["u"][:, None] + log["v"] <= cdist(x, y, metric) + 1e-12).all()
    assert (log["warning"], log["result_code"]) == (theirs["warning"], theirs["result_code"])
    assert mot.ot.emd2_lazy(x, y, *masses, metric, return_matrix=False) == cost
    assert "G" not in mot.ot.emd2_lazy(x, y, *masses, metric, log=True, return_matrix=False)[1]


@pytest.mark.parametrize("metric", ["sqeuclidean", "euclidean", "cityblock", "cosine", "correlation"])
def test_solve_sample_is_pots(metric):
    x, y, a, b = problem(1)
    theirs = pot.solve_sample(x, y, a, b, metric=metric)
    ours = mot.ot.solve_sample(x, y, a, b, metric=metric, lazy=True, n_threads=2)
    assert ours.value == ours.value_linear == pytest.approx(theirs.value)
    assert ours.status == theirs.status == "Converged"
    assert ours.potential_a.shape == theirs.potential_a.shape
    assert ours.potential_b.shape == theirs.potential_b.shape
    np.testing.assert_allclose(ours.plan.sum(0), b)
    assert repr(ours) == f"SampleResult(value={ours.value}, shape=(30, 25))"


@pytest.mark.parametrize(
    ("name", "value"),
    [("reg", 0.1), ("unbalanced", 1.0), ("c", np.ones(2)), ("method", "sliced"), ("debias", True), ("scaler", "norm")],
)
def test_what_is_no_exact_transport_is_refused(name, value):
    with pytest.raises(ValueError, match=f"{name}: expected None, as this transport is exact"):
        mot.ot.solve_sample([[0.0]], [[1.0]], **{name: value})


def test_arguments_are_validated_as_pot_does():
    x, y, a, b = problem()
    with pytest.raises(AssertionError, match=r"a: expected shape \(30,\) as the points say, found \(25,\)"):
        mot.ot.emd2_lazy(x, y, b, a)
    with pytest.raises(AssertionError, match="a and b: expected the same sum"):
        mot.ot.emd2_lazy(x, y, a, 2 * b)
    assert mot.ot.emd2_lazy(x, y, a, 2 * b, check_marginals=False)[0] == pytest.approx(mot.ot.emd2_lazy(x, y, a, b)[0])
    with pytest.raises(ValueError, match="X_b: expected finite numbers"):
        mot.ot.emd2_lazy(x, np.full_like(y, np.nan))
    assert mot.ot.emd2_lazy([[0, 0]], [[3, 4]], metric="euclidean")[0] == 5.0


def test_dtypes_follow_the_masses():
    x, y, a, b = problem()
    cost, log = mot.ot.emd2_lazy(x, y, a.astype(np.float32), b.astype(np.float32))
    assert isinstance(cost, float)
    assert log["u"].dtype == log["G"].dtype == np.float32
