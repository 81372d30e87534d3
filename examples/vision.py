"""Vision models on the same images: the paper's Tables 3, D.1, D.2 and G.1 and Figures 4 and D.1 to D.10."""

from __future__ import annotations

import itertools

from study import COUPLINGS, ROTATED, folders, study, table, verdicts, write

import mot_fast as mot
from mot_fast.networks.network import Network

DEPTHS = (20, 32, 44, 56)
PLAIN = (*COUPLINGS, "global_ot")


def main() -> None:
    """Run the studies."""
    recordings, output = folders(__doc__)
    resnets = [mot.load(recordings / f"resnet{depth}_cifar2000.npz", f"ResNet-{depth}") for depth in DEPTHS]
    efficient = [
        mot.load(recordings / f"efficientnet_lite{k}_imagenet1000.npz", f"EfficientNet-Lite{k}") for k in (0, 1)
    ]
    study("resnet-20-resnet-56-all", resnets[0], resnets[-1], output)
    pairs = {f"{one.name} x {two.name.split('-')[1]}": (one, two) for one, two in itertools.combinations(resnets, 2)}
    pairs["EfficientNet-Lite0 x Lite1"] = (efficient[0], efficient[1])
    compared = {
        names: study(names.lower().replace(" x ", "-"), *pair, output, (*PLAIN, *ROTATED))
        for names, pair in pairs.items()
    }
    for what in ("scores", "hierarchies"):
        tables = (table(compared, what, PLAIN[:6] if what == "hierarchies" else PLAIN), table(compared, what, ROTATED))
        write(output / f"vision-{what}.md", "\n\n".join(tables))
    write(output / "vision-verdicts.md", verdicts(compared))

    as_printed = {names: mot.compare(*pair, COUPLINGS, convention="paper") for names, pair in pairs.items()}
    lines = [
        table(as_printed, "scores", COUPLINGS),
        verdicts(as_printed),
        *map(in_the_paper_s_convention, pairs.values()),
    ]
    write(output / "vision-paper-convention.md", "\n\n".join(lines))


def in_the_paper_s_convention(pair: tuple[Network, Network]) -> str:
    """Hierarchy scores with rotations where layers keep their norms, as in the paper's Table G.1."""
    source, target = pair
    train, _ = mot.split(source.n_stimuli)
    alignment = mot.align(source[train], target[train], rotate=True, convention="paper")
    figures = (f"{name} {mot.hierarchy(alignment.coupling(name)):.2f}" for name in ("mot", "pairwise_best"))
    return f"{source.name} x {target.name}, with rotations, as printed: hierarchy {', '.join(figures)}"


if __name__ == "__main__":
    main()
