"""Studies that are run again, stopped, and run by workers."""

from __future__ import annotations

import csv
import json
import socket
import sys
from contextlib import suppress
from threading import Thread

import numpy as np
import pytest

import mot_fast as mot
from mot_fast.analysis import pieces
from mot_fast.cli import main, output
from support.commands import answer, is_png

STUDY = """
pairs = [["one", "two"], ["two", "one"]]
methods = ["mot", "greedy", "mot+r", "cka"]
shuffles = 3
[networks.one]
activations = "one.npz"
[networks.two]
activations = "two.npz"
[splits]
n = 2
[output]
tables = ["md", "csv", "json", "nc"]
"""


@pytest.fixture
def study(tmp_path, layers):
    for name, seed in (("one", 0), ("two", 4)):
        np.savez(tmp_path / f"{name}.npz", **{f"layer{k}": x for k, x in enumerate(layers([5, 8, 6], 60, seed=seed))})
    path = tmp_path / "study.toml"
    path.write_text(STUDY)
    return path


def files_of(study):
    """Results with what they hold and when they were written."""
    paths = [path for path in (study.parent / "results").iterdir() if path.is_file()]
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in paths}


def run(study):
    assert main(["run", str(study)]) == 0


def refuse(*_, **__):
    raise AssertionError("something is done again")


def test_a_study_run_again_does_nothing_again(study, monkeypatch, capsys):
    run(study)
    first, said = files_of(study), capsys.readouterr().out
    for owner, name in ((pieces, "_finish"), (output, "save_picture"), (output, "write_table"), (mot, "align")):
        monkeypatch.setattr(owner, name, refuse)
    run(study)
    assert files_of(study) == first
    assert capsys.readouterr().out == said


def test_only_what_is_missing_or_altered_is_written_again(study):
    run(study)
    first, results = files_of(study), study.parent / "results"
    (results / "one--two.plan.png").unlink()
    (results / "two--one.csv").write_text("altered")
    run(study)
    second = files_of(study)
    assert {name: content for name, (content, _) in second.items()} == {n: content for n, (content, _) in first.items()}
    changed = {name for name in first if second[name][1] != first[name][1]}
    assert changed == {"one--two.plan.png", "two--one.csv"}


def test_the_page_links_to_the_tables_that_the_study_asks_for_now(study):
    run(study)
    before = (study.parent / "results/index.html").read_text()
    study.write_text(STUDY.replace('"md", ', ""))
    run(study)
    page = (study.parent / "results/index.html").read_text()
    assert "one--two.md" in before
    assert "one--two.md" not in page
    assert "one--two.csv" in page


def test_what_a_study_asks_for_in_addition_is_done_alone(study, monkeypatch):
    run(study)
    study.write_text(STUDY.replace('"cka"]', '"cka", "rsa"]'))
    done, finish = [], pieces._finish

    def counted(piece, store):
        done.append(piece.names)
        return finish(piece, store)

    monkeypatch.setattr(pieces, "_finish", counted)
    run(study)
    assert done == [("rsa",)] * 4


@pytest.mark.parametrize("stopped_at", [1, 4, 9, 14])
def test_a_study_that_is_stopped_repeats_one_piece_at_most(study, stopped_at, monkeypatch):
    finish, keys = pieces._finish, []

    def stopped(piece, store):
        if len(keys) == stopped_at:
            raise KeyboardInterrupt
        keys.append(piece.key())
        return finish(piece, store)

    monkeypatch.setattr(pieces, "_finish", stopped)
    assert main(["run", str(study)]) == 130
    n_done = len(keys)
    stopped_at = -1
    run(study)
    assert n_done < len(keys) == len(set(keys))


