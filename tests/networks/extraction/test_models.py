"""Models that cannot be read are refused in words that say what to give instead; skipped without torch."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

import mot_fast as mot  # noqa: E402
from support import torch_models  # noqa: E402

pytestmark = pytest.mark.torch

ROWS = torch.ones(4, 5)


def of_functions(_):
    """A graph like those of `torch.export`, in which nothing runs as a module."""
    return torch.fx.symbolic_trace(torch_models.Applied(torch.relu))


def exported(_):
    """A graph like those of newer `torch.export`, whose only module checks the inputs."""
    graph = torch.fx.Graph()
    given = graph.placeholder("x")
    graph.call_module("_guards_fn", (given,))
    graph.output(graph.call_function(torch.relu, (given,)))
    return torch.fx.GraphModule({"_guards_fn": nn.Identity()}, graph)


class FSDPModule(nn.Linear):
    """A module with the class name of torch's sharded modules."""


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (torch.jit.script, TypeError, "found a scripted or traced one, RecursiveScriptModule; give the"),
        (
            lambda m: nn.Sequential(nn.Linear(5, 5), torch.jit.script(m)),
            TypeError,
            "found a scripted or traced one, RecursiveScriptModule, as '1' in it; give the",
        ),
        (of_functions, TypeError, "found an exported or traced graph of plain functions; give the module"),
        (exported, TypeError, "found an exported or traced graph of plain functions; give the module"),
        (torch.fx.symbolic_trace, ValueError, "layers: expected names of layers for a model that was traced into a"),
        (lambda m: nn.Sequential(m, FSDPModule(3, 3)), TypeError, r"one piece, found one that is sharded \(FSDP\)"),
        (lambda m: m.to("meta"), ValueError, "parameters with numbers, found some on the device 'meta'"),
        (lambda _: torch.Generator(), TypeError, "found Generator; give the module that it was made of"),
    ],
)
def test_models_that_do_not_run_as_modules(make, error, message, tmp_path):
    with pytest.raises(error, match=message):
        mot.extract(make(torch_models.mlp()), ROWS, tmp_path / "net", progress=False)
    assert not (tmp_path / "net").exists()


def test_a_traced_model_is_read_by_names(tmp_path):
    traced = torch.fx.symbolic_trace(torch_models.mlp())
    assert mot.extract(traced, ROWS, tmp_path, layers=["0", "2"], progress=False).widths == (7, 6)


def test_a_model_whose_parts_never_run(tmp_path):
    class Functional(nn.Linear):
        """A model without parts."""

    with pytest.raises(ValueError, match="layers: expected a model whose parts run as modules, found none"):
        mot.extract(Functional(5, 3), ROWS, tmp_path, layers="*", progress=False)


class Whole(nn.Module):
    """A model of two halves, whose second half needs an input of its own."""

    def __init__(self, names):
        super().__init__()
        for name in names:
            self.add_module(name, torch_models.mlp())

    def forward(self, input_ids, **others):
        halves = list(self.children())
        return halves[0](input_ids), halves[1](others["more"])


class EncodesAndDecodes(Whole):
    """A model whose arguments name a second sequence, as those of T5 and Whisper do."""

    def forward(self, input_ids=None, decoder_input_ids=None):
        return super().forward(input_ids, more=decoder_input_ids)


@pytest.mark.parametrize(
    ("model", "part"),
    [
        (lambda: Whole(["text_model", "vision_model"]), "model.text_model or model.vision_model"),
        (lambda: Whole(["encoder", "decoder"]), "model.encoder"),
        (lambda: EncodesAndDecodes(["encoder", "decoder"]), r"model.get_encoder\(\)"),
    ],
)
@pytest.mark.parametrize("layers", ["auto", "*.0"])
def test_models_of_several_parts_are_errors_that_name_the_parts(model, part, layers, tmp_path):
    for stimuli in ({"input_ids": ROWS}, [{"input_ids": ROWS}]):
        with pytest.raises(ValueError, match=rf"give one (half of it|of them), as {part}"):
            mot.extract(model(), stimuli, tmp_path, layers=layers, progress=False)
    if layers != "auto":  # whoever names layers may give all that the model asks for
        other = "decoder_input_ids" if isinstance(model(), EncodesAndDecodes) else "more"
        found = mot.extract(model(), {"input_ids": ROWS, other: ROWS}, tmp_path, layers=layers, progress=False)
        assert found.widths == (7, 7)


def test_layers_of_several_parts_are_no_stream(tmp_path):
    both = {"input_ids": ROWS, "more": ROWS}
    with pytest.raises(
        ValueError, match=r"for a model of several parts, found 'auto'; or give one of them, as model.t"
    ):
        mot.extract(Whole(["text_model", "vision_model"]), both, tmp_path, progress=False)


def test_the_hint_comes_before_a_tokenizer_is_looked_for(tmp_path):
    with pytest.raises(ValueError, match=r"give one half of it, as model.get_encoder\(\)"):
        mot.extract(EncodesAndDecodes(["encoder", "decoder"]), ["a text"], tmp_path, progress=False)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is such a device")
@pytest.mark.parametrize("device", ["cuda", "cuda:3", "meta", "moon", ""])
def test_devices_that_cannot_be_used(device, tmp_path):
    with pytest.raises(ValueError, match=f"device: expected one that torch can use here, .* found '{device}'"):
        mot.extract("bert", ["a text"], tmp_path, device=device, progress=False)


def test_the_command_line_names_its_options(tmp_path, monkeypatch, capsys):
    """Errors that name an argument of `extract` name the option of the command instead."""
    from mot_fast.cli import main

    (tmp_path / "texts.txt").write_text("one\ntwo\n")
    raised = []
    monkeypatch.setattr(mot, "extract", lambda *_, **__: (_ for _ in ()).throw(raised[-1]))
    for error, expected in (
        (ValueError("layers: expected names, found 'x'"), "mot-fast: --layers: expected names, found 'x'\n"),
        (ValueError("stimulus 3: leave it out, or skip_first_token=False"), "leave it out, or --first-token keep\n"),
        (ValueError("7 is too much; dtype='float32' holds it"), "7 is too much; --dtype float32 holds it\n"),
        (ValueError("layer 'a': expected more for pool='mean'"), "layer 'a': expected more for --pool mean\n"),
        (ValueError("batches: expected images"), "mot-fast: stimuli: expected images\n"),
        (
            ValueError(
                "skip_first_token: expected False or 'auto', as pool is 'cls' and neither 'mean' nor 'max', found True"
            ),
            "--first-token: expected keep or auto, as --pool is cls and neither mean nor max, found skip\n",
        ),
        (TypeError("batch_size: expected at least 1, found 0"), "--batch-size: expected at least 1, found 0\n"),
        (OSError("folder: expected a folder"), "--output: expected a folder\n"),
        (ValueError("device: expected one, found 'cuda'"), "--device: expected one, found 'cuda'\n"),
        (ValueError("of no argument: layer"), "mot-fast: of no argument: layer\n"),
    ):
        raised.append(error)
        assert main(["extract", "m", str(tmp_path / "texts.txt"), "-o", str(tmp_path / "out")]) == 1
        assert capsys.readouterr().err.endswith(expected)
