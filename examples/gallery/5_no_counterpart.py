"""
What has no counterpart
=======================

Equal masses match every unit with something, also where there is nothing to match.
Partial transport leaves behind what fits worst. Here the truth is known: of 40 units,
28 are in both recordings, the other twelve are each one's own.
"""

# %%
# Two recordings with a part in common
# ------------------------------------

import matplotlib.pyplot as plt
import numpy as np

import mot_fast as mot

rng = np.random.default_rng(0)
shared = rng.standard_normal((300, 28))
one = np.hstack(
    [shared + 0.5 * rng.standard_normal(shared.shape), rng.standard_normal((300, 12))]
)
other = np.hstack(
    [shared + 0.5 * rng.standard_normal(shared.shape), rng.standard_normal((300, 12))]
)

# %%
# Say how good a match must be: here a correlation above 0.5.

cost = 1 - np.corrcoef(one.T, other.T)[:40, 40:]
everything = mot.solve_transport(cost)
good = mot.solve_transport(cost, unmatched_cost=0.5)

figure, axes = plt.subplots(1, 2, figsize=(8, 4), sharey=True)
for ax, transport, title in zip(
    axes, (everything, good), ("everything matched", "good matches alone"), strict=True
):
    ax.imshow(transport.toarray() * 40, cmap="Blues")
    ax.set(title=title, xlabel="unit of the other recording")
axes[0].set_ylabel("unit of one recording")
figure.tight_layout()

# %%
print(f"matched: {good.carried:.0%} of the units; in truth {28 / 40:.0%}")

# %%
# How much has a counterpart, if no price is known?
# -------------------------------------------------
#
# The least cost of every mass is one curve. Where it bends, good matches end.

path = mot.partial_path(cost)
figure, ax = plt.subplots(figsize=(5, 3.5))
ax.plot(path.masses, path.costs)
ax.axvline(path.knee(), linestyle=":", color="gray")
ax.set(
    xlabel="mass that is matched",
    ylabel="least cost",
    title="The dotted line is the knee",
)
figure.tight_layout()

# %%
# The knee is a rule and no test; it is clear here because what is shared is much better
# matched than what is not. What is left behind has no counterpart *among the units that
# were recorded*. Networks take the same options: ``mot.align(source, target,
# unit_cost=0.5)``.
#
# Read on in the documentation: :doc:`/guides/counterparts`, and
# :doc:`/examples/without-counterparts` for cases where it fails.
