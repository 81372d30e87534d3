"""What both kinds of `.mot` files share: how they are read, and how names, proofs and plans in them are checked."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from mot_fast import _validate
from mot_fast._validate import F64, Array
from mot_fast.layer_pairs.consistency import ROUNDING, agree
from mot_fast.layer_pairs.goal import Goal
from mot_fast.system import archive
from mot_fast.system.json_header import check_fields, number
from mot_fast.transport.transport import Certificate

ALIGNMENT, NESTED = "mot_fast alignment", "mot_fast nested alignment"
_KINDS = {
    ALIGNMENT: ("an alignment of two networks", "mot_fast.Alignment.load"),
    NESTED: ("a nested alignment", "mot_fast.NestedAlignment.load"),
}
"""What a file of each format holds, and what reads it."""

Result = TypeVar("Result")


class OtherKind(ValueError):
    """The file is a `.mot` file of the other kind."""


def read(
    path: str | os.PathLike[str],
    file_format: str,
    newest: int,
    make: Callable[[dict[str, Any], dict[str, Array]], Result],
) -> Result:
    """What `make` makes of the header and the arrays of a file of one kind, of a version up to `newest`.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is not a complete `.mot` file of this kind, or of a newer format.
    """
    path = Path(_validate.path(path, "path"))
    try:
        with np.errstate(all="ignore"):  # numbers that overflow are refused
            return make(*archive.read(path, file_format, newest))
    except FileNotFoundError:
        raise FileNotFoundError(f"{path}: expected a .mot file, found nothing") from None
    except Exception as error:  # a damaged file can make its readers raise anything
        if isinstance(error, archive.OtherFormat) and error.found in _KINDS:
            what, reader = _KINDS[error.found]
            raise OtherKind(f"{path}: expected {_KINDS[file_format][0]}, found {what}, which {reader} reads") from None
        raise ValueError(f"{path}: expected a complete .mot file, found none ({error})") from error


def writable_name(name: str) -> str:
    """A name as valid text: bytes of a file's name that are no text are written as their codes."""
    return str(name).encode("utf-8", "backslashreplace").decode()


def certificate_of(values: Mapping[str, Any]) -> Certificate:
    """The certificate in a header."""
    check_fields(values, Certificate)
    return Certificate(**{name: number(values, name) for name in values})


def check_plan(name: str, parts: str, plan: F64, masses: tuple[F64, F64], costs: F64, cost: float, goal: Goal) -> None:
    """Raise `ValueError` if a plan contradicts the masses of its rows and columns, the goal, or its cost.

    Parameters
    ----------
    name, parts : str
        Name of the plan's array, and what its rows and columns are.
    plan, costs : array, `(n, m)`
    masses : pair of arrays, `(n,)` and `(m,)`
    cost : float
        Cost of the plan, as the file says.
    goal : Goal
        How much mass is carried.
    """
    lefts = masses[0] - plan.sum(1), masses[1] - plan.sum(0)
    if not all(agree(left, np.zeros(len(left))) if goal.is_all else (left >= -ROUNDING).all() for left in lefts):
        raise ValueError(f"the rows or columns of '{name}' do not sum to the masses of {parts}")
    if goal.mass is not None and not abs(plan.sum() - goal.mass) <= ROUNDING:
        raise ValueError(f"'{name}' carries {plan.sum()}, and not {goal}")
    if (plan < 0).any():
        raise ValueError(f"'{name}' is negative")
    expected = float(goal.cost(np.array((costs * plan).sum()), plan.sum()))
    if not abs(cost - expected) <= ROUNDING * max(np.abs(costs).max(), goal.price or 0.0):
        raise ValueError(f"its cost is {cost}, and not that of its {name.replace('_', ' ')}")
