from __future__ import annotations

import numpy as np
import pytest

import mot_fast as mot
from mot_fast.display import text_summary
from mot_fast.display.tables import p_text
from mot_fast.measures.coupling import UNSHUFFLED


@pytest.fixture
def networks(layers):
    return mot.load(layers([6, 5], 50), name="one"), mot.load(layers([7, 4, 8], 50, seed=2), name="two")


def test_the_table_shows_every_layer_s_shares(networks):
    alignment = mot.align(*networks)
    lines = text_summary.layer_plan_table(alignment).splitlines()
    assert len(lines) == 1 + 2 + 1
    for line, label, shares in zip(lines[1:3], ("layer0", "layer1"), alignment.layer_plan * 2, strict=True):
        assert line.strip().startswith(f"{label} |")
        best = int(shares.argmax())
        assert line.endswith(f"{shares[best]:4.0%} in {best}")
        cells = line[line.index("|") + 1 : line.rindex("|")]
        np.testing.assert_array_equal([cells[2 * m] != " " for m in range(3)], shares > 0)


def test_terminals_without_block_characters_get_ascii(networks):
    alignment = mot.align(*networks)
    for encoding in ("ascii", None, "no-such-encoding"):
        assert text_summary.layer_plan_table(alignment, encoding).isascii()


def test_the_scores_are_those_of_the_alignment(networks):
    alignment = mot.evaluate(mot.align(*networks), *networks, n_resamples=99)
    text = text_summary.score_table(alignment)
    for name in UNSHUFFLED:
        (line,) = (line for line in text.splitlines() if line.startswith(name))
        interval = mot.bootstrap_score(alignment, *networks, name, n_resamples=99)
        score = alignment.score(*networks, name)
        p = [] if name == "mot" else [p_text(mot.p_better(alignment, *networks, than=name, method="t"))]
        assert line.split()[1:] == [
            f"{score.value:.3f}",
            *f"{interval.low:.3f} to {interval.high:.3f}".split(),
            *p,
            f"{score.over_units:.3f}",
            f"{mot.hierarchy(alignment.coupling(name)):.3f}",
        ]
    orders = mot.score_layer_orders(alignment, *networks)
    (line,) = (line for line in text.splitlines() if line.startswith("permuted "))
    assert line.split()[1] == f"{orders.value:.3f}"
    sds = f"sd over orders {orders.sd:.3f}, of the hierarchy {orders.hierarchy_sd:.3f}"
    assert f"permuted: mean over all orders; {sds}" in text
    assert all(sentence in " ".join(text.split()) for sentence in alignment.evaluation.verdict())


def test_methods_of_a_rotated_alignment_are_named_so(networks):
    alignment = mot.evaluate(mot.align(*networks, rotate=True), *networks, n_resamples=9)
    lines = text_summary.score_table(alignment).splitlines()
    names = [line.split()[0] for line in lines[1:7]]
    assert names == [*(f"{name}+r" for name in UNSHUFFLED), "permuted+r"]
    columns = {lines[0].index("held-out score")} | {len(line) - len(line.split(maxsplit=1)[1]) for line in lines[1:7]}
    assert len(columns) == 1
    assert "p: of mot+r being better than this coupling by chance" in lines
    assert any(line.startswith("permuted+r: mean over all orders") for line in lines)


def test_one_layer_has_scores_but_no_hierarchy(networks):
    one, two = networks
    only = {"only": one.layer(0)}
    lines = text_summary.score_table(mot.evaluate(mot.align(only, two), only, two)).splitlines()
    assert [line.split()[-1] for line in lines[1:7]] == ["-"] * 6


def test_there_is_no_table_of_scores_that_nobody_computed(alignment):
    with pytest.raises(ValueError, match=r"alignment: expected one with held-out scores, as mot_fast.evaluate returns"):
        text_summary.score_table(alignment)
