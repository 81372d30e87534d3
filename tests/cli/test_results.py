from __future__ import annotations

import csv
import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest

import mot_fast as mot
from mot_fast import _core
from mot_fast.cli import machine
from mot_fast.cli.output import json_text, write_dataset
from mot_fast.cli.parser import COMMANDS, command_parser
from support.commands import answer, interrupted, is_png, run_here

ROOT = Path(__file__).parents[2]


@pytest.fixture
def files(tmp_path, layers):
    np.savez(tmp_path / "a.npz", **{f"a{k}": x for k, x in enumerate(layers([5, 8, 6], 60))})
    np.savez(tmp_path / "b.npz", **{f"b{k}": x for k, x in enumerate(layers([7, 6], 60, seed=4))})
    return tmp_path / "a.npz", tmp_path / "b.npz"


def aligned(files):
    source, target = map(mot.load, files)
    train, test = mot.split(60)
    return mot.align(source[train], target[train]), source[test], target[test]


def test_align_as_json_holds_what_the_alignment_does(files, tmp_path):
    found = answer("align", *files, "-o", tmp_path / "run.mot")
    alignment, *test = aligned(files)
    assert found["cost"] == alignment.cost
    np.testing.assert_array_equal(found["layer_plan"], alignment.layer_plan)
    np.testing.assert_array_equal(found["layer_costs"], alignment.layer_costs)
    assert found["evaluation"]["scores"]["mot"]["value"] == pytest.approx(alignment.score(*test).value, abs=1e-12)
    assert found["source"] == {"name": "a", "layers": ["a0", "a1", "a2"], "n_units": [5, 8, 6]}
    assert found["output"] == str(tmp_path / "run.mot")
    assert found["certificate"]["duality_gap"] < 1e-6
    again = answer("info", tmp_path / "run.mot")
    assert {**again, "output": None} == {**found, "output": None}


def test_layers_are_chosen_by_patterns(files):
    found = answer("align", *files, "--source-layers", "a[12]", "--target-layers", "b1", "b0")
    assert found["source"]["layers"] == ["a1", "a2"]
    assert found["target"]["layers"] == ["b1", "b0"]


def test_a_small_memory_limit_changes_nothing(files):
    costs = [answer("align", *files, *limit)["cost"] for limit in ([], ["--memory-limit", 0.001])]
    assert costs[0] == costs[1]


def test_compare_prints_and_writes_the_table(files, tmp_path):
    found = answer("compare", *files, "--splits", 2, "--methods", "mot", "cka", "--store", tmp_path / "finished")
    expected = mot.compare(*files, ["mot", "cka"], splits=2)
    assert [row["method"] for row in found["methods"]] == ["mot", "cka"]
    for name in ("mot", "cka"):
        np.testing.assert_array_equal(found["values_of_splits"][name], expected.scores[name])
    assert found["methods"][1]["p_better"] is None  # what is not a number is no JSON
    for ending in ("md", "csv", "json"):
        table, picture = tmp_path / f"table.{ending}", tmp_path / "scores.png"
        result = run_here("compare", *files, "--splits", 1, "--methods", "mot", "-o", table, "--plot", picture)
        assert result.returncode == 0, result.stderr
        assert "| mot" in result.stdout
        assert is_png(picture)
    assert (tmp_path / "table.md").read_text().startswith("a (3 layers) from b (2 layers)")
    (row,) = csv.DictReader((tmp_path / "table.csv").read_text().splitlines())
    assert (row["method"], row["kind"]) == ("mot", "score")
    assert json.loads((tmp_path / "table.json").read_text())["n_splits"] == 1


def write_run(folder, layers, seed):
    for k in range(3):
        for l, values in enumerate(layers([4, 5], 40, seed=seed + k)):
            path = folder / f"step{10**k}" / f"layer{l}.npy"
            path.parent.mkdir(parents=True, exist_ok=True)
            np.save(path, values)


