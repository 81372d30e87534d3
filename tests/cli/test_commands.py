from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import mot_fast as mot
from mot_fast.cli.output import save_picture
from support.commands import COMMAND, is_png, run, run_here


@pytest.fixture
def files(tmp_path, layers):
    np.savez(tmp_path / "a.npz", **{f"a{k}": x for k, x in enumerate(layers([5, 8, 6], 60))})
    np.savez(tmp_path / "b.npz", **{f"b{k}": x for k, x in enumerate(layers([7, 6], 60, seed=4))})
    return tmp_path / "a.npz", tmp_path / "b.npz"


@pytest.mark.slow
@pytest.mark.filterwarnings("default:some units are constant")
def test_the_demo_shows_scores_plan_proof_and_picture(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = run_here("demo")
    assert result.returncode == 0, result.stderr
    source, target = mot.data.resnets()
    train, test = mot.split(source.n_stimuli)
    with pytest.warns(UserWarning, match="constant"):
        alignment = mot.align(source[train], target[train])
    score = alignment.score(source[test], target[test])
    (line,) = (line for line in result.stdout.splitlines() if line.startswith("mot "))
    interval = mot.bootstrap_score(alignment, source[test], target[test])
    bounds = f"{interval.low:.3f}", "to", f"{interval.high:.3f}"
    figures = f"{score.over_units:.3f}", f"{mot.hierarchy(alignment.layer_plan):.3f}"
    assert line.split() == ["mot", f"{score.value:.3f}", *bounds, *figures]
    assert "MOT predicts better than a random order of layers (p = 0.004)." in result.stdout
    assert "(p = 0.03)." in result.stdout
    for text in (
        "single_best",
        "pairwise_best",
        "greedy",
        "uniform",
        "permuted",
        "281 transports proven optimal",
        "layer09_s3b2",
    ):
        assert text in result.stdout
    assert str(tmp_path / "mot-fast-demo.png") in result.stdout
    assert is_png(tmp_path / "mot-fast-demo.png")
    assert "note: some units are constant" in result.stderr
    assert max(map(len, result.stdout.replace(str(tmp_path), "").splitlines())) <= 85


@pytest.mark.slow
@pytest.mark.processes
def test_align_then_plot(files, tmp_path):
    result = run("align", *files, "-o", tmp_path / "run.mot", "--jobs", 1)
    assert result.returncode == 0, result.stderr
    assert "on 48 stimuli: 6 pairs of layers" in result.stdout
    assert "Scores on the 12 held-out stimuli" in result.stdout
    source, target = map(mot.load, files)
    train, test = mot.split(60)
    expected = mot.align(source[train], target[train])
    written = mot.Alignment.load(tmp_path / "run.mot")
    assert written.cost == expected.cost
    assert written.evaluation == mot.evaluate(expected, source[test], target[test]).evaluation

    result = run_here("plot", tmp_path / "run.mot")
    assert result.returncode == 0, result.stderr
    assert is_png(tmp_path / "run.png")
    assert run_here("plot", tmp_path / "run.mot", "-o", tmp_path / "other.png").returncode == 0
    assert is_png(tmp_path / "other.png")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_picture_that_cannot_be_written_takes_nothing_along(files, tmp_path):
    assert run_here("align", *files, "-o", tmp_path / "run.mot").returncode == 0
    (tmp_path / "full.png").symlink_to("/dev/full")
    result = run_here("plot", tmp_path / "run.mot", "-o", tmp_path / "full.png")
    assert result.returncode == 1
    assert "full.png: expected a file to write to, found none that can be written (it is no file)" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_picture_that_the_disk_has_no_room_for_leaves_nothing(tmp_path, monkeypatch):
    import matplotlib.pyplot as plt

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match=r"p.png: the picture could not be written \(.*No space left"):
        save_picture(plt.subplots()[1], tmp_path / "p.png")
    assert list(tmp_path.iterdir()) == []


def test_align_without_held_out_stimuli(files):
    result = run_here("align", *files, "--test-size", 0, "--convention", "paper")
    assert result.returncode == 0
    assert "on 60 stimuli" in result.stdout
    assert "held-out" not in result.stdout


@pytest.mark.slow
@pytest.mark.processes
def test_terminals_without_unicode_are_served(files):
    result = run("align", *files, encoding="ascii")
    assert result.returncode == 0, result.stderr
    assert result.stdout.isascii()


