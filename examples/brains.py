"""Brains with brains and with a network: the paper's Tables 2, C.1, E.1 and F.1, on the recordings at hand."""

from __future__ import annotations

import numpy as np
from study import COUPLINGS, folders, study, write

import mot_fast as mot
from mot_fast.networks.load import load
from mot_fast.networks.network import Network

N_SPLITS, GAP = 5, 10
"""Contiguous fifths of a recording are held out, and volumes within 10 of them (20 seconds) are left out of training:
from 8 volumes on, volumes of the story have a mean autocorrelation of less than 0.05."""


def main() -> None:
    """Run the studies."""
    recordings, output = folders(__doc__)
    regions = load(recordings / "alice_fmri_6roi_27subjects.npz")
    one, two = (
        mot.load({label: regions.layer(label)[:, first::2] for label in regions.labels}, name)
        for first, name in ((0, "subjects 1, 3, 5, ..."), (1, "subjects 2, 4, 6, ..."))
    )
    blocks = mot.blocked_splits(one.n_stimuli, N_SPLITS, gap=GAP)
    study("fmri", one, two, output, splits=blocks, n_shuffles=one.n_stimuli - 1, shuffle="circular")
    write(output / "fmri-splits.md", f"{autocorrelations(regions)}\n\n{split_table(one, two)}")
    write(output / "fmri-regions.md", "\n".join([*recovered(one, two, blocks), same_region(one, two)]))

    days = load(recordings / "v4_two_days_600images.npz")
    day1, day2 = (mot.load({"V4": days.layer(f"day{k}")}, f"V4, day {k}") for k in (1, 2))
    study("v4-days", day1, day2, output)
    write(output / "v4-days-axes.md", axes_table(day1, day2))

    v4 = mot.load(recordings / "v4_201025_1200images.npz", "macaque V4")
    network = mot.load(recordings / "efficientnet_lite0_v4_1200images.npz", "EfficientNet-Lite0")
    study("v4-network", v4, network, output)


def autocorrelations(network: Network) -> str:
    """Autocorrelation of the stimuli, a mean over all units of all layers, by the distance of two stimuli."""
    activations = np.concatenate([network.layer(l) for l in range(len(network))], axis=1)
    z = (activations - activations.mean(axis=0)) / activations.std(axis=0)
    lags = (1, 2, 4, 6, 8, 10, 20)
    means = ((z[lag:] * z[:-lag]).sum(axis=0).mean() / len(z) for lag in lags)
    shown = ", ".join(f"{lag}: {mean:.2f}" for lag, mean in zip(lags, means, strict=True))
    return f"mean autocorrelation at a distance of {shown}"


def split_table(source: Network, target: Network) -> str:
    """Scores on random splits, and on contiguous blocks with gaps of several lengths."""
    n = source.n_stimuli
    kinds = {"random": N_SPLITS} | {
        f"blocks, gap {gap}": mot.blocked_splits(n, N_SPLITS, gap=gap) for gap in (0, 5, GAP, 2 * GAP) if n > 5 * gap
    }
    lines = ["| splits | " + " | ".join(COUPLINGS) + " |", "| --- |" + " ---: |" * len(COUPLINGS)]
    for kind, splits in kinds.items():
        found = mot.compare(source, target, COUPLINGS, splits=splits)
        lines.append(f"| {kind} | " + " | ".join(f"{found.mean(name):.3f}" for name in COUPLINGS) + " |")
    return "\n".join(lines)


def recovered(source: Network, target: Network, splits: list[tuple[np.ndarray, np.ndarray]]) -> list[str]:
    """Number of regions whose largest weight is on the same region of the other network, on every split."""
    lines = []
    for rotate in (False, True):
        alignments = [mot.align(source[train], target[train], rotate=rotate) for train, _ in splits]
        for name in ("mot", "greedy", "pairwise_best"):
            hits = [diagonal(alignment.coupling(name).argmax(axis=1)) for alignment in alignments]
            lines.append(f"- {name}{'+r' * rotate}: {', '.join(map(str, hits))} of {len(source)} regions")
    return lines


def diagonal(partners: np.ndarray) -> int:
    """Number of regions whose partner is the same region."""
    return int((partners == np.arange(len(partners))).sum())


def same_region(source: Network, target: Network) -> str:
    """Mass between a region and the same region, against all circular shifts of the target's record."""

    def mass(shift: int) -> float:
        rows = np.roll(np.arange(target.n_stimuli), shift)
        return float(mot.align(source, target[rows]).layer_plan.trace())

    observed, *null = (mass(shift) for shift in range(target.n_stimuli))
    p = (1 + sum(each >= observed - 1e-9 for each in null)) / (1 + len(null))
    return (
        f"- all volumes: {observed:.2f} of the mass between the same regions; after circular shifts "
        f"{np.mean(null):.2f} +- {np.std(null, ddof=1):.2f} ({len(null)} shifts), p = {p:.2g}"
    )


def axes_table(source: Network, target: Network) -> str:
    """Scores with and without rotations, in several axes, for units as recorded and for z-scored ones."""
    kinds = (
        *("MOT", "MOT+R", "MOT+R, rotated units"),
        *("turned: MOT+R", "turned: MOT+R, led back", "turned: MOT+R, rotated units"),
        *("target turned: MOT+R", "target turned: MOT+R, rotated units"),
    )
    lines = ["| units | " + " | ".join(kinds) + " |", "| --- |" + " ---: |" * len(kinds)]
    for units in ("as recorded", "z-scored"):
        found = np.array([axes_scores(source, target, seed, units == "z-scored") for seed in range(N_SPLITS)])
        means, sds = found.mean(axis=0), found.std(axis=0, ddof=1)
        lines.append(f"| {units} | {' | '.join(f'{m:.3f} ({sd:.3f})' for m, sd in zip(means, sds, strict=True))} |")
    return "\n".join(lines)


def axes_scores(source: Network, target: Network, seed: int, is_scaled: bool) -> list[float]:
    """Held-out scores of one random split, of both as they are, of the source turned at random, and of the target."""
    train, test = mot.split(source.n_stimuli, seed=seed)
    x, y = (network.layer(0) for network in (source, target))
    if is_scaled:
        x, y = ((each - each[train].mean(axis=0)) / each[train].std(axis=0) for each in (x, y))
    turns = [np.linalg.qr(np.random.default_rng(seed).standard_normal((each.shape[1],) * 2))[0] for each in (x, y)]
    scores = [mot.align([x[train]], [y[train]]).score([x[test]], [y[test]]).value]
    for one, other, back in ((x, y, []), (x @ turns[0], y, [[turns[0].T]]), (x, y @ turns[1], [])):
        alignment = mot.align([one[train]], [other[train]], rotate=True)
        scores += [alignment.score([one[test]], [other[test]], axes=axes).value for axes in (None, *back, "rotated")]
    return scores


if __name__ == "__main__":
    main()
