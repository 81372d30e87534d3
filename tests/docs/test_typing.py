"""A user's code as mypy sees it: what it says of types must hold, here and when it runs.

mypy reads this file as strictly as the package. Where a line is marked as ignored, it must find an error, or say so.
"""

from __future__ import annotations

from pathlib import Path
from typing import assert_type

import numpy as np
import numpy.typing as npt
import pytest

import mot_fast as mot
from mot_fast.plot import plot_layer_plans

F64 = npt.NDArray[np.float64]


@pytest.fixture
def source() -> mot.Network:
    rng = np.random.default_rng(0)
    return mot.load({"V1": rng.random((40, 5)), "IT": rng.random((40, 4), dtype=np.float32)}, name="monkey")


@pytest.fixture
def target() -> mot.Network:
    rng = np.random.default_rng(1)
    return mot.load([rng.random((40, 6)), rng.random((40, 3)).tolist()])


def test_networks(source: mot.Network, tmp_path: Path) -> None:
    assert_type(source.labels, tuple[str, ...])
    assert_type(source.shape, tuple[int, int])
    assert_type(source[:10], mot.Network)
    assert_type(source[[0, 2]], mot.Network)
    assert_type(source[np.arange(40) % 2 == 0, ...].select(["V1"]), mot.Network)
    assert source.layer("V1").shape == (40, 5)
    np.savez(tmp_path / "network.npz", layer=source.layer(0))
    assert_type(mot.load(tmp_path / "network.npz"), mot.Network)
    assert_type(mot.load(str(tmp_path / "network.npz"), name="again"), mot.Network)
    assert mot.load(source.to_pandas()).labels == source.labels


def test_alignments(source: mot.Network, target: mot.Network, tmp_path: Path) -> None:
    train, test = mot.split(source.n_stimuli, test_size=0.25, seed=0)
    assert_type(train, npt.NDArray[np.int64])
    alignment = mot.align(source[train], target[train], rotate=mot.Alternation(max_iter=3), source_mass=[1, 2])
    assert_type(alignment, mot.Alignment)
    assert_type(alignment.cost, float)
    assert_type(alignment.layer_plan, F64)
    assert_type(alignment.coupling("single_best"), F64)
    assert_type(alignment.rotation("V1", 0), F64)
    assert_type(alignment.certificate, mot.Certificate)
    score = alignment.score(source[test], target[test], coupling=np.full((2, 2), 0.25))
    assert_type(score, mot.Score)
    assert_type(score.value, float)
    assert_type(score.per_unit, tuple[F64, ...])
    assert_type(alignment.reconstruct(target[test]), list[F64])
    alignment.save(tmp_path / "run.mot")
    assert_type(mot.Alignment.load(tmp_path / "run.mot"), mot.Alignment)


def test_plans_of_units(source: mot.Network, target: mot.Network) -> None:
    plan = mot.align(source, target).unit_plan("IT", 1)
    assert_type(plan, mot.UnitPlan)
    assert_type(plan.nnz, int)
    assert_type(plan.toarray(), F64)
    assert plan.plan.shape == plan.shape
    transport = mot.solve_transport([[0.0, 1.0], [1.0, 0.0]], a=[0.5, 0.5])
    assert_type(transport, mot.Transport)
    assert_type(transport.u, F64)


def test_many_networks(source: mot.Network, target: mot.Network) -> None:
    assert_type(mot.compare(source, target, ["mot", "rsa"], splits=2), mot.Comparison)
    runs = mot.align_trajectories([source, source], {"late": target})
    assert_type(runs, mot.NestedAlignment)
    assert_type(runs.alignment(0, "late", rotate=True, n_jobs=1), mot.Alignment)
    assert_type(mot.align_nested([[source], [source]], {"a": {"b": target}}), mot.NestedAlignment)
    blocks = mot.blocked_splits(source.n_stimuli, 2, gap=3)
    assert_type(mot.compare(source, target, ["cka"], splits=blocks), mot.Comparison)
    matrix = mot.similarity_matrix({"one": source, "two": target}, groups=range(source.n_stimuli))
    assert_type(matrix, mot.SimilarityMatrix)
    assert_type(matrix.costs, F64)
    assert_type(mot.hierarchy([[0.5, 0.0], [0.0, 0.5]]), float)
    null = mot.hierarchy_null(source, target, n_permutations=3, n_layer_permutations=9, convention="paper")
    assert_type(null, mot.HierarchyNull)
    train, test = mot.split(source.n_stimuli)
    chance = mot.alignment_null(source, target, n_permutations=3, split=(train, test), rotate=True)
    assert_type(chance, mot.AlignmentNull)
    assert_type(chance.relative_cost, float)
    assert_type(mot.equal_width_cost(source, target, 2, n_draws=2, n_jobs=1), mot.EqualWidthCost)
    stability = mot.stability(source, target, n_resamples=2, n_decoys=1, pairs=[("V1", 0)], n_jobs=1)
    assert_type(stability, mot.Stability)
    assert_type(stability.units("V1", 0), mot.UnitMatches)
    assert_type(stability.consensus_plan, F64)
    curve = mot.subsample_curve(source, target, [0.5, 1.0], splits=1, n_jobs=1)
    assert_type(curve, mot.SubsampleCurve)


def test_estimators(source: mot.Network, target: mot.Network) -> None:
    pytest.importorskip("sklearn")
    from sklearn.model_selection import KFold

    assert_type(mot.compare(source, target, ["cka"], splits=KFold(2)), mot.Comparison)
    assert_type(mot.Aligner(rotate="auto", splits=2).fit(source, target, groups=range(source.n_stimuli)), mot.Aligner)
    estimator = mot.Aligner(coupling="single_best").fit(source, target)
    assert_type(estimator, mot.Aligner)
    assert_type(estimator.alignment_, mot.Alignment)
    assert_type(estimator.score(source, target), float)
    matrix = np.random.default_rng(0).random((40, 3))
    assert_type(mot.Aligner().fit(matrix, matrix).reconstruct(matrix), list[F64])


def test_mistakes_are_found_before_they_are_made(source: mot.Network, target: mot.Network) -> None:
    alignment = mot.align(source, target)
    with pytest.raises(TypeError, match="network 'network': expected a mapping or a sequence of arrays"):
        mot.load(3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="network 'network': expected a mapping or a sequence of arrays"):
        mot.load(source.layer(0))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="rotate: expected True, False or an Alternation, found 'yes'"):
        mot.align(source, target, rotate="yes")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="takes 2 positional arguments"):
        mot.align(source, target, True)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="source_mass: expected one mass, or one array of masses, a layer, found 3"):
        mot.align(source, target, source_mass=3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="stimuli: expected a slice, indices or a mask, found 'V1'"):
        source["V1"]  # type: ignore[index]
    with pytest.raises(TypeError, match=r"source_layer: expected an integer, found 0.5"):
        alignment.unit_plan(0.5, 0)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="unexpected keyword argument 'rotated'"):
        mot.hierarchy_null(source, target, n_permutations=1, rotated=True)  # type: ignore[call-arg]
    with pytest.raises(AttributeError, match="no attribute 'layer_plans'"):
        alignment.layer_plans  # type: ignore[attr-defined] # noqa: B018
    with pytest.raises(TypeError, match="alignments: expected alignments, or pairs"):
        plot_layer_plans([source])  # type: ignore[list-item]
