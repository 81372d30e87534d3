"""`.mot` files taken apart, changed, and put together again."""

from __future__ import annotations

import functools
import io
import json
import operator
import warnings
import zipfile
from datetime import UTC, datetime

import numpy as np
import pytest

import mot_fast as mot
from mot_fast.layer_pairs.block_store import FORMAT, FORMAT_VERSION, digest_of
from mot_fast.measures.coupling import COUPLINGS
from mot_fast.system import archive

KINDS = ["plain", "masses", "rotated", "scored", "version 1"]


def members_of(kind, layers, folder):
    """Contents of a `.mot` file, by the names of its members."""
    networks = layers([6, 5], 50), layers([7, 4, 5], 50, seed=2)
    masses = {"source_mass": [np.arange(1.0, 7.0), np.ones(5)], "target_mass": [1, 2, 3]}
    arguments = {"masses": masses, "rotated": {"rotate": True, **masses}}.get(kind, {"convention": "paper"})
    alignment = mot.align(*networks, store=folder / "store" if kind == "scored" else None, **arguments)
    if kind == "scored":
        alignment = mot.evaluate(alignment, *networks, n_resamples=9)
    alignment.save(folder / "whole.mot")
    with zipfile.ZipFile(folder / "whole.mot") as whole:
        members = {name: whole.read(name) for name in whole.namelist()}
    if kind == "version 1":
        newer = "alternation", "run", "evaluation"
        header = {key: value for key, value in json.loads(members["header.json"]).items() if key not in newer}
        members["header.json"] = json.dumps({**header, "version": 1}).encode()
        del members["source_layer_mass.npy"], members["target_layer_mass.npy"]
    assert checked_load(folder / "whole.mot", packed(members)) is not None
    return members


def packed(members, change=lambda _: None):
    """The bytes of an archive of these members, or pairs of name and content; `change` may lie in its directory."""
    stream = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(stream, "w") as whole:
        warnings.filterwarnings("ignore", "Duplicate name")
        for name, content in members.items() if isinstance(members, dict) else members:
            whole.writestr(name, content, zipfile.ZIP_DEFLATED, compresslevel=1)
        change(whole)
    return stream.getvalue()


def checked_load(path, content):
    """The alignment in a file of this content; None where it is refused, as it must be unless it makes sense."""
    path.write_bytes(content)
    alignment, message = None, ""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            alignment = mot.Alignment.load(path)
        except ValueError as error:
            message = str(error)
    assert not caught
    if alignment is None:
        assert message.startswith(f"{path}: expected a complete .mot file, found none (")
    else:
        assert_makes_sense(alignment)
    return alignment


def assert_makes_sense(alignment):
    masses = []
    for side in (alignment.source, alignment.target):
        assert len(side.labels) == len(set(side.labels)) == len(side.layer_masses) > 0
        masses.append([side.masses_of_units(layer) for layer in range(len(side.labels))])
        assert side.widths == tuple(map(len, side.deviations)) == tuple(map(len, masses[-1]))
    assert_marginals(alignment.layer_plan, alignment.source.layer_masses, alignment.target.layer_masses)
    assert alignment.cost == pytest.approx(np.vdot(alignment.layer_costs, alignment.layer_plan), abs=1e-8)
    for l, row in enumerate(alignment.unit_plans):
        for m, plan in enumerate(row):
            assert_marginals(plan.toarray(), masses[0][l], masses[1][m])
            assert plan.cost == pytest.approx(plan.u @ masses[0][l] + plan.v @ masses[1][m], abs=1.1e-6)
            assert max(plan.certificate.figures) <= 1e-6
            least = plan.cost if alignment.traces is None else alignment.traces[l][m].min()
            assert alignment.layer_costs[l, m] == least
    for (l, _), rotation in alignment.rotations.items():
        np.testing.assert_allclose(rotation @ rotation.T, np.eye(alignment.source.widths[l]), atol=1e-8)
    assert f"cost {alignment.cost:.4f}" in repr(alignment)
    assert_history_makes_sense(alignment)


def assert_history_makes_sense(alignment):
    for side in (alignment.source, alignment.target):
        assert side.digests is None or list(map(len, side.digests)) == [40] * len(side.labels)
    if alignment.run is not None:
        assert datetime.fromisoformat(alignment.run.began).tzinfo == UTC
        assert alignment.run.seconds >= 0
        assert alignment.run.n_stimuli >= 3
        assert all(isinstance(version, str) for version in alignment.run.versions.values())
    if alignment.evaluation is not None:
        assert list(alignment.evaluation.scores) == list(COUPLINGS)
        for score in alignment.evaluation.scores.values():
            assert len(score.per_layer) == len(alignment.source.labels)
            assert score.value == pytest.approx(np.mean(score.per_layer))
            assert score.low is None or -1 <= score.low <= score.high <= 1


def assert_marginals(plan, a, b):
    assert plan.shape == (len(a), len(b))
    assert (plan >= 0).all()
    np.testing.assert_allclose(plan.sum(axis=1), a, atol=1e-8)
    np.testing.assert_allclose(plan.sum(axis=0), b, atol=1e-8)


def npy(descr="'<f8'", is_by_columns=False, shape="(7,)", numbers=b"", version=b"\1\0"):
    """A `.npy` file whose header says anything."""
    text = f"{{'descr': {descr}, 'fortran_order': {is_by_columns}, 'shape': {shape}, }}".encode()
    text += b" " * (-(len(text) + 11) % 64) + b"\n"
    return b"\x93NUMPY" + version + len(text).to_bytes(2 if version == b"\1\0" else 4, "little") + text + numbers


def field(key, value, *parts):
    """Set one field of the header, or of an object in it."""
    return lambda header, _: functools.reduce(operator.getitem, parts, header).__setitem__(key, value)


def rewrite(path, change):
    """Change the header and the members of a .mot file."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    header = json.loads(members["header.json"])
    change(header, members)
    path.write_bytes(packed({**members, "header.json": json.dumps(header).encode()}))


def rewrite_block(path, change):
    """Change the arrays of a block, whose digest is then that of the new ones, as whoever writes to a store can."""
    header, arrays = archive.read(path, FORMAT, FORMAT_VERSION)
    arrays = {name: values.copy() for name, values in arrays.items()}
    change(arrays)
    archive.write(path, {**header, "digest": digest_of(arrays)}, arrays, stored=arrays)


def member_of_any_kind(rng, values):
    """An array changed in one way or another: numbers, their order, type or shape."""
    with np.errstate(all="ignore"), warnings.catch_warnings(action="ignore"):
        return CHANGES[rng.integers(len(CHANGES))](values, rng)


def bump(values, rng):
    return (np.arange(values.size) == rng.integers(values.size)).astype(values.dtype).reshape(values.shape)


CHANGES = [
    lambda values, rng: rng.permutation(values),
    lambda values, rng: np.concatenate([values, values])[: rng.integers(2 * len(values))],
    lambda values, rng: values * [0, 2, 1e308, 2.0**62, np.nan][rng.integers(5)],
    lambda values, rng: (values * [0.0, 2.0, -1.0, 2.0**31, 2.0**62][rng.integers(5)]).astype(values.dtype),
    lambda values, rng: values + bump(values, rng),
    lambda values, rng: values - bump(values, rng),
    lambda values, rng: values * (1 + 1e-5 * rng.standard_normal(values.shape)),
    lambda values, rng: values.astype([np.float32, ">f8", np.int64, np.uint8, bool, np.complex128][rng.integers(6)]),
    lambda values, rng: [values.T, values[:, None], values.ravel(), values[0], values[None]][rng.integers(5)],
]
