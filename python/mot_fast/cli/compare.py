"""Command `mot-fast compare`: compares two networks in files by many methods over several splits."""

from __future__ import annotations

import argparse

import mot_fast as mot
from mot_fast.analysis.comparison import METHODS, SIMILARITIES
from mot_fast.cli import arguments, held_out, output, terminal
from mot_fast.cli.held_out import HeldOut
from mot_fast.measures.coupling import COUPLINGS
from mot_fast.networks.network import same_stimuli

HELP = "compare two networks by many methods over several splits"
DESCRIPTION = (
    "Fit every method on training stimuli and score it on the other stimuli, over several splits; print a\n"
    "table of scores with deviations, hierarchies, times and memory.\n"
    "Rotations (+r) and regressions (linear) take longest."
)
EXAMPLE = "mot-fast compare a.npz b.npz --methods mot pairwise_best cka --plot scores.png"

DEFAULT_METHODS = (*COUPLINGS, *SIMILARITIES)


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    arguments.add_networks(command)
    command.add_argument(
        "--methods",
        nargs="+",
        metavar="METHOD",
        choices=(*METHODS, "all"),
        default=list(DEFAULT_METHODS),
        help=f"methods, some of {', '.join(METHODS)}, or all (default: {' '.join(DEFAULT_METHODS)})",
    )
    how_often = command.add_mutually_exclusive_group()
    how_often.add_argument(
        "--splits",
        type=arguments.whole_number(1),
        default=5,
        help="number of random splits, whose seeds count up from --seed (default: %(default)s)",
    )
    arguments.add_split(command)
    held_out.add_blocks(command, which="each of them once", instead=how_often)
    command.add_argument(
        "--shuffles",
        dest="n_shuffles",
        type=arguments.whole_number(1),
        default=0,
        metavar="N",
        help="also align N times with shuffled stimuli (with --blocks: shifted ones), and say whether the plans are "
        "more ordered than chance makes them",
    )
    arguments.add_convention(command)
    command.add_argument(
        "-o",
        "--output",
        type=arguments.path,
        metavar="FILE",
        help="also write the table to this file, which ends in .md, .csv or .json",
    )
    command.add_argument(
        "--plot", type=arguments.path, metavar="PICTURE", help="draw the scores as bars into this file"
    )
    arguments.add_jobs(command)
    arguments.add_store(command)
    arguments.add_json(command)


def run(options: argparse.Namespace) -> None:
    """Compare the networks, print the table, and write table and picture if files are named."""
    for path in (options.output, options.plot):
        output.check_file(path)
    output.check_table(options.output)
    output.check_picture(options.plot)
    source, target = arguments.networks(options)
    same_stimuli([source, target])
    chosen = HeldOut.of(options, source.n_stimuli)
    arguments.remember_store(options, options.store)
    comparison = mot.compare(
        source,
        target,
        METHODS if "all" in options.methods else list(dict.fromkeys(options.methods)),
        splits=chosen.splits(options.splits, source.n_stimuli),
        groups=chosen.groups,
        test_size=options.test_size,
        seed=options.seed,
        n_shuffles=options.n_shuffles,
        convention=options.convention,
        n_jobs=options.n_jobs,
        memory_limit=options.memory_limit,
        store=options.store,
        progress=terminal.is_watched(),
    )
    try:
        output.show(options, str(comparison), output.comparison_values(comparison))
    finally:
        if options.output is not None:
            output.write_table(comparison, options.output)
        if options.plot is not None:
            output.save_picture(comparison.plot(), options.plot)
