"""Many people, one by one: which region of the others is each of their regions like, with error bars over people."""

from __future__ import annotations

import time

import numpy as np
from study import folders, save, write

import mot_fast as mot
from mot_fast.networks.load import load

N_SPLITS, GAP = 5, 10
"""Contiguous fifths of the recording are held out; volumes within 20 seconds of them are left out of training."""
NAMES = ("mot", "pairwise_best")


def main() -> None:
    """Compare the couplings of regions over people, and write tables and pictures."""
    recordings, output = folders(__doc__)
    regions = load(recordings / "alice_fmri_6roi_27subjects.npz")
    people = {
        f"person {k + 1}": {label: regions.layer(label)[:, [k]] for label in regions.labels}
        for k in range(min(regions.widths))
    }
    start = time.perf_counter()
    found = mot.compare_subjects(
        people,
        common_units=True,
        splits=mot.blocked_splits(regions.n_stimuli, N_SPLITS, gap=GAP),
    )
    seconds = time.perf_counter() - start
    write(output / "subjects.md", f"{found!r}, {seconds:.1f} s\n\n{found}\n\n{diagonals(found)}")
    save(found.plot(), output / "subjects-scores.png")
    save(mot.plot.plot_group_plans(found, methods=NAMES)[0], output / "subjects-plans.png")


def diagonals(found: mot.SubjectComparison) -> str:
    """How much of each person's plan lies between a region and the same region of the others, against chance."""
    n_regions = len(found.source_labels)
    shares = {name: np.array([np.trace(plan) for plan in found.results[name].layer_maps]) for name in NAMES}
    # Of a region, random orders leave one part in so many on its own counterpart.
    shares["random order"] = np.full(len(found.subjects), 1 / n_regions)
    values = {name: mot.SubjectValues(each) for name, each in shares.items()}
    pairs = [(name, "random order") for name in NAMES] + [NAMES]
    lines = [
        "| share of the plan on the diagonal | mean | over people | higher than | in people | p adjusted |",
        "| --- | ---: | ---: | --- | ---: | ---: |",
    ]
    for test in found.effects.tests(pairs, values):
        mean = found.effects.mean(values[test.method])
        lines.append(
            f"| {test.method} | {mean.value:.3f} +- {mean.sd:.3f} | {mean.low:.3f} to {mean.high:.3f} | {test.than} "
            f"| {test.n_better} of {test.n_subjects} | {test.p_adjusted:.2g} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
