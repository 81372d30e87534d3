from __future__ import annotations

import numpy as np
import pytest

import mot_fast as mot
from mot_fast.networks.nesting import as_one_network, network_group

X = np.zeros((5, 2))


def test_lists_and_mappings_of_networks_become_branches(tmp_path):
    np.savez(tmp_path / "third.npz", a=X)
    tree = network_group({"first": [X, X], "second": {"a": X}, "third": tmp_path / "third.npz"}, "runs")
    assert (tree.name, tree.labels, tree.depth, len(tree)) == ("runs", ("first", "second", "third"), 1, 3)
    assert [network.name for network in tree.networks()] == ["runs/first", "runs/second", "runs/third"]
    assert as_one_network(tree).labels == ("first/layer0", "first/layer1", "second/a", "third/a")


def test_they_nest_to_any_depth():
    tree = network_group([[[[X], [X, X]]], [[[X]], [[X]]]], "a")
    assert tree.depth == 3
    assert [len(network) for network in tree.networks()] == [1, 2, 1, 1]
    assert as_one_network(tree).labels[-1] == "1/1/0/layer0"


def test_a_list_of_networks_with_rows_keeps_them():
    network = mot.load([np.arange(10.0)[:, None]])
    tree = network_group([network[::2], network[5:]], "a")
    np.testing.assert_array_equal(as_one_network(tree).layer("1/layer0").ravel(), np.arange(5.0, 10.0))


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        ([X, X], ValueError, "a: expected several networks, found one; two networks are aligned by mot_fast.align"),
        ([], ValueError, "a: expected at least one network, found none"),
        ([[X], []], ValueError, "a/1: expected at least one network, found none"),
        ({0: [X], 1: [X]}, TypeError, "a: expected labels that are strings without '/', found 0"),
        ({"x/y": [X]}, TypeError, "a: expected labels that are strings without '/', found 'x/y'"),
        ([[X], 3], TypeError, "a/1: expected networks in a sequence or a mapping, found int"),
        ({3}, TypeError, "a: expected networks in a sequence or a mapping, found set"),
        ([[X], [[X]]], ValueError, r"a: expected branches of one depth, found 0 levels .* in '0' and 1 in '1'"),
        ([[X], [X[:3]]], ValueError, "a: expected the same stimuli, found 5 in 'a/0' and 3 in 'a/1'"),
        ({"x": [X, X[:3]]}, ValueError, "network 'a/x': expected the same stimuli in every layer"),
    ],
)
def test_what_is_no_branch_is_refused_by_its_place(value, error, message):
    with pytest.raises(error, match=message):
        network_group(value, "a")
