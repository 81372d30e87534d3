"""
Rotated axes: the same features in other units
==============================================

Two layers may hold the same features, and still have no unit in common: a rotation
mixes the units, and loses nothing. Here a layer is compared with a rotated copy of
itself, whose answer is known, and then two real networks.
"""

# %%
# A rotated copy
# --------------

import warnings

import numpy as np

import mot_fast as mot

rng = np.random.default_rng(0)
layer = rng.standard_normal((400, 20))
rotation, _ = np.linalg.qr(rng.standard_normal((20, 20)))
copy = layer @ rotation
train, test = mot.split(400, test_size=0.2, seed=0)

for rotate in (False, True):
    alignment = mot.align([layer[train]], [copy[train]], rotate=rotate)
    score = alignment.score([layer[test]], [copy[test]])
    print(f"rotate={rotate!s:5}  held-out score {score.value:.3f}")

# %%
# Without rotations most of the layer seems to be lost. With them, exact transport and
# orthogonal Procrustes alternate, and all of it is found again. Every transport is
# proven optimal; the alternation finds a local optimum.
#
# Two real networks
# -----------------
#
# (A few units are the same for all images. A warning names them, which is hidden here.)

warnings.simplefilter("ignore", mot.ConstantUnitsWarning)
source, target = mot.data.resnets()
train, test = mot.split(source.n_stimuli, test_size=0.2, seed=0)
plain = mot.align(source[train], target[train])
rotated = mot.align(source[train], target[train], rotate=True)

axes = mot.plot.plot_layer_plans({"MOT": (plain, "mot"), "MOT+R": (rotated, "mot")})

for name, alignment in (("MOT", plain), ("MOT+R", rotated)):
    scores = [
        alignment.score(source[test], target[test], coupling=c).value
        for c in ("mot", "greedy")
    ]
    print(f"{name:5}  held-out score {scores[0]:.3f}, greedy {scores[1]:.3f}")

# %%
# Rotations raise the score, and do not settle whether the balance of layers helps:
# ``greedy``, the same weights on the nearest layers, does as well. What is matched is
# no longer unit with unit. If single units matter to you, as neurons do, leave the
# rotations out.
#
# Read on in the documentation: :doc:`/measures` has MOT+R beside CKA and Procrustes,
# which are blind to rotations as well.
