"""Recordings as other packages write them: images of NIfTI, and a session of NWB."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

LABELS = {"V1": 1, "V2": 2, "V4": 4}
N_VOLUMES = 60
DEAD = (0, 1, 1)
"""A voxel of V1 that is 0 throughout, as those outside of the brain are."""
AFFINE = np.diag([2.0, 2.0, 2.0, 1.0])


def volumes(subject):
    """Responses `(x, y, z, time)` of a brain that is one region in each slab of x; what both subjects see is alike."""
    shared = np.random.default_rng(0).standard_normal((6, 4, 3, N_VOLUMES))
    values = 100 + shared + 0.5 * np.random.default_rng(subject).standard_normal(shared.shape)
    values[DEAD] = 0.0
    return values


def atlas():
    """Labels `(x, y, z)`: 0 outside of the regions."""
    labels = np.zeros((6, 4, 3), np.int16)
    labels[:2], labels[2:4], labels[4:, 1:] = LABELS["V1"], LABELS["V2"], LABELS["V4"]
    return labels


def write_images(folder):
    """Write `atlas.nii.gz` and a run of each of two subjects."""
    import nibabel

    nibabel.Nifti1Image(atlas(), AFFINE).to_filename(folder / "atlas.nii.gz")
    for subject in (1, 2):
        image = nibabel.Nifti1Image(volumes(subject), AFFINE)
        image.header.set_zooms((2.0, 2.0, 2.0, 1.5))
        image.to_filename(folder / f"subject{subject}.nii.gz")


def spike_times():
    """Times of spikes of six units, at rates of their own in every trial; trials begin each second."""
    rng = np.random.default_rng(0)
    rates = rng.integers(1, 9, (6, N_VOLUMES))
    return [np.sort(np.concatenate([t + rng.random(n) for t, n in enumerate(row)])) for row in rates]


def write_session(path):
    """Write units with regions, and trials with stimuli, to an NWB file."""
    from pynwb import NWBHDF5IO, NWBFile

    session = NWBFile("a session", "made", datetime(2026, 1, 1, tzinfo=UTC))
    session.add_unit_column("region", "where the unit is")
    for k, times in enumerate(spike_times()):
        session.add_unit(spike_times=times, region="IT" if k % 3 else "V4")
    session.add_trial_column("stimulus", "the image that was shown")
    for k in range(N_VOLUMES):
        session.add_trial(start_time=float(k), stop_time=k + 1.0, stimulus=f"image{k}")
    with NWBHDF5IO(path, "w") as io:
        io.write(session)
