"""Layers and units without a counterpart, and whether partial transport leaves the right ones behind."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from scipy.stats import mannwhitneyu, spearmanr
from study import folders, save, write

import mot_fast as mot
from mot_fast.display.tables import markdown_table
from mot_fast.networks.network import Network

N_SEEDS, N_STIMULI, NEAREST, TRUTH = 10, 1000, "best match", "2/3 matched"
MASSES = {TRUTH: 2 / 3, "0.5 matched": 0.5, "0.8 matched": 0.8}
"""A third of the target is foreign, so that 2/3 is the truth."""
LAYER_MASSES = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5)


@dataclass(frozen=True)
class Case:
    """A network, what replaces a third of it (None: itself, shuffled), and the noise of its units (None: halves)."""

    home: Network
    foreign: Network | None
    noise: float | None = None


Trial = tuple[list[np.ndarray], np.ndarray, bool]
"""Costs between source and target, by chance, and of the source with itself; which columns are foreign; whether a row
has lost its twin where the column of its number is foreign."""


def main() -> None:
    """Write tables and pictures."""
    warnings.simplefilter("ignore", mot.ConstantUnitsWarning)  # stems of ResNets have units that are never active
    recordings, output = folders(__doc__)
    warnings.filterwarnings("ignore", "Mean of empty slice", RuntimeWarning)  # where nothing was left behind
    files = {"SmolLM2": "smollm2_135m_stsb2552", "Gemma-3": "gemma3_270m_stsb2552"}
    files |= {f"ResNet-{depth}": f"resnet{depth}_cifar2000" for depth in (20, 56)}
    networks = {name: mot.load(recordings / f"{file}.npz", name) for name, file in files.items()}
    ground_truth(networks, output)
    days = mot.load(recordings / "v4_two_days_600images.npz")
    neurons(days.layer("day1"), days.layer("day2"), output)
    both_days = [mot.load({"V4": days.layer(label)}, label) for label in days.labels]
    every_second = [networks[name].select(range(1, len(networks[name]), 2)) for name in ("SmolLM2", "Gemma-3")]
    resnets = [networks[name] for name in ("ResNet-20", "ResNet-56")]
    curves = {
        "ResNet-20 x ResNet-56": mot.partial_curve(*resnets, n_shuffles=3, n_jobs=1),
        "SmolLM2 x Gemma-3": mot.partial_curve(*every_second, n_shuffles=2, splits=3, n_jobs=1),
        "V4, two days": mot.partial_curve(*both_days, n_shuffles=5, n_jobs=1),
        "fMRI, two groups": people(recordings),
    }
    selected = selection_table({"ResNet-20 x ResNet-56": resnets, "V4, two days": both_days})
    write(output / "without-curves.md", f"{curve_table(curves)}\n\n{selected}")
    hierarchies(networks, output)


def ground_truth(networks: Mapping[str, Network], output: Path) -> None:
    """Tables of what is left behind where a third of the target is foreign, of layers and of units."""
    smol, gemma, small, large = (networks[name] for name in ("SmolLM2", "Gemma-3", "ResNet-20", "ResNet-56"))
    # Without embedding and stem, so that the number of layers is a multiple of three.
    smol, gemma, small, large = (net.select(range(1, len(net))) for net in (smol, gemma, small, large))
    layers = {
        "SmolLM2, the same units; Gemma-3": Case(third(smol), third(gemma), 0.0),
        "SmolLM2, halves; shuffled": Case(smol, None),
        "SmolLM2, halves; Gemma-3": Case(smol, gemma),
        "ResNet-56, halves; ResNet-20": Case(large, small),
        "ResNet-20, halves; ResNet-56": Case(small, large),
    }
    some, last = smol.select(range(1, 15, 3)), large.select(range(18, 27))
    near = gemma.select([round(l / 14 * 8) for l in range(1, 15, 3)])
    units = {
        "SmolLM2, the same units; Gemma-3": Case(some, near, 0.0),
        "SmolLM2, r = 0.2; shuffled": Case(some, None, 2.0),
        "SmolLM2, r = 0.2; Gemma-3": Case(some, near, 2.0),
        "ResNet-56, r = 0.2; ResNet-20": Case(last, small.select([6, 7, 8]), 2.0),
        "SmolLM2, halves; shuffled": Case(some, None),
        "SmolLM2, halves; Gemma-3": Case(some, near),
        "ResNet-56, halves; ResNet-20": Case(last, small.select([6, 7, 8])),
    }
    for what, cases, trials in (("layers", layers, layer_trials), ("units", units, unit_trials)):
        found = {name: over_seeds(case, trials) for name, case in cases.items()}
        write(output / f"without-{what}.md", f"{ranking_table(found)}\n\n{choice_table(found)}")


def unit_costs(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """1 - correlation of all pairs of units."""
    return 1.0 - scaled(x).T @ scaled(y) / len(x)


def scaled(x: np.ndarray) -> np.ndarray:
    """Units of mean 0 and deviation 1; units that are constant are 0."""
    centred = x.astype(np.float64) - x.mean(axis=0)
    return centred / np.where(centred.any(axis=0), centred.std(axis=0), 1.0)


def recordings_of(x: np.ndarray, noise: float | None, rng: np.random.Generator) -> list[np.ndarray]:
    """Source and target of one layer, and a pair within the source: recordings of units, or halves of them."""
    if noise is None:
        order, n = rng.permutation(x.shape[1]), x.shape[1] // 2
        return [x[:, order[k : k + size]] for k, size in ((0, n), (n, n), (0, n // 2), (n // 2, n // 2))]
    source, target, again = (scaled(x) + noise * rng.standard_normal(x.shape) for _ in range(3))
    return [source, target, source, again]


def layer_trials(case: Case, rng: np.random.Generator) -> Iterator[Trial]:
    """One trial: a third of the layers is replaced by those of the same relative depth in the foreign network."""
    n, rows = len(case.home), rng.permutation(case.home.n_stimuli)[:N_STIMULI]
    pairs = [recordings_of(case.home.layer(l)[rows], case.noise, rng) for l in range(n)]
    source, target, one, other = (list(side) for side in zip(*pairs, strict=True))
    is_foreign = np.isin(np.arange(n), rng.choice(n, n // 3, replace=False))
    for l in np.flatnonzero(is_foreign):
        target[l] = foreign_units(case, target[l], l, rows, rng)
    shuffled = rng.permutation(len(rows))
    pairs = (source, target), (source, [layer[shuffled] for layer in target]), (one, other)
    yield [mot.align(*pair, n_jobs=1).layer_costs for pair in pairs], is_foreign, True


def unit_trials(case: Case, rng: np.random.Generator) -> Iterator[Trial]:
    """A trial for each layer: a third of its units is replaced by units of the foreign network."""
    rows = rng.permutation(case.home.n_stimuli)[:N_STIMULI]
    for l in range(len(case.home)):
        source, target, one, other = recordings_of(case.home.layer(l)[rows], case.noise, rng)
        n = target.shape[1] - target.shape[1] % 3
        source, target = source[:, :n], target[:, :n].copy()
        is_foreign = np.isin(np.arange(n), rng.choice(n, n // 3, replace=False))
        target[:, is_foreign] = foreign_units(case, target[:, is_foreign], l, rows, rng)
        pairs = (source, target), (source, target[rng.permutation(len(rows))]), (one, other)
        yield [unit_costs(*pair) for pair in pairs], is_foreign, case.noise is not None


def foreign_units(case: Case, taken: np.ndarray, l: int, rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """As many foreign units as are taken away, with as much noise."""
    if case.foreign is None:
        return taken[rng.permutation(len(taken))]
    k = round(l / (len(case.home) - 1) * (len(case.foreign) - 1))
    units = case.foreign.layer(k)[rows]
    chosen = scaled(units[:, rng.choice(units.shape[1], taken.shape[1], replace=False)])
    return chosen + (case.noise or 0.0) * rng.standard_normal(chosen.shape)


def over_seeds(case: Case, trials: Callable[[Case, np.random.Generator], Iterator[Trial]]) -> dict[str, np.ndarray]:
    """Outcomes of every seed, means over its trials; NaN where nothing was left behind."""
    seeds = []
    for seed in range(N_SEEDS):
        found = [outcomes(trial) for trial in trials(case, np.random.default_rng(seed))]
        seeds.append({key: np.nanmean([each[key] for each in found]) for key in found[0]})
    return {key: np.array([each[key] for each in seeds]) for key in seeds[0]}


def outcomes(trial: Trial) -> dict[str, float]:
    """Precision and recall of what is left behind, by partial transport and by the best match of each alone."""
    (cost, chance, own), is_foreign, has_twins = trial
    path, nearest, n = mot.partial_path(cost), cost.min(axis=0), len(cost)
    found = {"AUC": area(path.columns.all, is_foreign), f"{NEAREST} AUC": area(nearest, is_foreign)}
    masses = MASSES | {"knee": max(path.knee(), 1 / n)}
    plans = dict(zip(masses, path.at(list(masses.values())), strict=True))
    left = {key: worst(nearest, mass) for key, mass in masses.items()}
    for key, price in {"price by chance": price_of(chance, 0.05), "own price": price_of(own, 0.95)}.items():
        plans[key] = mot.solve_transport(cost, unmatched_cost=price)
        left[key] = (nearest >= price).astype(float)
    for key, plan in plans.items():
        found[f"{key} carried"] = plan.carried
        found |= precision_and_recall(key, plan.left_columns * n, is_foreign)
        found |= precision_and_recall(f"{NEAREST} {key}", left[key], is_foreign)
    return found | (precision_and_recall("source", plans[TRUTH].left_rows * n, is_foreign) if has_twins else {})


def worst(nearest: np.ndarray, mass: float) -> np.ndarray:
    """Share that goes of each, where the worst go first until this share of all is left; of the last one a part."""
    share = np.empty(len(nearest))
    share[np.argsort(-nearest)] = np.clip((1 - mass) * len(nearest) - np.arange(len(nearest)), 0, 1)
    return share


def price_of(cost: np.ndarray, mass: float) -> float:
    """The least price at which this share of the mass is matched."""
    path = mot.partial_path(cost)
    return float(path.prices[np.searchsorted(path.masses[1:], mass * path.masses[-1])]) + 1e-9


def precision_and_recall(key: str, left: np.ndarray, is_foreign: np.ndarray) -> dict[str, float]:
    """How much of what is left behind is foreign, and how much of what is foreign is left behind."""
    right, total = left[is_foreign].sum(), left.sum()
    return {f"{key} precision": right / total if total > 1e-9 else np.nan, f"{key} recall": right / is_foreign.sum()}


def area(values: np.ndarray, is_positive: np.ndarray) -> float:
    """Probability that a positive has the higher value, ties counting half: the area under the ROC curve."""
    statistic = mannwhitneyu(values[is_positive], values[~is_positive]).statistic
    return float(statistic / (is_positive.sum() * (~is_positive).sum()))


def cell(values: np.ndarray | None) -> str:
    """Mean and standard deviation over the seeds that have a value."""
    numbers = [] if values is None else values[~np.isnan(values)]
    return f"{np.mean(numbers):.2f} +- {np.std(numbers, ddof=1):.2f}" if len(numbers) > 1 else ""


def table(heads: Sequence[str], rows: Sequence[list[str]], n_left: int = 1) -> str:
    """A Markdown table."""
    return "\n".join(markdown_table([list(heads), *rows], n_left=n_left))


def ranking_table(found: Mapping[str, dict[str, np.ndarray]]) -> str:
    """How well prices and best matches tell foreign ones from others."""
    keys = {"AUC": "AUC", f"{NEAREST}: AUC": f"{NEAREST} AUC", "right": f"{TRUTH} precision"}
    keys |= {f"{NEAREST}: right": f"{NEAREST} {TRUTH} precision", "right among the source's": "source precision"}
    rows = []
    for name, each in found.items():
        ahead = np.round(each[f"{TRUTH} precision"] - each[f"{NEAREST} {TRUTH} precision"], 9)
        counts = f"{(ahead > 0).sum()} / {(ahead < 0).sum()}"
        rows.append([name, *(cell(each.get(key)) for key in keys.values()), counts])
    return table(["network; foreign", *keys, "seeds ahead / behind"], rows)


def choice_table(found: Mapping[str, dict[str, np.ndarray]]) -> str:
    """Precision and recall at several masses (of cases that are not solved), at the knee, and at prices."""
    rows = []
    for name, each in found.items():
        for key in (*MASSES, "knee", "price by chance", "own price"):
            four = [f"{method}{key} {what}" for method in ("", f"{NEAREST} ") for what in ("precision", "recall")]
            rows.append([name, key, cell(each[f"{key} carried"]), *(cell(each[which]) for which in four)])
    shown = [row for row in rows if np.nanmean(found[row[0]][f"{TRUTH} precision"]) < 0.98 or row[1] not in MASSES]
    heads = ["network; foreign", "left behind by", "matched", "precision", "recall"]
    return table([*heads, f"{NEAREST}: precision", f"{NEAREST}: recall"], shown, n_left=2)


def neurons(one: np.ndarray, two: np.ndarray, output: Path) -> None:
    """Which neurons were recorded on both days? The order of the neurons, which no cost knows, is the witness."""
    cost, rng = unit_costs(one, two), np.random.default_rng(0)
    rows, columns, prices = pairs_of(cost)
    is_ordered, r = in_order(columns), 1 - cost[rows, columns]
    lost, chosen = ~is_ordered, [np.argsort(prices)[:k] for k in range(10, len(rows) + 1, 10)]
    cheapest = [[f"{is_ordered[k].sum()} of {len(k)}", f"{r[k].mean():.2f}", f"{prices[k].max():.2f}"] for k in chosen]
    by_chance = [pairs_of(unit_costs(one, two[rng.permutation(len(two))])) for _ in range(20)]
    ordered = np.array([in_order(pairs[1]).sum() for pairs in by_chance])
    limit = float(np.mean([np.quantile(pairs[2], 0.05) for pairs in by_chance]))
    units = mot.stability([one], [two], resamples="halves", n_jobs=1).units(0, 0)
    is_found, confidence = units.q_values[rows] <= 0.05, units.confidence[rows]
    ranks = {"price": prices, f"{NEAREST} on day 1": cost.min(axis=1)[rows], "confidence": -confidence}
    areas = ", ".join(f"{name} {area(values, lost):.2f}" for name, values in ranks.items())
    same, correlation = np.diag(1 - cost).mean(), spearmanr(prices, confidence).statistic
    notes = [
        f"- correlation of neurons of the same number {same:.2f}, of any two {1 - cost.mean():.2f}",
        f"- in order: {is_ordered.sum()} of {len(rows)}; by chance {ordered.mean():.1f} +- {ordered.std(ddof=1):.1f}",
        f"- AUC of being out of order: {areas}; rank correlation of price and confidence {correlation:.2f}",
        f"- price by chance {limit:.2f}: {(prices < limit).sum()} pairs, {is_ordered[prices < limit].sum()} in order",
        f"- matched at q <= 0.05 on halves: {is_found.sum()} of {len(rows)}, {is_ordered[is_found].sum()} in order",
    ]
    shown = table(["cheapest pairs in order", "mean correlation", "price of the last"], cheapest, n_left=0)
    write(output / "without-v4.md", "\n".join([shown, "", *notes]))
    ax = plt.subplots(figsize=(6.2, 4.6), layout="constrained")[1]
    points = ax.scatter(rows, columns, c=r, cmap="viridis", s=34)
    ax.scatter(rows[lost], columns[lost], s=110, facecolors="none", edgecolors="red", label="out of order")
    ax.set(xlabel="number of the neuron on day 1", ylabel="number of its partner on day 2")
    ax.legend(loc="upper left", frameon=False)
    ax.figure.colorbar(points, label="correlation")
    save(ax, output / "without-v4.png")


def pairs_of(cost: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One-to-one pairs, by rows, and the price at which each is matched."""
    path = mot.partial_path(cost, *(np.ones(n) for n in cost.shape))
    order = np.argsort(path.end.rows)
    return path.end.rows[order], path.end.columns[order], path.columns.all[path.end.columns[order]]


