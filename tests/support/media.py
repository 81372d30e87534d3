"""Images and sounds as files, and small vision and audio models beside their processors, as transformers keeps them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

SIZE = 32
"""Height and width of the images that the vision models take."""
N_SAMPLES = 4000
SMALL = {"hidden_size": 16, "num_hidden_layers": 3, "num_attention_heads": 2, "intermediate_size": 24}
PATCHES = {"image_size": SIZE, "patch_size": 8}


def write_images(folder: Path, n_images: int = 9) -> list[Path]:
    """Write images of various sizes to a folder and one within it; returns them in the order of their paths."""
    from PIL import Image

    rng = np.random.default_rng(0)
    paths = []
    for k in range(n_images):
        path = folder / ("of" if k % 2 else ".") / f"image{k:02}.{'jpg' if k % 3 else 'png'}"
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = rng.integers(0, 256, (9, 9, 3), dtype=np.uint8)
        Image.fromarray(pixels).resize((40 + 5 * (k % 4), 36)).save(path)
        paths.append(path)
    return sorted(paths)


def write_sounds(folder: Path, n_sounds: int = 5, sampling_rate: int = 16000) -> list[Path]:
    """Write noises of equal length to a folder."""
    from scipy.io import wavfile

    rng = np.random.default_rng(0)
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"sound{k}.wav" for k in range(n_sounds)]
    for path in paths:
        wavfile.write(path, sampling_rate, (rng.standard_normal(N_SAMPLES) * 3000).astype(np.int16))
    return paths


def require_image_processors() -> None:
    """Skip where transformers cannot load its image processors, as beside a torchvision for another build of torch."""
    transformers = pytest.importorskip("transformers")
    try:
        transformers.AutoImageProcessor  # noqa: B018  # the name is imported when it is looked up
    except ImportError as error:
        pytest.skip(f"transformers cannot load its image processors: {error}")


def save_model(name: str, folder: Path) -> Path:
    """Save a random model of a kind, and its processor, to a folder of its own within a folder."""
    import transformers as hf

    from support.torch_models import seeded

    square = {"size": {"height": SIZE, "width": SIZE}}
    cropped = {"size": {"shortest_edge": SIZE}, "crop_size": {"height": SIZE, "width": SIZE}}
    audio = {"conv_dim": (8, 8), "conv_stride": (5, 4), "conv_kernel": (10, 3), "num_feat_extract_layers": 2}
    audio |= {"num_conv_pos_embeddings": 16, "num_conv_pos_embedding_groups": 2}
    stages = {"hidden_sizes": [8, 16, 24, 32], "depths": [2, 2, 2, 2]}
    tower = {**SMALL, **PATCHES}
    swin = {"embed_dim": 8, "depths": [2, 2, 2], "num_heads": [1, 2, 4], "window_size": 4}
    no_words = {"bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0}
    made = {
        "vit": lambda: (hf.ViTModel(hf.ViTConfig(**tower)), hf.ViTImageProcessor(**square)),
        "mae": lambda: (hf.ViTMAEModel(hf.ViTMAEConfig(**tower)), hf.ViTImageProcessor(**square)),
        "dinov2": lambda: (
            hf.Dinov2Model(hf.Dinov2Config(**{**tower, "patch_size": 16})),
            hf.BitImageProcessor(**cropped),
        ),
        "clip": lambda: (
            hf.CLIPModel(hf.CLIPConfig(vision_config=tower, text_config={**SMALL, **no_words, "vocab_size": 60})),
            hf.CLIPImageProcessor(**cropped),
        ),
        "convnext": lambda: (
            hf.ConvNextModel(hf.ConvNextConfig(**stages)),
            hf.ConvNextImageProcessor(size={"shortest_edge": SIZE}, crop_pct=0.875),
        ),
        "resnet": lambda: (
            hf.ResNetModel(hf.ResNetConfig(embedding_size=8, layer_type="basic", **stages)),
            hf.ConvNextImageProcessor(size={"shortest_edge": SIZE}, crop_pct=0.875),
        ),
        "swin": lambda: (
            hf.SwinModel(hf.SwinConfig(image_size=SIZE, patch_size=2, **swin)),
            hf.ViTImageProcessor(**square),
        ),
        "wav2vec2": lambda: (
            hf.Wav2Vec2Model(hf.Wav2Vec2Config(**SMALL, **audio)),
            hf.Wav2Vec2FeatureExtractor(),
        ),
    }
    model, processor = seeded(made[name])
    model.save_pretrained(folder / name)
    processor.save_pretrained(folder / name)
    return folder / name
