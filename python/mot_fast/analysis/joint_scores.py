"""Held-out scores of many pairs of networks at once: predictions of layers of one width are made side by side."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from mot_fast._validate import F64, Array, Index
from mot_fast.layer_pairs.reconstruction import Terms, add_terms
from mot_fast.measures.score import correlate_deviations, mean_of_defined, means_of_defined
from mot_fast.measures.standardize import UnitDeviations, unit_deviations
from mot_fast.networks.network import Network
from mot_fast.system import threads

_BYTES_AT_ONCE = 2**19
"""Bytes of predictions that are made at once: few enough to stay in a processor's cache."""
_COPIES = 8
"""Arrays of the size of predictions that scores take, at most."""


def bytes_at_once(network: Network) -> int:
    """Most bytes that predictions of this network's layers take on one thread, beside what all threads share."""
    return _COPIES * max(_BYTES_AT_ONCE, 8 * network.n_stimuli * max(network.widths))


@dataclass(frozen=True, eq=False)
class LayerPlans:
    """Plans of many pairs of layers, and the mass that layer plans move along each; pairs of networks follow another.

    Source and target layers are positions among the layers of all networks.
    """

    network_pair: Index
    source: Index
    target: Index
    layer_masses: F64
    """The mass of every layer in its network."""
    moved: F64
    entry_starts: Index
    """Where the entries of each plan begin, and where those of the last one end."""
    entries: tuple[Array, Array, F64]
    """Rows, columns and masses of all plans, end to end."""


@dataclass(frozen=True, eq=False)
class HeldOutLayers:
    """Held-out activations of many layers: as they predict others, and as predictions of them are scored."""

    widths: Index
    starts: Index
    """Where the activations of each layer begin in `predicting`."""
    predicting: F64
    """Activations that predict others, `(n_stimuli, n_units)` of each layer, end to end."""
    truth: list[UnitDeviations]
    n_stimuli: int

    @classmethod
    def of(cls, layers: Iterable[tuple[F64, F64]]) -> HeldOutLayers:
        """The layers, given the activations of each and what predicts others."""
        truth, predicting = [], []
        for activations, inputs in layers:
            truth.append(unit_deviations(activations))
            predicting.append(inputs)
        sizes = np.array([each.size for each in predicting], np.int64)
        return cls(
            np.array([each.shape[1] for each in predicting], np.int64),
            np.cumsum(sizes) - sizes,
            np.concatenate([each.ravel() for each in predicting]),
            truth,
            len(predicting[0]),
        )


def scores_both_ways(plans: LayerPlans, held_out: HeldOutLayers, n_threads: int, *, is_standardized: bool) -> F64:
    """Scores of every pair of networks, `(n_pairs, 2)`: of the source from the target, and the other way."""
    predictions = _Predictions.of(plans, held_out, is_standardized=is_standardized)
    n_bytes = 8 * held_out.n_stimuli * int(held_out.widths[predictions.layers].sum())
    chunks = list(predictions.chunks(held_out.n_stimuli))
    of_layers = threads.map_in_order(
        lambda chunk: predictions.scores(chunk, plans, held_out), chunks, threads.worthwhile(n_threads, n_bytes)
    )
    return predictions.of_networks(np.concatenate(of_layers))


@dataclass(frozen=True, eq=False)
class _Predictions:
    """Predictions of layers, those of one width side by side, and their terms in the same order."""

    layers: Index
    """The layer that each prediction is of."""
    widths: Index
    way_and_pair: Index
    """Twice the pair of networks that each prediction belongs to, plus one for those of the target's layers."""
    term_starts: Index
    terms: Terms

    @classmethod
    def of(cls, plans: LayerPlans, held_out: HeldOutLayers, *, is_standardized: bool) -> _Predictions:
        used = np.flatnonzero(plans.moved)
        predicted = np.concatenate([plans.source[used], plans.target[used]])
        predicting = np.concatenate([plans.target[used], plans.source[used]])
        is_back = np.repeat([False, True], len(used))
        way_and_pair = 2 * np.tile(plans.network_pair[used], 2) + is_back
        # A stable order: the terms of a prediction are added up in the order of the layers that predict.
        order = np.lexsort((predicted, way_and_pair, held_out.widths[predicted]))
        is_first = np.ones(len(order), np.bool_)
        of_prediction = np.stack([predicted, way_and_pair])[:, order]
        is_first[1:] = (np.diff(of_prediction) != 0).any(axis=0)
        first = np.flatnonzero(is_first)
        pair = np.tile(used, 2)[order]
        widths = held_out.widths[predicted[order]]
        terms = Terms(
            slots=np.cumsum(is_first) - 1,
            weights=(np.tile(plans.moved[used], 2) / plans.layer_masses[predicted])[order],
            unit_masses=1.0 / widths if is_standardized else np.ones(len(widths)),
            starts=held_out.starts[predicting[order]],
            widths=held_out.widths[predicting[order]],
            is_back=is_back[order],
            first_entries=plans.entry_starts[pair],
            last_entries=plans.entry_starts[pair + 1],
        )
        return cls(of_prediction[0, first], widths[first], of_prediction[1, first], np.append(first, len(order)), terms)

    def chunks(self, n_stimuli: int) -> Iterator[range]:
        """Cut the predictions into chunks of layers of one width."""
        starts = np.flatnonzero(np.diff(self.widths, prepend=-1)).tolist()
        for first, last in zip(starts, [*starts[1:], len(self.widths)], strict=True):
            width = int(self.widths[first])
            # NumPy adds up single columns in an order that depends on how many there are.
            step = 1 if width == 1 else max(1, _BYTES_AT_ONCE // (8 * n_stimuli * width))
            for k in range(first, last, step):
                yield range(k, min(k + step, last))

    def scores(self, chunk: range, plans: LayerPlans, held_out: HeldOutLayers) -> F64:
        """Scores of the layers that the predictions of a chunk are of."""
        predictions = np.zeros((len(chunk), held_out.n_stimuli, self.widths[chunk.start]))
        terms = slice(self.term_starts[chunk.start], self.term_starts[chunk.stop])
        some = self.terms.select(terms)
        add_terms(predictions, replace(some, slots=some.slots - chunk.start), held_out.predicting, plans.entries)
        truth = [held_out.truth[l] for l in self.layers[chunk.start : chunk.stop]]
        stacked = UnitDeviations(*map(np.stack, zip(*truth, strict=True)))
        return means_of_defined(correlate_deviations(stacked, unit_deviations(predictions)))

    def of_networks(self, layer_scores: F64) -> F64:
        """Scores of networks, `(n_pairs, 2)`, from those of all predictions."""
        order = np.lexsort((self.layers, self.way_and_pair))
        ends = np.flatnonzero(np.diff(self.way_and_pair[order])) + 1
        scores = [mean_of_defined(of_network) for of_network in np.split(layer_scores[order], ends)]
        return np.array(scores).reshape(-1, 2)