def test_one_table_holds_all_pairs_and_methods(study):
    found = answer("run", study)
    results = study.parent / "results"
    rows = list(csv.DictReader((results / "scores.csv").read_text().splitlines()))
    assert [(row["source"], row["target"], row["method"]) for row in rows] == [
        (*pair, method) for pair in (("one", "two"), ("two", "one")) for method in ("mot", "greedy", "mot+r", "cka")
    ]
    expected = {name: np.array(list(found[name]["values_of_splits"].values())) for name in ("one--two", "two--one")}
    means = [float(row["value"]) for row in rows]
    np.testing.assert_allclose(means, np.concatenate([each.mean(axis=1) for each in expected.values()]), atol=1e-15)
    assert json.loads((results / "scores.json").read_text())["one--two"] == found["one--two"]
    table = (results / "scores.md").read_text().splitlines()
    assert [cell.strip() for cell in table[2].split("|")[1:-1]] == ["source", "target", "mot", "greedy", "mot+r", "cka"]
    assert table[4].split("|")[3].strip().startswith(f"{means[0]:.3f} +- ")
    import xarray

    with xarray.open_dataset(results / "scores.nc", engine="scipy") as data:
        assert data["scores"].dims == ("pair", "method_name", "split")
        np.testing.assert_array_equal(data["scores"], list(expected.values()))
        assert data["source"].values.tolist() == ["one", "two"]
        assert data["method_name"].values.tolist() == ["mot", "greedy", "mot+r", "cka"]
    with xarray.open_dataset(results / "two--one.nc", engine="scipy") as data:
        np.testing.assert_array_equal(data["scores"], expected["two--one"])


def test_a_page_and_a_picture_show_all_pairs(study):
    run(study)
    results = study.parent / "results"
    page = (results / "index.html").read_text()
    for name in ("one--two", "two--one"):
        for ending in ("html", "mot", "md", "csv", "json", "nc"):
            assert f'href="{name}.{ending}"' in page
        assert "plotly.min.js" in (results / f"{name}.html").read_text()
    assert is_png(results / "matrix.png")
    assert (results / "plotly.min.js").stat().st_size > 10 * (results / "one--two.html").stat().st_size
    (results / "plotly.min.js").unlink()
    run(study)
    assert (results / "plotly.min.js").is_file()
    study.write_text(STUDY.replace("[output]", "[output]\nsingle_files = true"))
    run(study)
    assert "plotly.min.js" not in (results / "one--two.html").read_text()


def test_numbers_of_stimuli_are_compared_before_a_model_runs(study, capsys):
    (study.parent / "texts.txt").write_text("".join(f"text {k}\n" for k in range(59)))
    study.write_text(STUDY.replace('activations = "two.npz"', 'model = "nowhere"\nstimuli = "texts.txt"'))
    assert main(["run", str(study)]) == 1
    message = "networks.one and networks.two: expected the same stimuli, found 60 in 'one' and 59 in 'two'"
    assert message in capsys.readouterr().err


@pytest.mark.filterwarnings("default:.*units with NaN are left out")
def test_units_with_nan_are_left_out_where_a_study_says_so(study, capsys):
    layers = dict(np.load(study.parent / "one.npz"))
    layers["layer1"][4, 3] = np.nan
    np.savez(study.parent / "one.npz", **layers)
    assert main(["run", str(study)]) == 1
    assert "NaN" in capsys.readouterr().err
    study.write_text(STUDY.replace('"one.npz"', '"one.npz"\nnan = "drop"'))
    run(study)
    alignment = mot.Alignment.load(study.parent / "results" / "one--two.mot")
    assert alignment.source.widths == (5, 7, 6)
    study.write_text(STUDY.replace('"one.npz"', '"one.npz"\nnan = "ignore"'))
    assert main(["run", str(study)]) == 1
    assert "networks.one.nan: expected one of 'raise', 'drop', found 'ignore'" in capsys.readouterr().err


STAND_IN = """\
#!{python}
# Stands in for SLURM: runs the job, whose script is the last argument, at once and on this machine.
import pathlib, subprocess, sys
with (pathlib.Path(__file__).parent / "submitted").open("a") as file:
    file.write("job\\n")
process = subprocess.Popen(["bash", sys.argv[-1]], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
print(f"Submitted batch job {{process.pid}}")
"""


@pytest.fixture
def sbatch(tmp_path, monkeypatch):
    folder = tmp_path / "bin"
    folder.mkdir()
    for name, text in (("sbatch", STAND_IN), ("scancel", "#!{python}\nimport os, sys\nos.kill(int(sys.argv[1]), 15)")):
        (folder / name).write_text(text.format(python=sys.executable))
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")


