"""Couplings of layers: the weights by which a source layer is predicted from target layers, and their baselines."""

from __future__ import annotations

import numpy as np

from mot_fast import _validate
from mot_fast._validate import F64

FAVOURITES = ("mot", "single_best", "pairwise_best")
"""Couplings that predict a source layer from few target layers."""
UNSHUFFLED = (*FAVOURITES, "greedy", "uniform")
"""Couplings without random numbers."""
COUPLINGS = (*UNSHUFFLED, "permuted")


def coupling(name: str, layer_plan: F64, layer_costs: F64, seed: int = 0, *, is_all: bool = True) -> F64:
    """Layer weights `(L, M)`, each row summing to the mass of its source layer, 1 / L by default.

    Parameters
    ----------
    name : str
        "mot": the layer plan itself; "single_best": all weight of a source layer on the target layer that has most of
        it in the plan; "pairwise_best": all weight of a source layer on the target layer of least layer cost;
        "greedy": the weights of each row of the plan, the largest on the target layer of least layer cost, the next on
        the one of the next cost, and so on; "uniform": all target layers alike; "permuted": the rows of the plan in
        random order, each scaled to its new layer's mass, but for rows without any, or as they are where the plan does
        not carry all mass. Ties go to the earlier layer.
    layer_plan, layer_costs : arrays, `(L, M)`
    seed : int
        Seed of the random order.
    is_all : bool
        Whether the plan carries all mass of the layers.

    Raises
    ------
    ValueError
        If there is no such coupling.
    """
    match _validate.choice(name, COUPLINGS, "coupling"):
        case "single_best":
            return _all_on(layer_plan.argmax(axis=1), layer_plan)
        case "pairwise_best":
            return _all_on(layer_costs.argmin(axis=1), layer_plan)
        case "greedy":
            weights = np.empty(layer_plan.shape)
            np.put_along_axis(
                weights, layer_costs.argsort(axis=1, kind="stable"), -np.sort(-layer_plan, axis=1), axis=1
            )
            return weights
        case "uniform":
            masses = layer_plan.sum(axis=1, keepdims=True)
            return np.repeat(masses / layer_plan.shape[1], layer_plan.shape[1], axis=1)
        case "permuted":
            seed = _validate.whole_number(seed, "seed", at_least=0)
            masses = layer_plan.sum(axis=1)
            order = np.random.default_rng(seed).permutation(len(masses))
            is_scaled = is_all & (masses[order] > 0)
            scales = np.divide(masses, masses[order], out=np.ones(len(masses)), where=is_scaled)
            return np.asarray(layer_plan[order] * scales[:, None])
        case _:
            return layer_plan.copy()


def _all_on(columns: np.ndarray, layer_plan: F64) -> F64:
    weights = np.zeros(layer_plan.shape)
    weights[np.arange(len(weights)), columns] = layer_plan.sum(axis=1)
    return weights
