"""A network as this package sees it: an ordered, labelled list of layers that are read when needed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from types import EllipsisType
from typing import TYPE_CHECKING

import numpy as np

from mot_fast import _validate
from mot_fast._validate import Array, Index, Selection
from mot_fast.networks import frames
from mot_fast.networks.row_names import RowNames
from mot_fast.networks.stimulus_digest import NO_STIMULI, chained, identity
from mot_fast.system.control_characters import printable

if TYPE_CHECKING:
    import pandas

LEAST_SHARE_CHECKED = 2
"""Files are held to their checksums where at least one in so many stimuli is read: that takes all of them."""


@dataclass(frozen=True, eq=False)
class Layer:
    """One layer: its label, its shape `(n_stimuli, n_units)` as stored, how to read it, and which stimuli count."""

    label: str
    shape: tuple[int, int]
    read: Callable[[], Array]
    is_in_file: bool = False
    """Whether another process can read it as well: `read` refers to a file instead of holding the numbers."""
    rows: Index | None = None
    """The stimuli selected; None: all."""
    check: Callable[[], None] | None = None
    """Raises `ValueError` where the file has a checksum of the layer's numbers and they have another."""

    @property
    def n_stimuli(self) -> int:
        """Number of selected stimuli."""
        return self.shape[0] if self.rows is None else len(self.rows)


@dataclass(frozen=True, eq=False)
class Stimuli:
    """Which stimuli a network saw, where its file tells."""

    digest: str | None = None
    """Of all stimuli in their order, as `mot_fast.extract` recorded it."""
    rows: Index | None = None
    """Those selected; None: all."""
    names: RowNames | None = None
    """What all stimuli are called, where the layers were data frames or labelled arrays."""
    is_of_names: bool = False
    """Whether the digest is of what the stimuli are called, by whoever extracted the activations."""

    def select(self, rows: Index) -> Stimuli:
        """Some of those selected."""
        return replace(self, rows=rows if self.rows is None else self.rows[rows])

    def rows_of(self, n_stimuli: int) -> Index:
        """Where the selected stimuli stood among all."""
        return np.arange(n_stimuli, dtype=np.int64) if self.rows is None else self.rows


