"""Fields of a `.mot` file's header about the run that made the alignment, and about its scores on held-out stimuli."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from reprlib import repr as shown
from typing import Any

import numpy as np

from mot_fast._validate import MIN_STIMULI
from mot_fast.alignment.record import ALL_MASS, CouplingScore, Evaluation, Goals, Run
from mot_fast.layer_pairs.goal import Goal
from mot_fast.measures.coupling import COUPLINGS, FAVOURITES, UNSHUFFLED
from mot_fast.system.json_header import check_fields, count, field, is_text, number, optional_number, texts

SINCE = 3
"""First version of the format that has these fields; in files of earlier versions they mean nothing."""

_EXACT_ORDERS = 4
"""First version with scores of all couplings, and of "permuted" over all orders."""

_WITH_GOALS = 5
"""First version of files in which mass may be left behind, as it must be in files of this one."""

_VERSIONS = {"mot_fast", "python", "numpy", "scipy"}
_DIGEST = re.compile("[0-9a-f]{40}")
_ROUNDING = 1e-12
"""Largest rounding error of a mean of numbers of order one."""


def digests_of(header: Mapping[str, Any], side: str, n_layers: int) -> tuple[str, ...] | None:
    """Digests of every layer of one network; None where none were taken."""
    if _optional_field(header, header[side], "digests", list) is None:
        return None
    digests = texts(header[side], "digests")
    if len(digests) != n_layers or not all(map(_DIGEST.fullmatch, digests)):
        raise ValueError(f"the digests of the {side}'s {n_layers} layers are {shown(digests)}")
    return tuple(digests)


def run_of(header: Mapping[str, Any]) -> Run | None:
    """The run that made the alignment; None where the file has no such field."""
    values = _optional_field(header, header, "run", dict)
    if values is None:
        return None
    check_fields(values, Run)
    versions = field(values, "versions", dict)
    if versions.keys() != _VERSIONS or not all(
        type(version) is str and is_text(version) for version in versions.values()
    ):
        raise ValueError(f"'versions' in its header is {shown(versions)}")
    return Run(
        began=_moment(field(values, "began", str)),
        seconds=number(values, "seconds", low=0.0),
        n_stimuli=count(values, "n_stimuli", MIN_STIMULI),
        n_threads=count(values, "n_threads", 1),
        memory_limit=None if values["memory_limit"] is None else count(values, "memory_limit", 1),
        versions=versions,
        platform=field(values, "platform", str),
        machine=field(values, "machine", str),
    )


def goals_of(header: Mapping[str, Any]) -> Goals:
    """How much mass is carried; all of it in files of earlier versions, and in those without such a field."""
    is_missing = header["version"] > _WITH_GOALS and header.get("goals") is None
    is_all = header["version"] < _WITH_GOALS or is_missing
    return ALL_MASS if is_all else goals_in(field(header, "goals", dict))


def goals_in(values: Mapping[str, Any]) -> Goals:
    """How much mass is carried, where it is not all, in a field of a header."""
    check_fields(values, Goals)
    found = {level: field(values, level, dict) for level in values}
    for level in found.values():
        check_fields(level, Goal)
    units, layers = (found[level] for level in ("units", "layers"))
    goals = Goals.of(units["mass"], units["price"], layers["mass"], layers["price"])
    if goals.are_all or asdict(goals) != values:
        raise ValueError(f"'goals' in its header is {shown(values)}")
    return goals


def evaluation_of(header: Mapping[str, Any], n_layers: int) -> Evaluation | None:
    """Scores of an alignment with so many source layers; None where the file has none."""
    values = _optional_field(header, header, "evaluation", dict)
    if values is None:
        return None
    is_exact = header["version"] >= _EXACT_ORDERS
    check_fields(
        values, Evaluation, () if is_exact else ("p_hierarchy", "p_shuffled"), () if is_exact else ("p_better",)
    )
    scores = field(values, "scores", dict)
    if scores.keys() != set(COUPLINGS if is_exact else (*FAVOURITES, "permuted")):
        raise ValueError(f"it holds scores of {shown(sorted(scores))}")
    if not is_exact:
        scores = {name: _as_of_version_4(field(scores, name, dict), name, values["p_better"]) for name in scores}
    return Evaluation(
        n_stimuli=count(values, "n_stimuli", MIN_STIMULI),
        scores={name: _coupling_score(name, field(scores, name, dict), n_layers) for name in scores},
        confidence=number(values, "confidence", 0.0, 1.0),
        n_resamples=count(values, "n_resamples", 2),
        seed=count(values, "seed", 0, math.inf),
        p_hierarchy=optional_number(values, "p_hierarchy", 0.0, 1.0) if is_exact else None,
        p_shuffled=optional_number(values, "p_shuffled", 0.0, 1.0) if is_exact else None,
        n_draws=None if is_exact and values["n_draws"] is None else count(values, "n_draws", 2),
    )


def _as_of_version_4(score: Mapping[str, Any], name: str, p_better: Any) -> Mapping[str, Any]:
    """Fields of a coupling's score as they are from version 4 on."""
    check_fields(score, CouplingScore, ("over_units", "p_better"))
    return {**score, "over_units": None, "p_better": p_better if name == "pairwise_best" else None}


