"""Names of methods, and names of layers and networks made short enough to stand beside a picture."""

from __future__ import annotations

from collections.abc import Sequence

from mot_fast.system.control_characters import printable

ROTATED = "+r"
"""Ending of the name of a method with rotations."""
_LONGEST = 24
"""Characters of a name that is shown in full."""


def method_name(coupling: str, *, is_rotated: bool = False) -> str:
    """Name of a method in every table, picture and report: the one by which `mot_fast.compare` is asked for it.

    Examples
    --------
    >>> method_name("single_best"), method_name("mot", is_rotated=True)
    ('single_best', 'mot+r')
    """
    return coupling + ROTATED if is_rotated else coupling


def axis_title(side: str, name: str, part: str = "layer") -> str:
    """Title of an axis with the layers, or other parts, of one side of a plan.

    Networks without a name of their own are called "source" and "target", which is not said twice.

    Examples
    --------
    >>> axis_title("source", "resnet20"), axis_title("target", "target", part="part")
    ('source layer (resnet20)', 'target part')
    """
    return f"{side} {part}" if name == side else f"{side} {part} ({short_name(name)})"


def short_names(names: Sequence[str]) -> list[str]:
    """Names as a picture shows them: long ones lose what all have in common, then their middles, if they still differ.

    Examples
    --------
    >>> short_names(["encoder.layers.0.attention", "encoder.layers.1.attention"])
    ['…0…', '…1…']
    """
    names = [printable(name) for name in names]
    if max(map(len, names)) <= _LONGEST:
        return names
    before = _shared_beginning(names) if len(names) > 1 else ""
    rest = [name[len(before) :] for name in names]
    after = _shared_beginning([name[::-1] for name in rest]) if len(names) > 1 else ""
    short = ["…" * bool(before) + name[: len(name) - len(after)] + "…" * bool(after) for name in rest]
    for shorter in ([short_name(name) for name in short], short):
        if len(set(shorter)) == len(names):
            return shorter
    return names


def short_name(name: str) -> str:
    """One name as a picture shows it: a long one loses its middle."""
    name, half = printable(name), (_LONGEST - 1) // 2
    return name if len(name) <= _LONGEST else f"{name[:half]}…{name[-half:]}"


def _shared_beginning(names: Sequence[str]) -> str:
    """Beginning that all names share, up to its last separator, so that no number is torn apart."""
    first, last = min(names), max(names)
    n_equal = next((k for k, (one, other) in enumerate(zip(first, last, strict=False)) if one != other), len(first))
    prefix = first[:n_equal]
    return prefix[: max(prefix.rfind(mark) for mark in "._/-: ") + 1]
