"""Two training runs of one language model, aligned by units, layers and checkpoints: the paper's Figure 5."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from study import folders, save, write

import mot_fast as mot
from mot_fast.networks.network import Network

Run = Mapping[str, Network]


def main() -> None:
    """Align the runs; write `training-runs.md` and `training-runs.png`."""
    recordings, output = folders(__doc__)
    runs = [checkpoints(recordings / f"neox6x128_seed{seed}_trajectory.npz") for seed in (1, 2)]
    start = time.perf_counter()
    aligned = mot.align_trajectories(*runs, progress=True)
    seconds = time.perf_counter() - start
    parts = [
        f"{aligned!r}, {aligned.layer_costs.size} pairs of layers, {seconds:.1f} s",
        checkpoint_table(aligned, runs),
        summary("all sentences", aligned),
        *(summary(f"every second sentence, from {k}", of_half(runs, k)) for k in (0, 1)),
        summary("the bundled runs", mot.align_trajectories(*mot.data.training_runs())),
        layer_table(aligned),
    ]
    write(output / "training-runs.md", "\n\n".join(parts))
    trained, untrained = (runs[0][list(runs[0])[k]] for k in (-1, 0))
    by_step = [
        control_table("the last step of the first run", trained, runs[1]),
        control_table("the first step of the first run", untrained, runs[1]),
    ]
    write(output / "training-runs-controls.md", "\n\n".join(by_step))
    axes = aligned.plot()
    axes[0].set_ylabel("checkpoints of the first run (source)")
    for ax in axes:
        ax.set_xlabel("checkpoints of the second run (target)")
    save(axes[0], output / "training-runs.png")


def checkpoints(path: Path) -> dict[str, Network]:
    """The networks of a run, by step, of a file whose layers are called `step_layer`."""
    recorded = mot.load(path)
    layers: dict[str, list[str]] = {}
    for label in recorded.labels:
        layers.setdefault(label.split("_")[0], []).append(label)
    return {step: recorded.select(labels) for step, labels in layers.items()}


def of_half(runs: list[Run], first: int) -> mot.NestedAlignment:
    """The alignment of the runs on every second sentence, from the first on."""
    half = slice(first, None, 2)
    return mot.align_trajectories(*({step: network[half] for step, network in run.items()} for run in runs))


def summary(what: str, aligned: mot.NestedAlignment) -> str:
    """Positions of every checkpoint's partners, and how well they keep the order of training."""
    lines = [f"{what}:"]
    for name, places in (("mot", aligned.plan.argmax(axis=1)), ("pairwise_best", aligned.costs.argmin(axis=1))):
        cost = (aligned.costs * aligned.coupling(name)).sum()
        lines.append(f"- {name}: H {aligned.hierarchy(name):.3f}, cost {cost:.5f}, to {', '.join(map(str, places))}")
    return "\n".join([*lines, f"- each step to the same step: cost {np.diag(aligned.costs).mean():.5f}"])


def checkpoint_table(aligned: mot.NestedAlignment, runs: list[Run]) -> str:
    """Partners of every step, their costs, and the share of one direction in both runs, a line each."""
    lines = [
        "| first run | MOT | cost | margin | pairwise best | cost | one direction, both runs |",
        "| --- | --- | ---: | ---: | --- | ---: | --- |",
    ]
    shares = [[share_of_one_direction(network) for network in run.values()] for run in runs]
    for i, label in enumerate(aligned.source.labels):
        mine, best = int(aligned.plan[i].argmax()), int(aligned.costs[i].argmin())
        cells = [
            *(aligned.target.labels[mine], f"{aligned.costs[i, mine]:.4f}", f"{margin(aligned, i, mine):.4f}"),
            *(aligned.target.labels[best], f"{aligned.costs[i, best]:.4f}"),
            ", ".join(f"{share[i]:.2f}" for share in shares),
        ]
        lines.append(f"| {label} | {' | '.join(cells)} |")
    return "\n".join(lines)


def control_table(name: str, source: Network, run: Run) -> str:
    """One network predicted from every step of a run: scores, p-values and hierarchies, and what the tests say."""
    lines = [
        f"{name}, from each step of the second run:",
        "",
        "| step | MOT | greedy | uniform | permuted | p permuted | p greedy | p uniform | H | p orders | p shuffled |",
        "| --- |" + " ---: |" * 10,
    ]
    verdicts = []
    for step, target in run.items():
        found = mot.compare(source, target, ("mot", "greedy", "uniform", "permuted"))
        null = mot.hierarchy_null(source, target)
        tests = found.results["mot"]
        p_values = [found.p_values["mot"][each] for each in ("permuted", "greedy", "uniform")]
        cells = [
            *(f"{found.mean(each):.3f}" for each in found.methods),
            *(f"{p:.3g}" for p in p_values),
            *(f"{found.hierarchies['mot'].mean():.2f}", f"{tests.p_hierarchy:.2g}", f"{null.p_stimuli:.2g}"),
        ]
        lines.append(f"| {step} | {' | '.join(cells)} |")
        verdicts.append(f"- {step}: {' '.join(found.verdict())}")
    return "\n".join([*lines, "", *verdicts])


def margin(aligned: mot.NestedAlignment, i: int, j: int) -> float:
    """Rise of the total cost of all steps if step i may not be coupled with step j."""
    costs = aligned.costs.copy()
    costs[i, j] = 10.0  # more than all others together could save
    return len(costs) * (mot.solve_transport(costs).cost - aligned.cost)


def share_of_one_direction(network: Network) -> float:
    """Largest share of the last layer's variance, units standardized, that lies in one direction."""
    variances = np.linalg.eigvalsh(np.corrcoef(network.layer(-1), rowvar=False))
    return float(variances[-1] / variances.sum())


def layer_table(aligned: mot.NestedAlignment) -> str:
    """Plans of layers, at the same step, and between the beginning, the middle and the end."""
    n_steps = len(aligned.source)
    middle, last = n_steps // 2, n_steps - 1
    lines = [
        "| first run | second run | cost | H | H, pairwise best | layer costs | layers go to |",
        "| --- | --- | ---: | ---: | ---: | --- | --- |",
    ]
    for i, j in (*((k, k) for k in range(n_steps)), (0, middle), (0, last), (last, middle)):
        layers = aligned.between(i, j)
        labels = aligned.source.labels[i], aligned.target.labels[j]
        figures = f"{layers.cost:.3f} | {layers.hierarchy():.2f} | {layers.hierarchy('pairwise_best'):.2f}"
        spread = f"{layers.costs.min():.3f} to {layers.costs.max():.3f}"
        places = ", ".join(map(str, layers.plan.argmax(axis=1)))
        lines.append(f"| {' | '.join(labels)} | {figures} | {spread} | {places} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
