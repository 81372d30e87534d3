from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg
import scipy.stats

from mot_fast.layer_pairs.procrustes import orthogonal_factor


@pytest.mark.parametrize("n", [1, 2, 7, 40])
def test_it_is_scipy_s_solution_where_that_is_unique(n, rng):
    x, y = rng.standard_normal((60, n)), rng.standard_normal((60, n))
    factor, rank = orthogonal_factor(x.T @ y, near=np.eye(n))
    expected, _ = scipy.linalg.orthogonal_procrustes(x, y)
    assert rank == n
    np.testing.assert_allclose(factor, expected, atol=1e-12)


@pytest.mark.parametrize("rank", [0, 1, 5, 11])
def test_free_directions_stay_as_near_as_they_can(rank, rng):
    n = 12
    matrix = rng.standard_normal((n, rank)) @ rng.standard_normal((rank, n))
    near = scipy.stats.ortho_group.rvs(n, random_state=1)
    factor, found = orthogonal_factor(matrix, near)
    assert found == rank
    np.testing.assert_allclose(factor.T @ factor, np.eye(n), atol=1e-12)
    assert np.vdot(factor, matrix) == pytest.approx(np.linalg.svd(matrix)[1].sum())
    # Any other completion, by a rotation within the null spaces, is farther from `near`.
    u, _, vt = np.linalg.svd(matrix)
    for seed in range(20):
        turn = scipy.stats.ortho_group.rvs(max(2, n - rank), random_state=seed)[: n - rank, : n - rank]
        if n - rank < 2:
            turn = np.array([[(-1.0) ** seed]])
        other = u[:, :rank] @ vt[:rank] + u[:, rank:] @ turn @ vt[rank:]
        assert np.vdot(factor, near) >= np.vdot(other, near) - 1e-9


def test_free_directions_do_not_jump(rng):
    """The singular vectors of a null space are arbitrary, and turn with the last digit of the matrix."""
    matrix = rng.standard_normal((30, 9)) @ rng.standard_normal((9, 30))
    near = scipy.stats.ortho_group.rvs(30, random_state=1)
    factor, _ = orthogonal_factor(matrix, near)
    for _ in range(5):
        nudged, rank = orthogonal_factor(matrix * (1 + 1e-15 * rng.standard_normal((30, 30))), near)
        assert rank == 9
        np.testing.assert_allclose(nudged, factor, atol=1e-10)
    np.testing.assert_allclose(orthogonal_factor(matrix, factor)[0], factor, atol=1e-12)


@pytest.mark.parametrize(("n", "k", "rank"), [(30, 9, 9), (30, 9, 4), (30, 14, 14), (3, 1, 1), (30, 5, 0)])
def test_a_known_low_rank_changes_nothing_but_the_time(n, k, rank, rng):
    basis, _ = np.linalg.qr(rng.standard_normal((n, k)))
    matrix = rng.standard_normal((k, rank)) @ rng.standard_normal((rank, n))
    near = scipy.stats.ortho_group.rvs(n, random_state=1)
    for _ in range(2):
        expected, expected_rank = orthogonal_factor(basis @ matrix, near)
        factor, found = orthogonal_factor(matrix, near, basis)
        assert found == expected_rank == rank
        np.testing.assert_allclose(factor, expected, atol=1e-10)
        np.testing.assert_allclose(factor.T @ factor, np.eye(n), atol=1e-12)
        near = factor  # the next time from the factor itself


def test_it_answers_where_divide_and_conquer_does_not_converge(rng, monkeypatch):
    matrix = rng.standard_normal((6, 6))
    expected, _ = orthogonal_factor(matrix, np.eye(6))

    def fail(*_, **__):
        raise np.linalg.LinAlgError("SVD did not converge")

    monkeypatch.setattr(np.linalg, "svd", fail)
    np.testing.assert_allclose(orthogonal_factor(matrix, np.eye(6))[0], expected, atol=1e-12)


def test_scale_does_not_matter(rng):
    matrix = rng.standard_normal((6, 6))
    expected, _ = orthogonal_factor(matrix, np.eye(6))
    for scale in (1e-150, 1e150):
        np.testing.assert_allclose(orthogonal_factor(matrix * scale, np.eye(6))[0], expected, atol=1e-12)
