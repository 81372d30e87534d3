"""Vision models on the same images: the paper's Tables 3, D.1, D.2 and G.1 and Figures 4 and D.1 to D.10."""

from __future__ import annotations

import itertools

from study import folders, study, write

import mot_fast as mot
from mot_fast.networks.network import Network

DEPTHS = (20, 32, 44, 56)
METHODS = (
    *("mot", "single_best", "pairwise_best", "permuted"),
    *("mot+r", "single_best+r", "pairwise_best+r", "permuted+r"),
)


def main() -> None:
    """Run the studies."""
    recordings, output = folders(__doc__)
    resnets = [mot.load(recordings / f"resnet{depth}_cifar2000.npz", f"ResNet-{depth}") for depth in DEPTHS]
    efficient = [
        mot.load(recordings / f"efficientnet_lite{k}_imagenet1000.npz", f"EfficientNet-Lite{k}") for k in (0, 1)
    ]
    compared = {}
    for source, target in itertools.combinations(resnets, 2):
        name = f"{source.name}-{target.name}".lower()
        compared[f"{source.name} x {target.name}"] = study(name, source, target, output, METHODS)
    compared["EfficientNet-Lite0 x Lite1"] = study("efficientnets", *efficient, output, METHODS)
    write(output / "vision-scores.md", table(compared, "scores"))
    write(output / "vision-hierarchies.md", table(compared, "hierarchies"))
    study("resnet-20-resnet-56-all", resnets[0], resnets[-1], output)

    pairs = ((resnets[0], resnets[-1]), (resnets[1], resnets[2]), efficient)
    write(output / "vision-paper-convention.md", "\n".join(map(in_the_paper_s_convention, pairs)))


def table(compared: dict[str, mot.Comparison], what: str) -> str:
    """Mean and standard deviation over the splits, a line a pair of networks."""
    lines = ["| networks | " + " | ".join(METHODS) + " |", "| --- |" + " ---: |" * len(METHODS)]
    for names, comparison in compared.items():
        values = (getattr(comparison, what)[method] for method in METHODS)
        cells = (f"{value.mean():.3f} ({value.std(ddof=1):.3f})" for value in values)
        lines.append(f"| {names} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def in_the_paper_s_convention(pair: tuple[Network, Network]) -> str:
    """Hierarchy scores with rotations where layers keep their norms, as in the paper's Table G.1."""
    source, target = pair
    train, _ = mot.split(source.n_stimuli)
    alignment = mot.align(source[train], target[train], rotate=True, convention="paper")
    figures = (f"{name} {mot.hierarchy(alignment.coupling(name)):.2f}" for name in ("mot", "pairwise_best"))
    return f"{source.name} x {target.name}, with rotations, as printed: hierarchy {', '.join(figures)}"


if __name__ == "__main__":
    main()
