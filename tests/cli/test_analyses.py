"""Commands about chance, noise, shares of the units and many networks do what Python's calls do."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest

import mot_fast as mot
from support.commands import answer, is_png, run_here


@pytest.fixture
def files(tmp_path, layers):
    for k, name in enumerate("abc"):
        np.savez(tmp_path / f"{name}.npz", **{f"{name}{l}": x for l, x in enumerate(layers([5, 7], 60, seed=k))})
    return [tmp_path / f"{name}.npz" for name in "abc"]


@pytest.fixture
def repeats(tmp_path, layers):
    first, second = layers([5, 4], 60)
    second[:, 1] = 0.0
    for k in range(3):
        noise = np.random.default_rng(k)
        np.savez(
            tmp_path / f"repeat{k}.npz",
            V1=first + noise.standard_normal(first.shape),
            V2=second + noise.standard_normal(second.shape) * (second.std(axis=0) > 0),
        )
    return [tmp_path / f"repeat{k}.npz" for k in range(3)]


def table_of(path):
    return list(csv.DictReader(path.read_text().splitlines()))


def test_similarity_prints_and_writes_what_the_matrix_holds(files, tmp_path):
    store, table, pictures = tmp_path / "kept", tmp_path / "table.csv", [tmp_path / "maps.png", tmp_path / "tree.png"]
    arguments = [
        *files,
        "--splits",
        2,
        "--seed",
        3,
        "--store",
        store,
        "--plot",
        pictures[0],
        "--dendrogram",
        pictures[1],
    ]
    found = answer("similarity", *arguments, "-o", table)
    expected = mot.similarity_matrix(dict(zip("abc", map(mot.load, files), strict=True)), splits=2, seed=3)
    assert found["networks"] == ["a", "b", "c"]
    for name in ("costs", "scores", "distances", "costs_sd", "scores_sd"):
        np.testing.assert_allclose(found[name], getattr(expected, name), rtol=1e-12, atol=1e-15)
    assert (found["n_train"], found["n_test"], found["n_splits"]) == (48, 12, 2)
    row = table_of(table)[5]
    assert (row["network"], row["from"]) == ("b", "c")
    assert float(row["score"]) == pytest.approx(expected.scores[1, 2], abs=1e-12)
    assert all(map(is_png, pictures))
    assert any(store.rglob("*.block"))


def test_similarity_takes_names_layers_blocks_and_rotations(files, tmp_path):
    options = ["--names", "x", "y", "--layers", "*1", "--blocks", 3, "--gap", 2, "--rotate", "--convention", "paper"]
    found = answer("similarity", *files[:2], *options)
    networks = {name: mot.load(path, layers="*1") for name, path in zip("xy", files[:2], strict=True)}
    splits = mot.blocked_splits(60, 3, gap=2)
    expected = mot.similarity_matrix(networks, rotate=True, convention="paper", splits=splits)
    assert found["networks"] == ["x", "y"]
    np.testing.assert_allclose(found["costs"], expected.costs, rtol=1e-9, atol=1e-12)
    assert found["split_kind"] == expected.split_kind
    result = run_here("similarity", *files, "-o", tmp_path / "table.md")
    assert "| score, from |" in result.stdout
    assert (tmp_path / "table.md").read_text().strip() in result.stdout
    assert len(table_of_one_split(files, tmp_path)[0]) == 5


def table_of_one_split(files, tmp_path):
    assert run_here("similarity", *files[:2], "-o", tmp_path / "one.csv").returncode == 0
    return table_of(tmp_path / "one.csv")


def test_networks_of_one_name_are_told_apart_by_other_names(files, tmp_path):
    (tmp_path / "other").mkdir()
    other = tmp_path / "other" / "a.npz"
    other.write_bytes(files[1].read_bytes())
    result = run_here("similarity", files[0], other)
    assert result.returncode == 1
    assert result.stderr == f"mot-fast: {other}: expected a name of its own, found 'a' again; --names gives others\n"
    assert answer("similarity", files[0], other, "--names", "a", "a2")["networks"] == ["a", "a2"]


def test_partial_prints_and_writes_what_the_curve_holds(files, tmp_path):
    options = ["--shares", 0.25, 0.5, 0.75, 1, "--splits", 2, "--shuffles", 3, "--layer-mass", 0.9]
    files_written = ["-o", tmp_path / "curve.csv", "--plot", tmp_path / "curve.png"]
    found = answer("partial", *files[:2], *options, *files_written)
    expected = mot.partial_curve(*files[:2], (0.25, 0.5, 0.75, 1.0), splits=2, n_shuffles=3, layer_mass=0.9)
    for name in ("unit_masses", "scores", "costs", "held_out_costs", "chance_costs"):
        np.testing.assert_array_equal(found[name], getattr(expected, name))
    assert found["knee"] == expected.knee()
    rows = table_of(tmp_path / "curve.csv")
    assert [float(row["unit_mass"]) for row in rows] == [0.25, 0.5, 0.75, 1.0]
    assert float(rows[1]["held_out_cost_sd"]) == pytest.approx(expected.held_out_costs[1].std(ddof=1))
    np.testing.assert_allclose([float(row["matched_by_chance"]) for row in rows], expected.matched_by_chance())
    assert is_png(tmp_path / "curve.png")
    text = run_here("partial", *files[:2], *options).stdout
    assert text == f"{expected}\n\nknee: {expected.knee():.4g} of the units matched\n"


def test_partial_shuffles_as_it_holds_out(files, tmp_path):
    groups = np.repeat(np.arange(10), 6).tolist()
    (tmp_path / "groups.txt").write_text("\n".join(map(str, groups)))
    blocks = mot.blocked_splits(60, 3)
    for options, how in (
        (["--blocks", 3], {"splits": blocks, "shuffle": "circular"}),
        (["--groups", tmp_path / "groups.txt", "--splits", 1], {"splits": 1, "groups": groups}),
    ):
        found = answer(
            "partial", *files[:2], "--shares", 0.5, 1, "--shuffles", 2, *options, "--plot", tmp_path / "p.png"
        )
        expected = mot.partial_curve(*files[:2], (0.5, 1.0), n_shuffles=2, **how)
        np.testing.assert_array_equal(found["chance_costs"], expected.chance_costs)
        np.testing.assert_array_equal(found["scores"], expected.scores)
        assert found["knee"] is None
    rows = run_here("partial", *files[:2], "--shares", 1, "--splits", 1, "-o", tmp_path / "one.csv")
    assert "knee" not in rows.stdout
    assert "matched_by_chance" not in table_of(tmp_path / "one.csv")[0]


def test_null_of_an_alignment_is_that_of_python(files, tmp_path):
    options = ["--shuffles", 9, "--test-size", 0.3, "--seed", 2, "--adjust", "holm", "--unit-mass", 0.8]
    found = answer("null", *files[:2], *options, "-o", tmp_path / "null.csv", "--plot", tmp_path / "null.png")
    expected = mot.alignment_null(*files[:2], n_permutations=9, test_size=0.3, seed=2, adjust="holm", unit_mass=0.8)
    for name in ("cost", "score", "hierarchy", "p_cost", "p_score", "p_hierarchy", "relative_cost"):
        assert found[name] == getattr(expected, name)
    for name in ("layer_costs", "p_layer_costs", "null_costs", "null_scores", "null_hierarchies"):
        np.testing.assert_array_equal(found[name], getattr(expected, name))
    rows = table_of(tmp_path / "null.csv")
    assert [row["what"] for row in rows] == ["cost", "score", "hierarchy"]
    assert float(rows[0]["chance"]) == pytest.approx(expected.null_costs.mean())
    assert float(rows[1]["chance_sd"]) == pytest.approx(expected.null_scores.std(ddof=1))
    assert is_png(tmp_path / "null.png")
    assert run_here("null", *files[:2], *options).stdout == f"{expected}\n"


def test_null_of_a_hierarchy_is_that_of_python(files, tmp_path):
    groups = np.repeat(np.arange(10), 6).tolist()
    (tmp_path / "groups.txt").write_text("\n".join(map(str, groups)))
    for options, how in (
        (["--layer-shuffles", 20], {"n_layer_permutations": 20}),
        (
            ["--shuffle-by", "blocks", "--block-length", 5, "--rotate"],
            {"shuffle": "blocks", "block_length": 5, "rotate": True},
        ),
        (["--groups", tmp_path / "groups.txt"], {"groups": groups}),
    ):
        arguments = ["null", *files[:2], "--what", "hierarchy", "--shuffles", 5, *options]
        found = answer(*arguments, "-o", tmp_path / "null.csv", "--plot", tmp_path / "null.png")
        expected = mot.hierarchy_null(*files[:2], n_permutations=5, **how)
        for name in ("observed", "ceiling", "p_stimuli", "p_layers", "shuffle"):
            assert found[name] == getattr(expected, name)
        for name in ("stimuli", "layers", "plan", "stimuli_plan"):
            np.testing.assert_array_equal(found[name], getattr(expected, name))
        rows = table_of(tmp_path / "null.csv")
        assert [int(row["n"]) for row in rows] == [5, len(expected.layers)]
        assert float(rows[1]["mean"]) == pytest.approx(expected.layers.mean())
        assert is_png(tmp_path / "null.png")


def test_ceiling_is_that_of_python(repeats, tmp_path):
    found = answer("ceiling", *repeats, "--splits", 2, "--seed", 1, "-o", tmp_path / "ceiling.csv")
    expected = mot.noise_ceiling(repeats, n_splits=2, seed=1)
    assert found["value"] == expected.value
    np.testing.assert_array_equal(found["per_layer"], expected.per_layer)
    assert found["per_unit"][1][1] is None  # what is constant has no ceiling
    assert found["layers"] == ["V1", "V2"]
    rows = table_of(tmp_path / "ceiling.csv")
    assert [(row["layer"], row["n_units"], row["n_constant"]) for row in rows] == [("V1", "5", "0"), ("V2", "4", "1")]
    assert float(rows[1]["reliability"]) == pytest.approx(np.nanmean(expected.reliability[1]))
    text = run_here("ceiling", *repeats).stdout
    assert f"Noise ceiling, the mean over layers: {mot.noise_ceiling(repeats).value:.3f}" in text
    assert "- constant units, which have no ceiling: 1 of 9\n" in text
    assert answer("ceiling", *repeats, "--layers", "V1")["layers"] == ["V1"]


def test_compare_sets_scores_beside_the_ceiling_of_repeats(repeats, files, tmp_path):
    source = mot.load(
        {label: np.mean([mot.load(path).layer(label) for path in repeats], axis=0) for label in ("V1", "V2")}
    )
    np.savez(tmp_path / "mean.npz", **{label: source.layer(label) for label in source.labels})
    options = ["--methods", "mot", "--splits", 2, "--source-layers", "V1", "--source-repeats", *repeats]
    (row,) = answer("compare", tmp_path / "mean.npz", files[0], *options)["methods"]
    of_v1 = [mot.load(path, layers="V1") for path in repeats]
    expected = mot.compare(source.select(["V1"]), files[0], ["mot"], splits=2, source_repeats=of_v1)
    assert row["noise_corrected"] == expected.noise_corrected("mot") > row["value"]
    result = run_here("compare", tmp_path / "mean.npz", files[0], "--source-repeats", repeats[0])
    assert "--source-repeats: expected at least 2 networks, found 1" in result.stderr


def test_mistakes_name_files_and_options(files, repeats, tmp_path):
    short = tmp_path / "short.npz"
    np.savez(short, V1=np.ones((59, 5)), V2=np.ones((59, 4)))
    for arguments, message in {
        ("ceiling", repeats[0], files[0]): f"{files[0]}: expected the layers of {repeats[0]}, 'V1' of 5, ",
        ("ceiling", repeats[0], short): "repeats: expected the same stimuli, found 60 in 'repeat0' and 59 in 'short'",
        ("ceiling", *repeats, "--layers", "X"): "--layers: expected a pattern of labels of",
        ("ceiling", *repeats, "-o", tmp_path / "x.txt"): "x.txt: expected a table as .md, .csv, .json",
        ("similarity", *files[:2], short): "networks: expected the same stimuli, found 60 in 'a' and 59 in 'short'",
        ("similarity", *files, "--dendrogram", tmp_path / "x.abc"): "x.abc: expected a picture as .png",
        ("partial", *files[:2], "--shares", 0.5, 0.2): "--shares: expected increasing shares, found [0.5, 0.2]",
        ("null", *files[:2], "--shuffle-by", "blocks"): "--block-length: expected a number of stimuli where",
        ("null", *files[:2], "--block-length", 4): "--block-length: expected None unless",
    }.items():
        result = run_here(*arguments)
        assert result.returncode == 1, arguments
        assert result.stderr.startswith("mot-fast: ")
        assert message in result.stderr
        assert len(result.stderr.splitlines()) == 1, result.stderr


def test_what_is_the_same_in_files_of_all_kinds(files, tmp_path):
    for command in (["similarity", *files[:2]], ["partial", *files[:2], "--shares", 1, "--splits", 1]):
        found = answer(*command, "-o", tmp_path / "table.json")
        assert json.loads((tmp_path / "table.json").read_text()) == found
