"""`mot-fast run`: a whole study, from models or recordings to tables, pictures and reports."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import mot_fast as mot
from mot_fast.cli import align, arguments, output, study, terminal
from mot_fast.cli.extract import read_texts
from mot_fast.cli.study import Study
from mot_fast.display.report.write import check_libraries
from mot_fast.networks.network import Network, same_stimuli

HELP = "run a whole study that a TOML file describes"
DESCRIPTION = (
    "Record what is to be recorded, align and compare every pair of networks, and write tables, pictures and reports\n"
    "to the study's folder. Finished work is kept there: the same command goes on where a run was stopped."
)
EXAMPLE = "mot-fast run study.toml"


def add_arguments(command: argparse.ArgumentParser) -> None:
    """What the command takes."""
    command.add_argument("study", type=arguments.path, help="TOML file")
    arguments.add_jobs(command)
    arguments.add_json(command)
    command.set_defaults(names={"n_splits": "splits.n", "test_size": "splits.test_size", "seed": "splits.seed"})


def run(options: argparse.Namespace) -> None:
    """All of it."""
    found = study.read(options.study)
    for ending in found.figures:
        output.check_picture(found.folder / f"figure.{ending}")
    if found.has_reports:
        check_libraries()
    try:
        found.folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = (
            f"{options.study}, output.folder: expected a folder to write to, found none at {found.folder} ({error})"
        )
        raise OSError(message) from error
    arguments.keep(options, found.folder)
    networks = {name: _named(options.study, name, table, found.folder) for name, table in found.networks.items()}
    for source, target in found.pairs:  # judged before the work, not after it
        same_stimuli([networks[source], networks[target]], f"networks.{source} and networks.{target}")
    how = {"n_jobs": options.n_jobs, "memory_limit": options.memory_limit, "store": found.folder / "finished"}
    comparisons = {}
    for source, target in found.pairs:
        name = f"{source}--{target}"
        terminal.note(f"{source} from {target}")
        comparisons[name] = _pair(found, (networks[source], networks[target]), found.folder / name, how)
    summary = "\n\n".join(map(str, comparisons.values()))
    output.write_text(found.folder / "summary.md", f"{summary}\n")
    values = {name: output.comparison_values(comparison) for name, comparison in comparisons.items()}
    output.show(options, f"{summary}\n\nEverything is in {found.folder.resolve()}", {"folder": found.folder, **values})


def _named(study: Path, name: str, table: Mapping[str, Any], folder: Path) -> Network:
    """The network; errors of its table's values name their place in the study."""
    try:
        return _network(name, table, folder)
    except (TypeError, ValueError) as error:
        key = str(error).partition(": ")[0]
        if key not in table:
            raise
        raise type(error)(f"{study}, networks.{name}.{error}") from error


def _network(name: str, table: Mapping[str, Any], folder: Path) -> Network:
    """The network, recorded before if that is asked for."""
    if "activations" in table:
        how = {key: value for key, value in table.items() if key != "activations"}
        return mot.load(table["activations"], name, **how)
    how = {key: value for key, value in table.items() if key not in ("model", "texts")}
    store = folder / "activations" / name
    store.parent.mkdir(exist_ok=True)
    texts = read_texts(table["texts"])
    return mot.extract(table["model"], texts, store, name=name, progress=terminal.is_watched(), **how)


def _pair(found: Study, networks: tuple[Network, Network], stem: Path, how: Mapping[str, Any]) -> mot.Comparison:
    """One comparison, and one alignment, with what is to be written of both."""
    alignment, _ = align.aligned(
        *networks, (found.test_size, found.seed), rotate=found.rotate, convention=found.convention, **how
    )
    comparison = mot.compare(
        *networks,
        found.methods,
        n_splits=found.n_splits,
        test_size=found.test_size,
        seed=found.seed,
        convention=found.convention,
        progress=terminal.is_watched(),
        **how,
    )
    alignment.save(_with_ending(stem, "mot"))
    for ending in found.tables:
        output.write_table(comparison, _with_ending(stem, ending))
    for ending in found.figures:
        output.save_picture(alignment.plot(), _with_ending(stem, f"plan.{ending}"))
        output.save_picture(comparison.plot(), _with_ending(stem, f"scores.{ending}"))
    if found.has_reports:
        mot.write_report(alignment, _with_ending(stem, "html"))
    return comparison


def _with_ending(stem: Path, ending: str) -> Path:
    return stem.with_name(f"{stem.name}.{ending}")
