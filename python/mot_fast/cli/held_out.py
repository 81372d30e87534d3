"""Options about the stimuli that a command holds out: random ones, whole groups out of a file, or contiguous blocks."""

from __future__ import annotations

import argparse
import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import mot_fast as mot
from mot_fast._validate import Index
from mot_fast.analysis.shuffles import Shuffle
from mot_fast.analysis.splits import GivenSplits, Splits
from mot_fast.analysis.stimulus_sets import MIN_SETS
from mot_fast.cli import arguments

TEST_SIZE = 0.2
"""Share of the stimuli that is held out by default."""
_MOST_BYTES = 2**28
"""Size of a file of groups, at most."""


class HeldOut(NamedTuple):
    """Which stimuli are held out."""

    test_size: float
    """Share of the stimuli, or of the groups; 0 for none."""
    seed: int
    groups: Sequence[Any] | None = None
    """Group of every stimulus."""
    n_blocks: int | None = None
    """Number of contiguous blocks, in place of random splits."""
    gap: int = 0
    """Number of stimuli beside a held-out block that are not trained on."""

    @classmethod
    def of(cls, options: argparse.Namespace, n_stimuli: int) -> HeldOut:
        """What the options of a command ask for."""
        if options.gap is not None and options.n_splits is None:
            options.command.error("argument --gap: expected --blocks as well")
        if options.n_splits is not None and options.test_size not in (0, TEST_SIZE):
            options.command.error("argument --test-size: expected none with --blocks, each of which is held out whole")
        if not options.test_size and options.n_splits is None:
            for name in ("groups", "n_permutations"):
                if getattr(options, name, None) is not None:
                    flag = "--groups" if name == "groups" else "--shuffles"
                    options.command.error(f"argument {flag}: expected a --test-size above 0, as nothing is held out")
        groups = None if options.groups is None else read_groups(options.groups, n_stimuli)
        return cls(options.test_size, options.seed, groups, options.n_splits, options.gap or 0)

    def splits(self, n_splits: int, n_stimuli: int) -> GivenSplits:
        """The splits of a comparison: so many random ones, unless there are blocks."""
        return n_splits if self.n_blocks is None else mot.blocked_splits(n_stimuli, self.n_blocks, self.gap)

    def single_split(self, n_stimuli: int) -> Splits | None:
        """The split of a single alignment: a random one, or that of the last block; None where nothing is held out."""
        if self.n_blocks is not None:
            given: GivenSplits = mot.blocked_splits(n_stimuli, self.n_blocks, self.gap)[-1:]
        elif self.test_size:
            given = 1
        else:
            return None
        test_size = self.test_size or 0.5
        sides = f"test_size={self.test_size} of {n_stimuli} stimuli"
        return Splits.validated(given, n_stimuli, groups=self.groups, test_size=test_size, seed=self.seed, sides=sides)

    def shuffle(self, rows: Index) -> dict[str, Any]:
        """How the stimuli trained on are shuffled, as arguments of `mot_fast.hierarchy_null`."""
        if self.groups is not None:
            return {"groups": [self.groups[t] for t in rows]}
        return {} if self.n_blocks is None else {"shuffle": "circular"}

    def check_shuffle(self, rows: Index) -> None:
        """Raise if the stimuli trained on cannot be shuffled so that groups stay together."""
        if self.groups is not None:
            labels = [self.groups[t] for t in rows]
            Shuffle.of("stimuli", None, labels, len(rows)).check(np.arange(len(rows)), "training stimuli")

    def resampled_by(self, testing: Index) -> tuple[Mapping[str, Any], str]:
        """Arguments of `mot_fast.evaluate` for these held-out stimuli, and what the scores' title says of them."""
        if self.groups is None:
            if self.n_blocks is None:
                return {}, ""
            return {"block_length": "auto"}, "; intervals and p-values over blocks of neighbours"
        labels = [self.groups[t] for t in testing]
        n_groups = len(set(labels))
        if n_groups < MIN_SETS:
            return {
                "groups": labels
            }, f"; intervals and p-values need {MIN_SETS} held-out groups, and these are {n_groups}"
        return {"groups": labels}, f"; intervals and p-values over {n_groups} groups"


def add_options(
    command: argparse.ArgumentParser, *, which_block: str, n_splits: int | None = None, or_none: bool = False
) -> None:
    """Add what is held out: a share of the stimuli, or of their groups, or contiguous blocks.

    Parameters
    ----------
    command : argparse.ArgumentParser
    which_block : str
        Which of the blocks are held out, for the help.
    n_splits : int, optional
        Number of random splits by default; None where there is only one.
    or_none : bool
        Whether nothing may be held out.
    """
    section = command.add_argument_group(
        "which stimuli are held out", "Scores are of stimuli that the matching has not seen."
    )
    add_test_size(section, "share of the stimuli that is held out", or_none=or_none)
    arguments.add_seed(section, "the random choice; another one chooses other stimuli")
    add_groups(section, "hold out whole groups of stimuli", "; --test-size is the share of the groups")
    kinds = section.add_mutually_exclusive_group()
    if n_splits is not None:
        kinds.add_argument(
            "--splits",
            type=arguments.whole_number(1),
            default=n_splits,
            metavar="N",
            help="number of random splits into training and held-out stimuli, with seeds that count up from --seed; "
            "results are means over them (default: %(default)s)",
        )
    _add_blocks(section, kinds, which_block)


