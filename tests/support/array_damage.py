"""Files of arrays, damaged: bytes of any of them, texts of the headers, numbers in the directories."""

from __future__ import annotations

import io
import json
import warnings
import zipfile

import numpy as np
from safetensors.numpy import save

import mot_fast as mot
from support.tampering import npy

N_STIMULI = 12
DESCRIPTIONS = ["'<f8'", "'<f4'", "'<i8'", "'>f8'", "'|u1'", "'|b1'", "'<c16'", "'|O'", "'|V2'", "'<U4'", "'<M8[s]'"]
DESCRIPTIONS += ["[('a', '<f8')]", "('<f8', (2,))", "'2<f8'", "None", "'\\\\d'", "__import__('os')", "'<f16'", "''"]
SHAPES = ["(12, 4)", "(12, 3)", "(13, 4)", "(4, 12)", "(24, 2)", "(48,)", "()", "(12, 4, 1)", "(-12, -4)", "(0, 4)"]
SHAPES += ["(12, 0)", "(10**6, 4)", "(1000000000000, 4)", "(4294967296, 4294967296)", "(True, 48)", "(12.0, 4)", "None"]
SHAPES += ["(12, 4), 'a': 1", f"({'9' * 5000}, 1)", "(" * 150 + ")" * 150, f"({'1, ' * 70})"]
NUMBERS = [0, 1, 2, 3, 8, 20, 30, 64, 127, 128, 255, 256, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF, 2**63]
JUNK = [
    "null",
    "true",
    "0",
    "-1",
    "1e3",
    "NaN",
    "9" * 400,
    "9" * 5000,
    '""',
    '"F32"',
    '"F4"',
    '"BF16"',
    '"\\ud800"',
    "[]",
]
JUNK += ["{}", "[1]", "[12, 4]", "[4, 12]", "[-12, -4]", "[0, 0]", "[384, 0]", "[0, 18446744073709551616]", "[[1], 2]"]
JUNK += [
    "[" * 100_000,
    '{"dtype":' * 5_000,
    '{"dtype": "F64", "shape": [12, 4], "data_offsets": [0, 384]}',
    "-",
    "1, 1",
]


def arrays():
    """Three layers that can be told apart."""
    rng = np.random.default_rng(3)
    return {f"layer{k}": rng.standard_normal((N_STIMULI, 4)).astype(["f8", "f4", "f2"][k]) for k in range(3)}


def an_npz(rng):
    """An archive; one in three has a member whose header says anything."""
    stream, packing = io.BytesIO(), [zipfile.ZIP_STORED, zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED][rng.integers(3)]
    with zipfile.ZipFile(stream, "w", packing) as archive:
        for label, values in arrays().items():
            content = an_npy(rng) if rng.random() < 0.3 else npy_of(values)
            archive.writestr(f"{label}.npy", content)
    return stream.getvalue()


def npy_of(values):
    stream = io.BytesIO()
    np.save(stream, values)
    return stream.getvalue()


def an_npy(rng):
    """A `.npy` file whose header says anything."""
    return npy(
        descr=DESCRIPTIONS[rng.integers(len(DESCRIPTIONS)) if rng.random() < 0.5 else 0],
        is_by_columns=["False", "True", "None", "2"][rng.integers(4) if rng.random() < 0.3 else 0],
        shape=SHAPES[rng.integers(len(SHAPES)) if rng.random() < 0.5 else 0],
        numbers=rng.standard_normal(48).tobytes(),
        version=[b"\1\0", b"\2\0", b"\3\0", b"\4\0"][rng.integers(4) if rng.random() < 0.2 else 0],
    )


def a_safetensors(rng):
    """A file of tensors; two in three have a header of which something is changed."""
    content = save(arrays())
    if rng.random() < 0.3:
        return content
    length = int.from_bytes(content[:8], "little")
    header, numbers = json.loads(content[8 : 8 + length]), content[8 + length :]
    label = list(header)[rng.integers(len(header))]
    field = [None, "dtype", "shape", "data_offsets"][rng.integers(4)]
    junk = JUNK[rng.integers(len(JUNK))]
    if rng.random() < 0.3 and field in ("shape", "data_offsets"):
        bumped = [number + int(rng.integers(-4, 5)) for number in header[label][field]]
        junk = json.dumps(bumped)
    if field is None:
        header[label] = "HERE"
    else:
        header[label][field] = "HERE"
    text = json.dumps(header).replace('"HERE"', junk)
    if rng.random() < 0.2:
        text = text.replace("layer1", "layer0").replace("layer2", ["layer2", "__metadata__"][rng.integers(2)])
    return len(text.encode()).to_bytes(8, "little") + text.encode() + numbers


def damaged(content, rng):
    """The bytes with some of them changed, moved, doubled or gone; a third is left alone."""
    content = bytearray(content)
    for _ in range(rng.integers(4)):
        at, n = (int(k) for k in (rng.integers(len(content) + 1), rng.integers(1, 30)))
        kind = rng.integers(6)
        if kind == 0 and at < len(content):
            content[at] ^= 1 << int(rng.integers(8))
        elif kind == 1:
            size = int(rng.choice([1, 2, 4, 8]))
            content[at : at + size] = int(NUMBERS[rng.integers(len(NUMBERS))] % 256**size).to_bytes(size, "little")
        elif kind == 2:
            del content[at : at + n]
        elif kind == 3:
            content[at:at] = content[at : at + n]
        elif kind == 4 and rng.random() < 0.3:
            del content[at:]
        elif kind == 5 and (where := content.find(b"PK", at)) >= 0:  # the headers of an archive, field by field
            field = where + int(rng.integers(4, 46))
            content[field : field + 4] = NUMBERS[rng.integers(len(NUMBERS) - 1)].to_bytes(4, "little")
    return bytes(content)


def outcome(path, oracle):
    """None where the file, or one of its layers, is refused, as it must be unless it is what the oracle reads."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            network = mot.load(path)
            found = [network.layer(label) for label in network.labels]
            alignment = mot.align(network, network) if network.n_stimuli > 2 else None
        except (ValueError, TypeError) as error:
            assert str(path) in str(error) or path.stem in str(error), error  # noqa: PT017
            found = None
    assert not [each for each in caught if "units are constant" not in str(each.message)], [
        str(c.message) for c in caught
    ]
    if found is None:
        return None
    expected = oracle(path)
    for label, values in zip(network.labels, found, strict=True):
        np.testing.assert_array_equal(values, expected[label])
    assert len(expected) == len(network.labels)
    assert alignment is None or -1e-9 <= alignment.cost <= 2
    return network
