from __future__ import annotations

import warnings

import pytest

import mot_fast as mot
from mot_fast.analysis import constant_units
from mot_fast.analysis.compare import compare

PLAIN = ["mot", "single_best", "pairwise_best", "permuted"]


def test_constant_units_are_named_once(layers):
    source, target = layers([5, 4]), layers([4, 4], seed=1)
    source[1][:, 2] = 0.5
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        compare(source, target, ["mot", "mot+r", "global_ot", "cka"], n_splits=3)
    assert [str(warning.message).split(": ")[-1] for warning in caught] == ["1 of 4"]
    assert "'source' layer 'layer1'" in str(caught[0].message)
    assert caught[0].filename == __file__
    compare(source, target, ["cka"], n_splits=1)  # which has no correlations of units, and nothing to warn of


def test_other_warnings_pass_and_errors_too():
    def warn(*messages):
        with constant_units.named_once():
            for message in messages:
                warnings.warn(message, UserWarning, stacklevel=1)

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warn("mine", constant_units.WARNING + "; a", constant_units.WARNING + "; b")
    assert [str(warning.message) for warning in caught] == ["mine", constant_units.WARNING + "; a"]
    with pytest.raises(UserWarning, match="some units are constant"):
        warn(constant_units.WARNING)
    with pytest.raises(UserWarning, match="mine"):
        warn("mine", constant_units.WARNING)


def test_constant_units_begin_their_warning_as_expected(layers):
    source = layers([5])
    source[0][:, 0] = 0
    with pytest.warns(UserWarning, match=f"^{constant_units.WARNING}"):
        mot.align(source, source)
