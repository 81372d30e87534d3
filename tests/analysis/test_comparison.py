from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import mot_fast as mot
from mot_fast.analysis.compare import compare
from mot_fast.measures.hierarchy import ceiling

PLAIN = ["mot", "single_best", "pairwise_best", "permuted"]


@pytest.fixture
def networks(layers):
    return mot.load(layers([5, 6, 4], seed=1), "one"), mot.load(layers([7, 5], seed=2), "two")


def test_the_table_reads_well_as_text(networks):
    found = compare(*networks, ["mot", "pairwise_best", "permuted", "rsa"], splits=2, n_resamples=9)
    text = found.to_markdown()
    table = [line for line in text.splitlines() if line.startswith("|")]
    assert len({len(line) for line in table}) == 1
    assert [line.split("|")[1].strip() for line in table] == [
        "method", "-------------", "mot", "pairwise_best", "permuted", "rsa",
    ]  # fmt: skip
    assert f"{found.mean('mot'):.3f} +- {found.sd('mot'):.3f}" in table[2]
    assert "one (3 layers) from two (2 layers), standardized" in text
    assert (
        f"permuted: mean over all orders of layers; sd over orders {found.permuted_sds['permuted'].mean():.3f}" in text
    )
    assert f"the best that the masses allow: {ceiling(3, 2):.3f}" in text
    assert str(found) == text
    means = [f"{name} {found.scores[name].mean():.3f}" for name in ("mot", "pairwise_best", "permuted", "rsa")]
    assert " ".join(repr(found).split()) == ", ".join(["Comparison('one' from 'two'", *means, "2 splits)"])
    assert max(map(len, text.splitlines())) <= 120


def test_rows_are_what_the_table_shows(networks):
    found = compare(*networks, ["mot", "rsa"], splits=3)
    first, second = found.rows()
    assert first["method"] == "mot"
    assert first["value"] == found.scores["mot"].mean()
    assert first["value_sd"] == found.scores["mot"].std(ddof=1)
    assert first["hierarchy_sd"] == found.hierarchies["mot"].std(ddof=1)
    assert first["seconds"] == np.median(found.seconds["mot"])
    assert first["peak_bytes"] == found.peak_bytes["mot"].max()
    assert np.isnan(first["p_better"])
    assert (second["method"], second["kind"]) == ("rsa", "similarity")
    with pytest.raises(ValueError, match=r"name: expected one of 'mot', 'rsa', found 'cka'"):
        found.mean("cka")


def test_data_frames_hold_the_rows(networks):
    found = compare(*networks, ["cka", "mot"], splits=2)
    frame = found.to_pandas().set_index("method")
    assert frame.loc["mot", "value"] == found.mean("mot")
    assert dict(frame["kind"]) == {"mot": "score", "cka": "similarity"}


def test_the_picture_is_that_of_scores(networks):
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    found = compare(*networks, ["mot", "cka"], splits=2)
    _, ax = plt.subplots()
    assert found.plot(ax) is ax
    assert {"mot", "cka"} <= {label.get_text() for label in ax.get_yticklabels()}
    plt.close("all")


def test_results_are_there_by_method_and_by_attribute(networks):
    found = compare(*networks, ["mot", "pairwise_best", "permuted", "global_ot"], splits=2, n_resamples=9)
    assert found.methods == tuple(found.results)
    for name, result in found.results.items():
        assert isinstance(result, mot.MethodResult)
        assert found.scores[name] is result.scores
        assert found.seconds[name] is result.seconds
        assert found.layer_maps.get(name) is result.layer_maps
        assert found.permuted_sds.get(name) is result.permuted_sds
        assert found.p_better.get(name) == result.p_better
    assert [*found.layer_maps] == ["mot", "pairwise_best", "permuted"]
    assert ([*found.permuted_sds], [*found.p_better]) == (["permuted"], ["mot"])


def test_pickles_of_the_first_version_have_results_by_attribute(networks):
    found = compare(*networks, ["mot", "pairwise_best", "permuted", "rsa"], splits=2, n_resamples=9)
    later = {
        "in_rotated_units",
        "permuted_hierarchy_sds",
        "over_units",
        "p_values",
        "p_hierarchy",
        "p_shuffled",
        "matched",
        "noise_ceilings",
    }
    names = [each.name for each in dataclasses.fields(mot.MethodResult) if each.name not in later]
    by_attribute = {name: getattr(found, name) for name in names}
    others = {name: value for name, value in vars(found).items() if name != "results"}
    old = mot.Comparison.__new__(mot.Comparison)
    old.__setstate__({"methods": found.methods, **by_attribute, **others})
    assert old.rows()[1]["value"] == found.mean("pairwise_best")
    assert "verdict" not in str(old)
    for name, result in found.results.items():
        expected = dataclasses.asdict(result) | dict.fromkeys(later)
        np.testing.assert_equal(dataclasses.asdict(old.results[name]), expected)


@pytest.mark.parametrize("widths", [([4], [3, 4, 3]), ([3, 4, 3], [4])])
def test_a_verdict_on_one_layer_says_that_there_is_nothing_to_test(layers, widths):
    source, target = (layers(each, 60, seed=k) for k, each in enumerate(widths))
    found = mot.compare(source, target, ["mot", "greedy", "permuted", "mot+r", "greedy+r"], splits=2).verdict()
    assert [sentence.partition(" ")[0] for sentence in found] == ["One", "MOT+R"]
    alignment = mot.evaluate(mot.align(source, target), source, target, n_resamples=9)
    assert alignment.evaluation.verdict() == found[:1]


def test_missing_p_values_have_a_reason(networks):
    groups = np.repeat([0, 1, 2, 3, 4], 12)
    few = mot.compare(*networks, ["mot", "pairwise_best"], splits=2, groups=groups[: networks[0].n_stimuli])
    assert "- p: none, as splits hold out fewer than three groups, or nothing varies" in str(few)
    assert "p: none" not in str(mot.compare(*networks, ["mot", "pairwise_best"], splits=2))


def test_methods_that_need_more_held_out_stimuli_are_refused_before_any_work(networks, monkeypatch):
    monkeypatch.setattr("mot_fast.analysis.methods.align", None)
    n = networks[0].n_stimuli
    splits = [mot.split(n), (range(3, n), range(3))]
    with pytest.raises(ValueError, match=r"methods: 'debiased_cka' needs at least 4 held-out stimuli, found 3 in spl"):
        mot.compare(*networks, ["mot", "debiased_cka"], splits=splits)


def test_one_repeat_is_none(networks):
    with pytest.raises(ValueError, match="source_repeats: expected at least 2 networks, found 1"):
        compare(*networks, ["mot"], source_repeats=[networks[0]])
