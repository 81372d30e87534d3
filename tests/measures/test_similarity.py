from __future__ import annotations

import itertools

import numpy as np
import pytest
import scipy.stats

import mot_fast as mot
from mot_fast.baselines import debiased_cka, greedy_map, linear_cka, procrustes, rsa
from mot_fast.measures.similarity import _WORKING_VECTORS, COMPARISONS
from mot_fast.system import memory
from oracles import similarities as oracles

MEASURES = [rsa, linear_cka, debiased_cka, procrustes]


@pytest.fixture
def networks(layers):
    """Layers narrower and wider than there are stimuli, more of the one than of the other."""
    return layers([5, 12, 90, 40], 40), layers([7, 60, 33], 40, seed=5)


def pairs(measure, source, target):
    return np.array([[measure(x, y) for y in target] for x in source])


def rotated(x, rng):
    return x @ scipy.stats.ortho_group.rvs(x.shape[1], random_state=rng)


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("dtype", [np.float64, np.float16])
def test_every_pair_agrees_with_the_definition(networks, measure, dtype):
    source, target = ([x.astype(dtype) for x in network] for network in networks)
    twin = getattr(oracles, measure.__name__)
    expected = pairs(twin, *([x.astype(np.float64) for x in network] for network in (source, target)))
    np.testing.assert_allclose(measure(source, target), expected, atol=1e-12)
    np.testing.assert_allclose(measure(target, source), expected.T, atol=1e-12)
    np.testing.assert_allclose(measure(mot.load(source)[5:30], mot.load(target)[5:30]).shape, (4, 3))


@pytest.mark.parametrize("compare", COMPARISONS)
def test_dissimilarities_are_compared_as_asked(networks, compare):
    source, target = networks
    expected = pairs(lambda x, y: oracles.rsa(x, y, compare), source, target)
    np.testing.assert_allclose(rsa(source, target, compare=compare), expected, atol=1e-12)


@pytest.mark.parametrize("measure", MEASURES)
def test_a_network_is_most_like_itself(networks, measure):
    source, _ = networks
    similarity = measure(source, source)
    np.testing.assert_allclose(similarity.diagonal(), 1.0, atol=1e-12)
    assert (similarity <= 1.0).all()
    np.testing.assert_array_equal(greedy_map(similarity), np.arange(4))


@pytest.mark.parametrize("measure", [linear_cka, debiased_cka, procrustes])
def test_rotating_scaling_and_shifting_layers_changes_nothing(networks, measure, rng):
    source, target = networks
    expected = measure(source, target)
    copies = [rotated(x, rng) * rng.uniform(0.1, 10.0) + rng.standard_normal(x.shape[1]) for x in source]
    np.testing.assert_allclose(measure(copies, target), expected, atol=1e-12)
    np.testing.assert_allclose(measure(source, copies).diagonal(), 1.0, atol=1e-12)


@pytest.mark.parametrize("compare", COMPARISONS)
def test_scaling_and_shifting_stimuli_leaves_dissimilarities(networks, compare, rng):
    source, target = networks
    copies = [x * rng.uniform(0.1, 10.0, (40, 1)) + rng.standard_normal((40, 1)) for x in source]
    expected = rsa(source, target, compare=compare)
    np.testing.assert_allclose(rsa(copies, target, compare=compare), expected, atol=1e-9)


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("scale", [1e-300, 1e-200, 1e200, 1e305])
def test_extreme_scales_change_nothing(networks, measure, scale):
    source, target = networks
    expected = measure(source, target)
    np.testing.assert_allclose(measure([x * scale for x in source], target), expected, atol=1e-12)
    np.testing.assert_allclose(measure(source, [y * scale for y in target]), expected, atol=1e-12)


@pytest.mark.parametrize("measure", [linear_cka, debiased_cka, procrustes])
def test_a_large_constant_unit_changes_nothing(networks, measure):
    source, target = networks
    expected = measure(source, target)
    shifted = [np.column_stack([x, np.full(40, value)]) for x, value in zip(source, [0.1, 1e300, -1e8, 0], strict=True)]
    np.testing.assert_allclose(measure(shifted, target), expected, atol=1e-12)


