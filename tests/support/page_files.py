"""Files that pages take for granted, made small: their readers have their own."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

import mot_fast as mot

N_STIMULI = 60
NEED_TORCH = (
    "docs/guides/language-models.md",
    "docs/guides/vision.md",
    "docs/guides/training-runs.md",
    "docs/guides/transport.md",
    "docs/guides/backend.md",
)
NEED_READERS = ("docs/guides/fmri.md",)
"""Pages that need nilearn and pynwb."""


def make(page, folder, layers):
    """Write to the folder what the code of a page reads."""
    for names, seed in ((("a", "source"), 0), (("b", "target"), 1)):
        for name in names:
            np.savez(folder / f"{name}.npz", **dict(zip(("early", "late"), layers([6, 5], seed=seed), strict=True)))
    mot.align(folder / "a.npz", folder / "b.npz").save(folder / "run.mot")
    special = {
        "README.md": _people,
        "docs/guides/language-models.md": _language_models,
        "docs/guides/vision.md": _images,
        "docs/guides/training-runs.md": _torch,
        "docs/guides/transport.md": _torch,
        "docs/guides/backend.md": _callers,
        "docs/guides/fmri.md": _recordings,
    }
    special.get(page, _nothing)(folder, layers)


def _nothing(folder, layers):
    pass


def _torch(folder, layers):  # noqa: ARG001
    pytest.importorskip("torch")


def _callers(folder, layers):
    _torch(folder, layers)
    for name in ("rsatoolbox", "torchcfm"):
        pytest.importorskip(name)


def _people(folder, layers):
    for k in (1, 2, 3):
        arrays = layers([6, 5], seed=k)
        np.savez(folder / f"subject{k}.npz", **dict(zip(("V1", "V4"), arrays, strict=True)))


def _images(folder, layers):
    _torch(folder, layers)
    from support import media

    media.require_image_processors()
    media.write_images(folder / "images", N_STIMULI)
    for name in ("vit", "convnext"):
        media.save_model(name, folder / "models")


def _recordings(folder, layers):
    pytest.importorskip("nilearn")
    pytest.importorskip("pynwb")
    from support import recordings

    recordings.write_images(folder)
    recordings.write_session(folder / "session.nwb")
    for name, seed in (("subject1", 0), ("subject2", 1), ("subject1-repeat1", 0), ("subject1-repeat2", 0)):
        noise = np.random.default_rng(len(name) + ord(name[-1]))
        with h5py.File(folder / f"{name}.h5", "w") as file:
            for region, values in zip(("V1", "V2", "V4"), layers([6, 5, 4], seed=seed), strict=True):
                file[region] = values + 0.3 * noise.standard_normal(values.shape)
    for k in (1, 2):
        (folder / f"subject2-repeat{k}.h5").write_bytes((folder / f"subject1-repeat{k}.h5").read_bytes())


def _language_models(folder, layers):  # noqa: ARG001
    pytest.importorskip("torch")
    pytest.importorskip("transformers")
    models_and_sentences(folder)


def models_and_sentences(folder):
    """Two models as transformers keeps them, and the sentences of their words."""
    from support import torch_models

    words = [f"word{k}" for k in range(40)]
    rng = np.random.default_rng(0)
    sentences = [" ".join(rng.choice(words, rng.integers(3, 9))) for _ in range(N_STIMULI)]
    (folder / "sentences.txt").write_text("\n".join(sentences) + "\n")
    for name, kind in (("encoder", "Bert"), ("decoder", "Llama")):
        path = folder / "models" / name
        torch_models.transformer(kind).save_pretrained(path)
        torch_models.tokenizer(words).save_pretrained(path)
