from __future__ import annotations

import builtins

import matplotlib as mpl
import numpy as np
import pytest

import mot_fast as mot

mpl.use("Agg")


@pytest.fixture
def alignment(layers):
    return mot.align(mot.load(layers([6, 5], 50), name="one"), mot.load(layers([7, 4, 8], 50, seed=2), name="two"))


def test_it_draws_shares_with_readable_axes(alignment):
    ax = alignment.plot()
    (image,) = ax.images
    np.testing.assert_allclose(image.get_array(), alignment.layer_plan * 2)
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["layer0", "layer1"]
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["layer0", "layer1", "layer2"]
    assert ax.get_ylabel() == "source: one"
    assert ax.get_xlabel() == "target: two"
    mpl.pyplot.close("all")


def test_it_draws_where_it_is_told(alignment):
    figure, (left, right) = mpl.pyplot.subplots(1, 2)
    assert alignment.plot(right) is right
    assert not left.images
    assert len(mpl.pyplot.get_fignums()) == 1
    mpl.pyplot.close(figure)


def test_many_layers_have_fewer_labels(rng):
    alignment = mot.align([rng.random((5, 1)) for _ in range(90)], [rng.random((5, 1)) for _ in range(2)])
    ax = alignment.plot()
    assert [tick.get_text() for tick in ax.get_yticklabels()][:3] == ["layer0", "layer3", "layer6"]
    mpl.pyplot.close("all")


def test_without_matplotlib_it_says_what_to_install(alignment, monkeypatch):
    import_module = builtins.__import__

    def no_matplotlib(name, *arguments, **options):
        if name.startswith("matplotlib"):
            raise ImportError(name)
        return import_module(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", no_matplotlib)
    with pytest.raises(ImportError, match=r'pictures need matplotlib: pip install "mot_fast\[plot\]"'):
        alignment.plot()
