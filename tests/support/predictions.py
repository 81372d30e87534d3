"""Predictions of held-out activations: by an alignment, or given as arrays."""

from __future__ import annotations

import numpy as np

import mot_fast as mot
from mot_fast.alignment.held_out import HeldOut


def aligned_and_held_out(layers):
    """An alignment with held-out activations of both networks, made by the fixture `layers`."""
    source, target = layers([6, 5], 90), layers([7, 4, 8], 90, seed=2)
    alignment = mot.align([x[:60] for x in source], [y[:60] for y in target])
    return alignment, [x[60:] for x in source], [y[60:] for y in target]


class Given:
    """Stands in for a predictor: layer weights are a row of ones where a prediction is, among those that are given."""

    def __init__(self, predictions):
        self.predictions = predictions

    def predict(self, l, weights):
        return [self.predictions[int(np.argmax(each))][l].copy() for each in weights]

    def matched(self, weights):  # noqa: ARG002
        return 1.0


def given(truths, *predictions):
    """Scores of predictions that are given, `(n_layers,)` arrays each, and the units with all of them."""
    weights = [np.ones((len(truths), 1)) * one_of_all for one_of_all in np.eye(len(predictions))]
    return HeldOut(mot.load(truths), Given(predictions)).scores_and_units(weights, n_kept=len(predictions))
