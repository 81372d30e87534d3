"""`.mot` files of nested alignments: the trees of networks, costs of layers and parts, and the plan between the parts.

docs/format.md describes them. A file holds no plans below its own level, which follow from the costs of layers: they
are solved again to check what the file says of its parts.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from reprlib import repr as shown
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from mot_fast import _validate
from mot_fast._validate import MIN_STIMULI, Array
from mot_fast.alignment import mot_archive
from mot_fast.alignment.mot_records import goals_in
from mot_fast.alignment.record import ALL_MASS
from mot_fast.layer_pairs.block_store import digest_of
from mot_fast.layer_pairs.consistency import TOLERANCE, agree, check_proofs
from mot_fast.layer_pairs.goal import ALL
from mot_fast.layer_pairs.packing import check_names, check_shapes, check_types
from mot_fast.networks.nesting import NetworkGroup
from mot_fast.networks.network import Layer, Network
from mot_fast.system import archive
from mot_fast.system.json_header import count, field, number, texts

if TYPE_CHECKING:
    from mot_fast.alignment.nested import NestedAlignment

FORMAT_VERSION = 1
_MOST_LEVELS = 16
"""Largest number of levels of a file: reading it takes time in proportion to its levels and pairs of layers."""
_LARGEST_COST = 2.0
"""Largest cost of two layers, a mean of 1 - correlation; the least is 0."""

Tree = NetworkGroup | Network


def save(nested: NestedAlignment, path: str | os.PathLike[str]) -> None:
    """Write a nested alignment, completely or not at all; see `NestedAlignment.save`."""
    place = Path(_validate.path(path, "path"))
    if nested.n_levels > _MOST_LEVELS:
        raise ValueError(f"{place}: expected at most {_MOST_LEVELS} levels to write, found {nested.n_levels}")
    arrays = {"layer_costs": nested.layer_costs, "costs": nested.costs, "plan": nested.plan}
    header = {
        "format": mot_archive.NESTED,
        "version": FORMAT_VERSION,
        "cost": nested.cost,
        "certificate": asdict(nested.certificate),
        "goals": None if nested.goals.are_all else asdict(nested.goals),
        "n_stimuli": nested.n_stimuli,
        **{
            side: {"name": mot_archive.writable_name(tree.name), **_fields(tree)}
            for side, tree in (("source", nested.source), ("target", nested.target))
        },
        "digest": digest_of(arrays),
    }
    archive.write(place, header, arrays)


def _fields(tree: Tree) -> dict[str, Any]:
    """Labels of a group and fields of its parts, or labels and widths of a network's layers."""
    labels = list(map(mot_archive.writable_name, tree.labels))
    if isinstance(tree, Network):
        return {"labels": labels, "widths": tree.widths}
    return {"labels": labels, "parts": list(map(_fields, tree.children))}


def load(path: str | os.PathLike[str], result_type: type[NestedAlignment]) -> NestedAlignment:
    """Read a nested alignment, as an instance of this type; see `NestedAlignment.load`."""
    return mot_archive.read(path, mot_archive.NESTED, FORMAT_VERSION, partial(_nested, result_type))


def _nested(
    result_type: type[NestedAlignment], header: Mapping[str, Any], arrays: Mapping[str, Array]
) -> NestedAlignment:
    check_names(arrays, {"layer_costs", "costs", "plan"})
    check_types(arrays)
    if field(header, "digest", str) != digest_of(arrays):
        raise ValueError("its arrays are not those that were written")
    n_stimuli = count(header, "n_stimuli", MIN_STIMULI)
    source, target = (_tree(header, side, n_stimuli) for side in ("source", "target"))
    if _depth(source) != _depth(target):
        raise ValueError(f"the source has {_depth(source)} levels of networks and the target {_depth(target)}")
    shape = len(source), len(target)
    check_shapes(arrays, {"layer_costs": (source.n_layers, target.n_layers), "costs": shape, "plan": shape})
    values = field(header, "goals", dict, type(None))
    nested = result_type(
        source=source,
        target=target,
        costs=arrays["costs"],
        plan=arrays["plan"],
        cost=number(header, "cost"),
        certificate=mot_archive.certificate_of(field(header, "certificate", dict)),
        layer_costs=arrays["layer_costs"],
        goals=ALL_MASS if values is None else goals_in(values),
    )
    _check(nested)
    return nested


def _tree(header: Mapping[str, Any], side: str, n_stimuli: int) -> Tree:
    """The networks of one side, whose layers know their labels and widths, and say that they hold no activations."""
    values = field(header, side, dict)
    return _part(values, field(values, "name", str), n_stimuli, _MOST_LEVELS - 2)


def _part(values: Mapping[str, Any], name: str, n_stimuli: int, n_levels: int) -> Tree:
    """A network, or a group of at most so many levels."""
    labels, is_group = texts(values, "labels"), "parts" in values
    parts = field(values, "parts" if is_group else "widths", list)
    if not 0 < len(set(labels)) == len(labels) == len(parts):
        raise ValueError(f"{shown(name)} has {len(parts)} parts or layers and the labels {shown(labels)}")
    if not is_group:
        if not all(type(width) is int and 0 < width < 2**31 for width in parts):
            raise ValueError(f"{shown(name)} has layers of the widths {shown(parts)}")
        shapes = [(n_stimuli, width) for width in parts]
        return Network([_layer(name, *each) for each in zip(labels, shapes, strict=True)], name)
    if n_levels == 0:
        raise ValueError(f"it has more than {_MOST_LEVELS} levels")
    if not all(type(part) is dict for part in parts):
        raise ValueError(f"'parts' in its header is {shown(parts)}")
    children = tuple(
        _part(part, f"{name}/{label}", n_stimuli, n_levels - 1) for label, part in zip(labels, parts, strict=True)
    )
    if len(set(map(_depth, children))) > 1:
        raise ValueError(f"{shown(name)} has parts of different numbers of levels")
    return NetworkGroup(name, tuple(labels), children)


def _layer(name: str, label: str, shape: tuple[int, int]) -> Layer:
    return Layer(label, shape, partial(_no_activations, f"network '{name}', layer '{label}'"))


def _no_activations(what: str) -> NoReturn:
    raise ValueError(
        f"{what}: expected activations, found none, as the alignment is out of a file, which holds none; align the "
        "networks again, with mot_fast.align"
    )


def _depth(tree: Tree) -> int:
    return tree.depth if isinstance(tree, NetworkGroup) else 0


def _check(nested: NestedAlignment) -> None:
    """Raise `ValueError` if a nested alignment out of a file contradicts itself, or is not optimal for its costs."""
    layer_costs, goals = nested.layer_costs, nested.goals
    if not ((layer_costs >= -TOLERANCE) & (layer_costs <= _LARGEST_COST + TOLERANCE)).all():
        raise ValueError("it holds costs of layers that are not between 0 and 2")
    check_proofs(np.empty((0, 5)), nested.certificate, _LARGEST_COST)
    masses = tuple(np.full(n, 1.0 / n) for n in nested.plan.shape)
    goal = ALL if isinstance(nested.source, NetworkGroup) else goals.layers
    mot_archive.check_plan("plan", "parts", nested.plan, (masses[0], masses[1]), nested.costs, nested.cost, goal)
    again = nested.of(nested.source, nested.target, layer_costs, nested.certificate, goals)
    if not agree(nested.costs, again.costs):
        raise ValueError("its costs of parts are not those of the layers in them")
    if not agree(np.array(nested.cost), np.array(again.cost)):
        raise ValueError(f"its cost is {nested.cost}, where {again.cost} is the least")
