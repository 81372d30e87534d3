from __future__ import annotations

import logging
import subprocess
import sys

import numpy as np
import pytest
import scipy.sparse

from mot_fast.layer_pairs.reconstruction import add_prediction


def test_it_adds_the_dense_product(rng):
    plan = scipy.sparse.random_array((7, 11), density=0.3, rng=rng, format="csr")
    activations, before = rng.random((20, 11)), rng.random((20, 7))
    prediction = before.copy()
    add_prediction(prediction, activations, plan.indptr, plan.indices, plan.data, 2.5)
    np.testing.assert_allclose(prediction, before + 2.5 * activations @ plan.toarray().T, atol=1e-14)


@pytest.mark.slow
@pytest.mark.processes
def test_the_first_compilation_is_announced_and_cached(tmp_path, caplog):
    program = (
        "import logging; logging.basicConfig(format='%(message)s')\n"
        "import mot_fast as mot\nassert mot.hierarchy([[1.0, 0.0], [0.0, 1.0]]) == 1\n"
        "assert mot.hierarchy([[1.0, 0.0], [0.0, 1.0]]) == 1"
    )
    import os

    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    first, second = (
        subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
        for _ in range(2)
    )
    assert first.stderr.count("compiling") == 1
    assert "compiling _hierarchy for this machine" in first.stderr
    assert second.stderr == ""
    assert caplog.get_records("call") == []
    assert logging.getLogger("mot_fast").handlers == []
