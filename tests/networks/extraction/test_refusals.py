"""Warnings and errors of extraction; skipped without torch or transformers."""

from __future__ import annotations

import re
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from torch import nn  # noqa: E402

import mot_fast as mot  # noqa: E402
from support import torch_models  # noqa: E402
from support.torch_models import extracted  # noqa: E402

pytestmark = pytest.mark.torch


class Scaled(nn.Module):
    """A module that multiplies its input."""

    def __init__(self, factor, dtype=torch.float32):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([[factor]], dtype=dtype))

    def forward(self, x):
        return x * self.weight


def test_numbers_that_are_not_finite_are_named(tmp_path):
    stimuli = np.ones((6, 2))
    stimuli[4, 1] = np.inf
    message = r"layer '0': expected finite activations, found inf first at stimulus 4, unit 1$"
    with pytest.raises(ValueError, match=message):
        mot.extract(nn.Sequential(Scaled(1.0)), stimuli, tmp_path / "a", batch_size=3, progress=False)
    half = nn.Sequential(Scaled(1.0), Scaled(60000.0)).half()
    with pytest.raises(
        ValueError, match=r"layer '1': .* inf first at stimulus 1, unit 0; the model computes in float16, wh"
    ):
        mot.extract(half, np.array([[1.0], [2.0]]), tmp_path / "b", batch_size=1, progress=False)


def test_large_numbers(tmp_path):
    stimuli = np.array([[1.0], [0.5], [-1.5]])
    model = nn.Sequential(Scaled(1.0), Scaled(60000.0))
    message = "float16, which ends at 65,504, would overflow or nearly so: largest values '1' 90,000"
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        mot.extract(model, stimuli, tmp_path / "a", progress=False)
    assert message in [str(warning.message) for warning in found]
    assert {warning.filename for warning in found} == {__file__}
    with pytest.raises(
        ValueError, match=r"layer '1': expected activations that float16 holds, .* -90000.0 at stimulus 2, "
    ):
        mot.extract(model, stimuli, tmp_path / "b", dtype="float16", progress=False)
    model = torch_models.mlp()
    _, layers = extracted(model, np.ones((4, 5)), tmp_path / "c", dtype="float16")
    _, wide = extracted(model, np.ones((4, 5)), tmp_path / "d")
    for label, values in wide.items():
        assert layers[label].dtype == np.float16
        np.testing.assert_array_equal(layers[label], values.astype(np.float16))


def test_a_direction_that_dominates_is_warned_of(tmp_path):
    stimuli = np.random.default_rng(0).standard_normal((50, 12))
    stimuli[3] *= 1000
    wide = nn.Sequential(*(nn.Linear(12, 12) for _ in range(3)), nn.Linear(12, 9))  # of few units it is no wonder
    with pytest.warns(UserWarning, match=r"one direction holds most .*: '0' 100%, '1' 100%, '2' 100%; its units"):
        mot.extract(wide, stimuli, tmp_path / "a", progress=False)
    deep = nn.Sequential(*(nn.Linear(12, 12) for _ in range(5)))
    with pytest.warns(UserWarning, match="variance: '0' 100%, '1' 100%, '2' 100%, and 2 more layers;"):
        mot.extract(deep, stimuli, tmp_path / "b", progress=False)
    mot.extract(deep, stimuli[4:13], tmp_path / "c", progress=False)  # nor of few stimuli


