"""Command `mot-fast align`: aligns two networks in files on some stimuli, and scores the alignment on the others."""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

import mot_fast as mot
from mot_fast.alignment.options import PRICES, expect_none
from mot_fast.alignment.provenance import with_digests
from mot_fast.alignment.result import Alignment
from mot_fast.analysis.autocorrelation import warn_of_autocorrelation
from mot_fast.cli import arguments, held_out, output, terminal
from mot_fast.cli.held_out import HeldOut
from mot_fast.display.text_summary import certificate_text, layer_plan_table, score_table
from mot_fast.networks.network import Network, same_stimuli
from mot_fast.networks.summary import NetworkSummary
from mot_fast.system.control_characters import printable

HELP = "match the units and layers of two networks"
DESCRIPTION = (
    "Match every unit and every layer of one network with those of another, at the least total cost, on a part of the "
    "stimuli. Prints the layer plan (how much of each layer goes to which), how well the one network is predicted from "
    "the other on the rest of the stimuli (1 is perfect), beside simpler ways to match layers, and the proof that no "
    "other matching costs less."
)
EXAMPLE = "mot-fast align a.npz b.npz -o run.mot && mot-fast report run.mot"


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    arguments.add_networks(command)
    command.add_argument(
        "-o",
        "--output",
        type=arguments.path,
        metavar="FILE",
        help="write the alignment to this file, which ends in .mot, for plot, report and info",
    )
    arguments.add_rotate(command)
    held_out.add_shuffles(
        command, "n_permutations", "whether layers are matched in order of depth by more than chance", None
    )
    arguments.add_json(command)
    held_out.add_options(command, which_block="the last of them", or_none=True)
    arguments.add_goals(command)
    arguments.add_layers(command)
    arguments.add_limits(command)


def run(options: argparse.Namespace) -> None:
    """Align the networks, print the results, and write the alignment if a file is named."""
    output.check_file(options.output, ".mot")
    source, target = arguments.networks(options)
    same_stimuli([source, target])
    chosen = HeldOut.of(options, source.n_stimuli)
    if (split := chosen.single_split(source.n_stimuli)) is not None:
        warn_of_autocorrelation((source, target), split)
    arguments.remember_store(options, options.store)
    alignment, text = aligned(
        source,
        target,
        chosen,
        rotate=options.rotate,
        unit_mass=options.unit_mass,
        layer_mass=options.layer_mass,
        unit_cost=options.unit_cost,
        layer_cost=options.layer_cost,
        convention=options.convention,
        n_jobs=options.n_jobs,
        memory_limit=options.memory_limit,
        store=options.store,
        n_permutations=options.n_permutations,
    )
    try:
        output.show(options, text, values(alignment, options.output))
    finally:  # a closed pipe must not keep the file from being written
        if options.output is not None:
            alignment.save(options.output)
            if not options.json:
                terminal.say(f"\nAlignment written to {options.output}")


def aligned(
    source: Network,
    target: Network,
    split: tuple[float, int] | HeldOut,
    n_permutations: int | None = None,
    **how: Any,
) -> tuple[Alignment, str]:
    """Align two networks; return the alignment, scored on the held-out stimuli if there are any, and its text."""
    same_stimuli([source, target])
    held_out = HeldOut(*split)
    chosen = held_out.single_split(source.n_stimuli)  # its errors come before the work, not after it
    everything = np.arange(source.n_stimuli)
    training, testing = (everything, everything[:0]) if chosen is None else chosen.rows[0]
    if n_permutations is not None:
        held_out.check_shuffle(training)
        expect_none(how, PRICES, "as shuffled networks match nothing at the price of networks that have much in common")
    tests = source[testing].in_memory(), target[testing].in_memory()
    started = time.perf_counter()
    alignment = mot.align(source[training], target[training], progress=terminal.is_watched(), **how)
    lines = [_plan_text(source, target, alignment, time.perf_counter() - started, len(training))]
    if alignment.source.digests is None:  # with a store, `align` has taken them
        alignment = with_digests(alignment, source[training], target[training])
    if len(testing):
        null = None
        if n_permutations is not None and min(len(source), len(target)) > 1:
            if alignment.goals.units.mass is not None:  # that at the knee, if it was asked for
                how["unit_mass"] = alignment.goals.units.mass
            null = mot.hierarchy_null(
                source[training],
                target[training],
                n_permutations=n_permutations,
                seed=held_out.seed,
                progress=terminal.is_watched(),
                **held_out.shuffle(training),
                **how,
            )
        together, note = held_out.resampled_by(testing)
        where: dict[str, Any] = {name: how.get(name) for name in ("executor", "store")}
        alignment = mot.evaluate(alignment, tests[0], tests[1], null=null, **together, **where)
        lines += [
            f"\nScores on the {len(testing)} held-out stimuli (1 is perfect{note}):",
            score_table(alignment),
        ]
    lines += [
        f"\nAlignment cost {alignment.cost:.6f} (0 is perfect)",
        certificate_text(alignment.certificate, alignment.layer_plan.size + 1),
    ]
    return alignment, "\n".join(lines)


def values(alignment: Alignment, path: Path | None = None) -> Mapping[str, Any]:
    """Results of an alignment, for JSON."""
    return {
        "source": _network_values(alignment.source),
        "target": _network_values(alignment.target),
        "convention": alignment.convention,
        "rotate": alignment.alternation,
        "goals": None if alignment.goals.are_all else alignment.goals,
        "matched": alignment.matched,
        "cost": alignment.cost,
        "layer_costs": alignment.layer_costs,
        "layer_plan": alignment.layer_plan,
        "certificate": alignment.certificate,
        "evaluation": alignment.evaluation,
        "run": alignment.run,
        "output": path,
    }


def _network_values(network: NetworkSummary) -> Mapping[str, Any]:
    """Name, layers and widths of a network, for JSON."""
    return {"name": network.name, "layers": network.labels, "n_units": network.widths}


def _plan_text(source: Network, target: Network, alignment: Alignment, seconds: float, n_stimuli: int) -> str:
    """Text about the networks, the time, and the layer plan."""
    sizes = [f"{printable(each.name)} ({len(each)} layers, {sum(each.widths)} units)" for each in (source, target)]
    return (
        f"{sizes[0]} aligned with {sizes[1]}\n"
        f"on {n_stimuli} stimuli: {alignment.layer_plan.size} pairs of layers in {seconds:.2f} s\n\n"
        f"{layer_plan_table(alignment, terminal.encoding())}"
    )
