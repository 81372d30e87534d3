"""What the figures should be, and whether they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

OURS = "mot_fast"


@dataclass(frozen=True)
class Target:
    """What a figure, the least of `of` over `over`, should be; less is better where the aim is less."""

    of: tuple[str, ...]
    over: str | None
    at_least: float
    aim: float


@dataclass(frozen=True)
class Verdict:
    """A figure beside its target; met is "aim", "yes" or "no"."""

    work: str
    figure: str
    value: float
    at_least: float
    aim: float
    met: str


def faster_than(*rivals: str, at_least: float, aim: float) -> Target:
    """The fastest rival's time over ours."""
    return Target(rivals, OURS, at_least, aim)


def judged(work: str, figures: Mapping[str, float], targets: Sequence[Target]) -> list[Verdict]:
    """Hold the figures of one problem to its targets."""
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
    """A table of all verdicts."""
    rows = [["work", "figure", "measured", "at least", "aim", "met"]]
    for verdict in verdicts:
        numbers = f"{verdict.value:.2f}", f"{verdict.at_least:g}", f"{verdict.aim:g}"
        rows.append([verdict.work, verdict.figure, *numbers, verdict.met])
    return rows