@pytest.mark.processes
def test_mistakes_get_one_clear_line(files, tmp_path):
    short = tmp_path / "short.npz"
    np.savez(short, x=np.random.default_rng(0).random((59, 4)))
    mistakes = {
        (
            "align",
            "nothing.npz",
            files[1],
        ): "nothing.npz: expected a .npz, .safetensors, .mat, HDF5, NetCDF or Zarr file or a folder of .npy files",
        ("align", files[0], short): "expected the same stimuli, found 60 in 'a' and 59 in 'short'",
        ("align", *files, "--test-size", 0.001): "--test-size: expected a fraction that leaves stimuli on both sides",
        ("align", *files, "-o", tmp_path / "no" / "run.mot"): "run.mot: expected a folder to write to, found none",
        (
            "align",
            *files,
            "--test-size",
            0.03,
        ): "--test-size 0.03 of 60 stimuli: expected at least 3 stimuli, found 2",
        ("plot", files[0]): "a.npz: expected a complete .mot file, found none",
    }
    for k, (arguments, message) in enumerate(mistakes.items()):
        result = (run_here if k else run)(*arguments)
        assert result.returncode == 1, arguments
        assert result.stderr.startswith("mot-fast: ")
        assert message in result.stderr
        assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param([], marks=pytest.mark.processes),
        ["fly"],
        ["align"],
        ["align", "a.npz", "b.npz", "--convention", "raw"],
    ],
)
def test_wrong_usage_exits_with_2(arguments):
    result = (run_here if arguments else run)(*arguments)
    assert result.returncode == 2
    assert "usage: mot-fast" in result.stderr


@pytest.mark.processes
def test_help_and_version():
    for arguments in (["--help"], ["demo", "--help"], ["align", "--help"], ["plot", "--help"]):
        result = run_here(*arguments)
        assert result.returncode == 0
        assert "usage: mot-fast" in result.stdout
    assert run("--version").stdout.strip() == f"mot_fast {mot.__version__}"


@pytest.mark.processes
@pytest.mark.skipif(sys.platform == "win32", reason="sends a POSIX signal")
def test_ctrl_c_says_so_and_exits_with_130(tmp_path):
    rng = np.random.default_rng(0)
    for name in "ab":
        layers = {f"layer{k}": rng.random((100, 3000 if name == "a" else 4000), dtype=np.float32) for k in range(10)}
        layers["layer0"][:, 0] = 0.0  # which is noted as soon as the work begins
        np.savez(tmp_path / f"{name}.npz", **layers)
    process = subprocess.Popen(
        [COMMAND, "align", tmp_path / "a.npz", tmp_path / "b.npz"], stderr=subprocess.PIPE, text=True
    )
    assert "mot-fast: note: " in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    assert "mot-fast: interrupted" in process.communicate(timeout=60)[1]
    assert process.returncode == 130


def test_align_leaves_units_and_layers_behind(files, tmp_path):
    result = run_here(
        "align", *files, "--unit-mass", "path", "--layer-mass", "0.8", "--shuffles", "2", "-o", tmp_path / "a.mot"
    )
    assert result.returncode == 0, result.stderr
    assert "left behind" in result.stdout
    assert "matched: 0.8 of the layers' mass" in result.stdout
    goals = mot.Alignment.load(tmp_path / "a.mot").goals
    assert goals.layers.mass == 0.8
    assert 0 < goals.units.mass <= 1
    for option, value in (("--unit-mass", "knee"), ("--layer-mass", "1.5"), ("--layer-cost", "0")):
        wrong = run_here("align", *files, option, value)
        assert wrong.returncode == 2
        assert f"argument {option}: expected a" in wrong.stderr
    at_a_price = run_here("align", *files, "--layer-cost", "0.9", "--shuffles", "2")
    assert at_a_price.returncode == 1
    assert "--layer-cost: expected None, as shuffled networks match nothing" in at_a_price.stderr


def test_align_with_rotations(files, tmp_path):
    result = run_here("align", *files, "--rotate", "-o", tmp_path / "run.mot")
    assert result.returncode == 0, result.stderr
    assert "permuted" in result.stdout
    assert mot.Alignment.load(tmp_path / "run.mot").rotations
