"""Nested groups of networks, such as checkpoints of training runs, for alignments of more than two levels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mot_fast.networks import frames
from mot_fast.networks.load import Source, is_path, load
from mot_fast.networks.network import Network, same_stimuli
from mot_fast.system.brief_repr import brief_repr

Nested = Sequence["Source | Nested"] | Mapping[str, "Source | Nested"]
"""Networks in sequences or mappings, nested to any depth."""


@dataclass(frozen=True)
class NetworkGroup:
    """An ordered group of networks, or of groups that are all nested equally deep."""

    name: str
    labels: tuple[str, ...]
    """Labels of the children."""
    children: tuple[NetworkGroup | Network, ...]

    __repr__ = brief_repr

    @property
    def depth(self) -> int:
        """Number of levels of groups, this one included."""
        return 1 + _depth(self.children[0])

    @property
    def n_layers(self) -> int:
        """Number of layers of all networks together."""
        return sum(child.n_layers for child in self.children)

    def networks(self) -> Iterator[Network]:
        """Yield all networks in order."""
        for child in self.children:
            yield from child.networks() if isinstance(child, NetworkGroup) else (child,)

    def __len__(self) -> int:
        return len(self.children)


def network_group(value: Any, name: str) -> NetworkGroup:
    """Load a group of networks from a sequence or mapping, nested to any depth.

    Parameters
    ----------
    value : sequence or mapping
        Networks, anything that `mot_fast.load` accepts, or sequences or mappings of these.
    name : str
        Name of the group, for messages.

    Raises
    ------
    TypeError, ValueError
        If `value` is a single network, empty, or neither sequence nor mapping; a label is no string or holds a slash;
        groups are nested unequally deep; or the networks saw different stimuli.
    """
    group = _loaded(value, name)
    if isinstance(group, Network):
        raise ValueError(f"{name}: expected several networks, found one; two networks are aligned by mot_fast.align")
    same_stimuli(list(group.networks()), name)
    return group


def as_one_network(group: NetworkGroup) -> Network:
    """Join all layers of all networks of a group into one network."""
    layers = [
        replace(layer, label=f"{network.name.removeprefix(group.name)}/{layer.label}".removeprefix("/"))
        for network in group.networks()
        for layer in network.layers
    ]
    stimuli = next((network.stimuli for network in group.networks() if network.stimuli is not None), None)
    return Network(layers, group.name, stimuli)


def _loaded(value: Any, name: str) -> NetworkGroup | Network:
    """Load a network or a group; `name` is its path from the outermost group, for messages."""
    if _is_network(value):
        return load(value, name).with_name(name)
    if not isinstance(value, (Mapping, Sequence)):
        raise TypeError(f"{name}: expected networks in a sequence or a mapping, found {type(value).__name__}")
    items = list(value.items() if isinstance(value, Mapping) else enumerate(value))
    if not items:
        raise ValueError(f"{name}: expected at least one network, found none")
    for label in value if isinstance(value, Mapping) else ():
        if not isinstance(label, str) or "/" in label:
            raise TypeError(f"{name}: expected labels that are strings without '/', found {label!r}")
    children = tuple(_loaded(child, f"{name}/{label}") for label, child in items)
    for (label, _), child in zip(items, children, strict=True):
        if _depth(child) != _depth(children[0]):
            raise ValueError(
                f"{name}: expected branches of one depth, found {_depth(children[0])} levels above the networks in "
                f"'{items[0][0]}' and {_depth(child)} in '{label}'"
            )
    return NetworkGroup(name, tuple(str(label) for label, _ in items), children)


def _depth(value: NetworkGroup | Network) -> int:
    return value.depth if isinstance(value, NetworkGroup) else 0


def _is_network(value: Any) -> bool:
    """Whether a value is one network: a `Network`, a path, a data frame of layers, or a collection of arrays."""
    if isinstance(value, Network) or is_path(value) or frames.is_network(value):
        return True
    if isinstance(value, Mapping):
        return bool(value) and all(map(_is_array, value.values()))
    return isinstance(value, Sequence) and len(value) > 0 and all(map(_is_array, value))


def _is_array(value: Any) -> bool:
    return not (frames.is_network(value) or isinstance(value, Mapping)) and any(
        hasattr(value, name) for name in ("__array_interface__", "__dlpack__", "__array__")
    )