def test_trajectories_of_folders_and_of_one_file(layers, tmp_path):
    arrays = {}
    for name, seed in (("one", 0), ("two", 5)):
        write_run(tmp_path / name, layers, seed)
        arrays[name] = {
            f"{folder.name}_{file.stem}": np.load(file)
            for folder in (tmp_path / name).iterdir()
            for file in sorted(folder.iterdir())
        }
        np.savez(tmp_path / f"{name}.npz", **dict(sorted(arrays[name].items())))
    files = "--plot", tmp_path / "plan.png", "-o", tmp_path / "runs.mot"
    found = answer("trajectories", tmp_path / "one", tmp_path / "two", *files)
    steps = ["step1", "step10", "step100"]
    runs = [[mot.load(tmp_path / name / step) for step in steps] for name in ("one", "two")]
    expected = mot.align_trajectories(*runs)
    np.testing.assert_array_equal(mot.NestedAlignment.load(tmp_path / "runs.mot").plan, expected.plan)
    assert found["source"] == found["target"] == steps
    np.testing.assert_array_equal(found["plan"], expected.plan)
    assert found["hierarchy"]["mot"] == expected.hierarchy()
    assert is_png(tmp_path / "plan.png")
    other = answer("trajectories", tmp_path / "one.npz", tmp_path / "two.npz", "--separator", "_")
    np.testing.assert_array_equal(other["plan"], expected.plan)
    result = run_here("trajectories", tmp_path / "one", tmp_path / "two")
    assert "step10: " in result.stdout
    assert "22 transports" not in result.stdout  # 36 of units, 9 of layers, 1 of checkpoints
    assert "46 transports proven optimal" in result.stdout


def test_info_and_plot_of_training_runs(layers, tmp_path):
    runs = [{f"step{k}": layers([4, 5], 40, seed=seed + k) for k in range(10)} for seed in (0, 20)]
    nested = mot.align_trajectories(*runs)
    nested.save(tmp_path / "runs.mot")
    found = answer("info", tmp_path / "runs.mot")
    assert found["source"] == {"name": "source", "parts": list(runs[0]), "n_layers": 20}
    assert (found["n_levels"], found["n_stimuli"], found["goals"], found["cost"]) == (3, 40, None, nested.cost)
    np.testing.assert_array_equal(found["plan"], nested.plan)
    assert found["hierarchy"] == {name: nested.hierarchy(name) for name in ("mot", "pairwise_best")}
    text = run_here("info", tmp_path / "runs.mot").stdout
    assert "source: step0, step1, step2, step3, ..., step8, step9; 20 layers in all" in text
    assert "501 transports proven optimal" in text  # 400 of layers, 100 of checkpoints, and theirs
    for arguments in ([], ["--couplings", "mot", "uniform", "single_best"]):
        assert answer("plot", tmp_path / "runs.mot", *arguments) == {"picture": str(tmp_path / "runs.png")}
        assert is_png(tmp_path / "runs.png")
    mot.align_trajectories(runs[0], {"last": runs[1]["step9"]}, unit_mass=0.5).save(tmp_path / "one.mot")
    found = answer("info", tmp_path / "one.mot")
    assert found["goals"]["units"] == {"mass": 0.5, "price": None}
    assert found["hierarchy"] == {"mot": None, "pairwise_best": None}
    for command, message in {
        ("plot", "--convergence"): "runs.mot: expected an alignment with rotations for --convergence, found none",
        ("report",): "found a nested alignment, which mot_fast.NestedAlignment.load reads",
    }.items():
        result = run_here(command[0], tmp_path / "runs.mot", *command[1:])
        assert result.returncode == 1
        assert message in result.stderr


def test_info_tells_layers_and_types(files):
    found = answer("info", files[0])
    assert found["layers"][1] == {"label": "a1", "n_units": 8, "dtype": "float64"}
    assert (found["name"], found["n_stimuli"], found["index"]) == ("a", 60, None)
    text = run_here("info", files[0]).stdout
    assert "Network('a', 3 layers, 19 units, 60 stimuli)" in text
    assert "| a1 " in text


def test_info_tells_what_the_machine_offers():
    found = answer("info", "--system")
    assert found["mot_fast"] == mot.__version__
    assert found["products"] == _core.products()
    assert found["products"] in found["available_products"]
    assert found["loops"] in {"baseline", "avx2", "avx512"}
    assert 1 <= found["n_threads"] <= found["n_processors"]
    assert found["memory_limit"] > 0
    assert found["packages"]["numpy"] == np.__version__
    assert found["optional_packages"]["plot"]["matplotlib"]
    text = run_here("info", "--system").stdout
    for words in (f"mot_fast {mot.__version__}", "memory limit", found["products"], found["loops"], found["blas"]):
        assert words in text


