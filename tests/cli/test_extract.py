"""Models on the command line; skipped where torch or transformers is missing."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

import mot_fast as mot
from mot_fast.cli import main
from mot_fast.networks.extraction.stimulus_files import find_stimuli
from support import media, page_files
from support.commands import COMMAND, answer, interrupted, run_here

pytestmark = [
    pytest.mark.torch,
    pytest.mark.filterwarnings("ignore:no token of this model knows of later ones"),
]


@pytest.fixture
def folder(tmp_path):
    page_files.models_and_sentences(tmp_path)
    return tmp_path


def test_extract_then_align(folder):
    for name in ("encoder", "decoder"):
        found = answer("extract", folder / "models" / name, folder / "sentences.txt", "-o", folder / name)
        assert found["index"]["pooling"] == {"pool": "mean", "skip_first_token": name == "decoder"}
        assert (found["name"], found["n_stimuli"]) == (name, page_files.N_STIMULI)
    network = mot.load(folder / "encoder")
    assert network.labels == ("embedding", *(f"encoder.layer.{k}" for k in range(3)))
    cost = answer("align", folder / "encoder", folder / "decoder", "--seed", 3)["cost"]
    train, _ = mot.split(page_files.N_STIMULI, seed=3)
    assert cost == mot.align(network[train], mot.load(folder / "decoder")[train]).cost


def test_what_is_asked_for_is_done(folder):
    texts, model, name = folder / "sentences.txt", folder / "models" / "decoder", folder / "store"
    options = ["--layers", "layers.[02]", "--pool", "last", "--name", "two", "--dtype", "float16", "--device", "cpu"]
    found = answer("extract", model, texts, "-o", name, "--batch-size", 7, *options)
    assert [layer["label"] for layer in found["layers"]] == ["layers.0", "layers.2"]
    assert {layer["dtype"] for layer in found["layers"]} == {"float16"}
    assert (found["name"], found["index"]["pooling"]["pool"]) == ("two", "last")
    text = run_here("extract", model, texts, "-o", name, "--batch-size", 7, *options).stdout
    assert "Network('two', 2 layers, 32 units, 60 stimuli)" in text
    assert "pooling: pool last, skip_first_token False" in text


@pytest.mark.processes
def test_a_decoder_is_noted(folder):
    arguments = [folder / "models" / "decoder", folder / "sentences.txt", "-o", folder / "store"]
    result = subprocess.run([COMMAND, "extract", *arguments], capture_output=True, text=True, check=True)
    assert "mot-fast: note: no token of this model knows of later ones" in result.stderr
    kept = answer("extract", *arguments[:3], folder / "kept", "--first-token", "keep")
    assert kept["index"]["pooling"]["skip_first_token"] is False


def test_networks_of_other_sentences_are_refused(folder):
    lines = (folder / "sentences.txt").read_text().splitlines()
    (folder / "turned.txt").write_text("\n".join(lines[::-1]))
    for name, texts in (("one", "sentences.txt"), ("two", "turned.txt")):
        answer("extract", folder / "models" / "encoder", folder / texts, "-o", folder / name)
    result = run_here("align", folder / "one", folder / "two")
    assert result.returncode == 1
    assert "expected the same stimuli, found different ones in 'encoder' and 'encoder'" in result.stderr
    assert answer("align", folder / "one", folder / "two", "--ignore-stimuli")["cost"] > 0


def test_a_study_records_what_it_needs_and_only_once(folder, monkeypatch, capsys):
    tables = [
        f'[networks.{name}]\nmodel = "models/{name}"\n{more}\n'
        for name, more in (
            ("encoder", 'stimuli = "sentences.txt"'),
            ("decoder", 'texts = "sentences.txt"\nlayers = ["layers.*"]\npool = "last"'),  # as it was called before
        )
    ]
    path = folder / "study.toml"
    path.write_text('pairs = [["encoder", "decoder"]]\nmethods = ["mot"]\n[splits]\nn = 1\n' + "".join(tables))
    first = answer("run", path)
    files = {file: file.stat().st_mtime_ns for file in (folder / "results" / "activations").rglob("*.npy")}
    assert len(files) == 7
    assert answer("run", path)["encoder--decoder"]["values_of_splits"] == first["encoder--decoder"]["values_of_splits"]
    assert files == {file: file.stat().st_mtime_ns for file in files}
    train, test = mot.split(page_files.N_STIMULI)
    source, target = (mot.load(folder / "results" / "activations" / name) for name in ("encoder", "decoder"))
    score = mot.align(source[train], target[train]).score(source[test], target[test]).value
    np.testing.assert_allclose(first["encoder--decoder"]["values_of_splits"]["mot"], [score], rtol=1e-12)
    with monkeypatch.context() as context:  # the models are not even loaded
        context.setattr(mot, "extract", None)
        assert main(["run", str(path)]) == 0
    weights = next((folder / "models" / "encoder").glob("*.safetensors"))
    weights.write_bytes(weights.read_bytes()[:-1] + b"?")
    capsys.readouterr()
    assert main(["run", str(path)]) == 1
    assert "folder: expected what an earlier run began in" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"one\n\ntwo\n", "texts.txt: expected one text a line, found line 2 empty"),
        (b"", "texts.txt: expected one text a line, found line 1 empty"),
        (b"\xff\xfe", "texts.txt: expected a text file in UTF-8, found another"),
        (
            None,
            "texts.txt: expected a text file, or a folder of images (.jpg, .png, .tif, ...) or sounds (.wav), fo",
        ),
    ],
)
def test_texts_that_are_none_are_named(folder, text, message):
    if text is not None:
        (folder / "texts.txt").write_bytes(text)
    result = run_here("extract", folder / "models" / "encoder", folder / "texts.txt", "-o", folder / "store")
    assert result.returncode == 1
    assert message in result.stderr


def test_images_by_folder_and_by_list(tmp_path):
    media.require_image_processors()
    paths = media.write_images(tmp_path / "images")
    (tmp_path / "list.txt").write_text("".join(f"{path.relative_to(tmp_path)}\n" for path in paths))
    model = media.save_model("vit", tmp_path)
    options = ["--pool", "max", "--first-token", "skip", "--batch-size", 4]
    for stimuli in ("images", "list.txt"):
        found = answer("extract", model, tmp_path / stimuli, "-o", tmp_path / f"from-{stimuli}", *options)
        assert found["index"]["pooling"] == {"pool": "max", "skip_first_token": True}
        assert found["n_stimuli"] == len(paths)
    both = [mot.load(tmp_path / f"from-{stimuli}") for stimuli in ("images", "list.txt")]
    assert mot.align(*both).cost == pytest.approx(0, abs=1e-9)


def test_labels_stand_for_the_stimuli(folder):
    (folder / "labels.txt").write_text("".join(f"{k}\n" for k in range(page_files.N_STIMULI)))
    arguments = ["extract", folder / "models" / "encoder", folder / "sentences.txt", "--labels", folder / "labels.txt"]
    assert answer(*arguments, "-o", folder / "one")["index"]["stimuli"]["of"] == "identities"
    sentences = (folder / "sentences.txt").read_text()
    (folder / "sentences.txt").write_text(sentences.upper())
    answer(*arguments, "-o", folder / "two")
    assert answer("align", folder / "one", folder / "two")["cost"] > 0
    (folder / "labels.txt").write_text("one\ntwo\n")
    result = run_here(*arguments, "-o", folder / "three")
    assert result.stderr.endswith("mot-fast: --labels: expected one for each stimulus, found 2 for 60\n")


def test_labels_that_are_not_there_are_named(folder):
    arguments = "extract", folder / "models" / "encoder", folder / "sentences.txt", "-o", folder / "store", "--labels"
    for name, found in (("nothing.txt", "nothing"), ("models", "a folder")):
        result = run_here(*arguments, folder / name)
        assert f"{name}: expected a text file, found {found}\n" in result.stderr


def test_a_byte_order_mark_is_no_part_of_a_text(tmp_path):
    (tmp_path / "texts.txt").write_bytes(b"\xef\xbb\xbfone\r\ntwo\r\n")
    assert find_stimuli(tmp_path / "texts.txt") == ["one", "two"]


@pytest.mark.processes
@pytest.mark.skipif(sys.platform == "win32", reason="sends a POSIX signal")
def test_ctrl_c_leaves_a_folder_that_goes_on(folder):
    sentences = (folder / "sentences.txt").read_text() * 40
    (folder / "many.txt").write_text(sentences)
    arguments = ["extract", folder / "models" / "encoder", folder / "many.txt", "-o", folder / "store"]
    arguments += ["--batch-size", "4"]
    said = interrupted(arguments, (folder / "store" / "network.json").exists)
    assert f"interrupted; what is done is kept in {folder / 'store'}" in said
    result = run_here("align", folder / "store", folder / "store")
    assert "expected all stimuli, found the activations of the first" in result.stderr
    assert answer(*arguments)["n_stimuli"] == 40 * page_files.N_STIMULI
