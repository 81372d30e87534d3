"""
Two networks: which layer goes where?
=====================================

ResNet-20 and ResNet-56 saw the same 1,200 images. One has 10 layers, the other 28. The
layer plan says how much of each layer of the one goes to each layer of the other. Every
layer must be used, as much as any other of its network.
"""

# %%
# Load, hold images out, align
# ----------------------------
#
# A network is an ordered list of layers, each an array ``(n_stimuli, n_units)``. Yours
# can be files, folders or arrays: ``mot.load("a.npz")``. A fifth of the images is held
# out, so that scores are of images that the alignment has not seen. A few units are the
# same for all images. They have no correlation, and a warning names them, which is
# hidden here.

import warnings

import mot_fast as mot

warnings.simplefilter("ignore", mot.ConstantUnitsWarning)
source, target = mot.data.resnets()
train, test = mot.split(source.n_stimuli, test_size=0.2, seed=0)
alignment = mot.align(source[train], target[train])

ax = alignment.plot()

# %%
# Rows are layers of ResNet-20, columns are layers of ResNet-56; a darker cell holds
# more of the row's layer. The plan is close to a diagonal, though depth was not used to
# find it.
#
# Does the picture mean anything?
# -------------------------------
#
# Equal masses alone draw half a diagonal. So compare the plan with plans of shuffled
# images. The hierarchy is 1 where only layers of equal relative depth are coupled.
# (Nine shuffles keep this page quick; take 99.)

null = mot.hierarchy_null(source, target, n_permutations=9)
print(f"hierarchy {null.observed:.2f}")
print(f"of shuffled images {null.stimuli.mean():.2f}, p = {null.p_stimuli:.2f}")

# %%
# How well does one predict the other?
# ------------------------------------
#
# The score is the mean correlation of ResNet-20's units with their reconstruction from
# ResNet-56.

for coupling in ("mot", "pairwise_best", "uniform"):
    score = alignment.score(source[test], target[test], coupling=coupling)
    print(f"{coupling:13} {score.value:.3f}")

# %%
# MOT predicts better than the nearest layer alone, and worse than all layers averaged
# alike: averages cancel noise, whichever way they are chosen. The map is what MOT adds,
# not the score.
#
# Read on in the documentation: :doc:`/thirty-seconds` says what the answer means,
# :doc:`/guides/language-models` and :doc:`/guides/vision` lead from your own models to
# this picture, and :doc:`/measures` says when to take another measure.
