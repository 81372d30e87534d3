"""Command `mot-fast similarity`: aligns every network in files with every other, and prints costs and scores."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import mot_fast as mot
from mot_fast.analysis.similarity_matrix import SimilarityMatrix
from mot_fast.cli import arguments, held_out, output, terminal
from mot_fast.cli.held_out import HeldOut
from mot_fast.networks.network import Network, same_stimuli

HELP = "align every one of several networks with every other"
DESCRIPTION = (
    "Align every network with every other, and print two tables: the costs of the alignments (lower is more alike), "
    "and how well each network, a row, is predicted from each other, a column, on stimuli that were held out (1 is "
    "perfect). The pictures show which networks are alike."
)
EXAMPLE = "mot-fast similarity a.npz b.npz c.npz --plot matrix.png --dendrogram tree.png"


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    command.add_argument(
        "networks",
        type=arguments.path,
        nargs="+",
        metavar="network",
        help="two networks or more, each in any form that align takes, on the same stimuli in the same order",
    )
    command.add_argument(
        "--names", nargs="+", type=arguments.words, metavar="NAME", help="names of the networks (default: of the files)"
    )
    arguments.add_table(command)
    arguments.add_picture(command, "--plot", "the two tables as heat maps")
    arguments.add_picture(command, "--dendrogram", "a tree, whose forks join the networks that are most alike,")
    arguments.add_rotate(command)
    arguments.add_json(command)
    held_out.add_options(command, which_block="each of them once", n_splits=1)
    section = command.add_argument_group("layers and stimuli")
    section.add_argument(
        "--layers",
        nargs="+",
        metavar="PATTERN",
        help="use only the layers of every network with these names or patterns, such as 'block*'",
    )
    arguments.add_ignore_stimuli(section)
    arguments.add_nan(section)
    arguments.add_convention(section)
    arguments.add_limits(command)


def run(options: argparse.Namespace) -> None:
    """Align the networks, print the tables, and write table and pictures if files are named."""
    output.check_table(options.output)
    for path in (options.output, options.plot, options.dendrogram):
        output.check_file(path)
    for path in (options.plot, options.dendrogram):
        output.check_picture(path)
    if options.plot is not None and options.plot == options.dendrogram:
        options.command.error(f"argument --dendrogram: expected another file than that of --plot, found {options.plot}")
    networks = _named(options)
    same_stimuli(list(networks.values()), "networks")
    n_stimuli = next(iter(networks.values())).n_stimuli
    chosen = HeldOut.of(options, n_stimuli)
    arguments.remember_store(options, options.store)
    matrix = mot.similarity_matrix(
        networks,
        rotate=options.rotate,
        convention=options.convention,
        splits=chosen.splits(options.splits, n_stimuli),
        groups=chosen.groups,
        test_size=options.test_size,
        seed=options.seed,
        n_jobs=options.n_jobs,
        memory_limit=options.memory_limit,
        store=options.store,
        progress=terminal.is_watched(),
    )
    text = f"{matrix!r}\n\n{matrix.to_markdown()}\n\ncost: lower is more alike; score: 1 is perfect"
    try:
        output.show(options, text, _values(matrix))
    finally:
        if options.output is not None:
            output.write_rows(options.output, _rows(matrix), matrix.to_markdown(), _values(matrix))
        if options.plot is not None:
            output.save_picture(matrix.plot()[0], options.plot)
        if options.dendrogram is not None:
            output.save_picture(matrix.plot_dendrogram(), options.dendrogram)


def _named(options: argparse.Namespace) -> dict[str, Network]:
    """The networks by their names, which must differ."""
    paths: list[Path] = options.networks
    names: list[str] | None = options.names
    if len(paths) < 2:
        options.command.error(f"argument network: expected two or more, found {len(paths)}")
    if names is not None and len(names) != len(paths):
        options.command.error(f"argument --names: expected one for each of {len(paths)} networks, found {len(names)}")
    found: dict[str, Network] = {}
    for k, path in enumerate(paths):
        network = arguments.loaded(path, options, "layers")
        name = network.name if names is None else names[k]
        if name in found:
            raise ValueError(f"{path}: expected a name of its own, found '{name}' again; --names gives others")
        found[name] = network.with_name(name)
    return found


def _rows(matrix: SimilarityMatrix) -> list[dict[str, Any]]:
    """Rows of the table, one for each ordered pair of networks, as `SimilarityMatrix.to_pandas` has them."""
    columns = {"cost": matrix.costs, "score": matrix.scores, "distance": matrix.distances}
    if matrix.costs_sd is not None and matrix.scores_sd is not None:
        columns |= {"cost_sd": matrix.costs_sd, "score_sd": matrix.scores_sd}
    return [
        {"network": name, "from": other, **{what: float(values[i, j]) for what, values in columns.items()}}
        for i, name in enumerate(matrix.labels)
        for j, other in enumerate(matrix.labels)
    ]


def _values(matrix: SimilarityMatrix) -> Mapping[str, Any]:
    """Results of the comparison, for JSON."""
    return {
        "networks": matrix.labels,
        "costs": matrix.costs,
        "scores": matrix.scores,
        "distances": matrix.distances,
        "costs_sd": matrix.costs_sd,
        "scores_sd": matrix.scores_sd,
        "n_train": matrix.n_train,
        "n_test": matrix.n_test,
        "n_splits": matrix.n_splits,
        "split_kind": matrix.split_kind,
    }
