"""Slow twins of scaling and centring: rational numbers and integer square roots, one unit at a time.

Nothing here imports the package.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np


def mean(unit: np.ndarray) -> Fraction:
    """The exact mean of some doubles."""
    return sum(map(Fraction, unit.tolist()), Fraction()) / len(unit)


def square_root(number: Fraction) -> Fraction:
    """A square root with about 100 correct bits."""
    shift = 2 * max(0, 100 + (number.denominator.bit_length() - number.numerator.bit_length()) // 2)
    return Fraction(math.isqrt((number.numerator << shift) // number.denominator), 1 << (shift // 2))


def deviation(unit: np.ndarray) -> float:
    """The standard deviation, of all stimuli and not of a sample."""
    centre = mean(unit)
    return float(square_root(sum((Fraction(x) - centre) ** 2 for x in unit.tolist()) / len(unit)))


def z_scores(units: np.ndarray, training: np.ndarray | None = None) -> np.ndarray:
    """Each unit in deviations from its mean, both of the training stimuli; zeros where these are all equal."""
    training = units if training is None else training
    columns = []
    for unit, of_training in zip(units.T, training.T, strict=True):
        centre = mean(of_training)
        variance = sum((Fraction(x) - centre) ** 2 for x in of_training.tolist()) / len(of_training)
        root = square_root(variance)
        columns.append([float((Fraction(x) - centre) / root) if root else 0.0 for x in unit.tolist()])
    return np.array(columns).T


def unit_vectors(units: np.ndarray) -> np.ndarray:
    """Each unit with mean 0 and norm 1; zeros where it is constant."""
    return z_scores(units) / math.sqrt(len(units))


def centred(units: np.ndarray) -> np.ndarray:
    """Each unit less its mean."""
    return np.array([[float(Fraction(x) - mean(unit)) for x in unit.tolist()] for unit in units.T]).T
