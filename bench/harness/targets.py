"""Targets of the measured figures, and verdicts on whether they are met."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

OURS = "mot_fast"


@dataclass(frozen=True)
class Target:
    """Bounds of a figure: the least value of `of`, divided by that of `over`; less is better if the aim is less."""

    of: tuple[str, ...]
    over: str | None
    at_least: float
    aim: float


@dataclass(frozen=True)
class Verdict:
    """Figure beside its target; `met` is "aim", "yes" or "no"."""

    work: str
    figure: str
    value: float
    at_least: float
    aim: float
    met: str


def faster_than(*rivals: str, at_least: float, aim: float) -> Target:
    """Target of the fastest rival's time divided by ours."""
    return Target(rivals, OURS, at_least, aim)


def verdicts_on(work: str, figures: Mapping[str, float], targets: Sequence[Target]) -> list[Verdict]:
    """Verdicts on the figures of one problem, one for each of its targets."""
    verdicts = []
    for target in targets:
        value = min(figures[name] for name in target.of)
        what = target.of[0] if len(target.of) == 1 else f"best of {', '.join(target.of)}"
        if target.over:
            value /= figures[target.over]
            what += f" / {target.over}"
        sign = 1 if target.aim >= target.at_least else -1
        met = "aim" if sign * value >= sign * target.aim else "yes" if sign * value >= sign * target.at_least else "no"
        verdicts.append(Verdict(work, what, value, target.at_least, target.aim, met))
    return verdicts


def target_rows(verdicts: Sequence[Verdict]) -> list[list[str]]:
    """Table of all verdicts."""
    rows = [["work", "figure", "measured", "at least", "aim", "met"]]
    for verdict in verdicts:
        numbers = f"{verdict.value:.2f}", f"{verdict.at_least:g}", f"{verdict.aim:g}"
        rows.append([verdict.work, verdict.figure, *numbers, verdict.met])
    return rows
