from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import mot_fast as mot
from mot_fast.networks.bundled import make_bundle
from oracles import transports as oracles


def test_the_bundled_networks_are_as_described():
    resnet20, resnet56 = mot.data.resnets()
    assert (len(resnet20), len(resnet56)) == (10, 28)
    assert resnet20.n_stimuli == resnet56.n_stimuli == make_bundle.N_IMAGES
    assert set(resnet20.widths) == set(resnet56.widths) == {16, 32, 64}
    assert resnet20.layer(0).dtype == np.float16
    folder = Path(make_bundle.__file__).parent
    assert sum(path.stat().st_size for path in folder.glob("*.npz")) < 3_600_000
    assert "BSD-2-Clause" in (folder / "README.md").read_text()


def test_the_bundled_training_runs_are_as_described():
    for run in mot.data.training_runs():
        assert list(run) == ["step0000", *(f"step{2**k:04}" for k in range(10)), "step1000"]
        for checkpoint in run.values():
            assert (len(checkpoint), checkpoint.n_stimuli) == (3, make_bundle.N_SENTENCES)
            assert set(checkpoint.widths) == {make_bundle.N_UNITS}
    assert "BSD-3-Clause" in (Path(make_bundle.__file__).parent / "README.md").read_text()


def test_the_subset_is_made_from_the_full_recordings(tmp_path, monkeypatch, rng):
    full = {f"layer{k}": rng.random((2000, 3)).astype(np.float16) for k in range(2)}
    for name in ("resnet20", "resnet56"):
        np.savez_compressed(tmp_path / f"{name}_cifar2000.npz", **full)
    steps = {f"step{t}_layer{k}": rng.random((512, 128)).astype(np.float16) for t in (0, 10) for k in range(7)}
    for run in (1, 2):
        np.savez_compressed(tmp_path / f"neox6x128_seed{run}_trajectory.npz", **steps)
    monkeypatch.setattr(make_bundle, "HERE", tmp_path / "made")
    (tmp_path / "made").mkdir()
    make_bundle.main(str(tmp_path))
    subset = mot.load(tmp_path / "made" / "resnet56.npz")
    assert subset.labels == ("layer0", "layer1")
    rows = {row.tobytes() for row in full["layer0"]}
    assert subset.n_stimuli == make_bundle.N_IMAGES
    assert all(row.tobytes() in rows for row in subset.layer(0))
    runs = [mot.load(tmp_path / "made" / f"training_run{run}.npz") for run in (1, 2)]
    assert runs[0].labels == ("step0_layer1", "step0_layer3", "step0_layer5", *(f"step10_layer{k}" for k in (1, 3, 5)))
    values = set(steps["step10_layer3"].ravel().tolist())
    assert all(set(run.layer("step10_layer3").ravel().tolist()) <= values for run in runs)
    assert not np.array_equal(runs[0].layer(0), runs[1].layer(0))


@pytest.mark.slow
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