def test_info_names_packages_that_are_not_installed(monkeypatch):
    monkeypatch.setitem(machine.OPTIONAL, "plot", ("pictures", ("no-such-package",)))
    assert answer("info", "--system")["optional_packages"]["plot"] == {"no-such-package": None}
    assert "pictures: no-such-package (not installed)" in run_here("info", "--system").stdout


def test_info_knows_every_extra_for_users():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    for_developers = {"test", "docs", "bench"}
    packages = {
        extra: tuple(re.split("[<>=]", requirement)[0] for requirement in requirements)
        for extra, requirements in extras.items()
        if extra not in for_developers
    }
    assert packages == {extra: names for extra, (_, names) in machine.OPTIONAL.items()}


@pytest.mark.parametrize("arguments", [[], ["a.npz", "--system"]])
def test_info_takes_either_a_file_or_the_system(arguments):
    result = run_here("info", *arguments)
    assert result.returncode == 2
    assert "mot-fast info: error: expected either a file or folder, or --system" in result.stderr


def test_an_empty_path_is_not_the_current_folder(tmp_path, monkeypatch):
    np.save(tmp_path / "a[0].npy", np.random.default_rng(0).random((20, 3)))
    monkeypatch.chdir(tmp_path)
    assert answer("info", ".")["name"] == tmp_path.name
    assert answer("align", ".", ".", "--source-layers", "a[0]", "--test-size", "0.3")["cost"] < 1e-9
    for command in (["info", ""], ["align", "", "."], ["compare", ".", ""], ["trajectories", "", "."]):
        result = run_here(*command)
        assert result.returncode != 0
        assert "expected a path, found an empty one" in result.stderr


def test_plot_draws_several_couplings_and_convergence(files, tmp_path):
    assert run_here("align", *files, "--rotate", "-o", tmp_path / "run.mot").returncode == 0
    for name, arguments in (
        ("plans.png", ["--couplings", "mot", "pairwise_best"]),
        ("convergence.png", ["--convergence"]),
        ("plan.svg", []),
    ):
        result = run_here("plot", tmp_path / "run.mot", "-o", tmp_path / name, *arguments)
        assert result.returncode == 0, result.stderr
        assert (tmp_path / name).stat().st_size > 1000


def test_report_writes_a_page(files, tmp_path):
    assert run_here("align", *files, "-o", tmp_path / "run.mot").returncode == 0
    result = run_here("report", tmp_path / "run.mot")
    assert result.returncode == 0, result.stderr
    assert str(tmp_path / "run.html") in result.stdout
    assert answer("report", tmp_path / "run.mot") == {"report": str(tmp_path / "run.html")}
    assert answer("plot", tmp_path / "run.mot") == {"picture": str(tmp_path / "run.png")}
    whole = (tmp_path / "run.html").read_text(encoding="utf-8")
    assert whole.startswith("<!DOCTYPE html>")
    assert run_here("report", tmp_path / "run.mot", "--script", tmp_path / "plotly.js").returncode == 0
    assert (tmp_path / "plotly.js").stat().st_size > 1_000_000
    assert len((tmp_path / "run.html").read_text(encoding="utf-8")) < len(whole) - 1_000_000


def test_every_command_has_help_with_an_example_that_parses():
    for module in COMMANDS:
        name = module.__name__.rpartition(".")[2]
        text = run_here(name, "--help").stdout
        assert "usage: mot-fast" in text
        assert "%%" not in text
        assert module.EXAMPLE in text
        first, *rest = module.EXAMPLE.split(" > ")[0].split(" && ")
        for command in (first, *rest):
            command_parser().parse_args(command.split()[1:])
    assert "exit status: 0 done" in run_here("--help").stdout


@pytest.mark.processes
@pytest.mark.parametrize("shell", ["bash", "zsh", "tcsh"])
def test_completion_is_a_script_that_the_shell_takes(shell, tmp_path):
    script = tmp_path / "completion"
    script.write_text(run_here("completion", shell).stdout)
    assert "trajectories" in script.read_text()
    if shutil.which(shell):
        subprocess.run([shell, "-n", script], check=True)


