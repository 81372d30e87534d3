"""The simulations are of what they say, and the page has the tables of them."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats

import mot_fast as mot
from calibration import table
from calibration.populations import AUTOREGRESSIVE, GROUP_SIZE, N_STIMULI, POPULATIONS, Networks, exact
from calibration.studies import STUDIES
from calibration.table import PAGE, Count


@pytest.mark.parametrize("population", POPULATIONS)
def test_sources_are_independent_and_of_variance_one(population, rng):
    draw = POPULATIONS[population]
    sources = np.concatenate([draw(rng, 50, 3) for _ in range(2000)])
    np.testing.assert_allclose(np.cov(sources.T), np.eye(3), atol=0.15 if population == "heavy-tailed" else 0.08)


def test_neighbours_are_alike_as_the_population_says(rng):
    for population, weight in (AUTOREGRESSIVE | {"Gaussian": 0.0}).items():
        series = POPULATIONS[population](rng, 20_000, 1)[:, 0]
        assert np.corrcoef(series[1:], series[:-1])[0, 1] == pytest.approx(weight, abs=0.03)
    groups = POPULATIONS["grouped"](rng, 20_000, 1).reshape(-1, GROUP_SIZE)
    np.testing.assert_allclose(np.corrcoef(groups.T), 0.5 + 0.5 * np.eye(GROUP_SIZE), atol=0.06)


@pytest.mark.parametrize("is_sparse", [False, True])
def test_the_exact_stimuli_have_the_score_of_very_many(is_sparse, rng):
    networks = Networks(is_sparse)
    alignment = mot.align(*networks(rng.standard_normal((80, networks.n_sources))))
    expected = alignment.score(*networks(rng.standard_normal((20_000, networks.n_sources)))).value
    assert alignment.score(*networks(exact(networks.n_sources))).value == pytest.approx(expected, abs=0.01)


def test_counts_are_judged_by_a_binomial_interval(tmp_path, monkeypatch):
    monkeypatch.setattr(table, "COUNTS", tmp_path / "counts")
    kinds = {20: 950, 50: 920, 200: 990}
    good, bad, safe = (Count("study", "sparse", "call", n, 0.95, 1000, k) for n, k in kinds.items())
    low, high = scipy.stats.beta.ppf(0.005, 920, 81), scipy.stats.beta.ppf(0.995, 921, 80)
    assert str(bad) == f"0.920 ({low:.3f}-{high:.3f}) no"
    assert [each.is_worse() for each in (good, bad, safe)] == [False, True, False]
    assert [each.is_better() for each in (good, bad, safe)] == [False, False, True]
    rejects = [Count("study", "sparse", "call", 20, 0.05, 1000, k) for k in (50, 90, 10)]
    assert [(each.is_worse(), each.is_better()) for each in rejects] == [(False, False), (True, False), (False, True)]
    table.save([good, bad])
    assert table.load() == [good, bad]
    shown = table.table([good, bad, safe], "study", ["sparse"], {("sparse", "call"): (20,)}).splitlines()
    assert shown[2] == f"| sparse | `call` | **0.950** {str(good)[6:]} | {bad} | {safe} |"


@pytest.mark.parametrize("name", STUDIES)
@pytest.mark.filterwarnings("ignore:some units are constant")
@pytest.mark.filterwarnings("ignore::mot_fast.AutocorrelatedStimuliWarning")
def test_the_page_has_what_is_simulated_and_promises_what_is_asserted(name):
    study = STUDIES[name]
    section = PAGE.read_text(encoding="utf-8").partition(f"### {study.title}\n")[2].partition("###")[0]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in section.splitlines() if line.startswith("| ")]
    promised = {
        (population, call.strip("`"), n)
        for population, call, *cells in rows[2:]
        for n, cell in zip(N_STIMULI, cells, strict=True)
        if cell.startswith("**")
    }
    assert promised == {(*of, n) for of, all_n in study.promises.items() for n in all_n}
    for population in ("Gaussian", "AR(0.9)", "grouped"):
        counts = study.counts(population, 20, [np.random.default_rng(0)])
        assert [call for name, call, *_ in rows[2:] if name == population] == [f"`{each.procedure}`" for each in counts]
    assert list(dict.fromkeys(row[0] for row in rows[2:])) == list(POPULATIONS)
