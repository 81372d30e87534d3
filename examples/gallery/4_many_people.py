"""
Brains: many people, noise and repeats
======================================

Each person is a network whose layers are regions of the brain, and whose units are
voxels. Here eight people are made up, so that the truth is known: all have the same
four regions, in other voxels, and half of what is measured is noise.
"""

# %%
# Eight people, measured twice
# ----------------------------

import numpy as np

import mot_fast as mot

REGIONS = {"V1": 30, "V2": 24, "V4": 18, "IT": 12}
rng = np.random.default_rng(0)
features = {region: rng.standard_normal((300, 6)) for region in REGIONS}


def person(noise=1.0):
    """Return two recordings of one person: the same voxels, with other noise."""
    voxels = {
        r: features[r] @ rng.standard_normal((6, n)) / 6**0.5
        for r, n in REGIONS.items()
    }
    return [
        {r: v + noise * rng.standard_normal(v.shape) for r, v in voxels.items()}
        for _ in range(2)
    ]


people = {f"person {k + 1}": person() for k in range(8)}
first = {name: recordings[0] for name, recordings in people.items()}

# %%
# How much can be predicted at all?
# ---------------------------------
#
# Noise limits every score. Two recordings of the same person say where the limit is.

ceiling = mot.noise_ceiling(people["person 1"])
print(f"noise ceiling of person 1: {ceiling.value:.2f}")

# %%
# Each person against the others
# ------------------------------
#
# Each person is predicted from the voxels of the other seven. Error bars and p-values
# are over people: they say what to expect of other people who see the same stimuli.

found = mot.compare_subjects(
    first, methods=["mot", "pairwise_best", "uniform", "permuted"], splits=3
)
print(found)

# %%
# The score stays below the ceiling (0.77), for a voxel of one person has no exact
# counterpart in another: each mixes the six features of its region in its own way. MOT
# is not ahead of ``pairwise_best``: where every region has its counterpart, balance has
# nothing to add. Averages of all regions do worse here. That is a property of these
# made people; in most recorded data such averages do better (:doc:`/measures`).
#
# Where does each region go?

axes = mot.plot.plot_group_plans(found, methods=["mot"])

# %%
# The diagonal is the truth here: every region finds itself in other people. In
# recordings it is a finding only against shuffled stimuli, and recordings over time
# need blocks in place of random splits (``mot.blocked_splits``), for neighbouring
# volumes are alike.
#
# Read on in the documentation: :doc:`/guides/fmri` for recordings of your own,
# :doc:`/examples/subjects` for 27 real people.
