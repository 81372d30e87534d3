"""Command `mot-fast run`: runs a study, from models or recordings to tables, pictures and reports."""

from __future__ import annotations

import argparse
import warnings

import mot_fast as mot
from mot_fast._core import processors
from mot_fast._warnings import ConstantUnitsWarning
from mot_fast.analysis.compare import check_methods_installed
from mot_fast.analysis.splits import Splits
from mot_fast.cli import arguments, output, terminal
from mot_fast.cli.held_out import HeldOut, read_groups
from mot_fast.cli.studied_pair import StudiedPair
from mot_fast.cli.study_file import Study, read_study
from mot_fast.cli.study_networks import StudyNetworks
from mot_fast.cli.study_results import markdown, summary, write_study
from mot_fast.display.report.write import check_libraries
from mot_fast.layer_pairs.block_store import Store
from mot_fast.layer_pairs.layer_cache import digested
from mot_fast.layer_pairs.run import warn_of_constant_units

HELP = "run a study that a TOML file describes"
DESCRIPTION = (
    "Record the activations of models, align and compare every pair of networks, and write tables, pictures and\n"
    "reports to the study's folder. Finished work is kept there: the same command goes on where a run was stopped."
)
EXAMPLE = "mot-fast run study.toml"


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    command.add_argument(
        "study", type=arguments.path, help="TOML file that describes the study, as docs/command-line.md shows one"
    )
    arguments.add_json(command)
    arguments.add_limits(command, store=False)
    names = {"splits": "n", "n_splits": "blocks"} | {each: each for each in ("gap", "groups", "test_size", "seed")}
    places = {argument: f"splits.{key}" for argument, key in names.items()}
    command.set_defaults(names=places | {"executor": "cluster"})


def run(options: argparse.Namespace) -> None:
    """Run all pairs of the study, and write their results and a summary."""
    study = read_study(options.study)
    _check_needs(study)
    try:
        study.folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = (
            f"{options.study}, output.folder: expected a folder to write to, found none at {study.folder} ({error})"
        )
        raise OSError(message) from error
    arguments.remember_store(options, study.folder)
    store = Store(study.folder / "finished")
    networks = StudyNetworks(options.study, study, store).all()
    held_out = {pair: _held_out(study, networks[pair[0]].n_stimuli) for pair in study.pairs}  # for its errors
    shared = {name: digested(network, processors()) for name, network in networks.items()}
    pairs = {
        f"{source}--{target}": StudiedPair(study, (shared[source], shared[target]), held_out[source, target], store)
        for source, target in study.pairs
    }
    comparisons: dict[str, mot.Comparison] = {}
    alignments: dict[str, mot.Alignment] = {}
    with study.cluster.executor() as executor, warnings.catch_warnings():
        warnings.simplefilter("ignore", ConstantUnitsWarning)  # they are named once, below
        how = {"n_jobs": options.n_jobs, "memory_limit": options.memory_limit, "executor": executor}
        for name, pair in pairs.items():
            terminal.note(" from ".join(pair.names))
            alignments[name], comparisons[name] = pair.write_results(how)
    sides = {side.name: side for each in alignments.values() for side in (each.source, each.target)}
    warn_of_constant_units(list(sides.values()), list(sides.values()))
    write_study(study, pairs, alignments, comparisons)
    values = {name: output.comparison_values(comparison) for name, comparison in comparisons.items()}
    shown = summary(comparisons) if len(comparisons) == 1 else markdown(comparisons)
    begin = "index.html, then summary.md" if study.has_reports else "summary.md"
    text = f"{shown}\n\nEverything is in {study.folder.resolve()}; begin with {begin}"
    output.show(options, text, {"folder": study.folder, **values})


def _check_needs(study: Study) -> None:
    """Raise before the work begins where a library is missing that the study needs."""
    for ending in study.figures:
        output.check_picture(study.folder / f"figure.{ending}")
    for ending in study.tables:
        output.check_table(study.folder / f"scores.{ending}", or_netcdf=True)
    if study.has_reports:
        check_libraries()
    check_methods_installed(study.methods)
    study.cluster.check()


def _held_out(study: Study, n_stimuli: int) -> HeldOut:
    """Which stimuli are held out of so many; those that cannot be are an error."""
    groups = None if study.groups is None else read_groups(study.groups, n_stimuli)
    found = HeldOut(study.test_size, study.seed, groups, study.n_blocks, study.gap)
    splits = found.splits(study.n_splits, n_stimuli)
    Splits.validated(splits, n_stimuli, groups=groups, test_size=study.test_size, seed=study.seed)
    return found