class Network:
    """An ordered list of layers that saw the same stimuli; made by `mot_fast.load`.

    Indexing selects stimuli, ``network[rows]``, with a slice, an array of indices or a mask; nothing is read or copied
    before it is needed. As a matrix would, it has a `shape` and takes ``network[rows, ...]``, by which scikit-learn
    splits it.

    Parameters
    ----------
    layers : sequence of Layer
        In depth order.
    name : str
        For messages, tables and pictures.
    stimuli : Stimuli, optional
        Which they are, if that is known: networks that are known to have seen different ones are not compared.

    Raises
    ------
    ValueError
        If there are no layers, labels repeat, or the layers have different numbers of stimuli.
    """

    def __init__(self, layers: Sequence[Layer], name: str = "network", stimuli: Stimuli | None = None) -> None:
        if not layers:
            raise ValueError(f"network '{name}': expected at least one layer, found none")
        self.name = name
        self.stimuli = stimuli
        """Which they are, if that is known."""
        self.labels = tuple(layer.label for layer in layers)
        self.widths = tuple(layer.shape[1] for layer in layers)
        if len(set(self.labels)) != len(layers):
            raise ValueError(f"network '{name}': expected distinct layer labels, found {', '.join(self.labels)}")
        for layer in layers:
            if layer.n_stimuli != layers[0].n_stimuli:
                raise ValueError(
                    f"network '{name}': expected the same stimuli in every layer, found {layers[0].n_stimuli} in "
                    f"layer '{layers[0].label}' and {layer.n_stimuli} in layer '{layer.label}'"
                )
        self.layers = tuple(layers)
        """In depth order."""

    @property
    def n_layers(self) -> int:
        """Number of layers."""
        return len(self.layers)

    @property
    def n_stimuli(self) -> int:
        """Number of selected stimuli."""
        return self.layers[0].n_stimuli

    @property
    def shape(self) -> tuple[int, int]:
        """`(n_stimuli, n_units)`, as if all layers stood side by side."""
        return self.n_stimuli, sum(self.widths)

    def __len__(self) -> int:
        return self.n_layers

    # Indexing selects stimuli, not layers: iterating by it would be a trap.
    __iter__ = None
    __contains__ = None

    def __getitem__(self, stimuli: Selection | tuple[Selection, EllipsisType]) -> Network:
        if isinstance(stimuli, tuple) and len(stimuli) == 2 and stimuli[1] is ...:
            stimuli = stimuli[0]
        rows = _validate.rows(stimuli, self.n_stimuli)
        selected: dict[int | None, Index] = {None: rows}  # one array for all layers that share one
        for layer in self.layers:
            if layer.rows is not None and id(layer.rows) not in selected:
                selected[id(layer.rows)] = layer.rows[rows]
        layers = [
            replace(layer, rows=selected[None if layer.rows is None else id(layer.rows)]) for layer in self.layers
        ]
        return Network(layers, self.name, None if self.stimuli is None else self.stimuli.select(rows))

    def with_layers(self, layers: Sequence[Layer]) -> Network:
        """Other layers of the same name, on the same stimuli."""
        return Network(layers, self.name, self.stimuli)

    def with_name(self, name: str) -> Network:
        """The same network under another name."""
        return Network(self.layers, name, self.stimuli)

    def select(self, layers: Iterable[int | str]) -> Network:
        """The same network with some of its layers alone, by position or label, in the order given.

        Raises
        ------
        IndexError, KeyError, TypeError, ValueError
            If there is no such layer, or none is given, or one twice, or no list.
        """
        if isinstance(layers, (str, int, slice)):
            raise TypeError(f"layers: expected several layers, found {layers!r}; one alone is a list of one")
        what = f"layer of network '{self.name}'"
        return self.with_layers([self.layers[_validate.position(which, self.labels, what)] for which in layers])

    def read(self, which: int | str) -> tuple[Array, Index | None]:
        """A layer's activations as stored, mapped where possible, and the stimuli selected of them (None: all).

        Raises
        ------
        ValueError
            If the layer cannot be read, or a selected activation is NaN or infinite.
        """
        layer = self.layers[_validate.position(which, self.labels, f"layer of network '{self.name}'")]
        what = f"network '{self.name}', layer '{layer.label}'"
        if layer.check is not None and layer.n_stimuli * LEAST_SHARE_CHECKED >= layer.shape[0]:
            layer.check()
        values = _validate.activations(layer.read(), what)
        if values.shape != layer.shape:
            raise ValueError(f"{what}: expected shape {layer.shape} as before, found {values.shape}")
        _validate.finite(values, layer.rows, what)
        return values, layer.rows

    def layer(self, which: int | str) -> Array:
        """Activations `(n_stimuli, n_units)` of one layer, by position or label.

        Raises
        ------
        ValueError
            If the layer cannot be read, or a selected activation is NaN or infinite.
        """
        values, rows = self.read(which)
        values = values.view() if rows is None else np.asarray(values[rows])
        values.flags.writeable = False  # it may be the caller's own array
        return values

    def in_memory(self) -> Network:
        """The same network with the selected activations read once and kept, for those who need them many times."""
        layers = []
        for l, label in enumerate(self.labels):
            values = self.layer(l)
            layers.append(Layer(label, (self.n_stimuli, self.widths[l]), partial(np.asarray, values)))
        return self.with_layers(layers)

    def to_pandas(self) -> pandas.DataFrame:
        """The activations as a table, which `mot_fast.load` takes back. Needs pandas.

        Returns
        -------
        pandas.DataFrame
            One row a stimulus, one column a unit; columns have two levels, `layer` and `unit`. A copy, in which every
            layer keeps its type.

        Raises
        ------
        ImportError
            If pandas is not installed.
        ValueError
            If a layer cannot be read, or a selected activation is NaN or infinite.

        Examples
        --------
        >>> import numpy as np, mot_fast as mot
        >>> mot.load({"V1": np.eye(2), "IT": np.zeros((2, 1))}).to_pandas()
        layer   V1        IT
        unit     0    1    0
        0      1.0  0.0  0.0
        1      0.0  1.0  0.0
        """
        return frames.frame(self.labels, [self.layer(label) for label in self.labels])

    def __repr__(self) -> str:
        name, n_units = printable(self.name), sum(self.widths)
        return f"Network('{name}', {self.n_layers} layers, {n_units} units, {self.n_stimuli} stimuli)"


