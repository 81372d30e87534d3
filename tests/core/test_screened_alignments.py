"""Alignments are optimal by every version of the products that screen costs, and the same for any number of threads."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import mot_fast as mot
from mot_fast import _core
from oracles.transports import Twin, assert_optimal, correlation_cost, transport_by_linear_programming

pytestmark = [
    pytest.mark.filterwarnings("ignore::mot_fast._warnings.ConstantUnitsWarning"),
    pytest.mark.filterwarnings("ignore::mot_fast._warnings.TransposedLayersWarning"),
]


@pytest.fixture(params=_core.available_products())
def products(request):
    """The name of one version, which is in use while the test runs."""
    before = _core.products()
    _core.use_products(request.param)
    yield request.param
    _core.use_products(before)


def dense(rng, shape):
    return rng.standard_normal(shape)


def spiking(rng, shape):
    return rng.standard_normal(shape) * np.where(rng.random(shape) < 0.02, 1000, 1)


def sparse(rng, shape):
    return rng.standard_normal(shape) * (rng.random(shape) < 0.05)


def some_constant(rng, shape):
    return np.where(np.arange(shape[1]) % 3 == 0, 0.7, rng.standard_normal(shape))


def duplicated(rng, shape):
    return np.repeat(rng.standard_normal((shape[0], -(-shape[1] // 3))), 3, axis=1)[:, : shape[1]]


def tiny(rng, shape):
    return 1e-30 * rng.standard_normal(shape)


def huge(rng, shape):
    return 1e30 * rng.standard_normal(shape)


def quantised(rng, shape):
    return rng.integers(-1, 2, shape).astype(float)


def heavy_tailed(rng, shape):
    return rng.standard_cauchy(shape) ** 3


def walsh(rng, shape):
    """Walsh functions and noise: stimuli are mixed by a transform of such functions."""
    n_functions = 1 << (shape[0] - 1).bit_length()
    functions = scipy.linalg.hadamard(n_functions, dtype=float)[: shape[0]]
    return functions[:, rng.integers(0, n_functions, shape[1])] + 0.1 * rng.standard_normal(shape)


def near_copies(rng, shape):
    signal = np.random.default_rng(1).standard_normal((shape[0], 1))
    return signal + 1e-3 * rng.standard_normal(shape)


FAMILIES = [
    dense,
    spiking,
    sparse,
    some_constant,
    duplicated,
    tiny,
    huge,
    quantised,
    heavy_tailed,
    walsh,
    near_copies,
]


def networks(rng, family, n_stimuli, widths=((40, 7), (35, 40, 9))):
    return [[family(rng, (n_stimuli, width)) for width in each] for each in widths]


def assert_optimal_for_correlations(plan, x, y, a=None, b=None):
    """Standardized values are in single precision: their correlations differ from these by less than 3e-7."""
    cost = correlation_cost(x, y)
    assert_optimal(plan, cost, a, b, tolerance=3e-7 / max(cost.max(), 1e-6))
    assert plan.certificate.dual_violation <= 1e-12
    assert plan.cost == pytest.approx(transport_by_linear_programming(cost, a, b)[0], abs=1e-7)


def assert_same_bits(alignment, other):
    np.testing.assert_array_equal(alignment.layer_costs, other.layer_costs)
    np.testing.assert_array_equal(alignment.layer_plan, other.layer_plan)
    for l, m in np.ndindex(alignment.layer_costs.shape):
        plans = [each.unit_plan(l, m) for each in (alignment, other)]
        np.testing.assert_array_equal(plans[0].toarray(), plans[1].toarray())
        for side in ("u", "v"):
            np.testing.assert_array_equal(getattr(plans[0], side), getattr(plans[1], side))


def test_versions_have_names(products):
    assert _core.products() == products
    assert products in _core.available_products()
    with pytest.raises(ValueError, match=r"one of 'auto', 'float32', 'plain'.*, found 'magic'"):
        _core.use_products("magic")
    assert _core.products() == products
    _core.use_products("auto")
    assert _core.products() in _core.available_products()


@pytest.mark.usefixtures("products")
@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("n_stimuli", [3, 100, 257])
def test_alignments_agree_with_the_slow_twin(family, n_stimuli, rng):
    source, target = networks(rng, family, n_stimuli)
    alignment = mot.align(source, target)
    twin = Twin(source, target)
    np.testing.assert_allclose(alignment.layer_costs, twin.layer_costs, atol=1e-7)
    assert alignment.cost == pytest.approx(twin.cost, abs=1e-7)
    for l, x in enumerate(source):
        for m, y in enumerate(target):
            assert_optimal_for_correlations(alignment.unit_plan(l, m), x, y)


@pytest.mark.usefixtures("products")
@pytest.mark.parametrize("family", FAMILIES)
def test_costs_are_those_of_single_precision_products(family, rng):
    source, target = networks(rng, family, 300, widths=((70, 90), (64, 130)))
    costs = mot.align(source, target).layer_costs
    _core.use_products("float32")
    np.testing.assert_allclose(costs, mot.align(source, target).layer_costs, rtol=0, atol=1e-12)


@pytest.mark.usefixtures("products")
def test_layers_of_different_versions_are_aligned(rng):
    source, target = rng.standard_normal((2, 200, 50))
    first = _core.StandardizedLayer(source)
    _core.use_products("float32")
    second = _core.StandardizedLayer(target)
    mixed = _core.solve_pairs([first], [second], 1, 2**62, 2**62)[0]
    alike = _core.solve_pairs([_core.StandardizedLayer(source)], [second], 1, 2**62, 2**62)[0]
    assert mixed.cost == pytest.approx(alike.cost, abs=1e-12)


@pytest.mark.usefixtures("products")
def test_units_with_masses(rng):
    source, target = networks(rng, dense, 150)
    masses = [[rng.integers(1, 5, x.shape[1]) for x in each] for each in (source, target)]
    alignment = mot.align(source, target, source_mass=masses[0], target_mass=masses[1])
    for l, x in enumerate(source):
        for m, y in enumerate(target):
            a, b = masses[0][l] / masses[0][l].sum(), masses[1][m] / masses[1][m].sum()
            assert_optimal_for_correlations(alignment.unit_plan(l, m), x, y, a, b)


@pytest.mark.usefixtures("products")
@pytest.mark.parametrize("rotate", [False, True])
def test_threads_and_memory_change_no_bit(rotate, rng):
    source, target = networks(rng, spiking, 200, widths=((50, 33, 64), (70, 40)))
    alignment = mot.align(source, target, rotate=rotate, n_jobs=1)
    assert_same_bits(alignment, mot.align(source, target, rotate=rotate, n_jobs=2))
    for n_jobs in (1, 2):
        assert_same_bits(alignment, mot.align(source, target, rotate=rotate, n_jobs=n_jobs, memory_limit=2**22))


@pytest.mark.usefixtures("products")
def test_rotations_are_those_of_single_precision_products(rng):
    source, target = networks(rng, dense, 200, widths=((20, 30), (25,)))
    alignment = mot.align(source, target, rotate=True)
    _core.use_products("float32")
    other = mot.align(source, target, rotate=True)
    np.testing.assert_allclose(alignment.layer_costs, other.layer_costs, rtol=0, atol=1e-9)
    for l in range(2):
        np.testing.assert_allclose(alignment.rotation(l, 0), other.rotation(l, 0), atol=1e-7)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    families=st.tuples(st.sampled_from(FAMILIES), st.sampled_from(FAMILIES)),
    n_stimuli=st.integers(3, 300),
    widths=st.tuples(st.integers(1, 60), st.integers(1, 60)),
    seed=st.integers(0, 2**32 - 1),
)
def test_any_two_layers(products, families, n_stimuli, widths, seed):
    _core.use_products(products)
    rng = np.random.default_rng(seed)
    x, y = (family(rng, (n_stimuli, width)) for family, width in zip(families, widths, strict=True))
    assert_optimal_for_correlations(mot.align([x], [y]).unit_plan(0, 0), x, y)
