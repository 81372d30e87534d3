"""Results that version 0.1 pickled are read by this one, from wherever their classes are now.

`pickles_of_0.1.json` holds them by name, in base64: made by mot_fast 0.1.0 under NumPy 2, of two networks of two layers
of three random units.
"""

from __future__ import annotations

import base64
import io
import json
import pickle
from pathlib import Path

import numpy as np
import pytest

import mot_fast as mot

PICKLES = {
    name: base64.b64decode(text)
    for name, text in json.loads(Path(__file__).with_name("pickles_of_0.1.json").read_text()).items()
}
CLASSES = {
    "transport": mot.Transport,
    "network": mot.Network,
    "alignment": mot.Alignment,
    "rotated": mot.Alignment,
    "score": mot.Score,
    "comparison": mot.Comparison,
    "nested": mot.NestedAlignment,
    "matrix": mot.SimilarityMatrix,
    "null": mot.HierarchyNull,
    "ceiling": mot.NoiseCeiling,
    "curve": mot.SubsampleCurve,
    "interval": mot.Interval,
    "aligner": mot.Aligner,
    "linear": mot.linear.LinearPredictivity,
    "error": mot.SolverError,
}


class Unpickler(pickle.Unpickler):
    """Reads arrays that NumPy 2 pickled, under NumPy 1.26 as well."""

    def find_class(self, module, name):
        is_old = np.lib.NumpyVersion(np.__version__) < "2.0.0"
        return super().find_class(module.replace("numpy._core", "numpy.core") if is_old else module, name)


def read(name):
    return Unpickler(io.BytesIO(PICKLES[name])).load()


@pytest.mark.parametrize("name", CLASSES)
def test_results_of_the_first_version_are_read(name):
    result = read(name)
    assert type(result) is CLASSES[name]
    again = pickle.loads(pickle.dumps(result))
    assert repr(again) == repr(result)


def test_they_are_whole():
    alignment = read("alignment")
    assert alignment.cost == pytest.approx((alignment.layer_costs * alignment.layer_plan).sum(), abs=1e-12)
    assert alignment.run.versions["mot_fast"] == "0.1.0"
    assert alignment.source.widths == (3, 3)
    assert set(alignment.evaluation.scores) == {"mot", "single_best", "pairwise_best", "permuted"}
    np.testing.assert_allclose(alignment.unit_plan(0, 1).plan.sum(), 1.0, atol=1e-12)
    rotated = read("rotated")
    assert rotated.alternation == mot.Alternation()
    assert read("network").layer(1).shape == (20, 3)
    comparison = read("comparison")
    assert comparison.methods == ("mot",)
    for name in comparison.methods:
        assert comparison.results[name].scores is comparison.scores[name]
        assert comparison.mean(name) == comparison.scores[name].mean()
        assert comparison.seconds[name].shape == (comparison.n_splits,)


def test_there_is_nothing_else_under_the_old_names():
    from mot_fast.record import Run  # type: ignore[import-not-found]

    from mot_fast import transport

    assert Run is mot.Run
    with pytest.raises(AttributeError, match=r"module 'mot_fast.transport' has no attribute 'nothing'"):
        _ = transport.nothing
    with pytest.raises(ModuleNotFoundError, match=r"mot_fast\.nothing"):
        import mot_fast.nothing  # noqa: F401
