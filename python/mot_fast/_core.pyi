from collections.abc import Callable, Sequence
from typing import Any, Final, NoReturn, overload

import numpy as np
import numpy.typing as npt

GREATEST_COST: Final[float]

class Certificate:
    @property
    def dual_violation(self) -> float: ...
    @property
    def slackness(self) -> float: ...
    @property
    def marginal_error(self) -> float: ...
    @property
    def duality_gap(self) -> float: ...
    @property
    def tolerance(self) -> float: ...
    @property
    def figures(self) -> tuple[float, float, float, float, float]: ...
    @property
    def is_optimal(self) -> bool: ...

class Solution:
    @property
    def is_optimal(self) -> bool: ...
    @property
    def is_infeasible(self) -> bool: ...
    @property
    def cost(self) -> float: ...
    @property
    def certificate(self) -> Certificate: ...
    @property
    def price(self) -> float: ...
    def take_left_behind(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]: ...
    def take_arrays(
        self,
    ) -> tuple[
        npt.NDArray[np.int32],
        npt.NDArray[np.int32],
        npt.NDArray[np.float64],
        npt.NDArray[np.float64],
        npt.NDArray[np.float64],
    ]: ...
    def dense_plan(self) -> npt.NDArray[np.float64]: ...

class Solutions(Sequence[Solution]):
    def __init__(self, solved_apart: Sequence[Solution]) -> None: ...
    @overload
    def __getitem__(self, p: int) -> Solution: ...
    @overload
    def __getitem__(self, p: slice) -> NoReturn: ...
    def __len__(self) -> int: ...
    @property
    def costs(self) -> npt.NDArray[np.float64]: ...
    @property
    def prices(self) -> npt.NDArray[np.float64]: ...
    @property
    def certificates(self) -> npt.NDArray[np.float64]: ...
    def first_unproven(self) -> int | None: ...
    def take_plans(
        self,
    ) -> tuple[
        npt.NDArray[np.int64],
        npt.NDArray[np.int32],
        npt.NDArray[np.int32],
        npt.NDArray[np.float64],
        npt.NDArray[np.float64],
        npt.NDArray[np.float64],
    ]: ...

class StandardizedLayer:
    def __init__(
        self, activations: npt.NDArray[Any], rows: npt.NDArray[np.int64] | None = None, n_threads: int = 1
    ) -> None: ...
    @property
    def mean(self) -> npt.NDArray[np.float64]: ...
    @property
    def deviation(self) -> npt.NDArray[np.float64]: ...

def products() -> str: ...
def available_products() -> list[str]: ...
def use_products(name: str) -> None: ...
def kernels() -> str: ...
def first_nonfinite(
    activations: npt.NDArray[Any], rows: npt.NDArray[np.int64] | None = None
) -> tuple[int, int] | None: ...
def solve_transport(
    cost: npt.NDArray[Any],
    a: npt.NDArray[np.float64],
    b: npt.NDArray[np.float64],
    scale: float,
    method: str = "automatic",
    potentials: tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]] | None = None,
    goal: tuple[float, float] | None = None,
) -> Solution: ...
def solve_plain_transport(cost: Any, a: Any, b: Any) -> Solution | None: ...
def solve_sparse_transport(
    row_starts: npt.NDArray[np.int64],
    columns: npt.NDArray[np.int32],
    costs: npt.NDArray[np.float64],
    a: npt.NDArray[np.float64],
    b: npt.NDArray[np.float64],
) -> Solution: ...

_Floats = npt.NDArray[np.float64]
PartialCurve = tuple[_Floats, _Floats, tuple[_Floats, _Floats], tuple[_Floats, _Floats]]

def solve_partial(
    cost: npt.NDArray[Any],
    a: _Floats,
    b: _Floats,
    scale: float,
    masses: Sequence[float],
    kept: tuple[_Floats, _Floats] | None = None,
    has_curve: bool = True,
) -> tuple[Solutions, PartialCurve]: ...
def solve_sparse_partial(
    row_starts: npt.NDArray[np.int64],
    columns: npt.NDArray[np.int32],
    costs: _Floats,
    a: _Floats,
    b: _Floats,
    masses: Sequence[float],
    kept: tuple[_Floats, _Floats] | None = None,
) -> tuple[Solutions, PartialCurve]: ...
def solve_partial_points(
    x: _Floats,
    y: _Floats,
    a: _Floats,
    b: _Floats,
    metric: str,
    base: float,
    most_costs: int,
    n_threads: int,
    masses: Sequence[float],
    kept: tuple[_Floats, _Floats] | None = None,
) -> tuple[Solutions, PartialCurve]: ...
def solve_points(
    x: npt.NDArray[np.float64],
    y: npt.NDArray[np.float64],
    a: npt.NDArray[np.float64],
    b: npt.NDArray[np.float64],
    metric: str,
    base: float,
    most_costs: int,
    n_threads: int,
) -> Solution: ...
def assign(
    cost: npt.NDArray[np.float64], maximize: bool
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], Certificate]: ...
def figures_of(a: Any, b: Any, cost: Any) -> tuple[float, float] | None: ...
def largest_magnitude(values: npt.NDArray[Any]) -> float: ...
def solve_pairs(
    sources: Sequence[StandardizedLayer],
    targets: Sequence[StandardizedLayer],
    n_threads: int,
    most_costs: int,
    most_costs_alone: int,
    progress: Callable[[int], None] | None = None,
    source_masses: Sequence[npt.NDArray[np.float64]] | None = None,
    target_masses: Sequence[npt.NDArray[np.float64]] | None = None,
    most_costs_of_pairs: Sequence[int] | None = None,
    goals: npt.NDArray[np.float64] | None = None,
) -> Solutions: ...
def solve_chosen_pairs(
    layers: Sequence[StandardizedLayer],
    sources: npt.NDArray[np.int64],
    targets: npt.NDArray[np.int64],
    most_costs_of_pairs: npt.NDArray[np.int64],
    n_threads: int,
    most_costs: int,
    most_costs_alone: int,
) -> Solutions: ...
def solve_many(
    costs: npt.NDArray[Any] | list[npt.NDArray[Any]],
    a: npt.NDArray[np.float64] | list[npt.NDArray[np.float64]] | None,
    b: npt.NDArray[np.float64] | list[npt.NDArray[np.float64]] | None,
    n_problems: int,
    n_threads: int,
) -> Solutions: ...
def processors() -> int: ...
def available_threads() -> int: ...
