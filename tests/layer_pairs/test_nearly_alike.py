"""Layers whose units are nearly or exactly alike, so that their costs are the same in single precision."""

from __future__ import annotations

import numpy as np
import ot
import pytest

import mot_fast as mot


def one_stimulus_outweighs(draw):
    x, y = draw((60, 90)), draw((60, 70))
    x[17], y[17] = 1e4, 1e4
    return x, y


def several_stimuli_outweigh(draw):
    x, y = draw((60, 90)), draw((60, 70))
    for t, size in ((3, 1e4), (17, -3e5), (40, 1e6)):
        x[t], y[t] = size, size
    return x, y


def common_signal(noise):
    def make(draw):
        signal = draw((60, 1))
        return signal + noise * draw((60, 90)), signal + noise * draw((60, 70))

    return make


def source_alike(draw):
    signal = draw((60, 1))
    return signal + 1e-5 * draw((60, 90)), draw((60, 70))


def opposed(draw):
    signal = draw((60, 1))
    return signal + 1e-4 * draw((60, 90)), -signal + 1e-4 * draw((60, 70))


def both_signs(draw):
    signal = draw((60, 1))
    signs = np.sign(draw(90)), np.sign(draw(70))
    return (signal + 1e-4 * draw((60, 90))) * signs[0], (signal + 1e-4 * draw((60, 70))) * signs[1]


def one_signal(draw):
    signal = draw((60, 1))
    return signal * draw(90), signal * draw(70)


def near_copies(draw):
    x, y = draw((60, 9)), draw((60, 7))
    return np.repeat(x, 10, axis=1) + 1e-6 * draw((60, 90)), np.repeat(y, 10, axis=1) + 1e-6 * draw((60, 70))


def copies(draw):
    return np.repeat(draw((60, 9)), 10, axis=1), np.repeat(draw((60, 7)), 10, axis=1)


def three_stimuli(draw):
    levels = np.array([[0.0], [4.0], [9.0]])
    return np.round(levels + draw((3, 90))), np.round(levels + draw((3, 70)))


def far_from_zero(draw):
    return 1e8 + np.sign(draw((60, 90))), 1e8 + np.sign(draw((60, 70)))


KINDS = [
    one_stimulus_outweighs,
    several_stimuli_outweigh,
    *(common_signal(noise) for noise in (1e-3, 1e-4, 1e-6)),
    source_alike,
    opposed,
    both_signs,
    one_signal,
    near_copies,
    copies,
    three_stimuli,
    far_from_zero,
]


def correlations(x, y):
    """Costs in extended precision."""
    units = []
    for values in (x, y):
        deviations = values.astype(np.longdouble)
        for _ in range(2):
            deviations = deviations - deviations.mean(axis=0)
        units.append(deviations / np.sqrt((deviations**2).sum(axis=0)))
    return np.clip(units[0].T @ units[1], -1, 1)


@pytest.mark.parametrize("kind", KINDS)
def test_plans_cost_what_the_best_ones_do_in_double_precision(kind):
    rng = np.random.default_rng(5)
    x, y = kind(rng.standard_normal)
    costs = 1 - correlations(x, y)
    best = ot.emd(np.full(90, 1 / 90), np.full(70, 1 / 70), costs.astype(float))
    alignment = mot.align([x], [y], n_jobs=1)
    plan = alignment.unit_plan(0, 0).plan.toarray()
    spread = float(np.median(np.ptp(costs, axis=1)))  # single precision holds units to some 1e-8 of that
    assert float((plan * costs).sum()) - float((best * costs).sum()) <= 1e-12 + 1e-9 * spread
    assert alignment.cost == pytest.approx(float((best * costs).sum()), rel=0, abs=1e-12 + 2e-8 * spread)
    for options in ({"n_jobs": 2}, {"n_jobs": 1, "memory_limit": 1}, {"n_jobs": 2, "memory_limit": 2**20}):
        again = mot.align([x], [y], **options)
        assert again.cost == alignment.cost
        np.testing.assert_array_equal(again.unit_plan(0, 0).plan.toarray(), plan)
