from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest

import mot_fast as mot
from mot_fast import plot
from support.drawings import names, overlaps


@pytest.fixture
def stability(layers):
    source = mot.load(layers([6] * 3, 50), name="one")
    return mot.stability(source, mot.load(layers([7] * 5, 50, seed=2), name="two"), n_resamples=8, n_decoys=2, n_jobs=1)


def test_squares_are_as_large_as_the_mass_and_as_faint_as_the_doubt(stability):
    ax = plot.plot_stability(stability)
    assert ax.get_title() == (
        f"mean plan of 8 bootstrap resamples\n{stability.mass_in_common:.2f} of the mass in common "
        f"({stability.mass_in_common_by_chance:.2f} by chance)"
    )
    (squares,) = ax.collections
    used = np.argwhere(stability.consensus_plan > 0)
    shares = 3 * stability.consensus_plan
    assert len(squares.get_paths()) == len(used)
    for path, colour, (l, m) in zip(squares.get_paths(), squares.get_facecolors(), used, strict=True):
        low, high = path.vertices.min(axis=0), path.vertices.max(axis=0)
        np.testing.assert_allclose((low + high) / 2, (m, l))
        np.testing.assert_allclose(np.prod(high - low), 0.92**2 * shares[l, m] / shares.max())
        assert colour[3] == pytest.approx(stability.confidence[l, m])
    assert names(ax.yaxis) == ["layer0", "layer1", "layer2"]
    assert (ax.get_ylabel(), ax.get_xlabel()) == ("source layer (one)", "target layer (two)")
    assert ax.get_ylim() == (2.5, -0.5)
    _, bar = ax.figure.axes
    assert bar.get_ylabel().endswith(f"full cell: {100 * shares.max():.0f} %")
    assert stability.plot(given := plt.subplots()[1]) is given


def test_names_of_many_layers_do_not_overlap(layers):
    deep = {f"encoder.block{k}.output_of_the_layer": x for k, x in enumerate(layers([2] * 50, 20))}
    stability = mot.stability(deep, layers([2], 20, seed=2), n_resamples=2, n_decoys=0)
    assert not overlaps(plot.plot_stability(stability))
    assert not overlaps(*plot.plot_resampled_plans(stability, n_plans=1))


@pytest.mark.parametrize(("n_plans", "n_columns"), [(1, 2), (50, 4)])
def test_single_plans_stand_beside_that_of_all_stimuli(stability, n_plans, n_columns):
    axes = plot.plot_resampled_plans(stability, n_plans=n_plans)
    n_plans = min(n_plans, 8)
    titles = ["all stimuli", *(f"resample {k + 1}" for k in range(n_plans))]
    assert [ax.get_title() for ax in axes] == titles
    plans = [stability.alignment.layer_plan, *stability.layer_plans[:n_plans]]
    for ax, plan in zip(axes, plans, strict=True):
        np.testing.assert_allclose(ax.images[0].get_array(), 3 * plan)
        assert ax.images[0].norm is axes[0].images[0].norm
    assert [bool(ax.get_ylabel()) for ax in axes] == [k % n_columns == 0 for k in range(n_plans + 1)]
    assert [bool(ax.get_xlabel()) for ax in axes] == [k + n_columns > n_plans for k in range(n_plans + 1)]
    assert len(axes[0].figure.axes) == n_plans + 2
    assert not overlaps(*axes)


def test_plans_are_drawn_on_axes_given(stability):
    figure, axes = plt.subplots(1, 3)
    assert plot.plot_resampled_plans(stability, axes, n_plans=2) == list(axes)
    assert figure.axes[0].get_title() == "all stimuli"
    with pytest.raises(ValueError, match="axes: expected one for each of 4 plans, found 3"):
        plot.plot_resampled_plans(stability, axes, n_plans=3)
    with pytest.raises(ValueError, match="n_plans: expected at least 1, found 0"):
        plot.plot_resampled_plans(stability, n_plans=0)


def test_confidences_stand_beside_those_of_decoys(stability):
    matches = stability.units("layer1", 3)
    ax = plot.plot_unit_confidence(stability, "layer1", 3, q=0.5)
    observed, decoys = ax.patches
    assert ax.get_title("right") == "layer1 to layer3"
    for patch, values, n in ((observed, matches.confidence, 1), (decoys, matches.decoy_confidence.ravel(), 2)):
        heights = np.histogram(values, (np.arange(10) - 0.5) / 8)[0] / n
        assert patch.get_path().vertices[:, 1].max() == pytest.approx(heights.max())
    found = matches.discoveries(0.5)
    assert len(found)
    words = [text.get_text() for text in ax.get_legend().get_texts()]
    assert words[0] == "as observed: 6 units"
    assert "decoys, stimuli shuffled: mean of 2" in words
    assert f"q-value up to 0.5: {len(found)} units" in words
    (line,) = ax.lines
    others = np.delete(matches.confidence, found)
    assert others.max(initial=0) < line.get_xdata()[0] < matches.confidence[found].min()


def test_the_pair_of_most_mass_is_drawn_by_default(stability, layers):
    pair = max(stability.unit_matches, key=lambda each: stability.consensus_plan[each])
    ax = plot.plot_unit_confidence(stability, q=0.0)
    assert ax.get_title("right") == "layer{} to layer{}".format(*pair)
    assert not ax.lines
    alone = mot.stability(layers([4]), layers([4], seed=2), n_resamples=2, n_decoys=0)
    assert len(plot.plot_unit_confidence(alone, ax=plt.subplots()[1]).patches) == 1


def test_pairs_must_be_known(stability, layers):
    with pytest.raises(ValueError, match="source_layer and target_layer: expected both or none, found one"):
        plot.plot_unit_confidence(stability, 0)
    rotated = mot.stability(layers([4]), layers([4], seed=2), n_resamples=2, rotate=mot.Alternation(max_iter=1))
    with pytest.raises(ValueError, match="stability: expected one whose units were followed, found none"):
        plot.plot_unit_confidence(rotated)
