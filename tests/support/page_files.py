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
)


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
        "docs/guides/fmri.md": _recordings,
    }
    special.get(page, _nothing)(folder, layers)


def _nothing(folder, layers):
    pass


def _torch(folder, layers):  # noqa: ARG001
    pytest.importorskip("torch")


def _people(folder, layers):
    for k in (1, 2, 3):
        arrays = layers([6, 5], seed=k)
        np.savez(folder / f"subject{k}.npz", **dict(zip(("V1", "V4"), arrays, strict=True)))


def _images(folder, layers):
    _torch(folder, layers)
    images = np.random.default_rng(0).standard_normal((N_STIMULI, 3, 8, 8)).astype(np.float32)
    np.save(folder / "images.npy", images)


def _recordings(folder, layers):
    for name, seed in (("subject1", 0), ("subject2", 1), ("subject1-repeat1", 0), ("subject1-repeat2", 0)):
        noise = np.random.default_rng(len(name) + ord(name[-1]))
        with h5py.File(folder / f"{name}.h5", "w") as file:
            for region, values in zip(("V1", "V2", "V4"), layers([6, 5, 4], seed=seed), strict=True):
                file[region] = values + 0.3 * noise.standard_normal(values.shape)


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
