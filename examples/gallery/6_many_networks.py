"""
Many networks: who is like whom?
================================

Every network is aligned with every other, in one call. Here they are two training runs
of a small language model, at four steps each.
"""

# %%
import mot_fast as mot

STEPS = ("step0000", "step0064", "step0512", "step1000")
run1, run2 = mot.data.training_runs()
networks = {
    f"run {k} {step}": run[step] for k, run in ((1, run1), (2, run2)) for step in STEPS
}
matrix = mot.similarity_matrix(networks)

ax = matrix.plot_dendrogram()

# %%
# The cost is 1 minus the mean correlation of matched units; it is the same from either
# side. Networks of the same step and of different seeds are compared with networks of
# the same seed and of different steps.

print(matrix.costs.round(2))

# %%
# Training moves a network further than the choice of a seed: each late network is
# nearer to the late ones of the other seed (0.53) than to its own beginning (0.68).
# Steps 512 and 1000 of one run are nearly the same.
#
# The picture in the plane keeps these distances as well as a plane can:

ax = matrix.plot_embedding()

# %%
# A tree is drawn of any matrix, of noise as well. Branches that matter come back on
# resampled stimuli and under other measures.
#
# Read on in the documentation: :doc:`/examples/networks` for seven vision and language
# models.
