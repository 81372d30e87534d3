"""Optimal transport problems, solved exactly and proven, also under the signatures of POT and SciPy.

- `solve`: `solve_transport`, for all mass or some.
- `transport`: its results `Transport` and `UnitPlan`, their `Certificate`.
- `partial`: `partial_path`, plans that leave mass behind.
- `problem`: one problem as the core takes it, dense or sparse.
- `points`, `prepared_points`: `solve_sample`, at costs from coordinates.
- `many`: `solve_transports`, many problems at once, and its result `Transports`.
- `many_validation`: their costs and masses.
- `partial_drop_ins`: `partial_wasserstein` and `partial_wasserstein2` of `mot_fast.ot`.
- `drop_ins`: `emd`, `emd2` and `linear_sum_assignment`, which `mot_fast.ot` offers.
- `point_drop_ins`: `emd2_lazy` and `solve_sample` of `mot_fast.ot`.
- `drop_in_validation`: masses and costs, validated as POT and SciPy validate them.
- `backend`, `torch_backend`: the caller's arrays into NumPy's and back, with derivatives for PyTorch.
"""

from typing import Any

from mot_fast._moved import moved


def __getattr__(name: str) -> Any:
    return moved("transport", name)
