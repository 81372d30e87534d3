"""Fields of `.mot` files about runs and held-out scores."""

from __future__ import annotations

import pytest

import mot_fast as mot
from support.tampering import field, rewrite


@pytest.fixture
def scored(layers, tmp_path):
    """An alignment with every optional field, and its file."""
    networks = layers([6, 9], 50), layers([7, 5, 8], 50, seed=2)
    alignment = mot.evaluate(mot.align(*networks, store=tmp_path / "store"), *networks, n_resamples=9)
    alignment.save(tmp_path / "run.mot")
    return alignment, tmp_path / "run.mot"


def test_the_run_and_the_scores_come_back(scored):
    alignment, path = scored
    loaded = mot.Alignment.load(path)
    assert loaded.run == alignment.run
    assert loaded.evaluation == alignment.evaluation
    assert loaded.source.digests == alignment.source.digests
    assert loaded.target.digests == alignment.target.digests
    loaded.save(path)
    assert mot.Alignment.load(path).evaluation == alignment.evaluation


@pytest.mark.parametrize("name", ["run", "evaluation"])
def test_the_run_and_the_scores_may_be_missing(scored, name):
    alignment, path = scored
    rewrite(path, lambda header, _: header.pop(name))
    loaded = mot.Alignment.load(path)
    assert getattr(loaded, name) is None
    assert loaded.cost == alignment.cost


MOT, PERMUTED = ("evaluation", "scores", "mot"), ("evaluation", "scores", "permuted")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (field("run", 3), "'run' in its header is 3"),
        (lambda header, _: header["run"].pop("began"), "its header has .* where .* are expected"),
        (field("began", "2026-01-02T03:04:05", "run"), "'began' in its header is '2026-01-02T03:04:05'"),
        (field("began", "now", "run"), "'began' in its header is 'now'"),
        (field("seconds", -1, "run"), "'seconds' in its header is -1"),
        (field("n_stimuli", 2, "run"), "'n_stimuli' in its header is 2"),
        (field("n_threads", 1.5, "run"), "'n_threads' in its header is 1.5"),
        (field("memory_limit", 0, "run"), "'memory_limit' in its header is 0"),
        (field("versions", {"python": "3"}, "run"), "'versions' in its header is {'python': '3'}"),
        (field("numpy", 2, "run", "versions"), "'versions' in its header is"),
        (field("memory_limit", 10**400, "run"), "'memory_limit' in its header is 1000"),
        (field("n_stimuli", 2**63, "run"), "'n_stimuli' in its header is 9223372036854775808"),
        (field("seconds", 10**400, "run"), "'seconds' in its header is 1000"),
        (field("platform", "\udcff", "run"), r"'platform' in its header is '\\udcff'"),
        (field("numpy", "\udcff", "run", "versions"), "'versions' in its header is"),
        (field("platform", None, "run"), "'platform' in its header is None"),
        (field("digests", ["0" * 40], "source"), r"the digests of the source's 2 layers are \['0000"),
        (field("digests", ["x" * 40] * 3, "target"), r"the digests of the target's 3 layers are \['xxxx"),
        (field("digests", [1, 2], "source"), r"'digests' in its header is \[1, 2\]"),
        (field("evaluation", [1]), r"'evaluation' in its header is \[1\]"),
        (field("n_draws", 0, "evaluation"), "'n_draws' in its header is 0"),
        (field("confidence", 1.5, "evaluation"), "'confidence' in its header is 1.5"),
        (field("p_hierarchy", 2, "evaluation"), "'p_hierarchy' in its header is 2"),
        (field("p_shuffled", -0.1, "evaluation"), "'p_shuffled' in its header is -0.1"),
        (lambda header, _: header["evaluation"].update(p_better=0.5), "its header has .* are expected"),
        (lambda header, _: header["evaluation"]["scores"].pop("mot"), "it holds scores of"),
        (lambda header, _: header["evaluation"]["scores"]["mot"].pop("sd"), "its header has .* are expected"),
        (field("value", 0.9, *MOT), "the score of 'mot' is 0.9, and not the mean of its layers"),
        (field("value", None, *MOT), "the scores of 'mot' are not those of 2 layers"),
        (field("per_layer", [0.5], *MOT), "the scores of 'mot' are not those of 2 layers"),
        (field("per_layer", [0.5, "1"], *MOT), "'layer 1' in its header is '1'"),
        (field("hierarchy", 2, *MOT), "'hierarchy' in its header is 2"),
        (field("low", 1, *MOT), "the interval of 'mot' is from 1.0 to"),
        (field("low", None, *MOT), "the interval of 'mot' is from None to"),
        (field("p_better", 2, *PERMUTED), "'p_better' in its header is 2"),
        (field("over_units", "1", *MOT), "'over_units' in its header is '1'"),
        (field("sd", 0.1, *MOT), "'mot' has an interval or a deviation that such a coupling has not"),
        (field("sd", -1, *PERMUTED), "'sd' in its header is -1"),
        (lambda header, _: header["evaluation"]["scores"]["permuted"].update(low=0, high=1), "'permuted' has an inter"),
    ],
)
def test_histories_that_contradict_themselves_are_refused(scored, change, message):
    _, path = scored
    rewrite(path, change)
    with pytest.raises(ValueError, match=rf"run.mot: expected a complete .mot file, found none \(.*({message})"):
        mot.Alignment.load(path)


def as_of_version_3(header, _):
    """Turn the header into that of a file of version 3, with four couplings and 20 random orders."""
    evaluation = header["evaluation"]
    header["version"] = 3
    for name in ("p_hierarchy", "p_shuffled"):
        evaluation.pop(name)
    evaluation |= {"n_draws": 20, "p_better": evaluation["scores"]["pairwise_best"]["p_better"]}
    for name in ("greedy", "uniform"):
        evaluation["scores"].pop(name)
    for score in evaluation["scores"].values():
        for name in ("over_units", "p_better"):
            score.pop(name)


def test_scores_of_version_3_are_read(scored):
    alignment, path = scored
    rewrite(path, as_of_version_3)
    found, expected = mot.Alignment.load(path).evaluation, alignment.evaluation
    assert list(found.scores) == ["mot", "single_best", "pairwise_best", "permuted"]
    assert (found.n_draws, found.p_better, found.p_hierarchy) == (20, expected.p_better, None)
    assert found.scores["mot"].value == expected.scores["mot"].value
    assert found.scores["permuted"].p_better is None
    assert found.verdict() == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda header: header["evaluation"].pop("p_better"), "its header has .* are expected"),
        (lambda header: header["evaluation"].update(n_draws=None), "'n_draws' in its header is None"),
        (lambda header: header["evaluation"]["scores"]["mot"].update(p_better=None), "its header has .* are expected"),
        (lambda header: header["evaluation"]["scores"].pop("mot"), "it holds scores of"),
    ],
)
def test_scores_of_version_3_that_contradict_themselves_are_refused(scored, change, message):
    _, path = scored
    rewrite(path, lambda header, members: (as_of_version_3(header, members), change(header)))
    with pytest.raises(ValueError, match=rf"expected a complete .mot file, found none \(.*({message})"):
        mot.Alignment.load(path)