@pytest.mark.processes
@pytest.mark.parametrize("kind", ["workers", "address", "slurm"])
def test_workers_find_what_this_process_finds(study, kind, request):
    study.write_text(STUDY.replace('"mot+r", ', ""))
    expected = answer("run", study)
    tables = {
        "workers": "workers = 2",
        "slurm": 'slurm = {jobs = 1, cores = 1, processes = 1, memory = "1GB", job_cpu = 1, '
        'scheduler_options = {dashboard_address = ":0"}}',
    }
    if kind == "slurm":
        request.getfixturevalue("sbatch")
    if kind == "address":
        from distributed import LocalCluster

        cluster = LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=":0")
        request.addfinalizer(cluster.close)
        tables["address"] = f'address = "{cluster.scheduler_address}"'
    text = study.read_text().replace("[output]", f'[cluster]\n{tables[kind]}\n[output]\nfolder = "other"')
    study.write_text(text)
    found = answer("run", study)
    for name in ("one--two", "two--one"):
        assert found[name]["values_of_splits"] == expected[name]["values_of_splits"]
        assert found[name]["methods"][0]["p_better"] == expected[name]["methods"][0]["p_better"]
    if kind == "slurm":
        submitted = study.parent / "bin" / "submitted"
        assert submitted.read_text() == "job\n"
        run(study)
        assert submitted.read_text() == "job\n", "a finished study submits jobs"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("workers = 0", "study.toml, cluster.workers: expected a number between 1 and 10000, found 0"),
        ("workers = 1.5", "cluster.workers: expected a whole number, found 1.5"),
        ('workers = 1\naddress = "a"', "cluster: expected one of 'workers', 'address' and 'slurm', found"),
        ("machines = 3", "cluster: expected some of address, slurm, workers, found 'machines'"),
        ("address = 8786", "cluster.address: expected text in quotes, found 8786"),
        ('slurm = {queue = "long"}', "cluster.slurm.jobs: expected a whole number, found nothing"),
        ("slurm = 4", "cluster.slurm: expected a table, found 4"),
    ],
)
def test_mistakes_about_workers_are_named_by_their_place(study, text, message, capsys):
    study.write_text(STUDY.replace("[output]", f"[cluster]\n{text}\n[output]"))
    assert main(["run", str(study)]) == 1
    assert message in capsys.readouterr().err


@pytest.mark.usefixtures("sbatch")
@pytest.mark.filterwarnings("ignore:Exception ignored in. <function Cluster.__del__")  # Dask's, half made
@pytest.mark.parametrize(
    ("slurm", "message"),
    [
        ("{jobs = 1}", "cluster.slurm: expected arguments of dask_jobqueue.SLURMCluster, found {} (You must specify"),
        ('{jobs = 1, cores = 1, memory = "1GB", queu = "long"}', "Got unexpected keyword argument 'queu'"),
    ],
)
def test_arguments_that_jobs_do_not_take_are_named_before_the_work(study, slurm, message, capsys):
    study.write_text(STUDY.replace("[output]", f"[cluster]\nslurm = {slurm}\n[output]"))
    assert main(["run", str(study)]) == 1
    said = capsys.readouterr().err
    assert message in said
    assert "cluster.slurm: " in said
    assert "\\n" not in said
    assert not (study.parent / "results").exists()


@pytest.fixture
def web_server():
    """The address of a server that answers anything with a page, as that of Dask's dashboard does."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer_all():
            with suppress(OSError):
                while True:
                    with server.accept()[0] as connection:
                        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n" + 99 * b" ")

        Thread(target=answer_all, daemon=True).start()
        yield "{}:{}".format(*server.getsockname())


def test_workers_that_cannot_be_had_are_named_before_the_work(study, web_server, capsys, monkeypatch):
    monkeypatch.setenv("PATH", "")
    for text, message in (
        ('address = "tcp://127.0.0.1:9"', "expected the address of a Dask scheduler, found none that answers at tcp"),
        ('address = "here"', "expected the address of a Dask scheduler, found none that answers at here"),
        (f'address = "tcp://{web_server}"', "expected the address of a Dask scheduler, found none that answers at tcp"),
        ("slurm = {jobs = 1}", "cluster.slurm: expected the command sbatch of SLURM, found none"),
    ):
        study.write_text(STUDY.replace("[output]", f"[cluster]\n{text}\n[output]"))
        assert main(["run", str(study)]) == 1
        assert message in capsys.readouterr().err
    for library, text in (("dask_jobqueue", "slurm = {jobs = 1}"), ("distributed", 'address = "tcp://127.0.0.1:9"')):
        with monkeypatch.context() as context:
            context.setitem(sys.modules, library, None)
            study.write_text(STUDY.replace("[output]", f"[cluster]\n{text}\n[output]"))
            assert main(["run", str(study)]) == 1
            assert f"pip install {library.replace('_', '-')}" in capsys.readouterr().err
    assert not (study.parent / "results").exists()