def same_stimuli(networks: Sequence[Network], what: str = "source and target") -> None:
    """All networks must have seen the same stimuli: as many, and the same ones as far as that is known.

    Raises
    ------
    ValueError
        If they have not.
    """
    first = networks[0]
    for other in networks[1:]:
        if other.n_stimuli != first.n_stimuli:
            raise ValueError(
                f"{what}: expected the same stimuli, found {first.n_stimuli} in '{first.name}' and "
                f"{other.n_stimuli} in '{other.name}'"
            )
    _same_names(networks, what)
    known = [(network, each, each.digest) for network in networks if (each := network.stimuli) and each.digest]
    for other, stimuli, digest in known[1:]:
        first, expected, expected_digest = known[0]
        if digest != expected_digest:
            raise ValueError(
                f"{what}: expected the same stimuli, found different ones in '{first.name}' and '{other.name}', whose "
                f"digests are {expected_digest[:8]} and {digest[:8]}; if these are the same stimuli, prepared "
                "in different ways, load with check_stimuli=False"
            )
        rows, other_rows = expected.rows_of(first.n_stimuli), stimuli.rows_of(other.n_stimuli)
        if (rows != other_rows).any():
            k = int(np.argmax(rows != other_rows))
            raise ValueError(
                f"{what}: expected the same stimuli, found others selected in '{first.name}' than in '{other.name}', "
                f"first {rows[k]} and {other_rows[k]}"
            )


def _same_names(networks: Sequence[Network], what: str) -> None:
    """Indexes of data frames and labelled arrays must not contradict each other."""
    known = [
        (network, stimuli, stimuli.names)
        for network in networks
        if (stimuli := network.stimuli) is not None and stimuli.names is not None
    ]
    known.sort(key=lambda each: each[2].labels is None or each[2].is_counted)  # those that say most come first
    if not known:
        return
    first, expected, names = known[0]
    for other in networks:
        if other is first or other.stimuli is None:
            continue
        how = _contradiction(expected, names, other.stimuli, other)
        if how is not None:
            raise ValueError(
                f"{what}: expected the same stimuli in the same order in '{first.name}' and '{other.name}', found "
                f"{how}; if they are the same all the same, load with check_stimuli=False"
            )


def _contradiction(expected: Stimuli, names: RowNames, found: Stimuli, network: Network) -> str | None:
    """How a network's stimuli differ from those that have names, as far as there is any telling."""
    if found.names is not None:
        return names.select(expected.rows).contradiction(found.names.select(found.rows))
    n_stimuli, labels = network.layers[0].shape[0], names.labels
    if not found.is_of_names or labels is None or names.is_counted or len(labels) != n_stimuli:
        return None
    try:
        digest = chained(NO_STIMULI, (identity(label, "index") for label in labels))
    except TypeError:  # an extraction knows no such names
        return None
    if digest != found.digest:
        return f"others than an index that begins with {labels[0]!r}"
    rows, others = expected.rows_of(n_stimuli), found.rows_of(n_stimuli)
    return None if np.array_equal(rows, others) else f"others selected, first rows {rows[:1]} and {others[:1]}"
