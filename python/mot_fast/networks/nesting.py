"""Networks in lists of lists of any depth: what higher levels are made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mot_fast.networks import frames
from mot_fast.networks.load import Source, is_path, load
from mot_fast.networks.network import Network, same_stimuli

Nested = Sequence["Source | Nested"] | Mapping[str, "Source | Nested"]
"""Networks in sequences or mappings of any depth."""


@dataclass(frozen=True)
class Branch:
    """Networks, or branches of the same depth, in order."""

    name: str
    labels: tuple[str, ...]
    children: tuple[Branch | Network, ...]

    @property
    def depth(self) -> int:
        """Levels of branches, this one among them."""
        return 1 + _depth(self.children[0])

    def networks(self) -> Iterator[Network]:
        """All of them, from the first to the last."""
        for child in self.children:
            yield from child.networks() if isinstance(child, Branch) else (child,)

    def __len__(self) -> int:
        return len(self.children)


def branch_of(value: Any, name: str) -> Branch:
    """The branch that a sequence, or a mapping from labels, of networks or of the like holds.

    Raises
    ------
    TypeError, ValueError
        If it is none or empty, has labels that are no strings or hold a slash (those of layers may), has branches of
        different depths, or its networks saw different numbers of stimuli.
    """
    tree = _tree(value, name)
    if isinstance(tree, Network):
        raise ValueError(f"{name}: expected several networks, found one; two networks are aligned by mot_fast.align")
    same_stimuli(list(tree.networks()), name)
    return tree


def flat(tree: Branch) -> Network:
    """All layers of all networks as one network."""
    layers = [
        replace(layer, label=f"{network.name.removeprefix(tree.name)}/{layer.label}".removeprefix("/"))
        for network in tree.networks()
        for layer in network.layers
    ]
    stimuli = next((network.stimuli for network in tree.networks() if network.stimuli is not None), None)
    return Network(layers, tree.name, stimuli)


def _tree(value: Any, name: str) -> Branch | Network:
    """`name` leads to it from the root, and names whatever is wrong with it."""
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
    children = tuple(_tree(child, f"{name}/{label}") for label, child in items)
    for (label, _), child in zip(items, children, strict=True):
        if _depth(child) != _depth(children[0]):
            raise ValueError(
                f"{name}: expected branches of one depth, found {_depth(children[0])} levels above the networks in "
                f"'{items[0][0]}' and {_depth(child)} in '{label}'"
            )
    return Branch(name, tuple(str(label) for label, _ in items), children)


def _depth(tree: Branch | Network) -> int:
    return tree.depth if isinstance(tree, Branch) else 0


def _is_network(value: Any) -> bool:
    """A network, a path to one, or nothing but arrays."""
    if isinstance(value, Network) or is_path(value) or frames.is_network(value):
        return True
    if isinstance(value, Mapping):
        return bool(value) and all(map(_is_array, value.values()))
    return isinstance(value, Sequence) and len(value) > 0 and all(map(_is_array, value))


def _is_array(value: Any) -> bool:
    return not (frames.is_network(value) or isinstance(value, Mapping)) and any(
        hasattr(value, name) for name in ("__array_interface__", "__dlpack__", "__array__")
    )
