"""Networks of a study: loaded from files, or recorded from models, once, after all that can be known was checked."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import mot_fast as mot
from mot_fast.cli import terminal
from mot_fast.cli.kept_files import KeptFiles
from mot_fast.cli.study_file import Study
from mot_fast.layer_pairs.block_store import Store
from mot_fast.networks.extraction.stimulus_files import StimulusFiles, find_stimuli, read_lines
from mot_fast.networks.network import Network, same_stimuli

_INDEX = "network.json"


class StudyNetworks:
    """Loads and records the networks of a study.

    Parameters
    ----------
    path : Path
        The study's file, for messages.
    study : Study
    store : Store
        Where it is noted what was recorded.
    """

    def __init__(self, path: Path, study: Study, store: Store) -> None:
        self._path, self._study, self._store = path, study, store

    def all(self) -> dict[str, Network]:
        """All networks by their names; no model runs before the numbers of stimuli are known to agree.

        Raises
        ------
        FileNotFoundError, TypeError, ValueError
            If there is no such file, or a network cannot be loaded; if two that are compared have other stimuli.
        """
        tables = self._study.networks
        stimuli = {name: find_stimuli(table["stimuli"]) for name, table in tables.items() if "model" in table}
        loaded = {name: self._named(name, self._load) for name in tables if name not in stimuli}
        n_stimuli = {name: len(found) for name, found in stimuli.items()}
        n_stimuli |= {name: network.n_stimuli for name, network in loaded.items()}
        for source, target in self._study.pairs:
            if n_stimuli[source] != n_stimuli[target]:
                raise ValueError(
                    f"{self._path}, networks.{source} and networks.{target}: expected the same stimuli, found "
                    f"{n_stimuli[source]} in '{source}' and {n_stimuli[target]} in '{target}'"
                )
        networks = {
            name: loaded[name] if name in loaded else self._named(name, self._record, stimuli[name]) for name in tables
        }
        for source, target in self._study.pairs:
            same_stimuli([networks[source], networks[target]], f"networks.{source} and networks.{target}")
        return networks

    def _named(self, name: str, make: Any, *arguments: Any) -> Network:
        """What a function makes of a network; errors about the values of its table name their place in the file."""
        table = self._study.networks[name]
        try:
            network: Network = make(name, table, *arguments)
        except (TypeError, ValueError) as error:
            key = str(error).partition(": ")[0]
            key = {"batches": "stimuli", "stimuli": "labels"}.get(key, key)
            if key not in table:
                raise
            text = f"{key}: {str(error).partition(': ')[2]}"
            raise type(error)(f"{self._path}, networks.{name}.{text}") from error
        return network

    def _load(self, name: str, table: Mapping[str, Any]) -> Network:
        how = {key: value for key, value in table.items() if key != "activations"}
        return mot.load(table["activations"], name, **how)

    def _record(self, name: str, table: Mapping[str, Any], stimuli: list[str] | StimulusFiles) -> Network:
        """The network of a model, which runs unless its activations of these stimuli are complete."""
        folder = self._study.folder / "activations" / name
        how = {key: value for key, value in table.items() if key not in ("model", "stimuli", "labels")}
        if "labels" in table:
            how["stimuli"] = read_lines(table["labels"], "label")
        shown = stimuli if isinstance(stimuli, list) else [each.hex() for each in stimuli.identities()]
        model = _identity(table["model"])
        files = KeptFiles(self._store, [model, shown, name, how])
        if model is None or not files.is_made(folder / _INDEX):
            folder.parent.mkdir(exist_ok=True)
            mot.extract(table["model"], stimuli, folder, name=name, progress=terminal.is_watched(), **how)
            files.note(folder / _INDEX)
        return mot.load(folder)


def _identity(model: str | Path) -> Any:
    """What tells a model from others: its files, or the release of it that was fetched; None if that is not known."""
    if isinstance(model, Path):
        paths = sorted(path for path in model.rglob("*") if path.is_file()) if model.is_dir() else [model]
        return [[str(path.relative_to(model.parent)), _digest(path)] for path in paths]
    if ":" in model:
        return None
    try:
        from huggingface_hub import try_to_load_from_cache
    except ImportError:
        return None
    found = try_to_load_from_cache(model, "config.json")
    return [model, Path(found).parent.name] if isinstance(found, str) else None


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "blake2b").hexdigest()
