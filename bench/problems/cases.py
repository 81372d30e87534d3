"""Problems and their targets: transports of one cost matrix, and alignments of two networks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from harness.targets import Target, faster_than
from problems.layers import (
    F64,
    GEMMA3,
    MINILM,
    N_STIMULI,
    SMOLLM2,
    Networks,
    correlation_cost,
    recorded,
    resnets,
    side_by_side,
    synthetic,
)

REAL, ALIKE, SYNTHETIC = "real", "real, near-identity", "synthetic"
"""Families of problems: recorded layers of different networks or depths, nearly equal ones, and synthetic ones."""

THREADS = {1: "1 thread", 2: "2 threads"}
PLAIN, PRODUCTS, PEAK = "NumPy and POT", "float32 products", "peak GiB"
COMPARED = (*THREADS.values(), PLAIN, PRODUCTS)
GIB = 2**30
BEYOND_SIZES, BEYOND_STIMULI, BEYOND_LIMIT = (5_000, 10_000, 20_000, 50_000), 500, GIB


@dataclass(frozen=True)
class Case:
    """Transport of a cost matrix, which is made when its turn comes."""

    name: str
    family: str
    is_small: bool
    cost: Callable[[], F64]
    targets: tuple[Target, ...] = ()


def cases(folder: Path | None) -> Iterator[Case]:
    """All transports; without a folder of recordings, those that need none."""
    for target_layer in (14, 20):
        name = f"ResNet-20 5 x ResNet-56 {target_layer}"
        yield Case(name, REAL, True, partial(_resnet_cost, 5, target_layer))
    if folder:
        yield from _recorded_cases(folder)
    big = (faster_than("POT", at_least=20, aim=40), faster_than("lap", at_least=6, aim=12))
    for n, m, n_stimuli, targets in (
        (256, 256, N_STIMULI, ()),
        (512, 512, N_STIMULI, ()),
        (1024, 1024, N_STIMULI, ()),
        (2048, 2048, N_STIMULI, ()),
        (2048, 3072, N_STIMULI, (faster_than("POT", at_least=10, aim=20),)),
        (4096, 4096, N_STIMULI, ()),
        (8192, 8192, 1000, big),
    ):
        yield Case(f"synthetic, T = {n_stimuli}", SYNTHETIC, False, partial(_synthetic_cost, n, m, n_stimuli), targets)


def _recorded_cases(folder: Path) -> Iterator[Case]:
    narrow, wide = faster_than("POT", at_least=3, aim=8), faster_than("POT", at_least=6, aim=12)
    far = faster_than("POT", "lap", "SciPy", at_least=3, aim=6)
    near = faster_than("lap", at_least=0.7, aim=1.5)

    def case(
        name: str, source: tuple[str, tuple[int, ...]], target: tuple[str, tuple[int, ...]], *goals: Target
    ) -> Case:
        family = ALIKE if near in goals else REAL
        return Case(name, family, len(source[1]) == 1, partial(_recorded_cost, folder, source, target), goals)

    yield case("SmolLM2 7 x Gemma-3 5", (SMOLLM2, (7,)), (GEMMA3, (5,)), narrow)
    yield case("SmolLM2 7 x MiniLM 3", (SMOLLM2, (7,)), (MINILM, (3,)), narrow)
    yield case("SmolLM2 3 x 13, far apart", (SMOLLM2, (3,)), (SMOLLM2, (13,)))
    yield case("SmolLM2 7 x 8, adjacent", (SMOLLM2, (7,)), (SMOLLM2, (8,)), near)
    yield case("SmolLM2 2,6,9,13 x Gemma-3 2,4,6,8", (SMOLLM2, (2, 6, 9, 13)), (GEMMA3, (2, 4, 6, 8)), wide)
    yield case(
        "SmolLM2 1,3,5,7,9,13 x Gemma-3 2-6,8", (SMOLLM2, (1, 3, 5, 7, 9, 13)), (GEMMA3, (2, 3, 4, 5, 6, 8)), wide
    )
    yield case("SmolLM2 1,3,5,7 x 8,10,12,14, far apart", (SMOLLM2, (1, 3, 5, 7)), (SMOLLM2, (8, 10, 12, 14)), far)
    yield case("SmolLM2 2,6,9,13 x 3,7,10,14, adjacent", (SMOLLM2, (2, 6, 9, 13)), (SMOLLM2, (3, 7, 10, 14)), near)


@dataclass(frozen=True)
class Grid:
    """Two networks, which one process makes and aligns for each way."""

    name: str
    networks: Callable[[], Networks]
    ways: tuple[str, ...]
    targets: tuple[Target, ...] = ()
    memory_limit: int | None = None


def small_grid() -> Grid:
    """Alignment of the bundled networks."""
    target = Target((PLAIN,), THREADS[1], 3, 5)
    return Grid("ResNet-20 x ResNet-56, 10 x 28 layers", resnets, COMPARED, (target,))


def grids(folder: Path | None) -> Iterator[Grid]:
    """Alignments that are compared with the plain way, and one that must not take much memory."""
    yield small_grid()
    one, two = THREADS.values()
    if folder:
        yield Grid(
            "SmolLM2 x Gemma-3, 16 x 10 layers",
            lambda: (recorded(folder / SMOLLM2), recorded(folder / GEMMA3)),
            COMPARED,
            (Target((PLAIN,), one, 5, 8), Target((one,), PRODUCTS, 0.8, 0.55), Target((one,), two, 1.9, 1.95)),
        )
    layers = "layers of 2048 x 3072, synthetic"
    wide = (Target((PLAIN,), one, 12, 18), Target((one,), PRODUCTS, 0.6, 0.4))
    yield Grid(f"3 x 3 {layers}", partial(_synthetic_networks, 3, 3), COMPARED, wide)
    yield Grid(f"16 x 28 {layers}", partial(_synthetic_networks, 16, 28), (two,), (Target((PEAK,), None, 1, 0.5),))


def grids_beyond_memory() -> Iterator[Grid]:
    """Single pairs of layers whose costs, the largest ones, take more than the limit."""
    for n in BEYOND_SIZES:
        networks = partial(_synthetic_networks, 1, 1, n, n, BEYOND_STIMULI)
        yield Grid(f"{n:,} x {n:,} units, synthetic", networks, (THREADS[2],), memory_limit=BEYOND_LIMIT)


def _synthetic_networks(
    n_source: int, n_target: int, source_width: int = 2048, target_width: int = 3072, n_stimuli: int = N_STIMULI
) -> Networks:
    layers = list(synthetic([source_width] * n_source + [target_width] * n_target, n_stimuli, np.float32))
    return layers[:n_source], layers[n_source:]


def _recorded_cost(folder: Path, *sides: tuple[str, Sequence[int]]) -> F64:
    source, target = (side_by_side(folder / file, layers) for file, layers in sides)
    return correlation_cost(source, target)


def _resnet_cost(source_layer: int, target_layer: int) -> F64:
    source, target = resnets()
    return correlation_cost(source[source_layer], target[target_layer])


def _synthetic_cost(n_source: int, n_target: int, n_stimuli: int) -> F64:
    return correlation_cost(*synthetic((n_source, n_target), n_stimuli, np.float64))
