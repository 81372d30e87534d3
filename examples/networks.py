"""Similarity matrices of many networks: four ResNets, three language models, and one of these at several sizes."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from matplotlib import pyplot
from matplotlib.axes import Axes
from study import COUPLINGS, folders, save, table, verdicts, write

import mot_fast as mot
from mot_fast.networks.network import Network

N_SPLITS = 5
PLAIN = (*COUPLINGS, "global_ot")


def main() -> None:
    """Write `NAME-matrix.md` and `NAME-matrix.png` of each family, its controls, and the scores at several sizes."""
    recordings, output = folders(__doc__)
    resnets = {f"ResNet-{depth}": recordings / f"resnet{depth}_cifar2000.npz" for depth in (20, 32, 44, 56)}
    files = {"SmolLM2-135M": "smollm2_135m", "Gemma-3-270M": "gemma3_270m", "MiniLM-L6": "minilm_l6"}
    models = {name: recordings / f"{file}_stsb2552.npz" for name, file in files.items()}
    family("resnets", resnets, output)
    family("language-models", models, output)
    controls(
        itertools.chain(itertools.permutations(resnets.items(), 2), itertools.permutations(models.items(), 2)), output
    )
    sizes(*(mot.load(models[name], name) for name in ("MiniLM-L6", "SmolLM2-135M")), output)


def family(name: str, networks: dict[str, Path], output: Path) -> None:
    """The matrix of the first split, with what other splits change."""
    start = time.perf_counter()
    first = mot.similarity_matrix(networks, progress=True)
    seconds = time.perf_counter() - start
    others = [mot.similarity_matrix(networks, seed=seed) for seed in range(1, N_SPLITS)]
    matrices = [first, *others]
    costs, scores = ([getattr(each, what) for each in matrices] for what in ("costs", "scores"))
    lines = [
        f"{first!r}, {seconds:.1f} s",
        first.to_markdown(),
        f"Largest standard deviation over {N_SPLITS} splits: of a cost {largest(costs)}, of a score {largest(scores)}.",
        "\n".join(f"split {k}: {nearest(each)}" for k, each in enumerate(matrices)),
    ]
    write(output / f"{name}-matrix.md", "\n\n".join(lines))
    save(picture(first), output / f"{name}-matrix.png")


def largest(values: list[np.ndarray]) -> str:
    """Standard deviation over the splits, of the pair of networks that has the largest."""
    return f"{np.std(values, axis=0, ddof=1).max():.4f}"


def nearest(matrix: mot.SimilarityMatrix) -> str:
    """Pairs of networks, those that are most alike first."""
    pairs = zip(*np.triu_indices(len(matrix.labels), 1), strict=True)
    ordered = sorted(pairs, key=lambda pair: matrix.costs[pair])
    return ", ".join(f"{matrix.labels[i]} and {matrix.labels[j]} {matrix.costs[i, j]:.4f}" for i, j in ordered)


def picture(matrix: mot.SimilarityMatrix) -> Axes:
    """Draw costs and scores, and below them the dendrogram and the embedding of the family."""
    figure, axes = pyplot.subplots(2, 2, figsize=(9.2, 7.4), height_ratios=(1.25, 1.0), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.12, h_pad=0.12)
    matrix.plot(axes[0])
    matrix.plot_dendrogram(axes[1, 0])
    return matrix.plot_embedding(axes[1, 1])


def controls(pairs: Iterable[tuple[tuple[str, Path], tuple[str, Path]]], output: Path) -> None:
    """Every network predicted from every other one of its family, with controls, in both conventions."""
    networks = [(f"{one} from {two}", mot.load(path, one), mot.load(other, two)) for (one, path), (two, other) in pairs]
    for convention in ("standardized", "paper"):
        compared = {
            names: mot.compare(source, target, PLAIN, splits=N_SPLITS, convention=convention, progress=True)
            for names, source, target in networks
        }
        parts = [table(compared, "scores", PLAIN), table(compared, "hierarchies", COUPLINGS)]
        write(output / f"controls-{convention}.md", "\n\n".join([*parts, counts(compared), verdicts(compared)]))


def counts(compared: dict[str, mot.Comparison]) -> str:
    """On how many pairs of networks MOT has the higher mean score, and the higher hierarchy, than each other method."""
    lines = []
    for other in PLAIN[1:]:
        n_scores, n_maps = (
            sum(getattr(each, what)["mot"].mean() > getattr(each, what)[other].mean() for each in compared.values())
            for what in ("scores", "hierarchies")
        )
        n_found = sum(each.p_values["mot"].get(other, 1.0) <= 0.05 for each in compared.values())
        lines.append(
            f"- {other}: MOT has the higher score on {n_scores} of {len(compared)} pairs (p <= 0.05 on {n_found}), the "
            f"higher hierarchy on {n_maps}"
        )
    return "\n".join(lines)


def sizes(network: Network, larger: Network, output: Path) -> None:
    """Scores and costs of one network and another one, of which fewer and fewer layers and units are kept."""
    few = np.linspace(0, len(larger) - 1, len(network)).round().astype(int)
    width = network.widths[0]
    kinds = {
        "all": larger,
        f"{len(larger)} layers of {width}": of_width(larger, width),
        f"{len(few)} layers of all units": larger.select(few),
        f"{len(few)} layers of {width}": of_width(larger.select(few), width),
    }
    found = mot.similarity_matrix({network.name: network, **kinds})
    lines = [
        f"| {larger.name} | cost | {network.name} from it | it from {network.name} |",
        "| --- | ---: | ---: | ---: |",
    ]
    for k, kind in enumerate(kinds, 1):
        lines.append(f"| {kind} | {found.costs[0, k]:.3f} | {found.scores[0, k]:.3f} | {found.scores[k, 0]:.3f} |")
    lines += ["", "| units a layer, in both | cost | relative to shuffled stimuli |", "| --- | ---: | ---: |"]
    narrowest = min(*network.widths, *larger.widths)
    for n_units in sorted({max(1, narrowest // k) for k in (24, 8, 3, 1)}):
        equal = mot.equal_width_cost(network, larger, n_units, n_draws=3)
        lines.append(f"| {n_units} | {equal.value:.3f} (sd {equal.sd:.3f}) | {equal.relative:.3f} |")
    write(output / "sizes.md", "\n".join(lines))


def of_width(network: Network, width: int) -> Network:
    """The network with so many units of each layer, drawn at random."""
    rng = np.random.default_rng(0)
    layers = {label: network.layer(label) for label in network.labels}
    return mot.load({label: layer[:, rng.permutation(layer.shape[1])[:width]] for label, layer in layers.items()})


if __name__ == "__main__":
    main()
