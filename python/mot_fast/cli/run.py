"""Command `mot-fast run`: runs a study, from models or recordings to tables, pictures and reports."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import mot_fast as mot
from mot_fast.analysis.splits import Splits
from mot_fast.cli import align, arguments, output, terminal
from mot_fast.cli.extract import read_texts
from mot_fast.cli.held_out import HeldOut, read_groups
from mot_fast.cli.study_file import Study, read_study
from mot_fast.display.report.write import check_libraries
from mot_fast.networks.network import Network, same_stimuli

HELP = "run a study that a TOML file describes"
DESCRIPTION = (
    "Record the activations of models, align and compare every pair of networks, and write tables, pictures and\n"
    "reports to the study's folder. Finished work is kept there: the same command goes on where a run was stopped."
)
EXAMPLE = "mot-fast run study.toml"


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    command.add_argument("study", type=arguments.path, help="TOML file that describes the study")
    arguments.add_json(command)
    arguments.add_limits(command, store=False)
    names = {"splits": "n", "n_splits": "blocks"} | {each: each for each in ("gap", "groups", "test_size", "seed")}
    command.set_defaults(names={argument: f"splits.{key}" for argument, key in names.items()})


def run(options: argparse.Namespace) -> None:
    """Run all pairs of the study, and write their results and a summary."""
    study = read_study(options.study)
    for ending in study.figures:
        output.check_picture(study.folder / f"figure.{ending}")
    if study.has_reports:
        check_libraries()
    try:
        study.folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = (
            f"{options.study}, output.folder: expected a folder to write to, found none at {study.folder} ({error})"
        )
        raise OSError(message) from error
    arguments.remember_store(options, study.folder)
    networks = {name: _network(options.study, name, table, study.folder) for name, table in study.networks.items()}
    held_out = {}
    for source, target in study.pairs:  # before the work, not after it
        same_stimuli([networks[source], networks[target]], f"networks.{source} and networks.{target}")
        held_out[source, target] = _held_out(study, networks[source].n_stimuli)
    how = {"n_jobs": options.n_jobs, "memory_limit": options.memory_limit, "store": study.folder / "finished"}
    comparisons = {}
    for source, target in study.pairs:
        name = f"{source}--{target}"
        terminal.note(f"{source} from {target}")
        pair = networks[source], networks[target]
        comparisons[name] = _pair(study, pair, held_out[source, target], study.folder / name, how)
    summary = "\n\n".join(map(str, comparisons.values()))
    output.write_text(study.folder / "summary.md", f"{summary}\n")
    values = {name: output.comparison_values(comparison) for name, comparison in comparisons.items()}
    output.show(options, f"{summary}\n\nEverything is in {study.folder.resolve()}", {"folder": study.folder, **values})


def _network(study: Path, name: str, table: Mapping[str, Any], folder: Path) -> Network:
    """Network that a table of the study describes; errors about its values name their place in the file."""
    try:
        return _loaded_or_recorded(name, table, folder)
    except (TypeError, ValueError) as error:
        key = str(error).partition(": ")[0]
        if key not in table:
            raise
        raise type(error)(f"{study}, networks.{name}.{error}") from error


def _loaded_or_recorded(name: str, table: Mapping[str, Any], folder: Path) -> Network:
    """Network out of files, or out of a model whose activations are recorded first."""
    if "activations" in table:
        how = {key: value for key, value in table.items() if key != "activations"}
        return mot.load(table["activations"], name, **how)
    how = {key: value for key, value in table.items() if key not in ("model", "texts")}
    store = folder / "activations" / name
    store.parent.mkdir(exist_ok=True)
    texts = read_texts(table["texts"])
    return mot.extract(table["model"], texts, store, name=name, progress=terminal.is_watched(), **how)


def _held_out(study: Study, n_stimuli: int) -> HeldOut:
    """Which stimuli are held out of so many; those that cannot be are an error."""
    groups = None if study.groups is None else read_groups(study.groups, n_stimuli)
    found = HeldOut(study.test_size, study.seed, groups, study.n_blocks, study.gap)
    splits = found.splits(study.n_splits, n_stimuli)
    Splits.validated(splits, n_stimuli, groups=groups, test_size=study.test_size, seed=study.seed)
    return found


def _pair(
    study: Study, networks: tuple[Network, Network], held_out: HeldOut, stem: Path, how: Mapping[str, Any]
) -> mot.Comparison:
    """Align and compare one pair of networks, write all results, and return the comparison."""
    how = {"convention": study.convention, **how}
    alignment, _ = align.aligned(*networks, held_out, study.n_shuffles or None, rotate=study.rotate, **how)
    comparison = mot.compare(
        *networks,
        study.methods,
        splits=held_out.splits(study.n_splits, networks[0].n_stimuli),
        groups=held_out.groups,
        test_size=study.test_size,
        seed=study.seed,
        n_shuffles=study.n_shuffles,
        progress=terminal.is_watched(),
        **how,
    )
    alignment.save(_with_ending(stem, "mot"))
    for ending in study.tables:
        output.write_table(comparison, _with_ending(stem, ending))
    for ending in study.figures:
        output.save_picture(alignment.plot(), _with_ending(stem, f"plan.{ending}"))
        output.save_picture(comparison.plot(), _with_ending(stem, f"scores.{ending}"))
    if study.has_reports:
        mot.write_report(alignment, _with_ending(stem, "html"))
    return comparison


def _with_ending(stem: Path, ending: str) -> Path:
    """Path of a result, whose name may hold dots before its ending."""
    return stem.with_name(f"{stem.name}.{ending}")