@pytest.mark.parametrize("measure", [linear_cka, debiased_cka, procrustes])
def test_a_constant_layer_is_like_none(networks, measure):
    source, target = networks
    similarity = measure([np.full((40, 3), 0.1), np.zeros((40, 50)), source[0]], [*target, np.full((40, 2), 7)])
    assert (similarity[:2] == 0.0).all()
    assert (similarity[2, :-1] > 0.0).all()
    assert (similarity[:, -1] == 0.0).all()


@pytest.mark.parametrize("measure", [linear_cka, procrustes])
def test_one_unit_each_is_their_correlation(measure, rng):
    x, y = rng.random((30, 1)), rng.random((30, 1))
    r = abs(np.corrcoef(x.ravel(), y.ravel())[0, 1])
    assert measure([x], [y])[0, 0] == pytest.approx(r**2 if measure is linear_cka else r, abs=1e-14)


def test_equal_dissimilarities_are_tied(rng):
    """Two units correlate as +1 or -1, whatever the rounding."""
    x = rng.standard_normal((50, 2))
    is_rising = x[:, 0] < x[:, 1]
    signs = np.column_stack([is_rising, ~is_rising]).astype(float)
    for compare in COMPARISONS:
        assert rsa([x], [signs], compare=compare)[0, 0] == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("measure", [*MEASURES, lambda *pair, **jobs: rsa(*pair, compare="kendall", **jobs)])
def test_the_result_is_the_same_to_the_last_bit_for_any_number_of_threads(layers, measure):
    source, target = layers([40, 64, 300], 200), layers([64, 50, 250, 33], 200, seed=5)
    results = {n_jobs: measure(source, target, n_jobs=n_jobs).tobytes() for n_jobs in (1, 2, 5, -1, None)}
    assert len(set(results.values())) == 1


@pytest.mark.parametrize("measure", MEASURES)
def test_networks_of_other_stimuli_are_refused(layers, measure):
    one, two = mot.load(layers([6], 50), "one"), mot.load(layers([7], 50), "two")
    with pytest.raises(ValueError, match="source and target: expected the same stimuli, found 10 in 'one' and 50 in"):
        measure(one[:10], two)
    with pytest.raises(ValueError, match="networks 'one' and 'two': expected at least 3 stimuli, found 2"):
        measure(one[:2], two[:2])
    with pytest.raises(TypeError, match="network 'source': expected a mapping or a sequence of arrays"):
        measure(3, two)
    with pytest.raises(
        ValueError, match="n_jobs: expected 1 or more, -1 for all threads, or -2 for all but one, found 0"
    ):
        measure(one, two, n_jobs=0)
    with pytest.raises(ValueError, match="network 'target', layer 'layer0': expected finite activations, found nan"):
        measure(one, [np.full((50, 2), np.nan)])


def orders_of(y):
    """The layer with its stimuli in every order."""
    return [y[list(order)] for order in itertools.permutations(range(len(y)))]


@pytest.mark.parametrize("n_stimuli", [4, 5, 6])
def test_over_all_orders_of_the_stimuli_the_debiased_criterion_is_0(n_stimuli, rng):
    x, y = rng.standard_normal((n_stimuli, 3)), rng.random((n_stimuli, 8))
    orders = orders_of(y)
    assert np.mean([oracles.unbiased_hsic(x, each) for each in orders]) == pytest.approx(0.0, abs=1e-12)
    of_orders = debiased_cka([x], orders)
    assert of_orders.std() > 0.1
    assert of_orders.mean() == pytest.approx(0.0, abs=1e-12)
    assert linear_cka([x], orders).mean() > 0.3


@pytest.mark.parametrize("compare", COMPARISONS)
@pytest.mark.parametrize("n_stimuli", [4, 5])
def test_over_all_orders_of_the_stimuli_rsa_is_0(n_stimuli, compare, rng):
    x, y = rng.standard_normal((n_stimuli, 4)), rng.random((n_stimuli, 8))
    of_orders = rsa([x], orders_of(y), compare=compare)
    assert of_orders.std() > 0.1
    assert of_orders.mean() == pytest.approx(0.0, abs=1e-12)


