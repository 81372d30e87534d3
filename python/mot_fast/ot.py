"""Optimal transport and assignment under the names and signatures of POT and SciPy, exact and proven.

`emd`, `emd2`, `emd2_lazy`, `solve_sample`, `partial_wasserstein` and `partial_wasserstein2` stand in for POT's (0.9.7),
`linear_sum_assignment` for SciPy's. They take the same arguments and return the same results, in the library and dtype
of the arrays that they are given: NumPy arrays, SciPy sparse costs, lists, and PyTorch tensors, whose costs know their
derivatives. Arrays of other libraries come back as NumPy's.

They differ from the originals in these points.

- An answer is proven optimal, or the call raises `mot_fast.SolverError`; it never warns and returns a partial plan. No
  iteration limit cuts a solve short: `numItermax` and other options of POT's solver are accepted and ignored.
  `potentials_init` is used.
- `emd` and `emd2` raise an error for costs that are NaN, infinite or above 1e300, for masses that are negative or all
  zero, and for sparse costs that leave no plan, where POT warns or returns numbers.
- Potentials are always centred, ``a @ u == b @ v``. Those of the partial functions are at most zero, and the log has
  the `price` of carrying more beside them.
- `partial_wasserstein` and `partial_wasserstein2` carry what is asked for, whatever the costs are. POT may carry more
  where some are negative or all are zero, and without `m` nothing where all are negative.
"""

from typing import NoReturn

from mot_fast.transport.drop_ins import emd, emd2, linear_sum_assignment
from mot_fast.transport.partial_drop_ins import partial_wasserstein, partial_wasserstein2
from mot_fast.transport.point_drop_ins import SampleResult, emd2_lazy, solve_sample

__all__ = [
    "SampleResult",
    "emd",
    "emd2",
    "emd2_lazy",
    "linear_sum_assignment",
    "partial_wasserstein",
    "partial_wasserstein2",
    "solve_sample",
]


def __getattr__(name: str) -> NoReturn:
    raise AttributeError(
        f"module 'mot_fast.ot' has no '{name}': it has {', '.join(__all__)}, which stand in for exact solvers; take "
        "everything else from POT (import ot as pot) or SciPy"
    )
