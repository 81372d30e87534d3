"""A group of subjects on the same stimuli, and what each is predicted from: one network, or the other subjects."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from mot_fast import _validate
from mot_fast._validate import F64, Array, Index
from mot_fast.measures.score import correlate_deviations, means_of_defined
from mot_fast.measures.standardize import ZScores, unit_deviations
from mot_fast.networks.load import Source, is_path, load, named, warn_of_rows
from mot_fast.networks.network import Layer, Network, same_stimuli
from mot_fast.networks.summary import same_layers

LEAST_SUBJECTS = 3
"""Each subject is compared with the mean of the others, and of means over subjects there is a standard deviation."""


@dataclass(frozen=True, eq=False)
class SubjectGroup:
    """Subjects, read into memory, and the network that they are predicted from."""

    networks: tuple[Network, ...]
    target: Network | None
    """The network that predicts every subject; None where the other subjects predict each."""
    has_common_units: bool
    """Whether a unit is the same in all subjects."""

    @classmethod
    def validated(cls, subjects: Any, target: Source | None, common_units: bool) -> SubjectGroup:
        """The group, from the arguments of `mot_fast.compare_subjects`.

        Raises
        ------
        TypeError, ValueError
            If there are too few subjects, or their names, stimuli or layers do not fit together.
        """
        if not isinstance(common_units, bool | np.bool_):
            raise TypeError(f"common_units: expected True or False, found {common_units!r}")
        networks = _loaded(subjects)
        if target is not None and any(subject is target for subject in _each(subjects)):
            raise ValueError("target: expected a network that is not among the subjects, found one of them")
        loaded = None if target is None else named(target, "target")
        group = cls(tuple(networks), loaded, bool(common_units))
        same_stimuli([*networks, *group._given_target], "subjects and target" if loaded else "subjects")
        _validate.enough_stimuli(networks[0].n_stimuli, "subjects")
        group._check_layers()
        warn_of_rows([*networks, *group._given_target])
        return cls(
            tuple(network.in_memory() for network in networks), loaded and loaded.in_memory(), bool(common_units)
        )

    @property
    def _given_target(self) -> list[Network]:
        return [] if self.target is None else [self.target]

    @property
    def n_stimuli(self) -> int:
        """Number of stimuli."""
        return self.networks[0].n_stimuli

    @property
    def stranger(self) -> Network | None:
        """The first subject whose layers have other labels than those of the first one; None where all are alike."""
        return next((each for each in self.networks if each.labels != self.networks[0].labels), None)

    def _check_layers(self) -> None:
        """Check that subjects have the same layers, where they predict each other, and the same units, if said so."""
        first, stranger = self.networks[0], self.stranger
        if self.has_common_units:
            for network in self.networks:
                same_layers(first, network, f"subjects['{network.name}']", f"'{first.name}'")
        if self.target is None and stranger is not None:
            raise ValueError(
                f"subjects['{stranger.name}']: expected the layers of '{first.name}', {', '.join(first.labels)}, as "
                f"no target is given and the other subjects predict each, found {', '.join(stranger.labels)}"
            )

    def on_split(self, train: Index, test: Index) -> GroupOnSplit:
        """The group with what each subject is predicted from on one split."""
        standardized = self._standardized(train) if self.has_common_units else None
        return GroupOnSplit(self, train, test, standardized, self._targets(standardized))

    def _standardized(self, train: Index) -> list[F64]:
        """Z-scores by the training stimuli, one array `(n_subjects, n_stimuli, n_l)` a layer."""
        found = []
        for l, width in enumerate(self.networks[0].widths):
            units = np.concatenate([network.layer(l) for network in self.networks], axis=1).astype(np.float64)
            z = ZScores(units[train]).of(units).reshape(self.n_stimuli, len(self.networks), width)
            found.append(np.ascontiguousarray(z.transpose(1, 0, 2)))
        return found

    def _targets(self, standardized: Sequence[F64] | None) -> list[Network]:
        """The network that predicts each subject, on all stimuli; layers of the others are put together when read."""
        if self.target is not None:
            return [self.target] * len(self.networks)
        if standardized is not None:
            totals = [z.sum(axis=0) for z in standardized]
            return [
                self._others(
                    [partial(_mean_of_others, total, z, s) for total, z in zip(totals, standardized, strict=True)],
                    self.networks[0].widths,
                )
                for s in range(len(self.networks))
            ]
        return self._side_by_side()

    def _side_by_side(self) -> list[Network]:
        """For each subject a network whose layers have the units of all others, side by side."""
        n_layers, targets = len(self.networks[0]), []
        # All units are put side by side once: to gather those of many others for each subject would take far longer.
        of_all = [np.concatenate([network.layer(l) for network in self.networks], axis=1) for l in range(n_layers)]
        ends = np.cumsum([network.widths for network in self.networks], axis=0)
        for network, last in zip(self.networks, ends, strict=True):
            own = [slice(int(end) - width, int(end)) for end, width in zip(last, network.widths, strict=True)]
            reads = [partial(_without, layer, units) for layer, units in zip(of_all, own, strict=True)]
            targets.append(self._others(reads, (ends[-1] - network.widths).tolist()))
        return targets

    def _others(self, reads: Sequence[Callable[[], Array]], widths: Sequence[int]) -> Network:
        """A network whose layers are read by these functions."""
        labels = self.networks[0].labels
        layers = [
            Layer(label, (self.n_stimuli, width), read)
            for label, width, read in zip(labels, widths, reads, strict=True)
        ]
        return Network(layers, "other subjects")


@dataclass(frozen=True, eq=False)
class GroupOnSplit:
    """A group of subjects on one split of the stimuli."""

    group: SubjectGroup
    train: Index
    test: Index
    standardized: list[F64] | None
    """Z-scores by the training stimuli, one array `(n_subjects, n_stimuli, n_l)` a layer; None unless units are
    common."""
    targets: list[Network]
    """The network that predicts each subject, on all stimuli."""

    def training(self, s: int) -> tuple[Network, Network]:
        """Subject s and its target on the training stimuli."""
        return self.group.networks[s][self.train], self.targets[s][self.train]

    def held_out(self, s: int) -> tuple[Network, Network]:
        """Subject s and its target on the held-out stimuli."""
        return self.group.networks[s][self.test], self.targets[s][self.test]


def ceilings(on_split: GroupOnSplit) -> F64:
    """Scores of every subject from the mean of the others, and from the mean of all, `(2, n_subjects)`.

    Each unit, which must be common to all subjects, is correlated with the mean of the same unit over subjects, by
    z-scores.
    """
    group, standardized, test = on_split.group, on_split.standardized or [], on_split.test
    per_layer = np.empty((len(standardized), 2, len(group.networks)))
    for l, z in enumerate(standardized):
        truth = np.array([network.layer(l)[test] for network in group.networks], dtype=np.float64)
        held_out = z[:, test]
        total = held_out.sum(axis=0)
        for k, predictions in enumerate((total - held_out, np.broadcast_to(total, held_out.shape))):
            r = correlate_deviations(unit_deviations(truth), unit_deviations(predictions))
            per_layer[l, k] = means_of_defined(r)
    return np.array([means_of_defined(scores) for scores in np.moveaxis(per_layer, 0, -1)])


def _mean_of_others(total: F64, z: F64, s: int) -> F64:
    """Mean of one layer over all subjects but one, from the total."""
    return np.asarray((total - z[s]) / (len(z) - 1))


def _without(layer: Array, units: slice) -> Array:
    """A copy of a layer without some consecutive units."""
    return np.concatenate([layer[:, : units.start], layer[:, units.stop :]], axis=1)


def _each(subjects: Any) -> list[Any]:
    return list(subjects.values() if isinstance(subjects, Mapping) else subjects)


def _loaded(subjects: Any) -> list[Network]:
    """Load the subjects, at least three of them, with distinct names."""
    if not isinstance(subjects, (Mapping, Sequence)) or isinstance(subjects, (str, bytes)):
        raise TypeError(f"subjects: expected a sequence or a mapping, found {type(subjects).__name__}")
    if len(subjects) < LEAST_SUBJECTS:
        raise ValueError(f"subjects: expected at least {LEAST_SUBJECTS}, found {len(subjects)}")
    if isinstance(subjects, Mapping):
        loaded = [load(value, str(name)).with_name(str(name)) for name, value in subjects.items()]
    else:
        loaded = [
            load(value, None if isinstance(value, Network) or is_path(value) else f"subject {k}")
            for k, value in enumerate(subjects)
        ]
    names = [network.name for network in loaded]
    for k, name in enumerate(names):
        if name in names[:k]:
            raise ValueError(f"subjects: expected distinct names, found '{name}' twice; a mapping gives others")
    return loaded