def test_independent_layers_of_few_stimuli_are_alike_to_all_but_the_debiased_cka():
    x, y = np.random.default_rng(0).standard_normal((2, 100, 500))
    assert debiased_cka([x], [y])[0, 0] == pytest.approx(0.0, abs=0.01)
    assert linear_cka([x], [y])[0, 0] == pytest.approx(500 / 600, abs=0.01)
    assert procrustes([x], [y])[0, 0] == pytest.approx(0.95, abs=0.01)


def test_debiased_is_the_debiased_cka(networks):
    np.testing.assert_array_equal(linear_cka(*networks, debiased=True), debiased_cka(*networks))
    with pytest.raises(TypeError, match="debiased: expected True or False, found 1"):
        linear_cka(*networks, debiased=1)


def test_stimuli_that_are_all_equally_similar_tell_the_debiased_cka_nothing(networks, rng):
    alike = np.linalg.qr(rng.standard_normal((60, 40)))[0].T  # an orthonormal kernel
    assert (debiased_cka([alike], networks[1]) == 0.0).all()


def test_three_stimuli_are_too_few_for_the_debiased_cka(layers):
    source, target = layers([6], 3), layers([7], 3)
    with pytest.raises(
        ValueError,
        match="networks 'source' and 'target': expected at least 4 stimuli for the debiased CKA, found 3",
    ):
        debiased_cka(source, target)


def test_unknown_comparisons_are_refused(networks):
    with pytest.raises(ValueError, match="compare: expected one of 'spearman', 'pearson', 'kendall', found 'cosine'"):
        rsa(*networks, compare="cosine")


def test_stimuli_without_a_correlation_are_named(networks, rng):
    source, target = networks
    source[2] = source[2].copy()
    source[2][[7, 30]] = 0.1
    target_of_30 = [y[10:] for y in target]
    message = r"network 'source', layer 'layer2': .* found all 90 equal first at stimulus 7"
    with pytest.raises(ValueError, match=message):
        rsa(source, target)
    with pytest.raises(ValueError, match=r"network 'network', layer 'layer2': .* first at stimulus 30"):
        rsa(mot.load(source)[10:], target_of_30)
    with pytest.raises(ValueError, match=r"network 'target', layer 'v1': .* found all 1 equal first at stimulus 0"):
        rsa(source[:2], {"v1": rng.random((40, 1))})


def test_layers_without_a_difference_are_named(networks):
    same_order = np.arange(80.0).reshape(40, 2)
    with pytest.raises(ValueError, match=r"layer 'layer0': expected dissimilarities that differ .* found all 0"):
        rsa([same_order], networks[0])


def test_dissimilarities_beyond_memory_are_refused(networks, monkeypatch):
    source, target = networks
    needed = (3 + _WORKING_VECTORS) * (8 * 40 * 39 // 2)
    monkeypatch.setattr(memory, "available", lambda: needed)
    expected = rsa(source, target, n_jobs=2)
    monkeypatch.setattr(memory, "available", lambda: needed - 1)
    with pytest.raises(
        ValueError, match=r"found 40 stimuli, which need \S+ MiB of the \S+ MiB available; select fewer: network\["
    ):
        rsa(source, target)
    monkeypatch.setattr(memory, "available", lambda: 2**60)
    np.testing.assert_array_equal(rsa(source, target), expected)


def test_the_greedy_map_is_the_most_similar_layer_the_earlier_of_two():
    np.testing.assert_array_equal(greedy_map([[0.1, 0.7, 0.7], [0.3, 0.3, 0.3], [-0.9, -0.5, -0.2]]), [1, 0, 2])
    with pytest.raises(ValueError, match=r"similarity: expected finite numbers, found nan first at \(0, 1\)"):
        greedy_map([[0.0, np.nan]])