def in_order(numbers: np.ndarray) -> np.ndarray:
    """Which numbers are part of some longest increasing subsequence."""

    def lengths(values: np.ndarray) -> np.ndarray:
        found = np.ones(len(values), int)
        for k in range(len(values)):
            found[k] += max(found[:k][values[:k] < values[k]], default=0)
        return found

    together = lengths(numbers) + lengths(-numbers[::-1])[::-1]
    return together == together.max()


def people(recordings: Path) -> mot.PartialCurve:
    """The curve of two groups of people, with circular shifts of the record in the place of shuffles."""
    regions = mot.load(recordings / "alice_fmri_6roi_27subjects.npz")
    one, two = (mot.load({r: regions.layer(r)[:, k::2] for r in regions.labels}, f"group {k + 1}") for k in (0, 1))
    n = regions.n_stimuli
    curve = mot.partial_curve(one, two, splits=mot.blocked_splits(n, 5, gap=10), n_jobs=1)
    shifted = [two[np.roll(np.arange(n), shift)] for shift in range(20, n - 20, 40)]
    chance = [[mot.align(one, each, unit_mass=m, n_jobs=1).cost for each in shifted] for m in curve.unit_masses]
    return replace(curve, chance_costs=np.array(chance))


def curve_table(curves: Mapping[str, mot.PartialCurve]) -> str:
    """Scores and costs at every second mass, and knees, which were found with all masses."""
    rows, shown = [], slice(1, None, 2)
    for name, curve in curves.items():
        chance = [f"{share:.3f}" for share in curve.matched_by_chance()]
        scores, costs = (list(map(cell, values)) for values in (curve.scores, curve.held_out_costs))
        single = (replace(curve, held_out_costs=values[:, None]).knee() for values in curve.held_out_costs.T)
        knees = f"of splits: {', '.join(f'{knee:.2g}' for knee in single)}"
        rows.append([name, "held-out score", *scores[shown]])
        rows.append([f"knee {curve.knee():.2g}", "held-out cost", *costs[shown]])
        rows.append([knees, "matched by chance", *chance[shown]])
    masses = next(iter(curves.values())).unit_masses[shown]
    return table(["pair", "units matched", *(f"{mass:.2g}" for mass in masses)], rows, n_left=2)


