"""Commands where the terminal is poor, closed or full, and where names and mistakes hold what is no text."""

from __future__ import annotations

import io
import json
import logging
import os
import shlex
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

import mot_fast as mot
from mot_fast.cli import main
from mot_fast.cli.arguments import with_option_names
from support.commands import COMMAND, run_here

ODD = "x\x1b]0;title\x07\x9b2J\u202e"
SHOWN = r"x\x1b]0;title\x07\x9b2J\u202e"


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Two networks of the same odd names in the working directory."""
    rng = np.random.default_rng(0)
    layers = {ODD: rng.random((20, 4)), "y\nz": rng.random((20, 3)), "層": rng.random((20, 4))}
    for name in ("a.npz", "b\x1b.npz"):
        np.savez(tmp_path / name, **layers)
    monkeypatch.chdir(tmp_path)
    return "a.npz", "b\x1b.npz"


def is_clean(text):
    return all(line.isprintable() for line in text.split("\n"))


def status_with(arguments, **streams):
    """The status of a command in this process whose standard streams are these."""
    with pytest.MonkeyPatch.context() as patch:
        for name, stream in streams.items():
            patch.setattr(sys, name, stream)
        try:
            return main(arguments)
        finally:
            for name, given in streams.items():
                found = getattr(sys, name)
                if found is not given:
                    found.close()


@pytest.mark.slow
@pytest.mark.processes
@pytest.mark.skipif(sys.platform == "win32", reason="closes streams as POSIX shells do")
def test_closed_streams_take_nothing_along(files, tmp_path):
    command = shlex.join([str(COMMAND), "align", *files, "-o", "out.mot"])
    done = subprocess.run(f"{command} <&- >&- 2>&-", shell=True, check=False, cwd=tmp_path)
    assert done.returncode == 0
    assert mot.Alignment.load(tmp_path / "out.mot").source.labels == (ODD, "y\nz", "層")


@pytest.mark.parametrize("closed", [["stdout"], ["stderr"], ["stdin", "stdout", "stderr"]])
def test_streams_that_python_does_not_have(files, closed):
    assert status_with(["align", *files, "-o", "out.mot"], **dict.fromkeys(closed)) == 0
    assert Path("out.mot").exists()
    assert status_with(["align", "nothing.npz", "a.npz"], **dict.fromkeys(closed)) == 1


needs_full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")


@needs_full
@pytest.mark.parametrize("rest", [["-o", "out.mot"], ["-o", "out.mot", "--json"]])
def test_a_full_standard_output_is_told_and_takes_nothing_along(files, rest):
    errors = io.StringIO()
    with open("/dev/full", "w", encoding="utf-8") as full:  # noqa: PTH123
        assert status_with(["align", *files, *rest], stdout=full, stderr=errors) == 1
    assert errors.getvalue().startswith("mot-fast: the standard output could not be written to ([Errno 28]")
    assert len(errors.getvalue().splitlines()) == 1
    assert Path("out.mot").exists()


@needs_full
@pytest.mark.parametrize("arguments", [["--help"], ["align", "--help"], ["completion", "bash"]])
def test_a_full_standard_output_is_an_error_of_help_too(arguments):
    errors = io.StringIO()
    with open("/dev/full", "w", encoding="utf-8") as full:  # noqa: PTH123
        assert status_with(arguments, stdout=full, stderr=errors) == 1
    assert "the standard output could not be written to" in errors.getvalue()


@needs_full
def test_a_full_standard_error_takes_nothing_along(files):
    with open("/dev/full", "w", encoding="utf-8", buffering=1) as full:  # noqa: PTH123
        assert status_with(["align", *files, "-o", "out.mot"], stdout=io.StringIO(), stderr=full) == 0
        assert status_with(["info", "nothing"], stdout=io.StringIO(), stderr=full) == 1
        os.dup2(os.open(os.devnull, os.O_WRONLY), full.fileno())  # or it could not be closed
    assert Path("out.mot").exists()


def test_a_reader_that_has_left_takes_nothing_along(files):
    reading, writing = os.pipe()
    os.close(reading)
    errors = io.StringIO()
    with os.fdopen(writing, "w", encoding="utf-8") as pipe:
        assert status_with(["align", *files, "-o", "out.mot"], stdout=pipe, stderr=errors) == 1
    assert errors.getvalue() == ""
    assert Path("out.mot").exists()


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "cp437", "utf-8", "utf-16"])
def test_every_encoding_shows_every_command(files, encoding):
    for arguments in (["align", *files], ["info", "a.npz"], ["compare", *files, "--methods", "mot", "--splits", "1"]):
        out = io.TextIOWrapper(io.BytesIO(), encoding=encoding, newline="\n")
        assert status_with(arguments, stdout=out) == 0
        text = out.buffer.getvalue().decode(encoding)
        assert is_clean(text)
        if arguments[0] == "compare":
            continue
        assert SHOWN in text
        assert ("層" if encoding.startswith("utf") else "\\u5c64") in text
        assert "y\\nz" in text


@pytest.mark.filterwarnings("default:some units are constant")
def test_nothing_that_is_printed_commands_the_terminal(files, tmp_path):
    assert run_here("align", *files, "-o", "r\x1b.mot").returncode == 0
    (tmp_path / "odd\x1b.toml").write_text('methods = ["\\u001b[2J"]', encoding="utf-8")
    np.savez(tmp_path / "const.npz", **{ODD: np.ones((20, 2)), "y": np.random.default_rng(0).random((20, 2))})
    for status, arguments in [
        (0, ["info", files[1]]),
        (0, ["info", "r\x1b.mot"]),
        (0, ["plot", "r\x1b.mot"]),
        (0, ["report", "r\x1b.mot"]),
        (0, ["align", "const.npz", files[1], "-o", "s\x1b.mot"]),
        (0, ["compare", *files, "--methods", "mot", "--splits", 1, "-o", "t\x1b.md"]),
        (1, ["trajectories", *files]),
        (1, ["align", files[1], "nothing\x1b\n.npz"]),
        (1, ["align", *files, "--source-layers", "\x9b*"]),
        (1, ["run", "odd\x1b.toml"]),
        (2, ["align", *files, "--jobs", "\x1b"]),
        (2, ["align", *files, "--conven\x1btion"]),
        (2, ["\x1b[31mfly"]),
    ]:
        result = run_here(*arguments)
        assert result.returncode == status, arguments
        assert is_clean(result.stdout + result.stderr), arguments
        if status == 1:
            assert len(result.stderr.splitlines()) == 1
    assert is_clean((tmp_path / "t\x1b.md").read_text(encoding="utf-8"))


@pytest.mark.usefixtures("files")
def test_json_is_clean_and_says_the_names_as_they_are():
    np.savez("del.npz", **{"a\x7f": np.random.default_rng(0).random((20, 2))})
    for name, labels in (("a.npz", [ODD, "y\nz", "層"]), ("del.npz", ["a\x7f"])):
        result = run_here("info", name, "--json")
        assert result.stdout.isascii()
        assert is_clean(result.stdout)
        assert [layer["label"] for layer in json.loads(result.stdout)["layers"]] == labels


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="file names are text there")
def test_file_names_need_not_be_text(files):
    odd = os.fsdecode(b"caf\xe9.npz")
    Path("a.npz").rename(odd)
    result = run_here("align", odd, files[1], "-o", f"{odd}.mot")
    assert result.returncode == 0, result.stderr
    assert r"caf\udce9 (3 layers, 11 units) aligned with" in result.stdout
    assert run_here("info", f"{odd}.mot").returncode == 0
    assert r"caf\udce9" in run_here("trajectories", odd, odd).stderr


@pytest.mark.parametrize(
    ("command", "option", "expected", "values"),
    [
        ("align", "--memory-limit", "memory in GiB", ["inf", "nan", "1e40", "-1", "0", "", "10XB", "1e-12"]),
        ("align", "--jobs", "a number of threads, -1 for all that are allowed", ["0", "nan", "1.5", "", "all"]),
        ("align", "--seed", "a whole number of 0 or more", ["-1", "0.5", "nan", ""]),
        ("align", "--test-size", "a share from 0 to below 1", ["1", "-0.1", "nan", "inf", "", "half"]),
        ("compare", "--test-size", "a share between 0 and 1", ["0", "1", "nan"]),
        ("compare", "--splits", "a whole number of 1 or more", ["-1", "0", "1e9", "nan", ""]),
        ("align", "--output", "a path", [""]),
        ("align", "--store", "a path", [""]),
        ("trajectories", "--separator", "some characters", [""]),
    ],
)
def test_values_of_options_are_validated_before_the_work(command, option, expected, values):
    for value in values:
        result = run_here(command, "nothing.npz", "nothing.npz", option, value)
        assert result.returncode == 2, value
        assert f"{option}: expected {expected}" in result.stderr
        assert result.stderr.endswith(
            f"found {value!r}\n" if value else ("found ''\n", "found none\n", "an empty one\n")
        )


def test_numbers_of_threads_are_as_in_joblib(files):
    for n_jobs in (1, -1, -2, -1000):
        assert run_here("align", *files, "--jobs", n_jobs).returncode == 0


def test_what_cannot_be_written_is_told_before_the_work(files, tmp_path, monkeypatch):
    assert run_here("align", *files, "-o", "run.mot").returncode == 0
    monkeypatch.setattr(mot, "align", None)
    monkeypatch.setattr(mot, "compare", None)
    for arguments, message in {
        ("align", *files, "-o", "."): f"{tmp_path}: expected a file to write to, found a folder",
        ("align", *files, "-o", "a.npz"): "a.npz: expected a .mot file to write to, found '.npz'",
        ("report", "run.mot", "-o", "a.npz"): "a.npz: expected a .html or .htm file to write to, found '.npz'",
        ("report", "run.mot", "--script", "a.npz"): "a.npz: expected a .js file to write to, found '.npz'",
        ("trajectories", *files, "-o", "b"): "b: expected a .mot file to write to, found ''",
        (
            "compare",
            *files,
            "--plot",
            "p.xyz",
        ): "p.xyz: expected a picture as .png, .pdf, .svg or the like",
        ("compare", *files, "--plot", "p"): "p: expected a picture as .png, .pdf, .svg or the like, found ''",
        ("compare", *files, "--splits", 10**13): "--splits: expected at most 10000, found 1",
        ("plot", "run.mot", "-o", "p.xyz"): "p.xyz: expected a picture",
        ("plot", "run.mot", "-o", "no/p.png"): "no/p.png: expected a folder to write to, found none",
        ("plot", "run.mot", "--convergence"): "run.mot: expected an alignment with rotations for --convergence, found",
        ("demo", "-o", "p.xyz"): "p.xyz: expected a picture",
    }.items():
        if "--splits" in arguments:
            monkeypatch.undo()
            monkeypatch.chdir(tmp_path)
        result = run_here(*arguments)
        assert result.returncode == 1
        assert result.stderr.startswith(f"mot-fast: {message}"), result.stderr


def test_errors_name_options_where_arguments_are_meant():
    options = {"n_jobs": "--jobs", "rotate": "--rotate", "layers": "--layers", "output": "--output", "seed": "--seed"}
    for message, expected in {
        "n_jobs: expected 1": "--jobs: expected 1",
        "worker 3: n_jobs: expected 1": "worker 3: --jobs: expected 1",
        "give rotate=True, or layers=['x']": "give --rotate, or --layers ['x']",
        "the standard output: is full": "the standard output: is full",
        "study.toml, splits.seed: expected": "study.toml, splits.seed: expected",
        "layer 'seed': expected": "layer 'seed': expected",
        "a/seed=1.npz: expected": "a/seed=1.npz: expected",
    }.items():
        assert with_option_names(message, options) == expected
    assert with_option_names("n_jobs: expected", {}) == "n_jobs: expected"


def test_a_study_s_errors_name_its_keys(files, tmp_path):
    (tmp_path / "study.toml").write_text(
        f'methods = ["mot"]\n[networks]\na.activations = "{files[0]}"\nc.activations = "{files[0]}"\n'
        "[splits]\ntest_size = 0.001\n",
        encoding="utf-8",
    )
    result = run_here("run", "study.toml")
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1].startswith("mot-fast: splits.test_size: expected a fraction")


def fail(error):
    def run(*_, **__):
        raise error

    return run


def test_errors_that_nobody_expected_say_where_they_come_from(files, monkeypatch):
    monkeypatch.setattr(mot, "align", fail(AttributeError("odd\x1b")))
    result = run_here("align", *files)
    assert result.returncode == 1
    assert is_clean(result.stderr)
    assert "Traceback" in result.stderr
    assert result.stderr.splitlines()[-1] == r"mot-fast: AttributeError: odd\x1b"


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (MemoryError(), 1, "there is not enough memory"),
        (MemoryError("for 9 GB"), 1, "there is not enough memory (for 9 GB)"),
        (ValueError(), 1, "ValueError"),
        (UserWarning("which somebody made an error"), 1, "which somebody made an error"),
        (KeyError("layer: expected x"), 1, "layer: expected x"),
        (KeyboardInterrupt(), 130, "interrupted, and nothing is kept; with --store it would be"),
    ],
)
def test_every_end_is_one_line(files, monkeypatch, error, status, said):
    monkeypatch.setattr(mot, "align", fail(error))
    result = run_here("align", *files)
    assert (result.returncode, result.stderr) == (status, f"mot-fast: {said}\n")


@pytest.mark.filterwarnings("default:n_jobs")
def test_messages_and_warnings_are_notes(files, monkeypatch):
    def load(*_, **__):
        logging.getLogger("mot_fast").warning("compiling %s", "it\x1b")
        warnings.warn("n_jobs: odd\x1b\nlabel", UserWarning, stacklevel=1)
        raise ValueError("enough")

    monkeypatch.setattr(mot, "load", load)
    assert run_here("align", *files).stderr.splitlines() == [
        r"mot-fast: note: compiling it\x1b",
        r"mot-fast: note: --jobs: odd\x1b\nlabel",
        "mot-fast: enough",
    ]
    assert logging.getLogger("mot_fast").handlers == []
