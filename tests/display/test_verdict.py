from __future__ import annotations

import pytest

from mot_fast.display.verdict import verdict


def test_every_sentence_follows_from_its_adjusted_p_value():
    assert verdict({"permuted": 0.01, "greedy": 0.001, "uniform": 0.02}, 0.001, 0.001) == [
        "MOT predicts better than a random order of layers (p = 0.02).",
        "MOT predicts better than averages without balance: greedy (p = 0.005), uniform (p = 0.02).",
        "The map of MOT is more ordered than a random one (p = 0.005) and maps of shuffled stimuli (p = 0.005).",
    ]
    assert verdict({"permuted": 0.2, "greedy": 0.001, "uniform": 1.0}, 0.3, 0.001) == [
        "MOT predicts no better than a random order of layers (p = 0.6).",
        "Of averages without balance, MOT predicts better than greedy (p = 0.005), and no better than uniform (p = 1).",
        (
            "The map of MOT is more ordered than maps of shuffled stimuli (p = 0.005), and no more ordered than a "
            "random one (p = 0.6)."
        ),
    ]


@pytest.mark.parametrize(("p", "word"), [(0.05, "better"), (0.051, "no better")])
def test_a_single_test_is_not_adjusted(p, word):
    assert verdict({"permuted": p}) == [f"MOT predicts {word} than a random order of layers (p = {p:.2g})."]


def test_many_tests_make_a_small_p_value_larger():
    assert "no better than a random order" in verdict({"permuted": 0.03, "greedy": 0.9, "uniform": 0.9})[0]


@pytest.mark.parametrize(("n_splits", "p"), [(1, 1 / 6), (5, 2 / 6)])
def test_a_test_that_so_few_orders_cannot_pass_says_so(n_splits, p):
    least = ", the least that the orders of 3 layers allow"
    few = {"n_layers": 3, "is_over_splits": n_splits > 1}
    for p_score, p_map in ((p, p), (p, 1.0), (1.0, p)):
        score, of_map = verdict({"permuted": p_score}, p_map, **few)
        assert (least in score, least in of_map) == (p_score == p, p_map == p)
    assert least not in "".join(verdict({"permuted": p}, p, **few | {"n_layers": 4}))
    # Of five layers one test alone can be significant, and is.
    assert "allow" not in verdict({"permuted": 1 / 120}, n_layers=5)[0]


def test_what_is_not_defined_is_not_judged():
    assert verdict({}) == verdict({"permuted": None, "greedy": float("nan")}, None) == []
    assert verdict({"pairwise_best": 0.001}) == []
    assert verdict({}, 0.01) == [
        "The map of MOT is more ordered than a random one (p = 0.01); against shuffled stimuli it was not tested."
    ]


def test_rotations_are_judged_with_the_other_tests():
    assert verdict({"mot": 0.02, "uniform": 0.001}, is_rotated=True) == [
        "MOT+R predicts better than MOT without rotations (p = 0.02).",
        "MOT+R predicts better than averages without balance: uniform (p = 0.002).",
    ]


def test_a_plan_without_a_choice_is_not_judged():
    p_better = {"permuted": 1.0, "greedy": 1.0, "uniform": 1.0}
    sentence = (
        "One of the networks has a single layer: the plan of layers has no choice, and there is nothing to test in it."
    )
    assert verdict(p_better, 1.0, is_one_layer=True) == [sentence]
    assert verdict(p_better | {"mot": 0.02}, is_rotated=True, is_one_layer=True) == [
        "MOT+R predicts better than MOT without rotations (p = 0.02).",
        sentence,
    ]
    assert verdict({}, is_one_layer=True) == []