def _add_blocks(section: arguments.Section, kinds: arguments.Section, which_block: str) -> None:
    """Add the number of contiguous blocks, among the kinds of splits, and the gaps beside them."""
    kinds.add_argument(
        "--blocks",
        dest="n_splits",
        type=arguments.whole_number(2),
        metavar="N",
        help=f"for time series: cut the stimuli into N contiguous blocks, and hold out {which_block}, in place of "
        "random stimuli",
    )
    section.add_argument(
        "--gap",
        type=arguments.whole_number(0),
        metavar="G",
        help="with --blocks, leave out G stimuli on either side of the held-out block (default: 0)",
    )


def add_test_size(section: arguments.Section, what: str, *, or_none: bool = False) -> None:
    """Add the share of the stimuli that is held out, for which nothing may be allowed."""
    section.add_argument(
        "--test-size",
        type=arguments.share(or_none=or_none),
        default=TEST_SIZE,
        metavar="SHARE",
        help=f"{what}{', or 0 for none' if or_none else ''} (default: %(default)s)",
    )


def add_groups(section: arguments.Section, what: str, more: str = "") -> None:
    """Add the file of the groups of stimuli, which stay together."""
    section.add_argument(
        "--groups",
        type=arguments.path,
        metavar="FILE",
        help=f"{what}, as stories or sessions: one label a line for each stimulus, a .csv of one column, or a .npy"
        f"{more}",
    )


def add_shuffles(command: argparse.ArgumentParser, name: str, what: str, default: int | None) -> None:
    """Add the number of alignments with shuffled stimuli, under its name in Python."""
    command.add_argument(
        "--shuffles",
        dest=name,
        type=arguments.whole_number(1),
        default=default,
        metavar="N",
        help=f"also align N times with shuffled stimuli (with --blocks: shifted ones), and say {what}; 99 tell much",
    )


def read_groups(path: Path, n_stimuli: int) -> list[Any]:
    """Read the group of every stimulus.

    Raises
    ------
    FileNotFoundError, ValueError
        If there is no such file, it does not hold one label a line, or no two stimuli have the same.
    """
    labels = _labels(path, n_stimuli)
    if len(set(labels)) == n_stimuli == len(labels):
        raise ValueError(f"{path}: expected groups of several stimuli, found a label of its own for each")
    return labels


def _labels(path: Path, n_stimuli: int) -> list[Any]:
    """The labels in a file; a table may have a head."""
    if not path.is_file():
        raise FileNotFoundError(f"{path}: expected a file of groups, found {'no file' if path.exists() else 'nothing'}")
    if path.stat().st_size > _MOST_BYTES:
        raise ValueError(f"{path}: expected a file of groups, found more than {_MOST_BYTES} bytes")
    if path.suffix.lower() == ".npy":
        return _array_of_groups(path)
    try:
        text = path.read_text(encoding="utf-8-sig")  # without the byte order mark that some editors write
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: expected text in UTF-8, one label a line, found {error}") from None
    is_table = path.suffix.lower() == ".csv"
    lines = text.removesuffix("\n").split("\n")  # of any system, as text is read
    labels = _single_column(path, lines) if is_table else [line.strip() for line in lines]
    n_heads = int(is_table and len(labels) == n_stimuli + 1)
    for k, label in enumerate(labels[n_heads:], start=n_heads + 1):
        if not label:
            raise ValueError(f"{path}: expected a label in every line, found none in line {k}")
        for mark in ("\t", ";") if is_table else ("\t",):
            if mark in label:
                raise ValueError(f"{path}: expected a single column, found {mark!r} in line {k}")
    return labels[n_heads:]


def _single_column(path: Path, lines: Sequence[str]) -> list[str]:
    """The fields of a table of one column, without spaces around them."""
    labels = []
    try:
        for k, row in enumerate(csv.reader(lines), start=1):
            if len(row) > 1:
                raise ValueError(f"{path}: expected a single column, found {len(row)} in line {k}")
            labels.append(row[0].strip() if row else "")
    except csv.Error as error:
        raise ValueError(f"{path}: expected a table of one column, found none ({error})") from None
    return labels


def _array_of_groups(path: Path) -> list[Any]:
    """Groups in a file of NumPy."""
    try:
        values = np.load(path, allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise ValueError(f"{path}: expected numbers or texts in a file of NumPy, found none ({error})") from error
    if values.ndim != 1:
        raise ValueError(f"{path}: expected one label for each stimulus, found shape {values.shape}")
    return list(values.tolist())