def selection_table(pairs: Mapping[str, list[Network]]) -> str:
    """Scores of partial plans beside those of the balanced plan, of all units and of those that partial ones match."""
    rows = []
    for name, (source, target) in pairs.items():
        scores = []
        for train, test in (mot.split(source.n_stimuli, seed=seed) for seed in range(5)):
            given, held_out = (source[train], target[train]), (source[test], target[test])
            part, whole = (mot.align(*given, unit_mass=mass, n_jobs=1).score(*held_out) for mass in (0.5, 1.0))
            same = [np.nanmean(x[~np.isnan(y)]) for x, y in zip(whole.per_unit, part.per_unit, strict=True)]
            scores.append([part.value, np.nanmean(same), whole.value])
        rows.append([name, *(cell(values) for values in np.transpose(scores))])
    return table(["pair", "half matched", "balanced, the same units", "balanced, all units"], rows)


def hierarchies(networks: Mapping[str, Network], output: Path) -> None:
    """Hierarchy scores of layer plans and of their nulls, as ever fewer layers are matched."""
    wide, wider = (np.geomspace(16, 96, n).round().astype(int) for n in (10, 14))
    systems = {
        "ResNet-20 x ResNet-56": [tuple(networks[name][:N_STIMULI] for name in ("ResNet-20", "ResNet-56"))],
        "SmolLM2 x Gemma-3": [tuple(third(networks[name]) for name in ("SmolLM2", "Gemma-3"))],
        "noise, widening": [(noise(wide, k), noise(wider, 100 + k)) for k in range(10)],
        "noise, equal widths": [(noise([48] * 10, k), noise([48] * 14, 100 + k)) for k in range(10)],
        "one shared signal": [(noise([48] * 10, k, k), noise([48] * 14, 100 + k, k)) for k in range(10)],
    }
    rows, axes = [], plt.subplots(1, len(systems), figsize=(14, 3.6), layout="constrained", sharey=True)[1]
    for (name, pairs), ax in zip(systems.items(), axes, strict=True):
        found = np.array([scores_of(*pair, 99 if len(pairs) == 1 else 39) for pair in pairs])
        rows += hierarchy_rows(name, found)
        chance = found[:, 1:, :, 0]
        mean, sd = chance.mean(axis=(0, 1)), chance.std(axis=1, ddof=1).mean(axis=0)
        ax.plot(LAYER_MASSES, found[:, 0, :, 0].mean(axis=0), "o-", label="observed")
        ax.plot(LAYER_MASSES, mean, "s--", label="shuffled stimuli (band: sd)")
        ax.fill_between(LAYER_MASSES, mean - sd, mean + sd, color="C1", alpha=0.2, linewidth=0)
        ax.set(title=name, xlabel="share of the layers matched", xlim=(1.03, 0.47))
    heads = ["pair", "layers matched", *(f"{mass:g}" for mass in LAYER_MASSES)]
    write(output / "without-hierarchy.md", table(heads, rows, n_left=2))
    axes[0].set_ylabel("hierarchy score")
    axes[0].legend(loc="lower left", frameon=False, fontsize=8)
    save(axes[0], output / "without-hierarchy.png")


