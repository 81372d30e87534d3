from __future__ import annotations

from dataclasses import dataclass, is_dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest

import mot_fast as mot
from mot_fast.system.brief_repr import brief_repr


@dataclass
class Found:
    a: Any
    b: Any = None
    _hidden: Any = 7

    __repr__ = brief_repr


@dataclass
class Scored:
    value: Any
    low: float | None = None
    high: float | None = None


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (2 / 3, "0.6667"),
        (np.float64(1e-16), "1e-16"),
        (float("nan"), "nan"),
        (np.int64(3), "3"),
        (True, "True"),
        (np.True_, "True"),
        ("a\x1b[2J", r"'a\x1b[2J'"),
        (np.arange(100000), "<(100000,) from 0 to 99999>"),
        (np.full((2, 3), 0.25), "<(2, 3) of 0.25>"),
        (np.array([0.5, np.nan, np.inf]), "<(3,) from 0.5 to inf, 1 NaN>"),
        (np.full(3, np.nan), "<(3,), all NaN>"),
        (np.zeros((0, 3)), "<(0, 3)>"),
        (np.array(["x", "y"]), "<(2,)>"),
        ([np.zeros(2), np.ones(3)], "<2 arrays, 5 numbers from 0 to 1>"),
        ((np.ones(3),), "<1 array, 3 numbers of 1>"),
        ((), "()"),
        ((0.123456, None), "(0.1235, None)"),
        (list(range(9)), "(0, 1, 2, 3, 4, 5, ... 9 in all)"),
        (MappingProxyType({"x": 1 / 3, 2: "y"}), "{x: 0.3333, 2: 'y'}"),
        ({"m": Scored(0.5), "n": Scored(0.5, 0.25, 0.75)}, "{m: 0.5, n: 0.5 (0.25 to 0.75)}"),
        ({"m": Scored(None), "n": Scored(np.zeros(2))}, "{m: Scored, n: Scored}"),
        (Found(1 / 3), "Found(a=0.3333)"),
    ],
)
def test_figures_are_short_and_arrays_have_a_shape_and_a_range(value, text):
    assert repr(Found(value)) == f"Found(a={text})"


def test_lines_are_broken_between_fields_and_aligned():
    inner = Found("x" * 40, "y" * 40)
    assert repr(Found(inner, ["z" * 30] * 3)) == "\n".join(
        [
            f"Found(a=Found(a='{'x' * 40}',",
            f"              b='{'y' * 40}'),",
            f"      b=('{'z' * 30}', '{'z' * 30}',",
            f"         '{'z' * 30}'))",
        ]
    )


def classes():
    return [thing for name in mot.__all__ if is_dataclass(thing := getattr(mot, name)) and isinstance(thing, type)]


def test_no_public_result_shows_its_arrays():
    """What Python generates for a dataclass would: only options may have it, whose fields are plain numbers."""
    generated = {each.__name__ for each in classes() if hasattr(each.__repr__, "__wrapped__")}
    assert generated == {"Alternation"}
    assert not hasattr(mot.linear.LinearPredictivity.__repr__, "__wrapped__")


def test_results_are_a_few_lines_with_what_counts(layers):
    networks = layers([6, 40], 50), layers([7, 45], 50, seed=2)
    alignment = mot.evaluate(mot.align(*networks), *networks, n_resamples=9)
    score = alignment.score(*networks)
    null = mot.hierarchy_null(*networks, n_permutations=9, n_layer_permutations=9)
    ceiling = mot.noise_ceiling([layers([6, 40], 50, seed=k) for k in range(3)])
    for result, figures in {
        score: {"value": score.value, "matched": 1.0},
        null: {"observed": null.observed, "p_stimuli": null.p_stimuli, "p_layers": null.p_layers},
        ceiling: {"value": ceiling.value},
        alignment.certificate: {"duality_gap": alignment.certificate.duality_gap},
        mot.bootstrap_score(alignment, *networks, n_resamples=9): {"value": score.value, "confidence": 0.95},
    }.items():
        shown = repr(result)
        assert shown.count("\n") < 6
        assert max(map(len, shown.split("\n"))) <= 88
        assert "array(" not in shown
        for name, value in figures.items():
            assert f"{name}={value:.4g}" in shown
    assert f"mot: {score.value:.4g} (" in repr(alignment.evaluation)
    assert "46 numbers" in repr(score)
    assert f"<(9,) from {null.stimuli.min():.4g} to {null.stimuli.max():.4g}>" in repr(null)
    for side in (alignment.source, mot.align_trajectories([networks[0]], [networks[1]]).source):
        assert len(repr(side)) < 400