def _optional_field(header: Mapping[str, Any], values: Mapping[str, Any], name: str, kind: type) -> Any:
    """A value of this type; None where it is missing, or where the file's version has no such field."""
    if header["version"] < SINCE or values.get(name) is None:
        return None
    return field(values, name, kind)


def _moment(text: str) -> str:
    """A time in UTC, checked to be written as `Run.began` is."""
    try:
        moment = datetime.fromisoformat(text).astimezone(UTC).isoformat(timespec="seconds")
    except (ValueError, OverflowError):
        moment = ""
    if moment != text:
        raise ValueError(f"'began' in its header is {shown(text)}")
    return text


def _coupling_score(name: str, values: Mapping[str, Any], n_layers: int) -> CouplingScore:
    check_fields(values, CouplingScore)
    per_layer = {f"layer {l}": value for l, value in enumerate(field(values, "per_layer", list))}
    score = CouplingScore(
        value=optional_number(values, "value", -1.0, 1.0),
        per_layer=tuple(optional_number(per_layer, layer, -1.0, 1.0) for layer in per_layer),
        hierarchy=optional_number(values, "hierarchy", 0.0, 1.0),
        low=optional_number(values, "low", -1.0, 1.0),
        high=optional_number(values, "high", -1.0, 1.0),
        sd=optional_number(values, "sd", 0.0, 2.0),
        hierarchy_sd=optional_number(values, "hierarchy_sd", 0.0, 1.0),
        over_units=optional_number(values, "over_units", -1.0, 1.0),
        p_better=optional_number(values, "p_better", 0.0, 1.0),
    )
    _check_score(name, score, n_layers)
    return score


def _check_score(name: str, score: CouplingScore, n_layers: int) -> None:
    """Raise `ValueError` if the figures contradict each other, or are not those of this kind of coupling."""
    defined = [value for value in score.per_layer if value is not None]
    if len(score.per_layer) != n_layers or bool(defined) != (score.value is not None):
        raise ValueError(f"the scores of '{name}' are not those of {n_layers} layers")
    if score.value is not None and not abs(score.value - np.mean(defined)) <= _ROUNDING:
        raise ValueError(f"the score of '{name}' is {score.value}, and not the mean of its layers")
    interval = [end for end in (score.low, score.high) if end is not None]
    if len(interval) == 1 or interval != sorted(interval):
        raise ValueError(f"the interval of '{name}' is from {score.low} to {score.high}")
    other = interval if name not in UNSHUFFLED else [sd for sd in (score.sd, score.hierarchy_sd) if sd is not None]
    if other or (score.value is None and (interval or score.sd is not None)):
        raise ValueError(f"'{name}' has an interval or a deviation that such a coupling has not")
