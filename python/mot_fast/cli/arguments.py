"""Arguments that several commands share, and the types of values, which are judged before any work.

A command keeps the value of an option under the name of Python's argument: so errors of Python's can name options.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import mot_fast as mot
from mot_fast.alignment.record import CONVENTIONS
from mot_fast.cli.terminal import with_option_names
from mot_fast.networks.network import Network
from mot_fast.system import atomic_write

_NETWORK = ".npz, .safetensors, .mat, HDF5 or Zarr file, folder of .npy files, or what extract wrote"
_GIB = 2**30
_MOST_BYTES = 2**63 - 1

Number = TypeVar("Number", int, float)


def whole_number(at_least: int) -> Callable[[str], int]:
    """The type of an option that counts."""
    return partial(_number, int, f"a whole number of {at_least} or more", lambda number: number >= at_least)


def threads(text: str) -> int:
    """The type of a number of threads."""
    what = "a number of threads, -1 for all that are allowed, or -2 for all but one"
    return _number(int, what, lambda number: number != 0, text)


def share(*, or_none: bool) -> Callable[[str], float]:
    """The type of a share of the stimuli that leaves some on the other side."""
    what = "a share from 0 to below 1, as 0.2, or 0 for none" if or_none else "a share between 0 and 1, as 0.2"
    return partial(_number, float, what, lambda number: 0 < number < 1 or (or_none and number == 0))


def gibibytes(text: str) -> int:
    """The type of an amount of memory: GiB are given, bytes are kept."""
    return round(_GIB * _number(float, "memory in GiB, as 0.5 or 16", lambda n: 1 <= n * _GIB <= _MOST_BYTES, text))


def path(text: str) -> Path:
    """The type of a file or folder."""
    if not text:
        raise argparse.ArgumentTypeError("expected a path, found an empty one")
    if "\0" in text:
        raise argparse.ArgumentTypeError(f"expected a path, found {text!r}")
    found = Path(text)
    return found if found.parts else Path.cwd()  # Path(".") cannot be told from an empty one


def words(text: str) -> str:
    """The type of a text that must not be empty."""
    if not text:
        raise argparse.ArgumentTypeError("expected some characters, found none")
    return text


def _number(kind: Callable[[str], Number], what: str, is_fit: Callable[[Number], bool], text: str) -> Number:
    """What the text says; NaN is fit for nothing, as it compares with nothing."""
    try:
        number = kind(text)
        if is_fit(number):
            return number
    except ValueError:
        pass
    raise argparse.ArgumentTypeError(f"expected {what}, found {text!r}")


def add_networks(command: argparse.ArgumentParser) -> None:
    """Two networks in files."""
    command.add_argument("source", type=path, help=f"{_NETWORK}: an array (stimuli, units) a layer")
    command.add_argument("target", type=path, help="the same for the other network, on the same stimuli")
    for side in ("source", "target"):
        command.add_argument(
            f"--{side}-layers", nargs="+", metavar="PATTERN", help=f"only these layers of the {side}, as 'block*'"
        )
    command.add_argument(
        "--ignore-stimuli", action="store_true", help="align networks though their files say that their stimuli differ"
    )


def networks(options: argparse.Namespace) -> tuple[Network, Network]:
    """Those that are named."""
    return _network(options, "source"), _network(options, "target")


def _network(options: argparse.Namespace, side: str) -> Network:
    layers = getattr(options, f"{side}_layers")
    try:
        return mot.load(getattr(options, side), layers=layers, check_stimuli=not options.ignore_stimuli)
    except ValueError as error:
        raise ValueError(with_option_names(str(error), {"layers": f"--{side}-layers"})) from error


def add_split(command: argparse.ArgumentParser, *, or_none: bool = False) -> None:
    """How stimuli are held out."""
    command.add_argument(
        "--test-size", type=share(or_none=or_none), default=0.2, help="held-out share of the stimuli (%(default)s)"
    )
    command.add_argument("--seed", type=whole_number(0), default=0, help="of the split (%(default)s)")


def add_convention(command: argparse.ArgumentParser) -> None:
    """How activations are reconstructed."""
    command.add_argument("--convention", choices=CONVENTIONS, default=CONVENTIONS[0], help="%(default)s by default")


def add_jobs(command: argparse.ArgumentParser) -> None:
    """How much of the machine may be used."""
    command.add_argument(
        "--jobs", dest="n_jobs", type=threads, metavar="N", help="threads (all that are allowed; -2: all but one)"
    )
    command.add_argument(
        "--memory-limit", type=gibibytes, metavar="GIB", help="memory for layers and costs (half of what is left)"
    )


def add_store(command: argparse.ArgumentParser) -> None:
    """Where finished work is kept."""
    command.add_argument(
        "--store", type=path, help="folder that keeps finished work: a run that was stopped goes on from there"
    )


def keep(options: argparse.Namespace, folder: Any) -> None:
    """Remember where finished work is kept, for whoever interrupts the command."""
    options.kept = folder


def add_json(command: argparse.ArgumentParser) -> None:
    """For programs that read the results."""
    command.add_argument("--json", action="store_true", help="print the results as one JSON object")


def check_output(path: Path | None) -> None:
    """A result that cannot be written is told before the work, not after it."""
    if path is None:
        return
    if not path.parent.is_dir():
        raise FileNotFoundError(f"{path}: expected a folder to write to, found none")
    if os.path.isdir(path):  # noqa: PTH112, as pathlib's raises where names are too long
        raise IsADirectoryError(f"{path}: expected a file to write to, found a folder")
    atomic_write.check_writable(path)
