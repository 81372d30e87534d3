"""What the tests of an alignment say about its score and its map, in words."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from mot_fast.measures.p_values import TIE, adjust

LEVEL = 0.05
"""Level at which a test is taken to have found something, after the p-values are adjusted for their number."""
METHOD = f"verdict: at {LEVEL:.0%}, p-values by Holm's procedure for all tests in it"
"""How the sentences follow from the tests, for the notes of tables."""
AVERAGES = ("greedy", "uniform")
"""Controls that average target layers, as the plan does, but keep no balance of masses."""
CONTROLS = ("permuted", *AVERAGES)
NO_CHOICE = (
    "One of the networks has a single layer: the plan of layers has no choice, and there is nothing to test in it."
)


def verdict(
    p_better: Mapping[str, float | None],
    p_hierarchy: float | None = None,
    p_shuffled: float | None = None,
    *,
    n_layers: int | None = None,
    is_over_splits: bool = False,
    is_rotated: bool = False,
    is_one_layer: bool = False,
) -> list[str]:
    """Sentences about a score and a map of layers, each from tests whose p-values are adjusted by Holm's procedure.

    Parameters
    ----------
    p_better : mapping
        For "permuted", "greedy" and "uniform", as far as they were tested, the p-value of "MOT scores higher"; with
        rotations also for "mot" without. None and NaN stand for tests that are not defined.
    p_hierarchy : float, optional
        P-value of the map's hierarchy score among those of random orders of its layers.
    p_shuffled : float, optional
        P-value of the map's hierarchy score among those of alignments with shuffled stimuli.
    n_layers : int, optional
        Number of source layers. A p-value among the orders of so few that it can be no smaller is called the least.
    is_over_splits : bool
        Whether p-values are of several splits: twice the median of theirs.
    is_rotated : bool
        Whether the sentences are about MOT+R.
    is_one_layer : bool
        Whether a network has a single layer. Then the plan has no choice, and its controls are the plan itself.

    Examples
    --------
    >>> for sentence in verdict({"permuted": 0.001, "greedy": 0.4, "uniform": 1.0}, p_hierarchy=0.002):
    ...     print(sentence)
    MOT predicts better than a random order of layers (p = 0.004).
    MOT predicts no better than averages without balance: greedy (p = 0.8), uniform (p = 1).
    The map of MOT is more ordered than a random one (p = 0.006); against shuffled stimuli it was not tested.
    """
    tests = {"mot": p_better.get("mot")}
    if not is_one_layer:
        tests |= {control: p_better.get(control) for control in CONTROLS}
        tests |= {"hierarchy": p_hierarchy, "shuffled": p_shuffled}
    raw = np.array([np.nan if p is None else p for p in tests.values()], dtype=np.float64)
    adjusted = {test: p for test, p in zip(tests, adjust(raw).tolist(), strict=True) if not np.isnan(p)}
    shown = {test: _p(p) for test, p in adjusted.items()}
    least = 0.0 if n_layers is None else (1 + is_over_splits) / math.factorial(n_layers)
    for test, p in zip(tests, raw.tolist(), strict=True):
        if test in ("permuted", "hierarchy") and p <= least + TIE and adjusted[test] > LEVEL:
            shown[test] += f", the least that the orders of {n_layers} layers allow"
    name, sentences = "MOT+R" if is_rotated else "MOT", []
    for test, other in (("mot", "MOT without rotations"), ("permuted", "a random order of layers")):
        if test in adjusted:
            sentences.append(f"{name} predicts {_better(adjusted[test])} than {other} ({shown[test]}).")
    averages = {control: adjusted[control] for control in AVERAGES if control in adjusted}
    if averages:
        sentences.append(_against_averages(name, averages))
    if "hierarchy" in adjusted or "shuffled" in adjusted:
        sentences.append(_about_the_map(name, adjusted, shown))
    if is_one_layer and any(control in p_better for control in CONTROLS):
        sentences.append(NO_CHOICE)
    return sentences


def _better(p: float) -> str:
    return "better" if p <= LEVEL else "no better"


def _p(p: float) -> str:
    return "p < 0.001" if p < 0.001 else f"p = {p:.2g}"


def _against_averages(name: str, adjusted: Mapping[str, float]) -> str:
    """Sentence about the controls that average without balance."""
    named = {control: f"{control} ({_p(p)})" for control, p in adjusted.items()}
    beaten = [named[control] for control, p in adjusted.items() if p <= LEVEL]
    unbeaten = [named[control] for control, p in adjusted.items() if p > LEVEL]
    if beaten and unbeaten:
        return (
            f"Of averages without balance, {name} predicts better than {', '.join(beaten)}, and no better than "
            f"{', '.join(unbeaten)}."
        )
    word = "better" if beaten else "no better"
    return f"{name} predicts {word} than averages without balance: {', '.join(named.values())}."


def _about_the_map(name: str, adjusted: Mapping[str, float], shown: Mapping[str, str]) -> str:
    """Sentence about the order of the map of layers."""
    others = {"hierarchy": "a random one", "shuffled": "maps of shuffled stimuli"}
    found = [(adjusted[test], f"{other} ({shown[test]})") for test, other in others.items() if test in adjusted]
    more = [other for p, other in found if p <= LEVEL]
    no_more = [other for p, other in found if p > LEVEL]
    parts = [
        f"{word} ordered than {' and '.join(each)}" for word, each in (("more", more), ("no more", no_more)) if each
    ]
    end = "" if "shuffled" in adjusted else "; against shuffled stimuli it was not tested"
    return f"The map of {name} is {', and '.join(parts)}{end}."
