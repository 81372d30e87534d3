"""Units that are NaN for some stimuli: refused with all places in one message, or left out and traceable."""

from __future__ import annotations

import io
import re
import warnings
import zipfile

import numpy as np
import pandas
import pytest

import mot_fast as mot
from support.commands import run_here
from support.tampering import rewrite


def network_with_nan():
    rng = np.random.default_rng(0)
    layers = {f"V{k}": rng.standard_normal((30, 6)) for k in (1, 2, 4)}
    layers["V1"][3, 2] = layers["V1"][5, 2] = layers["V1"][7, 4] = np.nan
    layers["V4"][0, 5] = np.nan
    return layers


def dropped(source, **options):
    with pytest.warns(mot.DroppedUnitsWarning) as caught:
        network = mot.load(source, nan="drop", **options)
    assert len(caught) == 1
    return network, str(caught[0].message)


def test_one_error_counts_the_units_of_every_layer():
    message = (
        "network 'brain', layer 'V1': expected finite activations, found nan first at stimulus 3, unit 2; "
        "such numbers are in 2 of 6 units; in layer 'V4' 1 of 6 units, nan first at stimulus 0, unit 5; "
        'loading with nan="drop" leaves out units with NaN'
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        mot.load(network_with_nan(), "brain").layer("V1")


def test_infinity_is_counted_and_no_reason_to_leave_units_out():
    layers = {"V1": np.ones((4, 3)), "V2": np.ones((4, 3))}
    layers["V2"][1, 0] = np.inf
    for nan in ("raise", "drop"):
        with pytest.raises(ValueError, match=r"inf first at stimulus 1, unit 0; such numbers are in 1 of 3 units$"):
            mot.load(layers, nan=nan).layer("V2")


def test_many_layers_are_counted_and_not_named():
    layers = [np.full((3, 2), np.nan)] * 25
    with pytest.raises(ValueError, match=r"in layer 'layer19' 2 of 2 units.*; and in 5 more layers; loading"):
        mot.load(layers).layer(0)
    half = np.ones((3, 2))
    half[0, 0] = np.nan
    _, message = dropped([half] * 25)
    assert message.endswith("layer 'layer19' 1 of 2 (0); and units of 5 more layers")


@pytest.mark.parametrize("form", ["memory", "npz", "frame"])
def test_units_with_nan_are_left_out_of_all_selections(form, tmp_path):
    layers = network_with_nan()
    source = layers
    if form == "npz":
        source = tmp_path / "brain.npz"
        np.savez(source, **layers)
    elif form == "frame":
        source = pandas.concat({label: pandas.DataFrame(values) for label, values in layers.items()}, axis=1)
        source[("V1", 1)] = source[("V1", 1)].round().astype("Int64")
        source.loc[9, ("V2", 3)] = None
        source[("V2", 3)] = source[("V2", 3)].astype("Float64")
    network, message = dropped(source, name="brain")
    of_v2 = "layer 'V2' 1 of 6 (3); " if form == "frame" else ""
    assert message == (
        f"network 'brain': units with NaN are left out: layer 'V1' 2 of 6 (2, 4); {of_v2}layer 'V4' 1 of 6 (5)"
    )
    assert network.original_units("V1").tolist() == [0, 1, 3, 5]
    assert network.original_units(2).tolist() == [0, 1, 2, 3, 4]
    train, test = mot.split(network.n_stimuli)
    for rows in (train, test):
        selected = network[rows]
        assert selected.widths == network.widths
        assert selected.in_memory().original_units("V1").tolist() == [0, 1, 3, 5]
        np.testing.assert_array_equal(selected.layer("V4"), layers["V4"][rows, :5])
        np.testing.assert_array_equal(selected.layer("V1")[:, 2:], layers["V1"][rows][:, [3, 5]])


def test_a_second_drop_keeps_the_first_positions():
    layers = {"V1": np.arange(20.0).reshape(4, 5)}
    layers["V1"][0, 0] = layers["V1"][3, 2] = np.nan
    first, message = dropped(mot.load(layers)[:3])
    assert "1 of 5 (0)" in message
    whole, message = dropped(mot.load(layers))
    assert "2 of 5 (0, 2)" in message
    assert whole.original_units("V1").tolist() == [1, 3, 4]
    assert first.original_units("V1").tolist() == [1, 2, 3, 4]


def test_networks_without_nan_are_left_as_they_are():
    network = mot.load([np.ones((3, 2))])
    with warnings.catch_warnings(action="error"):
        assert mot.load(network, nan="drop") is network
    assert network.original_units(0).tolist() == [0, 1]


@pytest.mark.parametrize(
    ("values", "hint"),
    [
        ([[np.nan, 1.0], [2.0, np.nan], [1.0, 1.0]], "leave out the layer"),
        ([[np.nan, np.nan], [2.0, 3.0], [1.0, 2.0]], "leave out the stimuli that have no other numbers: 0"),
    ],
)
def test_a_layer_that_would_lose_every_unit_is_an_error(values, hint):
    with pytest.raises(
        ValueError, match=f"layer 'V1': expected units without NaN, found NaN in each of its 2; {hint}$"
    ):
        mot.load({"V1": np.array(values)}, nan="drop")


def test_another_word_is_an_error():
    with pytest.raises(ValueError, match="nan: expected one of 'raise', 'drop', found 'omit'"):
        mot.load([np.ones((3, 2))], nan="omit")


def test_networks_that_lost_other_units_are_not_taken_for_one():
    layers = network_with_nan()
    network, _ = dropped(layers, name="brain")
    other = network_with_nan()
    other["V1"][:, 3], other["V1"][:, 2] = np.nan, 0.0
    another, _ = dropped(other, name="later")
    alignment = mot.align(network, network)
    message = (
        r"found 'later', which lost others with NaN: unit 2 of layer 'V1' was 3 in the one and 2 in the other; load all"
    )
    with pytest.raises(ValueError, match=message):
        alignment.score(another, network)
    with pytest.raises(ValueError, match=message):
        mot.noise_ceiling([network, another])


def test_files_of_alignments_keep_the_positions(tmp_path):
    network, _ = dropped(network_with_nan(), name="brain")
    whole = mot.load([np.random.default_rng(1).standard_normal((30, 3))], name="model")
    for pair, version in (((network, whole), 6), ((whole, whole), 4)):
        mot.align(*pair).save(tmp_path / "run.mot")
        loaded = mot.Alignment.load(tmp_path / "run.mot")
        for summary, each in zip((loaded.source, loaded.target), pair, strict=True):
            for l in range(len(each)):
                np.testing.assert_array_equal(summary.original_units(l), each.original_units(l))
        assert f'"version": {version}'.encode() in header_of(tmp_path / "run.mot")
        assert abs(loaded.score(*pair).value - mot.align(*pair).score(*pair).value) < 1e-12


@pytest.mark.parametrize(
    ("units", "message"),
    [
        ([0, 1, 2], r"'source_unit' has shape \(3,\) instead of \(15,\)"),
        ([1, 0, *range(2, 15)], "'source_unit' are no positions of units in ascending order"),
        ([-1, *range(14)], "'source_unit' are no positions of units in ascending order"),
        (np.arange(15.0), "'source_unit' holds something else than finite int64 numbers"),
    ],
)
def test_files_with_impossible_positions_are_refused(units, message, tmp_path):
    network, _ = dropped(network_with_nan(), name="brain")
    mot.align(network, network).save(tmp_path / "run.mot")

    def change(_, members):
        stream = io.BytesIO()
        np.save(stream, np.array(units))
        members["source_unit.npy"] = stream.getvalue()

    rewrite(tmp_path / "run.mot", change)
    with pytest.raises(ValueError, match=message):
        mot.Alignment.load(tmp_path / "run.mot")


def test_commands_leave_units_out_if_asked(tmp_path):
    for name in ("one", "two"):
        np.savez(tmp_path / f"{name}.npz", **network_with_nan())
    paths = [str(tmp_path / f"{name}.npz") for name in ("one", "two")]
    refused = run_here("align", *paths, "-o", str(tmp_path / "run.mot"))
    assert refused.returncode == 1
    assert 'loading with --nan "drop" leaves out units with NaN' in refused.stderr
    with warnings.catch_warnings(action="default"):
        done = run_here("align", *paths, "-o", str(tmp_path / "run.mot"), "--nan", "drop")
    assert done.returncode == 0, done.stderr
    assert "network 'two': units with NaN are left out: layer 'V1' 2 of 6 (2, 4)" in done.stderr
    assert mot.Alignment.load(tmp_path / "run.mot").source.original_units(0).tolist() == [0, 1, 3, 5]
    runs = {f"{step}/{label}": values for step in ("a", "b") for label, values in network_with_nan().items()}
    np.savez(tmp_path / "run.npz", **runs)
    with warnings.catch_warnings(action="default"):
        done = run_here("trajectories", *[str(tmp_path / "run.npz")] * 2, "--nan", "drop")
    assert done.returncode == 0, done.stderr


def header_of(path):
    with zipfile.ZipFile(path) as archive:
        return archive.read("header.json")
