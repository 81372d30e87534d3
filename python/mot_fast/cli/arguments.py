"""Arguments that several commands share, the types of their values, and the names of options in messages.

Values are validated before any work begins. A command keeps the value of an option under the name that Python's
argument has, so that messages of the package, which name arguments, can be made to name options.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import mot_fast as mot
from mot_fast._core import GREATEST_COST
from mot_fast.alignment.options import GOALS
from mot_fast.alignment.record import CONVENTIONS
from mot_fast.alignment.unit_path import KNEE
from mot_fast.networks.network import Network

_GIB = 2**30
_MOST_BYTES = 2**63 - 1

Number = TypeVar("Number", int, float)
Section = argparse._ActionsContainer
"""What options are added to: a command, or a group of its options with a title of its own."""


def whole_number(at_least: int) -> Callable[[str], int]:
    """Type of a whole number that has a least value."""
    return partial(_number, int, f"a whole number of {at_least} or more", lambda number: number >= at_least)


def threads(text: str) -> int:
    """Type of a number of threads."""
    what = "a number of threads, -1 for all that are allowed, or -2 for all but one"
    return _number(int, what, lambda number: number != 0, text)


def share(*, or_none: bool) -> Callable[[str], float]:
    """Type of a share of the stimuli that leaves some stimuli on the other side."""
    what = "a share from 0 to below 1, as 0.2, or 0 for none" if or_none else "a share between 0 and 1, as 0.2"
    return partial(_number, float, what, lambda number: 0 < number < 1 or (or_none and number == 0))


def share_of_mass(text: str) -> float:
    """Type of a share of the mass that is matched."""
    return _number(float, "a share of the mass, above 0 and at most 1, as 0.8", lambda number: 0 < number <= 1, text)


def share_or_knee(text: str) -> float | str:
    """Type of such a share, or of the word for the one at the knee."""
    what = f"a share of the mass, above 0 and at most 1, as 0.8, or {KNEE!r}"
    return text if text == KNEE else _number(float, what, lambda number: 0 < number <= 1, text)


def price(text: str) -> float:
    """Type of a price of mass that is left behind."""
    return _number(float, "a price above 0, as 0.5", lambda number: 0 < number <= GREATEST_COST, text)


def gibibytes(text: str) -> int:
    """Type of an amount of memory, given in GiB and kept in bytes."""
    return round(_GIB * _number(float, "memory in GiB, as 0.5 or 16", lambda n: 1 <= n * _GIB <= _MOST_BYTES, text))


def path(text: str) -> Path:
    """Type of a file or folder."""
    if not text:
        raise argparse.ArgumentTypeError("expected a path, found an empty one")
    if "\0" in text:
        raise argparse.ArgumentTypeError(f"expected a path, found {text!r}")
    found = Path(text)
    return found if found.parts else Path.cwd()  # Path(".") cannot be told from an empty one


def words(text: str) -> str:
    """Type of a text that must not be empty."""
    if not text:
        raise argparse.ArgumentTypeError("expected some characters, found none")
    return text


def _number(kind: Callable[[str], Number], what: str, is_fit: Callable[[Number], bool], text: str) -> Number:
    """The number that a text holds, if it is allowed; NaN never is, since no comparison holds for it."""
    try:
        number = kind(text)
        if is_fit(number):
            return number
    except ValueError:
        pass
    raise argparse.ArgumentTypeError(f"expected {what}, found {text!r}")


def add_networks(command: argparse.ArgumentParser) -> None:
    """Add the paths of two networks."""
    command.add_argument(
        "source",
        type=path,
        help="the network that is predicted: .npz, .safetensors, .mat, HDF5, NetCDF or Zarr file, folder of .npy "
        "files, or folder that extract wrote, with one array (stimuli, units) for every layer",
    )
    command.add_argument(
        "target",
        type=path,
        help="the network that it is predicted from, in any of these forms, on the same stimuli in the same order",
    )


def add_layers(command: argparse.ArgumentParser, *, convention: bool = True) -> None:
    """Add the choice of the layers of two networks, what is checked of their stimuli, and the convention."""
    section = command.add_argument_group("layers and stimuli")
    for side in ("source", "target"):
        section.add_argument(
            f"--{side}-layers",
            nargs="+",
            metavar="PATTERN",
            help=f"use only the layers of the {side} with these names or patterns, such as 'block*'; "
            "info lists the names",
        )
    add_ignore_stimuli(section)
    add_nan(section)
    if convention:
        add_convention(section)


def add_ignore_stimuli(section: Section) -> None:
    """Add the permission to compare networks whose files tell of different stimuli."""
    section.add_argument(
        "--ignore-stimuli",
        dest="check_stimuli",
        action="store_false",
        help="go on even if the files say that the networks saw different stimuli",
    )


def add_nan(section: Section) -> None:
    """Add what is done with units that are NaN for some stimuli."""
    section.add_argument(
        "--nan",
        choices=("raise", "drop"),
        default="raise",
        help="what to do with units that are NaN for some stimuli: refuse the network, or leave the units out "
        "(default: %(default)s)",
    )


def networks(options: argparse.Namespace) -> tuple[Network, Network]:
    """Source and target that a command names, with the layers that it chooses."""
    return _network(options, "source"), _network(options, "target")


def _network(options: argparse.Namespace, side: str) -> Network:
    return loaded(getattr(options, side), options, f"{side}_layers")


def loaded(file: Path, options: argparse.Namespace, layers: str) -> Network:
    """The network in a file, with the layers that an option chooses, which is named as `options` names its value."""
    try:
        return mot.load(file, layers=getattr(options, layers), check_stimuli=options.check_stimuli, nan=options.nan)
    except ValueError as error:
        raise ValueError(with_option_names(str(error), {"layers": f"--{layers.replace('_', '-')}"})) from error


def add_seed(section: Section, what: str) -> None:
    """Add the seed of something random."""
    section.add_argument(
        "--seed", type=whole_number(0), default=0, metavar="N", help=f"seed of {what} (default: %(default)s)"
    )


def add_convention(section: Section) -> None:
    """Add the convention by which activations are predicted."""
    section.add_argument(
        "--convention",
        choices=CONVENTIONS,
        default=CONVENTIONS[0],
        help="standardized: units are predicted with mean 0 and standard deviation 1; paper: raw activations are "
        "predicted, by the formulas as the paper prints them (default: %(default)s)",
    )


def add_rotate(command: argparse.ArgumentParser) -> None:
    """Add rotations of the source's layers."""
    command.add_argument(
        "--rotate",
        action="store_true",
        help="also rotate the axes of every source layer, for networks that may hold the same features in other axes "
        "(MOT+R); this takes longer",
    )


