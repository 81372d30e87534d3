"""Which source layer is predicted from which target layers: the layer plan and its baselines."""

from __future__ import annotations

import numpy as np

from mot_fast import _validate
from mot_fast._validate import F64

COUPLINGS = ("mot", "single_best", "pairwise_best", "permuted")


def coupling(name: str, layer_plan: F64, layer_costs: F64, seed: int = 0) -> F64:
    """Layer weights `(L, M)`, each row summing to 1 / L.

    Parameters
    ----------
    name : str
        "mot": the layer plan itself; "single_best": each source layer's weight on the target layer that has most of it
        in the plan; "pairwise_best": on the target layer of least layer cost, each source layer for itself;
        "permuted": the rows of the plan in random order. Ties go to the earlier layer.
    layer_plan, layer_costs : arrays, `(L, M)`
    seed : int
        Of the random order.

    Raises
    ------
    ValueError
        If there is no such coupling.
    """
    match _validate.choice(name, COUPLINGS, "coupling"):
        case "single_best":
            return _all_on(layer_plan.argmax(axis=1), layer_plan.shape)
        case "pairwise_best":
            return _all_on(layer_costs.argmin(axis=1), layer_costs.shape)
        case "permuted":
            seed = _validate.whole_number(seed, "seed", at_least=0)
            return np.random.default_rng(seed).permutation(layer_plan, axis=0)
        case _:
            return layer_plan.copy()


def _all_on(columns: np.ndarray, shape: tuple[int, ...]) -> F64:
    weights = np.zeros(shape)
    weights[np.arange(shape[0]), columns] = 1.0 / shape[0]
    return weights