def third(network: Network) -> Network:
    """A random third of the units of every layer."""
    rng = np.random.default_rng(0)
    layers = {label: network.layer(label)[:N_STIMULI] for label in network.labels}
    return mot.load({label: x[:, rng.permutation(x.shape[1])[: x.shape[1] // 3]] for label, x in layers.items()})


def noise(widths: Sequence[int], seed: int, signal: int | None = None) -> Network:
    """Layers of independent noise, with one signal in all of them if wanted, whose share grows with depth."""
    rng, n = np.random.default_rng([1, seed]), 500
    common = np.zeros((n, 1)) if signal is None else np.random.default_rng([2, signal]).standard_normal((n, 1))
    strengths = np.linspace(0.5, 3.0, len(widths))
    return mot.load([rng.standard_normal((n, w)) + s * common for w, s in zip(widths, strengths, strict=True)])


def scores_of(source: Network, target: Network, n_shuffles: int) -> list[list[list[float]]]:
    """Hierarchy scores and mean depths of what is matched, at every mass, as networks are and after each shuffle."""
    rng, n, depths, found = np.random.default_rng(0), target.n_stimuli, np.linspace(0, 1, len(source)), []
    for order in [np.arange(n), *(rng.permutation(n) for _ in range(n_shuffles))]:
        # Costs of layers do not depend on how many are matched: one alignment gives the plans of all masses.
        path = mot.partial_path(mot.align(source, target[order], n_jobs=1).layer_costs)
        plans = [plan.toarray() for plan in path.at(LAYER_MASSES)]
        found.append([[mot.hierarchy(plan), float(np.average(depths, weights=plan.sum(axis=1)))] for plan in plans])
    return found


def hierarchy_rows(name: str, found: np.ndarray) -> list[list[str]]:
    """Rows of the table of one kind of pair: scores, what chance gives, p-values, and how deep chance matches."""
    observed, chance = found[:, 0, :, 0], found[:, 1:, :, 0]
    p = (1 + (chance >= observed[:, None] - 1e-9).sum(axis=1)) / found.shape[1]
    means, sds = chance.mean(axis=(0, 1)), chance.std(axis=1, ddof=1).mean(axis=0)
    rows = {
        "H": [cell(each) for each in observed.T],
        "p up to 0.05": [f"{n} of {len(p)}" for n in (p <= 0.05).sum(axis=0)],
    }
    if len(found) == 1:
        rows = {"H": [f"{score:.2f}" for score in observed[0]], "p": [f"{each:.2g}" for each in p[0]]}
    rows["H by chance"] = [f"{mean:.2f} +- {sd:.2f}" for mean, sd in zip(means, sds, strict=True)]
    rows["depth by chance"] = [f"{depth:.2f}" for depth in found[:, 1:, :, 1].mean(axis=(0, 1))]
    return [[name, what, *cells] for what, cells in rows.items()]


if __name__ == "__main__":
    main()