def add_goals(command: argparse.ArgumentParser, arguments: Sequence[str] = GOALS) -> None:
    """Add how much of the units and of the layers is matched, by these arguments of `mot_fast.align`."""
    options: dict[str, dict[str, Any]] = {
        "unit_mass": {
            "type": share_or_knee,
            "metavar": "SHARE",
            "help": "match only this share of the units in every pair of layers, those that match best; above 0 and "
            f"at most 1, or {KNEE!r} for the share at the knee of the curve of costs (see partial)",
        },
        "layer_mass": {
            "type": share_of_mass,
            "metavar": "SHARE",
            "help": "match only this share of the layers, by mass",
        },
        "unit_cost": {
            "type": price,
            "metavar": "PRICE",
            "help": "match two units only if their cost, 1 - correlation, is below this",
        },
        "layer_cost": {"type": price, "metavar": "PRICE", "help": "match two layers only if their cost is below this"},
    }
    section = command.add_argument_group(
        "units and layers without a counterpart", "By default every unit and every layer is matched with something."
    )
    for name in arguments:
        section.add_argument(f"--{name.replace('_', '-')}", **options[name])


def add_limits(command: argparse.ArgumentParser, *, store: bool = True) -> None:
    """Add the limits on threads and memory, and the folder that keeps finished work."""
    section = command.add_argument_group("time and memory")
    section.add_argument(
        "--jobs",
        dest="n_jobs",
        type=threads,
        metavar="N",
        help="number of threads (default: all that are allowed; -2: all but one)",
    )
    section.add_argument(
        "--memory-limit",
        type=gibibytes,
        metavar="GIB",
        help="memory for layers and costs, in GiB (default: half of the memory that is free)",
    )
    if store:
        section.add_argument(
            "--store",
            type=path,
            metavar="FOLDER",
            help="keep finished work in this folder; if the command is stopped, the same command goes on from there",
        )


def add_table(command: argparse.ArgumentParser) -> None:
    """Add the file that the table is written to."""
    command.add_argument(
        "-o",
        "--output",
        type=path,
        metavar="FILE",
        help="also write the table to this file, which ends in .md, .csv or .json",
    )


def add_picture(command: argparse.ArgumentParser, option: str, what: str) -> None:
    """Add a file that a picture is drawn into."""
    command.add_argument(
        option, type=path, metavar="PICTURE", help=f"draw {what} into this file, as .png, .pdf, .svg or the like"
    )


def remember_store(options: argparse.Namespace, folder: Any) -> None:
    """Remember where finished work is kept, so that an interrupted command can name the folder."""
    options.kept = folder


def add_json(command: argparse.ArgumentParser) -> None:
    """Add the choice of JSON in place of text."""
    command.add_argument("--json", action="store_true", help="print the results as one JSON object, for programs")


def options_of(command: argparse.ArgumentParser) -> dict[str, str]:
    """Options of a command by the names of Python's arguments, under which it keeps their values.

    Names of values that a command takes from a file are in its default `names`.
    """
    actions: list[Any] = command._actions
    options = {each.dest: each.option_strings[-1] for each in actions if each.option_strings and each.dest != "help"}
    return options | (command.get_default("names") or {})


def with_option_names(message: str, options: Mapping[str, str]) -> str:
    """A message of the package, in which options stand in place of arguments such as ``n_jobs: ...``, ``rotate=True``.

    Examples
    --------
    >>> with_option_names("n_jobs: expected 1 or more, found n_jobs=0; see rotate=True", {"n_jobs": "--jobs"})
    '--jobs: expected 1 or more, found --jobs 0; see rotate=True'
    """
    names = "|".join(map(re.escape, options))
    # "name:" begins a message, or a message within one. "name=" is no part of a path, of "splits.seed=", or of a quote.
    pattern = rf"(?:(?:(?<=\A)|(?<=: ))({names})(?=:\s))|(?<![\w.'\"/\\-])({names})(=True\b|=False\b|=(?=\S))"

    def option(found: re.Match[str]) -> str:
        return options[found[1] or found[2]] + (" " if found[3] == "=" else "")

    return re.sub(pattern, option, message) if options else message
