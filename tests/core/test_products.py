"""The products that screen costs: chosen by name, by the environment, and without effect on what is stored."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

import mot_fast as mot
from mot_fast import _core

PRODUCTS = _core.available_products()


@pytest.fixture
def use_products():
    """Chooses the products for one test."""
    before = _core.products()
    yield _core.use_products
    _core.use_products(before)


def import_with(products, program="from mot_fast import _core; print(_core.products())"):
    """Run a program, by default one that prints the products in use, with a value of the environment variable."""
    return subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "MOT_FAST_PRODUCTS": products},
        capture_output=True,
        text=True,
        check=False,
    )


def test_float32_is_always_there_and_names_are_checked(use_products):
    assert PRODUCTS[0] == "float32"
    for name in PRODUCTS:
        use_products(name)
        assert _core.products() == name
    use_products("auto")
    assert _core.products() in PRODUCTS
    with pytest.raises(ValueError, match=r"name: expected products .*, one of 'auto', 'float32', .*, found 'magic'"):
        use_products("magic")
    assert _core.products() in PRODUCTS


@pytest.mark.processes
@pytest.mark.parametrize("name", PRODUCTS)
def test_the_environment_pins_the_products(name):
    assert import_with(name).stdout.strip() == name


@pytest.mark.processes
def test_the_environment_may_leave_the_choice():
    chosen = {import_with(value).stdout.strip() for value in ("auto", "")}
    assert len(chosen) == 1
    assert chosen <= set(PRODUCTS)


@pytest.mark.processes
def test_an_unknown_name_in_the_environment_is_an_error_that_names_the_variable():
    result = import_with("AMX", program="import mot_fast")
    assert result.returncode == 1
    expected = "ImportError: MOT_FAST_PRODUCTS: expected products that this processor runs, one of 'auto', 'float32',"
    assert expected in result.stderr
    assert result.stderr.strip().endswith("found 'AMX'")


def test_all_products_lead_to_the_same_costs_and_proofs(use_products, layers):
    source, target = layers([40, 64], 300), layers([50, 64, 30], 300, seed=4)
    found = []
    for name in PRODUCTS:
        use_products(name)
        found.append(mot.align(source, target))
        proof = found[-1].certificate
        assert max(proof.duality_gap, proof.dual_violation, proof.slackness) <= proof.tolerance
    for each in found:
        np.testing.assert_allclose(each.layer_costs, found[0].layer_costs, rtol=0, atol=1e-12)


def test_all_products_of_one_byte_lead_to_the_same_bits(use_products, layers):
    """Units come in copies, so that there are many optimal plans."""
    source, target = ([np.repeat(x, 2, axis=1) for x in layers([12, 40], 90, seed=seed)] for seed in (0, 4))
    found = []
    for name in PRODUCTS:
        if name not in ("float32", "avx2"):
            use_products(name)
            plan = mot.align(source, target).unit_plan(1, 1)
            found.append((plan.cost, plan.plan.toarray().tobytes(), plan.u.tobytes(), plan.v.tobytes()))
    assert len(set(found)) == 1


@pytest.mark.parametrize("first", PRODUCTS)
def test_a_store_serves_runs_with_any_products(first, use_products, layers, tmp_path):
    """Units come in copies, so that there are many optimal plans; what one run has stored another takes as it is."""
    source, target = ([np.repeat(x, 2, axis=1) for x in layers([12, 20], 90, seed=seed)] for seed in (0, 4))
    use_products(first)
    stored = mot.align(source, target, store=tmp_path)
    blocks = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "blocks").iterdir()}
    assert blocks
    for name in PRODUCTS:
        use_products(name)
        again = mot.align(source, target, store=tmp_path)
        np.testing.assert_array_equal(again.layer_costs, stored.layer_costs)
        np.testing.assert_array_equal(again.unit_plan(0, 0).plan.toarray(), stored.unit_plan(0, 0).plan.toarray())
        assert {path.name: path.stat().st_mtime_ns for path in (tmp_path / "blocks").iterdir()} == blocks


def test_stored_costs_of_training_runs_serve_any_products(use_products, layers, tmp_path):
    """Pairs of layers are solved again, here all of them; costs that are not the same would be a warning."""
    runs = [[[np.repeat(x, 2, axis=1) for x in layers([12, 20], 90, seed=seed)]] * 2 for seed in (0, 4)]
    found = []
    for name in PRODUCTS:
        use_products(name)
        found.append(mot.align_trajectories(*runs, store=tmp_path).costs)
    for each in found:
        np.testing.assert_array_equal(each, found[0])


def test_stored_figures_of_networks_serve_any_products(use_products, layers, tmp_path):
    """Scores depend on the plans, of which there is only one here, as no unit is a copy of another."""
    networks = {f"n{k}": layers([12, 20], 90, seed=k) for k in range(3)}
    found = []
    for name in PRODUCTS:
        use_products(name)
        found.append(mot.similarity_matrix(networks, store=tmp_path))
    for each in found:
        np.testing.assert_allclose(each.costs, found[0].costs, rtol=0, atol=1e-12)
        np.testing.assert_allclose(each.scores, found[0].scores, rtol=0, atol=1e-12)
