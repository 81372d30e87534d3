"""The order of layer labels: natural order, and whether labels stand in alphabetical order."""

from __future__ import annotations

import re
from collections.abc import Sequence


def natural_order(labels: Sequence[str]) -> list[str]:
    """Labels sorted so that `layer2` comes before `layer10`, and the arrays of one group, `group/...`, stay together.

    Examples
    --------
    >>> natural_order(["layer10", "layer2"])
    ['layer2', 'layer10']
    """

    def number(digits: str) -> tuple[int, str]:
        digits = digits.lstrip("0")  # compared as text: `int` refuses very long ones
        return len(digits), digits

    def key(name: str) -> list[tuple[int, str]]:
        pieces = [piece for piece in re.split(r"(\d+)", name) if piece]
        return [number(piece) if piece.isdecimal() else (-1, piece) for piece in pieces]

    return sorted(labels, key=lambda label: ([key(name) for name in label.split("/")], label))


def is_alphabetical(labels: Sequence[str]) -> bool:
    """Whether the labels stand in alphabetical order; the arrays of `group/` may precede or follow `group.norm`."""
    return list(labels) in (sorted(labels), sorted(labels, key=lambda label: label.split("/")))
