from __future__ import annotations

import pickle

import numpy as np
import pytest

import mot_fast as mot
from support.drawings import names, overlaps


@pytest.fixture
def found(layers):
    subjects = {f"sub_{k}": layers([3 + k, 4], 40, seed=k + 1) for k in range(5)}
    target = mot.load(layers([5, 4, 3], 40, seed=9), "a_*model*")
    return mot.compare_subjects(subjects, target, ["mot", "single_best", "pairwise_best", "group"], splits=2)


def test_the_table_reads_well_as_text(found):
    text = found.to_markdown()
    assert str(found) == text
    assert text.startswith(r"5 subjects from a\_\*model\*, standardized")
    assert max(map(len, text.splitlines())) <= 120
    tables = [[line for line in part.splitlines() if line.startswith("|")] for part in text.split("\n\n")]
    for table in filter(None, tables):
        assert len({len(line) for line in table}) == 1
    mean = found.score("mot")
    assert f"{mean.value:.3f} +- {mean.sd:.3f}" in text
    assert f"{mean.crossed_low:.3f} to {mean.crossed_high:.3f}" in text
    test = found.tests[0]
    assert f"{test.n_better} of 5" in text
    assert (
        "p: one-sided, by flipping the signs of subjects' differences (all signs: p is at least 0.031); adjusted: Holm"
        in text
    )
    assert "group: by the mean of the others' layer plans; a subject's own less the group's" in text
    shown = " ".join(repr(found).split())
    assert shown.startswith(f"SubjectComparison(5 subjects from a_*model*, standardized, mot {mean.value:.3f} (")
    assert shown.endswith("2 splits)")


def test_the_verdict_is_by_adjusted_p_values():
    rng = np.random.default_rng(0)
    causes = [rng.standard_normal((60, 4)) for _ in range(3)]
    subjects = [
        [x @ np.random.default_rng([k, l]).standard_normal((4, 6)) for l, x in enumerate(causes)] for k in range(6)
    ]
    target = [x @ rng.standard_normal((4, 9)) for x in causes]
    found = mot.compare_subjects(subjects, target, ["mot", "single_best", "permuted"], splits=2)
    assert [test.p_adjusted <= 0.05 for test in found.tests] == [False, True]
    assert "- mot scores higher than permuted\n- mot is not shown to score higher than single_best\n" in str(found)
    assert "- higher: adjusted p at most 0.05\n" in str(found)


def test_rows_are_what_the_table_shows(found):
    row = found.rows()[1]
    mean = found.score("single_best")
    assert row["method"] == "single_best"
    assert (row["score"], row["score_sd"], row["score_crossed_low"]) == (mean.value, mean.sd, mean.crossed_low)
    assert row["hierarchy"] == found.hierarchies["single_best"].mean()
    with pytest.raises(ValueError, match=r"name: expected one of 'mot', .* found 'cka'"):
        found.score("cka")


def test_any_two_methods_can_be_compared(found):
    assert found.difference("mot", "single_best").difference == found.tests[0].difference
    there, back = found.difference("mot", "group"), found.difference("group", "mot")
    assert there.difference.value == pytest.approx(-back.difference.value)
    assert there.p_adjusted == there.p_value


def test_many_subjects_have_random_signs(layers):
    subjects = [layers([3, 4], 30, seed=k) for k in range(13)]
    found = mot.compare_subjects(subjects, layers([5, 4], 30, seed=99), ["mot", "permuted"], splits=1, n_permutations=9)
    assert "(9 random signs)" in str(found)


def test_it_becomes_a_data_frame_and_a_dataset(found):
    frame = found.to_pandas()
    assert len(frame) == 4 * 5
    chosen = frame[(frame["method"] == "group") & (frame["subject"] == "sub_3")]
    assert chosen["score"].item() == found.scores["group"][3]
    assert chosen["hierarchy"].item() == found.hierarchies["group"][3]
    dataset = found.to_xarray()
    value = dataset.scores.sel(method_name="mot", subject="sub_1", split=1)
    assert float(value) == found.results["mot"].scores[1, 1]
    assert dataset.attrs["target"] == "a_*model*"


def test_notebooks_show_both_tables(found):
    html = found._repr_html_()
    assert html.count("<table>") == 2
    assert "<strong>SubjectComparison</strong> of 5 subjects from a_*model*" in html


def test_it_can_be_pickled(found):
    assert str(pickle.loads(pickle.dumps(found))) == str(found)


def test_the_picture_has_a_dot_for_each_subject(found):
    pytest.importorskip("matplotlib")
    ax = found.plot()
    assert names(ax.yaxis) == list(found.methods)
    dots = [line for line in ax.lines if len(line.get_xdata()) == 5]
    for line, name in zip(dots, found.methods, strict=True):
        np.testing.assert_array_equal(line.get_xdata(), found.scores[name])
    assert overlaps(ax) == 0
    mean = found.score("group")
    texts = [text.get_text() for text in ax.texts]
    assert texts[3] == f"{mean.value:.3f} ({mean.low:.3f} to {mean.high:.3f})"


def test_the_picture_has_the_group_ceiling_and_what_is_undefined(layers):
    pyplot = pytest.importorskip("matplotlib.pyplot")
    shared = layers([3, 4], 40)
    subjects = [[x + np.random.default_rng(k).standard_normal(x.shape) for x in shared] for k in range(3)]
    found = mot.compare_subjects(subjects, methods=["mot", "mot+r"], common_units=True, splits=1)
    _, ax = pyplot.subplots()
    assert found.plot(ax) is ax
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == [
        *("group ceiling", "one subject", "interval over subjects and stimuli", "interval over subjects", "mean")
    ]
    _, test = mot.split(40)
    for subject in subjects:
        for layer in subject:
            layer[test] = 1.0
    undefined = mot.compare_subjects(subjects, methods=["mot"], splits=1)
    assert undefined.plot().texts[0].get_text() == "undefined"


def test_mean_plans_stand_side_by_side(found):
    pytest.importorskip("matplotlib")
    left, right = mot.plot.plot_group_plans(found, methods=["mot", "single_best"])
    assert left.get_title() == (
        f"mot, mean of 5 subjects\n{found.plans['mot'].lower.mean():.2f} of the mass in common with the others"
    )
    assert right.get_title() == "single_best, mean of 5 subjects"
    for ax, name in ((left, "mot"), (right, "single_best")):
        np.testing.assert_allclose(ax.images[0].get_array(), 2 * found.group_plan(name)[0])
    assert names(left.xaxis) == ["layer0", "layer1", "layer2"]
    assert overlaps(left, right) == 0
    with pytest.raises(TypeError, match=r"methods: expected several names, found 'mot'; one alone is \['mot'\]"):
        mot.plot.plot_group_plans(found, methods="mot")
    with pytest.raises(ValueError, match=r"methods: expected something to draw, found nothing"):
        mot.plot.plot_group_plans(found, methods=[])
    with pytest.raises(ValueError, match=r"axes: expected one for each of 1 plans, found 0"):
        mot.plot.plot_group_plans(found, [])
