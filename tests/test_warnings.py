"""Warnings are of classes that can be filtered, and name the caller's line; old names of arguments warn."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import mot_fast as mot
from mot_fast._warnings import named_once, renamed_arguments, warn


@pytest.fixture
def networks(layers):
    """Two networks, the first of which has a constant unit."""
    source, target = layers([5, 4]), layers([4, 4], seed=1)
    source[1][:, 2] = 0.5
    return source, target


def test_constant_units_are_named_once(networks):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        mot.compare(*networks, ["mot", "mot+r", "global_ot", "cka"], splits=3)
    assert [str(warning.message).split(": ")[-1] for warning in caught] == ["1 of 4"]
    assert "'source' layer 'layer1'" in str(caught[0].message)
    assert caught[0].filename == __file__
    mot.compare(*networks, ["cka"], splits=1)  # which has no correlations of units, and nothing to warn of


def test_other_warnings_pass_and_errors_too():
    def raised(*found):
        with named_once():
            for message, category in found:
                warn(message, category)

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        raised(
            ("other", UserWarning),
            ("first", mot.ConstantUnitsWarning),
            ("second", mot.ConstantUnitsWarning),
            ("rows", mot.TransposedLayersWarning),
        )
    assert [(str(each.message), each.category) for each in caught] == [
        ("other", UserWarning),
        ("first", mot.ConstantUnitsWarning),
    ]
    with pytest.raises(mot.ConstantUnitsWarning, match="first"):
        raised(("first", mot.ConstantUnitsWarning))
    with pytest.raises(UserWarning, match="other"):
        raised(("other", UserWarning), ("first", mot.ConstantUnitsWarning))


def test_users_filter_by_class(networks, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mot.ConstantUnitsWarning)
        mot.align(*networks)
    wide = [np.random.default_rng(k).random((4, 100)) for k in range(4)]
    with pytest.warns(mot.TransposedLayersWarning, match="are stimuli in rows, and units in columns"):
        mot.align(wide[:2], wide[2:])
    with pytest.warns(mot.ConstantUnitsWarning):
        mot.align(*networks, store=tmp_path)
    for block in (tmp_path / "blocks").iterdir():
        block.write_bytes(b"damaged")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        mot.align(*networks, store=tmp_path)
    assert {each.category for each in caught} == {mot.ConstantUnitsWarning, mot.DamagedBlockWarning}
    assert {each.filename for each in caught} == {__file__}


@renamed_arguments(n_seeds="n_splits")
def _curve(n_splits=1, **options):
    """What it was called with."""
    return n_splits, options


def test_arguments_are_taken_under_their_old_names():
    assert _curve(n_splits=2, seed=0) == (2, {"seed": 0})
    with pytest.warns(
        DeprecationWarning, match=r"^_curve: n_seeds is called n_splits now; the old name goes"
    ) as caught:
        assert _curve(n_seeds=3) == (3, {})
    assert caught[0].filename == __file__
    with pytest.raises(TypeError, match="_curve: n_seeds: expected n_splits alone, which is its new name, found both"):
        _curve(n_seeds=3, n_splits=3)
    assert _curve.__doc__ == "What it was called with."
