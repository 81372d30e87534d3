"""Recipes of the guide on fMRI, on images and sessions that other packages wrote, beside the arrays in them."""

from __future__ import annotations

import re

import numpy as np
import pytest

import mot_fast as mot
from support import recordings
from support.pages import text_of

pytestmark = pytest.mark.neuro
pytest.importorskip("nilearn")
pytest.importorskip("pynwb")
PAGE = "docs/guides/fmri.md"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    recordings.write_images(tmp_path)
    recordings.write_session(tmp_path / "session.nwb")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run_blocks(mark, namespace, change=lambda text: text):
    """Run the blocks of the page from the first one with a mark on, up to the end of its section."""
    (section,) = [part for part in re.split(r"(?m)^## ", text_of(PAGE)) if mark in part]
    for text in re.findall(r"(?ms)^```python\n(.*?)^```", section):
        exec(compile(change(text), PAGE, "exec"), namespace)
    return namespace


def without_filters(text):
    text = re.sub(r"\b(detrend=True|t_r=1\.5|high_pass=0\.01),\s*", "", text)
    assert not re.search("detrend|t_r|high_pass", text)
    return text


@pytest.mark.filterwarnings("ignore:.*units with NaN are left out")
def test_regions_hold_the_voxels_of_the_atlas_and_scores_go_back_into_it(folder):
    import nibabel

    found = run_blocks("NiftiMasker(", {"mot": mot, "np": np}, without_filters)
    atlas, network = recordings.atlas(), found["first"]
    for region, label in recordings.LABELS.items():
        voxels = recordings.volumes(1)[atlas == label]
        kept = network.original_units(region)
        expected = np.flatnonzero(np.ptp(voxels, axis=1) > 0)
        np.testing.assert_array_equal(kept, expected)
        np.testing.assert_allclose(network.layer(region), voxels[kept].T, rtol=1e-5)
    scores = nibabel.load(folder / "scores-in-V1.nii.gz").get_fdata()
    assert (scores[atlas != recordings.LABELS["V1"]] == 0).all()
    assert scores[recordings.DEAD] == 0
    alive = (atlas == recordings.LABELS["V1"]) & (recordings.volumes(1)[..., 0] != 0)
    np.testing.assert_allclose(scores[alive], found["score"].per_unit[0], rtol=1e-6)
    means = [recordings.volumes(1)[atlas == label].mean(axis=0) for label in recordings.LABELS.values()]
    np.testing.assert_allclose(found["parcels"], np.transpose(means), rtol=1e-5)


def test_spikes_in_the_window_are_counted_unit_by_unit(folder):
    assert (folder / "session.nwb").exists()
    network = run_blocks("NWBHDF5IO(", {"mot": mot, "np": np})["recording"]
    assert network.labels == ("V4", "IT")
    times = recordings.spike_times()
    for label, units in (("V4", [0, 3]), ("IT", [1, 2, 4, 5])):
        expected = [
            [sum(k + 0.07 <= t < k + 0.17 for t in times[unit]) for unit in units] for k in range(recordings.N_VOLUMES)
        ]
        np.testing.assert_array_equal(network.layer(label), expected)
    assert network.stimuli.names.labels[3] == "image3"