def test_progress_is_shown(tmp_path, capsys):
    mot.extract(torch_models.mlp(), np.random.default_rng(0).standard_normal((7, 5)), tmp_path, batch_size=2)
    out, err = capsys.readouterr()
    assert out == ""
    assert "7/7" in err
    assert "stimuli" in err


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"layers": 3}, TypeError, "layers: expected 'auto', or names or patterns of modules, found 3"),
        ({"layers": []}, TypeError, r"layers: expected 'auto', or names or patterns of modules, found \[\]"),
        ({"pool": "sum"}, ValueError, "pool: expected one of 'mean', 'max', 'cls', .*'flatten', 'none', found 'sum'"),
        ({"skip_first_token": "no"}, ValueError, "skip_first_token: expected one of 'auto', found 'no'"),
        (
            {"skip_first_token": True, "pool": "cls"},
            ValueError,
            "skip_first_token: expected False or 'auto', as pool is 'cls' and neither 'mean' nor 'max', found True",
        ),
        ({"dtype": "float64"}, ValueError, "dtype: expected one of 'float32', 'float16', found 'float64'"),
        ({"batch_size": 0}, ValueError, "batch_size: expected at least 1, found 0"),
        ({"folder": 3}, TypeError, "folder: expected a path, found 3"),
        ({"model": 3}, TypeError, "model: expected a torch module, or a name or path of one, found int"),
        ({"device": "cpu"}, ValueError, "device: expected none, as a module runs where it is, found 'cpu'"),
        (
            {"model": "bert", "device": "moon"},
            ValueError,
            "device: expected one that torch can use here, such as 'cpu', found 'moon'",
        ),
        (
            {"model": Path("missing")},
            FileNotFoundError,
            "model: expected a folder or a .gguf file, found nothing at missing",
        ),
        (
            {"model": "missing.gguf"},
            FileNotFoundError,
            "model: expected a folder or a .gguf file, found nothing at missing",
        ),
        ({"batches": ["a"]}, ValueError, "tokenizer: expected one, as the stimuli are texts, found None"),
        (
            {"pool": lambda x, _: x.flatten(1), "model": "Bert"},
            ValueError,
            "expected 32 units as before, found 48 at stimulus 1",
        ),
        (
            {"model": "transposed"},
            ValueError,
            r"layer '1': expected 1 stimuli as the first dimension, found shape \(4, 1",
        ),
    ],
)
def test_bad_arguments_are_named(options, error, message, tmp_path):
    arguments = {
        "model": torch_models.mlp(),
        "batches": np.ones((3, 5)),
        "folder": tmp_path,
        "progress": False,
        **options,
    }
    if arguments["model"] == "Bert":
        arguments |= {
            "model": torch_models.transformer("Bert"),
            "batches": [np.ones((1, 2), int), np.ones((1, 3), int)],
        }
    if arguments["model"] == "transposed":
        arguments |= {"model": nn.Sequential(nn.Linear(5, 2), Transposed()), "batches": np.ones((3, 4, 5))}
    model, stimuli, folder = (arguments.pop(key) for key in ("model", "batches", "folder"))
    with pytest.raises(error, match=message):
        mot.extract(model, stimuli, folder, **arguments)


class Transposed(nn.Module):
    """A module that moves the second dimension to the front."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1, 1))

    def forward(self, x):
        return x.transpose(0, 1)


class Moody(nn.Module):
    """A module that calls its submodule twice for several stimuli, and returns no tensor for five stimuli."""

    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(5, 5)
        self.outer = Untold()

    def forward(self, x):
        for _ in range(min(len(x), 2)):
            y = self.inner(x)
        return self.outer(y)


class Untold(nn.Module):
    """A module that returns no tensor for five stimuli."""

    def forward(self, x):
        return x if len(x) < 5 else None


@pytest.mark.parametrize(
    ("layers", "n_stimuli", "message"),
    [
        ("inner", 2, "layer 'inner': expected 1 calls of this module whenever the model runs, found 2"),
        ("outer", 5, "layer 'outer': expected a tensor, found NoneType"),
    ],
)
def test_models_that_run_otherwise_for_other_stimuli_are_refused(layers, n_stimuli, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        mot.extract(Moody(), np.ones((n_stimuli, 5)), tmp_path, layers=layers, progress=False)


def test_models_without_weights_are_named(tmp_path):
    pytest.importorskip("transformers")
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text('{"model_type": "bert"}')
    message = r"expected a folder or .gguf file of transformers, .* or torchvision:NAME, found '.*model' \(.*no file"
    with pytest.raises(OSError, match=message):
        mot.extract(tmp_path / "model", ["a"], tmp_path / "store", progress=False)
    assert not (tmp_path / "store").exists()


def test_a_package_that_a_model_needs_and_that_fails_is_named(tmp_path, monkeypatch):
    transformers = pytest.importorskip("transformers")
    (tmp_path / "model").mkdir()
    (tmp_path / "broken.py").write_text("raise RuntimeError('built for another torch')")
    monkeypatch.syspath_prepend(tmp_path)

    def fails(*_, **__):
        try:
            import broken  # noqa: F401
        except RuntimeError as error:
            raise ModuleNotFoundError("Could not import module 'Model'") from error

    monkeypatch.setattr(transformers.AutoModel, "from_pretrained", fails)
    message = (
        "expected packages that transformers can import for .*model, found one that fails .built for another torch"
    )
    with pytest.raises(ImportError, match=message):
        mot.extract(tmp_path / "model", ["a"], tmp_path / "store", progress=False)


@pytest.mark.processes
@pytest.mark.parametrize(
    ("missing", "model", "message"),
    [
        ("torch", "None", "ImportError: extract needs torch: pip install torch"),
        ("transformers", "'bert'", "ImportError: a model given by name needs transformers: pip install transformers"),
    ],
)
def test_what_is_not_installed_is_named(missing, model, message, tmp_path):
    program = f"import sys; sys.modules[{missing!r}] = None; import mot_fast; mot_fast.extract({model}, [], 'x')"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert re.search(message, run.stderr), run.stderr
    assert not list(tmp_path.iterdir())
