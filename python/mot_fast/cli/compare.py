"""Command `mot-fast compare`: compares two networks in files by many methods over several splits."""

from __future__ import annotations

import argparse

import mot_fast as mot
from mot_fast.analysis.comparison import ALL, DEFAULT_METHODS, METHODS
from mot_fast.cli import arguments, held_out, output, terminal
from mot_fast.cli.held_out import HeldOut
from mot_fast.networks.network import same_stimuli

HELP = "score two networks by many methods over several splits"
DESCRIPTION = (
    "Fit every method to training stimuli, and score it on the others, over several splits. Prints a table: scores "
    "(1 is perfect) with deviations over the splits, how far layers are matched in order of depth (hierarchy), tests, "
    "time and memory. docs/measures.md says which method answers which question."
)
EXAMPLE = "mot-fast compare a.npz b.npz --methods mot pairwise_best cka --plot scores.png"


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    arguments.add_networks(command)
    others = [name for name in METHODS if name not in DEFAULT_METHODS]
    command.add_argument(
        "--methods",
        nargs="+",
        metavar="METHOD",
        choices=(*METHODS, ALL),
        default=DEFAULT_METHODS,
        help=f"what to compare: {ALL}, or some of {', '.join(DEFAULT_METHODS)} (these by default), and of "
        f"{', '.join(others)}; rotations (+r) and regressions (linear) take longest",
    )
    arguments.add_table(command)
    arguments.add_picture(command, "--plot", "the scores as bars")
    held_out.add_shuffles(command, "n_shuffles", "whether layers are matched in order of depth by more than chance", 0)
    command.add_argument(
        "--source-repeats",
        nargs="+",
        type=arguments.path,
        metavar="REPEAT",
        help="repeated measurements, whose mean the source is, in files: scores are also given relative to the noise "
        "ceiling (see ceiling)",
    )
    arguments.add_json(command)
    held_out.add_options(command, which_block="each of them once", n_splits=5)
    arguments.add_layers(command)
    arguments.add_limits(command)


def run(options: argparse.Namespace) -> None:
    """Compare the networks, print the table, and write table and picture if files are named."""
    for path in (options.output, options.plot):
        output.check_file(path)
    output.check_table(options.output, or_netcdf=True)
    output.check_picture(options.plot)
    source, target = arguments.networks(options)
    same_stimuli([source, target])
    chosen = HeldOut.of(options, source.n_stimuli)
    repeats = None
    if options.source_repeats is not None:
        repeats = [arguments.loaded(path, options, "source_layers") for path in options.source_repeats]
    arguments.remember_store(options, options.store)
    comparison = mot.compare(
        source,
        target,
        ALL if ALL in options.methods else tuple(dict.fromkeys(options.methods)),
        splits=chosen.splits(options.splits, source.n_stimuli),
        groups=chosen.groups,
        test_size=options.test_size,
        seed=options.seed,
        n_shuffles=options.n_shuffles,
        convention=options.convention,
        source_repeats=repeats,
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
