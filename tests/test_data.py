from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import mot_fast as mot
import oracles
from mot_fast.data import make_resnets


def test_the_bundled_networks_are_as_described():
    resnet20, resnet56 = mot.data.resnets()
    assert (len(resnet20), len(resnet56)) == (10, 28)
    assert resnet20.n_stimuli == resnet56.n_stimuli == make_resnets.N_IMAGES
    assert set(resnet20.widths) == set(resnet56.widths) == {16, 32, 64}
    assert resnet20.layer(0).dtype == np.float16
    folder = Path(mot.data.__file__).parent
    assert sum(path.stat().st_size for path in folder.glob("*.npz")) < 3_200_000
    assert "BSD-2-Clause" in (folder / "README.md").read_text()


def test_the_subset_is_made_from_the_full_recordings(tmp_path, monkeypatch, rng):
    full = {f"layer{k}": rng.random((2000, 3)).astype(np.float16) for k in range(2)}
    for name in ("resnet20", "resnet56"):
        np.savez_compressed(tmp_path / f"{name}_cifar2000.npz", **full)
    monkeypatch.setattr(make_resnets, "__file__", str(tmp_path / "make_resnets.py"))
    make_resnets.main(str(tmp_path))
    subset = mot.load(tmp_path / "resnet56.npz")
    assert subset.labels == ("layer0", "layer1")
    rows = {row.tobytes() for row in full["layer0"]}
    assert subset.n_stimuli == make_resnets.N_IMAGES
    assert all(row.tobytes() in rows for row in subset.layer(0))


@pytest.mark.filterwarnings("ignore:some units are constant")
@pytest.mark.parametrize("convention", ["standardized", "paper"])
def test_the_real_networks_align_as_the_slow_twin_aligns_them(convention):
    resnet20, resnet56 = mot.data.resnets()
    train, test = mot.split(resnet20.n_stimuli)
    # Every third layer of the deep network keeps the linear programs to some seconds.
    target = mot.load({label: resnet56.layer(label) for label in resnet56.labels[::3]}, name="resnet56")

    def arrays(network, rows):
        return [network[rows].layer(l) for l in range(len(network))]

    alignment = mot.align(resnet20[train], target[train], convention=convention)
    twin = oracles.Twin(arrays(resnet20, train), arrays(target, train), convention)
    np.testing.assert_allclose(alignment.layer_costs, twin.layer_costs, atol=1e-7)
    np.testing.assert_allclose(alignment.layer_plan, twin.layer_plan, atol=1e-9)
    for coupling in ("mot", "single_best", "pairwise_best"):
        value, _, _ = twin.score(arrays(resnet20, test), arrays(target, test), coupling)
        score = alignment.score(resnet20[test], target[test], coupling)
        assert score.value == pytest.approx(value, abs=1e-6)
        assert mot.hierarchy(alignment.coupling(coupling)) == pytest.approx(
            oracles.hierarchy(twin.coupling(coupling)), abs=1e-9
        )
