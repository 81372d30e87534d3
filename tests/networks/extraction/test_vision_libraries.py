"""Models of timm and torchvision, with their own transforms; skipped where these are missing, or of another torch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
try:
    import timm
    import torchvision
except (ImportError, RuntimeError) as error:  # a torchvision for another build of torch raises the second
    pytest.skip(f"timm and torchvision cannot be loaded: {error}", allow_module_level=True)

from PIL import Image  # noqa: E402

import mot_fast as mot  # noqa: E402
from support import media  # noqa: E402
from support.torch_models import extracted, one_by_one, seeded  # noqa: E402

pytestmark = pytest.mark.torch


@pytest.fixture
def images(tmp_path):
    return media.write_images(tmp_path / "images", 4)


def assert_close(layers, model, blocks, inputs):
    expected = [[x.mean((1, 2)) for x in layer] for layer in one_by_one(model, blocks, inputs)]
    assert len(layers) == len(expected)
    for label, values, rows in zip(layers, layers.values(), expected, strict=True):
        np.testing.assert_allclose(values, rows, atol=1e-4, rtol=1e-4, err_msg=label)


BLOCKS = [f"layer{k}.{l}" for k in (1, 2, 3, 4) for l in (0, 1)]


def test_a_name_of_torchvision(images, tmp_path, monkeypatch):
    weights = torchvision.models.ResNet18_Weights.IMAGENET1K_V1
    model = seeded(torchvision.models.resnet18)
    kept = tmp_path / "home" / "hub" / "checkpoints" / Path(weights.url).name  # where its downloads go
    kept.parent.mkdir(parents=True)
    torch.save(model.state_dict(), kept)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "home"))
    header, layers = extracted("torchvision:resnet18.IMAGENET1K_V1", tmp_path / "images", tmp_path / "store")
    assert (header["name"], header["torchvision"]) == ("resnet18.IMAGENET1K_V1", torchvision.__version__)
    assert header["preprocessing"].startswith("ImageClassification( crop_size=[224]")
    inputs = [weights.transforms()(Image.open(path).convert("RGB")) for path in images]
    assert_close(layers, model, BLOCKS, inputs)
    _, newest = extracted("torchvision:resnet18", images, tmp_path / "newest")
    np.testing.assert_array_equal(newest["layer4.1"], layers["layer4.1"])


def test_a_module_of_timm_brings_its_transform(images, tmp_path):
    model = seeded(timm.create_model, "resnet18", pretrained=False)
    header, layers = extracted(model, tmp_path / "images", tmp_path / "store")
    transform = timm.data.create_transform(**timm.data.resolve_model_data_config(model), is_training=False)
    assert_close(layers, model, BLOCKS, [transform(Image.open(path).convert("RGB")) for path in images])
    assert "Normalize" in header["preprocessing"]


def test_a_name_of_timm(images, tmp_path, monkeypatch):
    model = seeded(timm.create_model, "resnet18", pretrained=False)
    torch.save(model.state_dict(), tmp_path / "weights.pth")
    make = timm.create_model
    # The weights come from a file, as nothing can be downloaded.
    overlay = {"file": str(tmp_path / "weights.pth")}
    monkeypatch.setattr(timm, "create_model", lambda *a, **o: make(*a, **o, pretrained_cfg_overlay=overlay))
    header, layers = extracted("timm:resnet18.a1_in1k", images, tmp_path / "store")
    assert (header["name"], header["timm"]) == ("resnet18.a1_in1k", timm.__version__)
    _, expected = extracted(model, images, tmp_path / "module")
    assert list(layers) == list(expected)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("torchvision:resnet1", r"torchvision loads, found 'resnet1' \(Unknown model resnet1\)"),
        (
            "torchvision:resnet18.V9",
            r"torchvision loads, found 'resnet18.V9' \(its weights are IMAGENET1K_V1,",
        ),
        ("timm:nothing", r"timm loads, found 'nothing' \(Unknown model \(nothing\)\)"),
    ],
)
def test_names_that_the_libraries_do_not_know(name, message, images, tmp_path):
    with pytest.raises(ValueError, match=f"model: expected a trained model that {message}"):
        mot.extract(name, images, tmp_path / "store", progress=False)
