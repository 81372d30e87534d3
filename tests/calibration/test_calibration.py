"""Intervals and tests hold what docs/calibration.md promises, in simulations that take minutes.

`pytest -m calibration tests/calibration` runs them, and `python tests/calibration/write_page.py` puts their counts on
the page.
"""

from __future__ import annotations

import zlib

import numpy as np
import pytest

from calibration.populations import N_STIMULI, POPULATIONS
from calibration.studies import STUDIES
from calibration.table import save


@pytest.mark.calibration
@pytest.mark.slow
@pytest.mark.parametrize("n_stimuli", N_STIMULI)
@pytest.mark.parametrize("population", POPULATIONS)
@pytest.mark.parametrize("name", STUDIES)
@pytest.mark.filterwarnings("ignore:some units are constant")
@pytest.mark.filterwarnings("ignore::mot_fast.AutocorrelatedStimuliWarning")
def test_what_is_promised_holds(name, population, n_stimuli):
    study = STUDIES[name]
    rngs = np.random.default_rng([zlib.crc32(f"{name} {population}".encode()), n_stimuli]).spawn(study.n)
    counts = study.counts(population, n_stimuli, rngs)
    save(counts)
    broken = [
        f"{each.procedure}: {each}"
        for each in counts
        if each.is_worse() and n_stimuli in study.promises.get((population, each.procedure), ())
    ]
    assert broken == []
