"""Counts of the simulations, kept in a folder, and the tables of them on the page."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import scipy.stats

ROOT = Path(__file__).parents[2]
COUNTS = ROOT / "build" / "calibration"
PAGE = ROOT / "docs" / "calibration.md"
BEGIN, END = "<!-- begin of the tables -->\n", "<!-- end of the tables -->\n"
N_STIMULI = 20, 50, 200
"""Numbers of held-out stimuli."""


@dataclass(frozen=True)
class Count:
    """How often an interval covered the truth, or a test rejected it."""

    study: str
    population: str
    procedure: str
    n_stimuli: int
    nominal: float
    n: int
    count: int

    def interval(self):
        """The binomial 99 % interval (Clopper & Pearson)."""
        return scipy.stats.binomtest(self.count, self.n).proportion_ci(0.99)

    def is_worse(self):
        """Whether an interval covers more seldom than it says, or a test rejects more often, beyond chance."""
        low, high = self.interval()
        return high < self.nominal if self.nominal > 0.5 else low > self.nominal

    def is_better(self):
        """Whether it is on the safe side, beyond chance."""
        low, high = self.interval()
        return low > self.nominal if self.nominal > 0.5 else high < self.nominal

    def __str__(self):
        low, high = self.interval()
        share = f"{self.count / self.n:.3f}"
        verdict = "no" if self.is_worse() else "safe" if self.is_better() else "yes"
        return f"{share} ({low:.3f}-{high:.3f}) {verdict}"


def save(counts):
    """Keep counts of one study, population and number of stimuli in a file of their own."""
    first = counts[0]
    COUNTS.mkdir(parents=True, exist_ok=True)
    name = f"{first.study} {first.population} {first.n_stimuli}.json"
    (COUNTS / name).write_text(json.dumps([asdict(each) for each in counts]), encoding="utf-8")


def load():
    """All counts that are kept."""
    return [Count(**each) for path in sorted(COUNTS.glob("*.json")) for each in json.loads(path.read_text("utf-8"))]


def table(counts, study, populations, promises):
    """The Markdown table of one study, in which the shares that are promised are bold."""
    of_study = [each for each in counts if each.study == study]
    lines = [f"| data | call | {' | '.join(f'T = {n}' for n in N_STIMULI)} |", "| --- | --- | --- | --- | --- |"]
    for population in populations:
        of_population = [each for each in of_study if each.population == population]
        for procedure in dict.fromkeys(each.procedure for each in of_population):
            promised = promises.get((population, procedure), ())
            found = {
                each.n_stimuli: f"**{each}".replace(" ", "** ", 1) if each.n_stimuli in promised else str(each)
                for each in of_population
                if each.procedure == procedure
            }
            lines.append(f"| {population} | `{procedure}` | {' | '.join(found.get(n, '') for n in N_STIMULI)} |")
    return "\n".join(lines)


def write(studies, populations):
    """Put the tables of all studies on the page, each under its title."""
    counts = load()
    if missing := set(studies) - {each.study for each in counts}:
        sys.exit(f"no counts of {', '.join(sorted(missing))} in {COUNTS}")
    before, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    tables = [
        f"### {study.title}\n\n{table(counts, name, populations, study.promises)}\n" for name, study in studies.items()
    ]
    PAGE.write_text(before + BEGIN + "\n" + "\n".join(tables) + "\n" + END + after, encoding="utf-8")
