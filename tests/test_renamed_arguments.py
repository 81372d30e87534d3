"""Arguments under the names that they had in version 0.1: a call does the same, and warns its caller."""

from __future__ import annotations

import numpy as np
import pytest

import mot_fast as mot

ALTERNATION = mot.Alternation(max_iter=2)


@pytest.fixture
def networks(layers):
    return layers([6, 5], 50), layers([7, 4, 8], 50, seed=2)


def both(call, old, new, expected):
    """Results of a call with old and with new names, which differ in that the old names warn."""
    with pytest.warns(DeprecationWarning, match="is called") as caught:
        results = call(**old)
    assert [str(each.message) for each in caught] == [
        f"{text}; the old name goes with the next version" for text in expected
    ]
    assert {each.filename for each in caught} == {__file__}
    return results, call(**new)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"n_seeds": 1}, {"splits": 1}),
        ({"splits": 1, "rotate": ALTERNATION}, {"splits": 1, "alternation": ALTERNATION}),
    ],
)
def test_subsample_curve(networks, old, new):
    def call(**options):
        return mot.subsample_curve(*networks, (0.5,), methods=["mot", "mot+r"], **options)

    was, now = [*old][-1], [*new][-1]
    first, second = both(call, old, new, [f"subsample_curve: {was} is called {now} now"])
    np.testing.assert_equal(first.scores, second.scores)


def test_compare(networks):
    def call(**options):
        return mot.compare(*networks, ["mot+r"], splits=1, **options)

    options = {"rotate": ALTERNATION}, {"alternation": ALTERNATION}
    first, second = both(call, *options, ["compare: rotate is called alternation now"])
    np.testing.assert_equal(first.scores, second.scores)


@pytest.mark.parametrize(("was", "now"), [("n_draws", "n_permutations"), ("n_layer_draws", "n_layer_permutations")])
def test_hierarchy_null(networks, was, now):
    def call(**options):
        return mot.hierarchy_null(*networks, **{"n_permutations": 2, **options} if was == "n_layer_draws" else options)

    first, second = both(call, {was: 3}, {now: 3}, [f"hierarchy_null: {was} is called {now} now"])
    np.testing.assert_equal((first.stimuli, first.layers), (second.stimuli, second.layers))
    assert len(getattr(first, "layers" if was == "n_layer_draws" else "stimuli")) == 3


def test_scores_and_rotations_of_an_alignment(networks):
    alignment = mot.align(*networks, rotate=ALTERNATION)

    def scores(**options):
        return alignment.scores(*networks, [alignment.layer_plan], **options)[0].value

    def rotations(**options):
        return alignment.rotations_of([(0, 1)], **options)[0, 1]

    for call in (scores, rotations):
        name = {scores: "scores", rotations: "rotations_of"}[call]
        first, second = both(call, {"n_threads": 1}, {"n_jobs": 1}, [f"{name}: n_threads is called n_jobs now"])
        np.testing.assert_array_equal(first, second)


def test_align_trajectories(networks):
    x, y = networks
    old, new = {"checkpoints_a": [x, x], "checkpoints_b": [y]}, {"source": [x, x], "target": [y]}
    expected = [
        "align_trajectories: checkpoints_a is called source now",
        "align_trajectories: checkpoints_b is called target now",
    ]
    first, second = both(mot.align_trajectories, old, new, expected)
    np.testing.assert_equal(first.costs, second.costs)


def test_align_nested(networks):
    x, y = networks
    old, new = {"a": [[x, x]], "b": [[y]]}, {"source": [[x, x]], "target": [[y]]}
    first, second = both(
        mot.align_nested, old, new, ["align_nested: a is called source now", "align_nested: b is called target now"]
    )
    np.testing.assert_equal(first.costs, second.costs)


def test_extract(networks, tmp_path):
    torch = pytest.importorskip("torch")
    model = torch.nn.Sequential(torch.nn.Linear(6, 5), torch.nn.ReLU(), torch.nn.Linear(5, 3))
    stimuli = torch.as_tensor(networks[0][0], dtype=torch.float32)

    def call(*positional, **options):
        return mot.extract(model, stimuli, *positional, progress=False, **options)

    expected = ["extract: store is called folder now"]
    first, second = both(call, {"store": tmp_path / "net"}, {"folder": tmp_path / "net"}, expected)
    np.testing.assert_array_equal(first.layer(0), second.layer(0))
    np.testing.assert_array_equal(call(tmp_path / "net").layer(0), first.layer(0))
