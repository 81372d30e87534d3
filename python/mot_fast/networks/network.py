"""`Network`, an ordered list of layers that are read when needed, and the check that networks saw the same stimuli."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from types import EllipsisType
from typing import TYPE_CHECKING

import numpy as np

from mot_fast import _validate
from mot_fast._validate import Array, Index, Selection
from mot_fast.networks import frames, nonfinite
from mot_fast.networks.row_names import RowNames
from mot_fast.networks.stimulus_digest import NO_STIMULI, chained, identity
from mot_fast.system.control_characters import printable

if TYPE_CHECKING:
    import pandas

_CHECKED_SHARE = 2
"""Checksums, which need all stimuli of a layer, are compared if at least one stimulus in this many is read."""


@dataclass(frozen=True, eq=False)
class Layer:
    """A layer: its label, stored shape `(n_stimuli, n_units)`, the function that reads it, and the selected stimuli."""

    label: str
    shape: tuple[int, int]
    read: Callable[[], Array]
    is_in_file: bool = False
    """Whether `read` refers to a file, which other processes can read as well, instead of holding the numbers."""
    rows: Index | None = None
    """Indices of the selected stimuli; None selects all."""
    check: Callable[[], None] | None = None
    """Raises `ValueError` if the numbers differ from the checksum in the file; None if there is no checksum."""
    units: Index | None = None
    """Positions that the units had before those with NaN were left out; None if none were."""

    @property
    def n_stimuli(self) -> int:
        """Number of selected stimuli."""
        return self.shape[0] if self.rows is None else len(self.rows)


@dataclass(frozen=True, eq=False)
class Stimuli:
    """The identity of the stimuli that a network saw, as far as it is known."""

    digest: str | None = None
    """Digest of all stimuli in their order, which `mot_fast.extract` recorded."""
    rows: Index | None = None
    """Indices of the selected stimuli; None selects all."""
    names: RowNames | None = None
    """Names of all stimuli, if the layers were data frames or labelled arrays."""
    is_of_names: bool = False
    """Whether the digest is that of names, which were given to `mot_fast.extract`, and not of contents."""

    def select(self, rows: Index) -> Stimuli:
        """Select some of the selected stimuli."""
        return replace(self, rows=rows if self.rows is None else self.rows[rows])

    def rows_of(self, n_stimuli: int) -> Index:
        """Indices of the selected stimuli among all stimuli."""
        return np.arange(n_stimuli, dtype=np.int64) if self.rows is None else self.rows


class Network:
    """A neural network as an ordered list of layers, whose activations are responses to the same stimuli.

    `mot_fast.load` and `mot_fast.extract` make networks. ``network[rows]`` selects stimuli with a slice, an array of
    indices or a mask; activations are read when they are needed. Like a matrix, a network has a `shape` and accepts
    ``network[rows, ...]``, so that scikit-learn can split it.

    Parameters
    ----------
    layers : sequence of Layer
        The layers in depth order.
    name : str
        Name of the network in messages, tables and figures.
    stimuli : Stimuli, optional
        Identity of the stimuli, if it is known. Networks with different stimuli are not compared.

    Attributes
    ----------
    layers : tuple of Layer
        The layers in depth order.
    labels : tuple of str
        Labels of the layers.
    widths : tuple of int
        Number of units of each layer.
    name : str
        Name of the network.
    stimuli : Stimuli or None
        Identity of the stimuli.

    Raises
    ------
    ValueError
        If there are no layers, labels repeat, or the layers have different numbers of stimuli.

    Examples
    --------
    >>> import numpy as np, mot_fast as mot
    >>> network = mot.load({"V1": np.zeros((10, 4)), "IT": np.zeros((10, 3))}, name="brain")
    >>> network.labels, network.widths
    (('V1', 'IT'), (4, 3))
    >>> network[:5]
    Network('brain', 2 layers, 7 units, 5 stimuli)
    """

    def __init__(self, layers: Sequence[Layer], name: str = "network", stimuli: Stimuli | None = None) -> None:
        if not layers:
            raise ValueError(f"network '{name}': expected at least one layer, found none")
        self.name = name
        self.stimuli = stimuli
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

    @property
    def kept_units(self) -> tuple[Index | None, ...]:
        """Positions that the units of each layer had before some were left out; None where all are there."""
        return tuple(layer.units for layer in self.layers)

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
        """Shape `(n_stimuli, n_units)` of the matrix of all layers side by side."""
        return self.n_stimuli, sum(self.widths)

    def __len__(self) -> int:
        return self.n_layers

    # Indexing selects stimuli, not layers: iteration by index would be a trap.
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
        """A network of other layers, with the same name and stimuli."""
        return Network(layers, self.name, self.stimuli)

    def with_name(self, name: str) -> Network:
        """Return this network under another name."""
        return Network(self.layers, name, self.stimuli)

    def select(self, layers: Iterable[int | str]) -> Network:
        """Return a network of some of the layers only.

        Parameters
        ----------
        layers : iterable of int or str
            Positions or labels of the layers, in the order of the new network.

        Returns
        -------
        Network

        Raises
        ------
        IndexError, KeyError
            If the network has no such layer.
        TypeError, ValueError
            If `layers` is a single layer or a slice instead of several layers, is empty, or has a layer twice.
        """
        if isinstance(layers, (str, int, slice)):
            raise TypeError(f"layers: expected several layers, found {layers!r}; one alone is a list of one")
        what = f"layer of network '{self.name}'"
        return self.with_layers([self.layers[_validate.position(which, self.labels, what)] for which in layers])

    def read(self, which: int | str) -> tuple[Array, Index | None]:
        """Stored activations of a layer, memory-mapped where possible, and the indices of the selected stimuli.

        Parameters
        ----------
        which : int or str
            The layer, by its position or its label.

        Returns
        -------
        activations : array
            Activations of all stored stimuli, of shape `(n_stored_stimuli, n_units)`.
        rows : array of int or None
            Indices of the selected stimuli; None if all are selected.

        Raises
        ------
        ValueError
            If the layer cannot be read, or a selected activation is NaN or infinite.
        """
        l = _validate.position(which, self.labels, f"layer of network '{self.name}'")
        values, rows = self.stored(l)
        found = _validate.place_of_nonfinite(values, rows)
        if found is not None:
            raise ValueError(
                f"network '{self.name}', layer '{self.labels[l]}': expected finite activations, found {found}"
                f"{nonfinite.counts(self.labels, self.stored, l)}"
            )
        return values, rows

    def stored(self, l: int) -> tuple[Array, Index | None]:
        """As `read` of the layer at this position, whose activations may be NaN or infinite."""
        layer = self.layers[l]
        what = f"network '{self.name}', layer '{layer.label}'"
        if layer.check is not None and layer.n_stimuli * _CHECKED_SHARE >= layer.shape[0]:
            layer.check()
        values = _validate.activations(layer.read(), what)
        if values.shape != layer.shape:
            raise ValueError(f"{what}: expected shape {layer.shape} as before, found {values.shape}")
        return values, layer.rows

    def original_units(self, which: int | str) -> Index:
        """Positions `(n_units,)` that the units of a layer had before those with NaN were left out by `load`.

        Parameters
        ----------
        which : int or str
            Position or label of the layer.

        Examples
        --------
        >>> import warnings, numpy as np, mot_fast as mot
        >>> with warnings.catch_warnings(action="ignore"):
        ...     network = mot.load({"V1": np.array([[np.nan, 1.0, 2.0], [0.0, 3.0, 5.0]])}, nan="drop")
        >>> network.original_units("V1")
        array([1, 2])
        """
        layer = self.layers[_validate.position(which, self.labels, f"layer of network '{self.name}'")]
        return np.arange(layer.shape[1]) if layer.units is None else layer.units.copy()

    def layer(self, which: int | str) -> Array:
        """Activations of one layer.

        Parameters
        ----------
        which : int or str
            Position or label of the layer.

        Returns
        -------
        array of shape (n_stimuli, n_units)
            Activations of the selected stimuli; read-only.

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
        """Return this network with the selected activations read into memory."""
        layers = []
        for l, label in enumerate(self.labels):
            values = self.layer(l)
            shape = self.n_stimuli, self.widths[l]
            layers.append(Layer(label, shape, partial(np.asarray, values), units=self.layers[l].units))
        return self.with_layers(layers)

    def to_pandas(self) -> pandas.DataFrame:
        """Copy the activations to a data frame, which `mot_fast.load` accepts.

        Returns
        -------
        pandas.DataFrame
            One row for each stimulus and one column for each unit, in the type of its layer; the columns have two
            levels, `layer` and `unit`.

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
    """Check that networks saw the same number of stimuli, and the same stimuli as far as these are known.

    Raises
    ------
    ValueError
        If the networks saw different stimuli.
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
    """Check that the row names of data frames and labelled arrays do not contradict each other."""
    known = [
        (network, stimuli, stimuli.names)
        for network in networks
        if (stimuli := network.stimuli) is not None and stimuli.names is not None
    ]
    known.sort(key=lambda each: each[2].labels is None or each[2].is_counted)  # the most informative names first
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
    """Describe how the stimuli of a network differ from the expected names; None if no difference is known."""
    if found.names is not None:
        return names.select(expected.rows).contradiction(found.names.select(found.rows))
    n_stimuli, labels = network.layers[0].shape[0], names.labels
    if not found.is_of_names or labels is None or names.is_counted or len(labels) != n_stimuli:
        return None
    try:
        digest = chained(NO_STIMULI, (identity(label, "index") for label in labels))
    except TypeError:  # `mot_fast.extract` accepts no such names
        return None
    if digest != found.digest:
        return f"others than an index that begins with {labels[0]!r}"
    rows, others = expected.rows_of(n_stimuli), found.rows_of(n_stimuli)
    return None if np.array_equal(rows, others) else f"others selected, first rows {rows[:1]} and {others[:1]}"
