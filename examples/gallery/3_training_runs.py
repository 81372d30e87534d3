"""
Training runs: which checkpoint goes where?
===========================================

Two small language models were trained from different seeds, and kept at twelve steps.
The plan says which moment of one run corresponds to which moment of the other: units
are aligned, then layers, then checkpoints.
"""

# %%
# A run is a list of networks, or a mapping from names to networks, in the order of
# training.

import mot_fast as mot

run1, run2 = mot.data.training_runs()
runs = mot.align_trajectories(run1, run2)

ax = runs.plot()

# %%
# Near the diagonal, step goes with step. The hierarchy measures how near; beside it is
# that of the nearest checkpoint of each, without the rule that every checkpoint must be
# used.

print(f"hierarchy {runs.hierarchy():.3f}")
print(f"of nearest checkpoints {runs.hierarchy('pairwise_best'):.3f}")
print("nearest, of each checkpoint:", runs.coupling("pairwise_best").argmax(axis=1))
print("by the plan:                ", runs.plan.argmax(axis=1))

# %%
# Many checkpoints of one run are nearest to the same one of the other. The balance
# spreads them; it would also do so if one run had learnt nothing for half of its steps.
# So the diagonal is partly the rule, and partly the runs.
#
# Any two checkpoints have an alignment of their own:

print(runs.between("step1000", "step0512").plan.round(2))

# %%
# Read on in the documentation: :doc:`/guides/training-runs` records checkpoints of your
# own model, and asks whether anything was learnt.
