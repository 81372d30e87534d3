"""Arguments that several commands share."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import mot_fast as mot
from mot_fast.network import Network
from mot_fast.record import CONVENTIONS

_NETWORK = ".npz, .safetensors, .mat, HDF5 or Zarr file, folder of .npy files, or what extract wrote"
_GIB = 2**30


def add_networks(command: argparse.ArgumentParser) -> None:
    """Two networks in files."""
    command.add_argument("source", type=network_path, help=f"{_NETWORK}: an array (stimuli, units) a layer")
    command.add_argument("target", type=network_path, help="the same for the other network, on the same stimuli")
    for side in ("source", "target"):
        command.add_argument(
            f"--{side}-layers", nargs="+", metavar="PATTERN", help=f"only these layers of the {side}, as 'block*'"
        )
    command.add_argument(
        "--ignore-stimuli", action="store_true", help="align networks though their files say that their stimuli differ"
    )


def network_path(text: str) -> Path:
    """Where a network lies; an empty name is none, though it would be the current folder's."""
    if not text:
        raise argparse.ArgumentTypeError("expected a path, found an empty one; the current folder is '.'")
    path = Path(text)
    return path if path.parts else Path.cwd()


def networks(options: argparse.Namespace) -> tuple[Network, Network]:
    """Those that are named."""
    source, target = (
        mot.load(path, layers=layers, check_stimuli=not options.ignore_stimuli)
        for path, layers in ((options.source, options.source_layers), (options.target, options.target_layers))
    )
    return source, target


def add_split(command: argparse.ArgumentParser) -> None:
    """How stimuli are held out."""
    command.add_argument("--test-size", type=float, default=0.2, help="held-out share of the stimuli (%(default)s)")
    command.add_argument("--seed", type=int, default=0, help="of the split (%(default)s)")


def add_convention(command: argparse.ArgumentParser) -> None:
    """How activations are reconstructed."""
    command.add_argument("--convention", choices=CONVENTIONS, default=CONVENTIONS[0], help="%(default)s by default")


def add_jobs(command: argparse.ArgumentParser) -> None:
    """How much of the machine may be used."""
    command.add_argument("--jobs", type=int, default=None, help="threads (all that are allowed)")
    command.add_argument(
        "--memory-limit", type=float, metavar="GIB", help="memory for layers and costs (half of what is left)"
    )


def memory_limit(options: argparse.Namespace) -> int | None:
    """In bytes."""
    return None if options.memory_limit is None else round(options.memory_limit * _GIB)


def add_store(command: argparse.ArgumentParser) -> None:
    """Where finished work is kept."""
    command.add_argument(
        "--store", type=Path, help="folder that keeps finished work: a run that was stopped goes on from there"
    )


def keep(options: argparse.Namespace, folder: Any) -> None:
    """Remember where finished work is kept, for whoever interrupts the command."""
    options.kept = folder


def add_json(command: argparse.ArgumentParser) -> None:
    """For programs that read the results."""
    command.add_argument("--json", action="store_true", help="print the results as one JSON object")


def check_parent(path: Path | None) -> None:
    """A result that cannot be written is told before the work, not after it."""
    if path is not None and not path.parent.is_dir():
        raise FileNotFoundError(f"{path}: expected a folder to write to, found none")