@pytest.mark.processes
@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_bash_completes_commands_and_options(tmp_path):
    script = tmp_path / "completion"
    script.write_text(run_here("completion", "bash").stdout)
    program = f"""source {script}
COMP_WORDS=(mot-fast al); COMP_CWORD=1; _shtab_mot_fast; echo "${{COMPREPLY[@]}}"
COMP_WORDS=(mot-fast align --conv); COMP_CWORD=2; _shtab_mot_fast; echo "${{COMPREPLY[@]}}"
COMP_WORDS=(mot-fast ""); COMP_CWORD=1; _shtab_mot_fast; echo "${{COMPREPLY[@]}}"
COMP_WORDS=(mot-fast similarity --dendro); COMP_CWORD=2; _shtab_mot_fast; echo "${{COMPREPLY[@]}}"
"""
    printed = subprocess.check_output(["bash", "-c", program], text=True).splitlines()
    assert printed[0].split() == ["align"]
    assert printed[1].split() == ["--convention"]
    assert set(printed[2].split()) >= {module.__name__.rpartition(".")[2] for module in COMMANDS}
    assert printed[3].split() == ["--dendrogram"]


def test_numbers_that_json_does_not_know_are_null():
    assert json.loads(json_text({"a": [np.nan, 1.0], "b": np.float32(np.inf)})) == {"a": [None, 1.0], "b": None}


def test_mistakes_of_the_newer_commands_get_one_clear_line(files, tmp_path):
    mistakes = {
        (
            "compare",
            *files,
            "-o",
            tmp_path / "table.xls",
        ): "expected a table as .md, .csv, .json, .nc, found '.xls'",
        ("compare", *files, "--plot", tmp_path / "no" / "x.png"): "x.png: expected a folder to write to, found none",
        ("trajectories", *files): "a.npz: expected layers called CHECKPOINT/LAYER, found 'a0'",
        ("align", *files, "--source-layers", "z*"): "mot-fast: --source-layers: expected a pattern of labels of",
        ("info", tmp_path / "nothing"): "nothing: expected a .npz, .safetensors, .mat, HDF5, NetCDF or Zarr file or a",
        ("report", tmp_path / "nothing.mot"): "nothing.mot: expected a .mot file, found nothing",
        ("run", tmp_path / "nothing.toml"): "nothing.toml: expected a study as TOML, found nothing",
        ("extract", "model", tmp_path / "nothing.txt", "-o", tmp_path / "x"): "nothing.txt",
    }
    for arguments, message in mistakes.items():
        result = run_here(*arguments)
        assert result.returncode == 1, arguments
        assert message in result.stderr
        assert len(result.stderr.splitlines()) == 1, result.stderr


@pytest.mark.slow
@pytest.mark.processes
@pytest.mark.skipif(sys.platform == "win32", reason="sends a POSIX signal")
def test_ctrl_c_keeps_finished_work_and_says_how_to_go_on(tmp_path):
    rng = np.random.default_rng(0)
    for name in "ab":
        np.savez(tmp_path / f"{name}.npz", **{f"layer{k}": rng.random((400, 700)) for k in range(14)})
    arguments = ["align", tmp_path / "a.npz", tmp_path / "b.npz", "--store", tmp_path / "finished", "--test-size", "0"]
    blocks = tmp_path / "finished" / "blocks"
    said = interrupted(arguments, lambda: blocks.exists() and any(blocks.glob("*.block")))
    assert f"interrupted; what is done is kept in {tmp_path / 'finished'}" in said
    assert any(blocks.glob("*.block"))
    again = run_here(*arguments)
    assert again.returncode == 0, again.stderr
    assert "196 pairs of layers" in again.stdout


def test_netcdf_holds_more_bytes_than_its_whole_numbers(tmp_path):
    import xarray

    bytes_taken = [3_000_000_000, 2**53 - 1]
    write_dataset(tmp_path / "found.nc", xarray.Dataset({"peak_bytes": ("split", bytes_taken)}))
    with xarray.open_dataset(tmp_path / "found.nc", engine="scipy") as data:
        assert [int(each) for each in data["peak_bytes"]] == bytes_taken
