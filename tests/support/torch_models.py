"""Small torch models, the stimuli that they take, and a slow reading of their layers: one stimulus at a time."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
from torch import nn

import mot_fast as mot

N_IDS = 60
ROWS = torch.randn(9, 8, generator=torch.Generator().manual_seed(1))
"""Nine stimuli of eight numbers."""


class Residual(nn.Module):
    """A block of convolutions round which its input is handed on."""

    def __init__(self, n_channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(n_channels, n_channels, 3, padding=1)
        self.norm = nn.BatchNorm2d(n_channels)
        self.second = nn.Conv2d(n_channels, n_channels, 3, padding=1)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.relu(x + self.second(self.relu(self.norm(self.first(x)))))


class Stage(nn.Module):
    """Two blocks in a row."""

    def __init__(self, n_channels: int) -> None:
        super().__init__()
        self.blocks = nn.ModuleList([Residual(n_channels), Residual(n_channels)])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for block in self.blocks:
            x = block(x)
        return x


class Applied(nn.Module):
    """A function as a module."""

    def __init__(self, function) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.function(x)


class Scaled(nn.Module):
    """Multiplies by a number that is neither a parameter nor a buffer."""

    def __init__(self, scale: float) -> None:
        super().__init__()
        self.scale = scale

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * self.scale


class OneChild(nn.Module):
    """A residual block of one module with weights."""

    def __init__(self, n_units: int) -> None:
        super().__init__()
        self.child = nn.Linear(n_units, n_units)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.child(x)


class OneChildInPlace(OneChild):
    """The same, whose result is the child's tensor, edited."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        made = self.child(x)
        made += x
        return made


class ResidualSequence(nn.Sequential):
    """Modules one after the other, round which the input is handed on."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + super().forward(x)


def seeded(make, *arguments, **options) -> nn.Module:
    """The same weights in every process."""
    torch.manual_seed(0)
    return make(*arguments, **options)


def mlp() -> nn.Module:
    return seeded(lambda: nn.Sequential(nn.Linear(5, 7), nn.ReLU(inplace=True), nn.Linear(7, 6), nn.Linear(6, 3)))


def cnn() -> nn.Module:
    return seeded(
        lambda: nn.Sequential(
            nn.Conv2d(3, 8, 3), nn.Sequential(Residual(8), Residual(8)), nn.Flatten(), nn.Linear(288, 2)
        )
    )


def staged_cnn() -> nn.Module:
    return seeded(lambda: nn.Sequential(nn.Conv2d(3, 8, 3), Stage(8), Stage(8)))


def transformer(kind: str) -> nn.Module:
    """A random model of a kind that transformers knows."""
    import transformers

    small = {"hidden_size": 16, "num_hidden_layers": 3, "num_attention_heads": 2, "intermediate_size": 24}
    configs = {
        "Bert": {**small, "vocab_size": N_IDS},
        "Llama": {**small, "vocab_size": N_IDS},
        "GPT2": {"n_embd": 16, "n_layer": 3, "n_head": 2, "vocab_size": N_IDS},
        "Albert": {**small, "embedding_size": 8, "vocab_size": N_IDS},
        "T5": {"d_model": 16, "d_kv": 8, "d_ff": 24, "num_layers": 3, "num_heads": 2, "vocab_size": N_IDS},
        "ViT": {**small, "image_size": 8, "patch_size": 4},
    }
    config = getattr(transformers, f"{kind}Config")(**configs[kind])
    return seeded(getattr(transformers, f"{kind}Model"), config)


def sentences_of_ids(n_stimuli: int = 12, seed: int = 0) -> list[torch.Tensor]:
    """Token ids of various numbers."""
    rng = np.random.default_rng(seed)
    return [torch.tensor(rng.integers(1, N_IDS, rng.integers(2, 9))) for _ in range(n_stimuli)]


def padded(sentences: list[torch.Tensor], side: str = "right") -> dict[str, torch.Tensor]:
    """One batch of them, with the mask and the positions that padding calls for."""
    ids = nn.utils.rnn.pad_sequence(sentences, batch_first=True, padding_side=side)
    ones = [torch.ones_like(each) for each in sentences]
    mask = nn.utils.rnn.pad_sequence(ones, batch_first=True, padding_side=side)
    return {"input_ids": ids, "attention_mask": mask, "position_ids": (mask.cumsum(1) - 1).clamp_min(0)}


def one_by_one(model: nn.Module, blocks: list[str], stimuli: list[torch.Tensor]) -> list[list[np.ndarray]]:
    """Of every layer, what each stimulus alone makes of it: what enters the first block, then what leaves each."""
    layers: list[list[np.ndarray]] = [[] for _ in range(1 + len(blocks))]
    model.eval()
    handles = [
        model.get_submodule(blocks[0]).register_forward_pre_hook(lambda _, values: layers[0].append(_numpy(values[0])))
    ]
    for layer, block in zip(layers[1:], blocks, strict=True):

        def keep(_module, _values, output, layer=layer):
            layer.append(_numpy(output if isinstance(output, torch.Tensor) else output[0]))

        handles.append(model.get_submodule(block).register_forward_hook(keep))
    with torch.no_grad():
        for stimulus in stimuli:
            model(stimulus[None])
    for handle in handles:
        handle.remove()
    return layers


def _numpy(values: torch.Tensor) -> np.ndarray:
    return values[0].double().numpy().copy()


def tokenizer(words):
    """A tokenizer whose tokens are words; the first ones pad, stand for unknown words, and begin and end a text."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    numbers = {word: k for k, word in enumerate([*special, *words])}
    whole = Tokenizer(models.WordLevel(numbers, unk_token="[UNK]"))
    whole.pre_tokenizer = pre_tokenizers.Whitespace()
    ends = [(mark, numbers[mark]) for mark in ("[CLS]", "[SEP]")]
    whole.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=ends)
    return PreTrainedTokenizerFast(tokenizer_object=whole, pad_token="[PAD]", unk_token="[UNK]")


def extracted(*arguments, **options):
    """What is on the disk: the header, and every layer by its label."""
    folder = Path(arguments[2])
    network = mot.extract(*arguments, **{"progress": False, **options})
    header = json.loads((folder / "network.json").read_text())
    layers = {layer["label"]: np.load(folder / layer["file"]) for layer in header["layers"]}
    assert network.widths == tuple(values.shape[1] for values in layers.values())
    assert network.n_stimuli == header["n_stimuli"]
    assert header["is_complete"]
    return header, layers


def linear(n_in=8, n_out=6):
    """A linear layer with seeded weights."""
    return seeded(nn.Linear, n_in, n_out)
