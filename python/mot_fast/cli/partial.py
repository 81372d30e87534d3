"""Command `mot-fast partial`: aligns two networks with ever more of their units matched."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

import mot_fast as mot
from mot_fast.alignment.options import GOALS
from mot_fast.analysis.comparison import sd_of
from mot_fast.analysis.partial_curve import UNIT_MASSES, PartialCurve
from mot_fast.cli import arguments, held_out, output, terminal
from mot_fast.cli.held_out import HeldOut
from mot_fast.networks.network import same_stimuli

HELP = "see how many units of two networks have a counterpart"
DESCRIPTION = (
    "Align two networks again and again with ever more of the units matched, the best matches first, and print what "
    "each share costs and how well the units matched are predicted. The knee, where the cost of what is added bends "
    "most, is one choice of the share to match: align takes it as --unit-mass."
)
EXAMPLE = "mot-fast partial a.npz b.npz --shares 0.25 0.5 0.75 1 --plot curve.png"

_FEWEST_FOR_KNEE = 3


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    arguments.add_networks(command)
    command.add_argument(
        "--shares",
        dest="unit_masses",
        nargs="+",
        type=arguments.share_of_mass,
        default=UNIT_MASSES,
        metavar="SHARE",
        help="shares of the units to match, increasing, above 0 and at most 1, which matches all; three or more have a "
        f"knee (default: {' '.join(map(str, UNIT_MASSES))})",
    )
    arguments.add_table(command)
    arguments.add_picture(command, "--plot", "scores, costs and the knee")
    held_out.add_shuffles(command, "n_shuffles", "which share matches by chance at the same price", 0)
    arguments.add_json(command)
    held_out.add_options(command, which_block="each of them once", n_splits=5)
    arguments.add_goals(command, [name for name in GOALS if name.startswith("layer")])
    arguments.add_layers(command)
    arguments.add_limits(command)


def run(options: argparse.Namespace) -> None:
    """Align the networks, print the table, and write table and picture if files are named."""
    output.check_table(options.output)
    for path in (options.output, options.plot):
        output.check_file(path)
    output.check_picture(options.plot)
    source, target = arguments.networks(options)
    same_stimuli([source, target])
    chosen = HeldOut.of(options, source.n_stimuli)
    arguments.remember_store(options, options.store)
    curve = mot.partial_curve(
        source,
        target,
        options.unit_masses,
        n_shuffles=options.n_shuffles,
        shuffle="stimuli" if chosen.n_blocks is None or chosen.groups is not None else "circular",
        splits=chosen.splits(options.splits, source.n_stimuli),
        groups=chosen.groups,
        test_size=options.test_size,
        seed=options.seed,
        layer_mass=options.layer_mass,
        layer_cost=options.layer_cost,
        convention=options.convention,
        n_jobs=options.n_jobs,
        memory_limit=options.memory_limit,
        store=options.store,
        progress=terminal.is_watched(),
    )
    values = _values(curve)
    knee = "" if values["knee"] is None else f"\n\nknee: {values['knee']:.4g} of the units matched"
    try:
        output.show(options, f"{curve}{knee}", values)
    finally:
        if options.output is not None:
            output.write_rows(options.output, _rows(curve), f"{curve}{knee}", values)
        if options.plot is not None:
            output.save_picture(curve.plot(), options.plot)


def _values(curve: PartialCurve) -> Mapping[str, Any]:
    """Results of the curve, for JSON."""
    return {
        "source": curve.source_name,
        "target": curve.target_name,
        "unit_masses": curve.unit_masses,
        "scores": curve.scores,
        "costs": curve.costs,
        "held_out_costs": curve.held_out_costs,
        "knee": curve.knee() if len(curve.unit_masses) >= _FEWEST_FOR_KNEE else None,
        "chance_costs": curve.chance_costs,
        "matched_by_chance": None if curve.chance_costs is None else curve.matched_by_chance(),
    }


def _rows(curve: PartialCurve) -> list[dict[str, Any]]:
    """Rows of the table, one for each share: means and deviations over the splits."""
    columns = {"score": curve.scores, "cost": curve.costs, "held_out_cost": curve.held_out_costs}
    by_chance = None if curve.chance_costs is None else curve.matched_by_chance()
    rows: list[dict[str, Any]] = []
    for k, mass in enumerate(curve.unit_masses):
        rows.append({"unit_mass": float(mass)})
        for name, values in columns.items():
            rows[k] |= {name: float(values[k].mean()), f"{name}_sd": sd_of(values[k])}
        if by_chance is not None:
            rows[k]["matched_by_chance"] = float(by_chance[k])
    return rows
