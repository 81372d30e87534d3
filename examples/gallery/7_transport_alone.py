"""
Transport on its own: points, assignment, batches
=================================================

The solver under the alignment takes any costs. Every answer is exact, and proven to be;
there is nothing to tune.
"""

# %%
# Points
# ------

import matplotlib.pyplot as plt
import numpy as np

import mot_fast as mot

rng = np.random.default_rng(0)
angle = rng.uniform(0, 2 * np.pi, 200)
ring = np.column_stack([np.cos(angle), np.sin(angle)]) + 0.05 * rng.standard_normal(
    (200, 2)
)
cloud = 0.35 * rng.standard_normal((200, 2))

transport = mot.solve_sample(cloud, ring)  # squared distances
print(f"cost {transport.cost:.3f}")
print(f"the optimum is at most {transport.certificate.duality_gap:.0e} below")

goes_to = ring[transport.columns]
figure, ax = plt.subplots(figsize=(5, 5))
ax.plot(
    *np.stack([cloud, goes_to], axis=1).T, color="lightgray", linewidth=0.8, zorder=0
)
ax.scatter(*cloud.T, s=12, label="source")
ax.scatter(*ring.T, s=12, label="target")
ax.set_aspect("equal")
ax.legend()
figure.tight_layout()

# %%
# Masses may be unequal, and then a point's mass is divided: ``mot.solve_sample(x, y, a,
# b)``. A matrix of costs of your own goes into ``mot.solve_transport(cost, a, b)``.
#
# Assignment
# ----------
#
# The drop-ins take the arguments of SciPy's and POT's functions, and return the same.
# Only the import changes.

rows, columns = mot.ot.linear_sum_assignment(
    [[4.0, 1.0, 3.0], [2.0, 0.0, 5.0], [3.0, 2.0, 2.0]]
)
print(columns)
plan = mot.ot.emd([0.5, 0.5], [0.25, 0.75], [[0.0, 1.0], [1.0, 0.5]])
print(plan)

# %%
# Batches
# -------
#
# Many problems in one call, on all threads: here a hundred minibatches of 64 points.
# With PyTorch's tensors the costs know their derivatives.

noise, data = rng.standard_normal((2, 100, 64, 2))
costs = ((noise[:, :, None] - data[:, None]) ** 2).sum(-1)
batches = mot.solve_transports(costs)
print(batches.permutations.shape)
print(f"mean cost {batches.costs.mean():.2f}")
print(f"as they come {np.einsum('kii->ki', costs).mean():.2f}")

# %%
# An exact plan of a sample has the sample's noise in it. If a blurred plan is what you
# want, entropic solvers are the tool.
#
# Read on in the documentation: :doc:`/guides/transport` has recipes for flow matching,
# re-basin, cells and images; :doc:`/exact` leads from POT to this package.
