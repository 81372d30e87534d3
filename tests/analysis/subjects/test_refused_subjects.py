from __future__ import annotations

import numpy as np
import pytest

import mot_fast as mot

SPLITS = [(np.r_[0:30], np.r_[30:45]), (np.r_[15:45], np.r_[0:15])]


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"subjects": "a folder"}, TypeError, r"subjects: expected a sequence or a mapping, found str"),
        ({"subjects": []}, ValueError, r"subjects: expected at least 3, found 0"),
        ({"common_units": "yes"}, TypeError, r"common_units: expected True or False, found 'yes'"),
        ({"methods": ["mot", "cka"]}, ValueError, r"methods\[1\]: expected one of 'mot', .*'group', .*found 'cka'"),
        ({"splits": 0}, ValueError, r"splits: expected at least 1, found 0"),
        ({"splits": [([0, 1, 2], [3, 4])]}, ValueError, r"of splits\[0\]: expected at least 3 stimuli, found 2"),
        ({"groups": [1, 2]}, ValueError, r"groups: expected one label for each of 45 stimuli, found 2"),
        (
            {"groups": np.arange(45) // 15},
            ValueError,
            r"groups: expected at least 3 groups of held-out stimuli, found 2",
        ),
        (
            {"groups": np.arange(45) // 5, "block_length": 3},
            ValueError,
            r"block_length: expected None where groups are given, found 3",
        ),
        (
            {"block_length": 11},
            ValueError,
            r"block_length: expected at least 3 blocks of the 30 held-out stimuli, found 2 of length 11",
        ),
        ({"block_length": "long"}, ValueError, r"block_length: expected one of 'auto', found 'long'"),
        ({"confidence": 95}, ValueError, r"confidence: expected a number between 0 and 1, found 95"),
        ({"confidence": "high"}, TypeError, r"confidence: expected a number, found 'high'"),
        ({"n_permutations": 0}, ValueError, r"n_permutations: expected at least 1, found 0"),
        ({"seed": -1}, ValueError, r"seed: expected at least 0, found -1"),
        ({"alternation": True}, TypeError, r"alternation: expected an Alternation, found True"),
    ],
)  # fmt: skip
def test_bad_arguments_are_named(subjects, target, change, error, message):
    arguments = {"subjects": subjects, "target": target, "splits": SPLITS, **change}
    with pytest.raises(error, match=message):
        mot.compare_subjects(**arguments)


def test_subjects_that_do_not_fit_together_are_named(subjects, target, layers):
    few = dict(list(subjects.items())[:2])
    with pytest.raises(ValueError, match=r"subjects: expected at least 3, found 2"):
        mot.compare_subjects(few, target)
    with pytest.raises(
        ValueError, match=r"subjects and target: expected the same stimuli, found 45 in 's0' and 40 in 's2'"
    ):
        mot.compare_subjects({**subjects, "s2": layers([3, 4], 40)}, target)
    with pytest.raises(ValueError, match=r"subjects: expected the same stimuli, found 45 in 's0' and 40 in 's2'"):
        mot.compare_subjects({**subjects, "s2": layers([3, 4], 40)})
    networks = [mot.load(each, "same") for each in subjects.values()]
    with pytest.raises(ValueError, match=r"subjects: expected distinct names, found 'same' twice; a mapping gives"):
        mot.compare_subjects(networks, target)
    networks = [mot.load(each, name) for name, each in subjects.items()]
    with pytest.raises(ValueError, match=r"target: expected a network that is not among the subjects, found one of"):
        mot.compare_subjects(networks, networks[2])
    with pytest.raises(
        ValueError, match=r"subjects\['s1'\]: expected the layers of 's0', 'V1' of 3.*'s1' with 'V1' of 4"
    ):
        mot.compare_subjects(subjects, target, common_units=True)  # fmt: skip
    with pytest.raises(ValueError, match=r"subjects: expected at least 3 stimuli, found 2"):
        mot.compare_subjects({name: mot.load(each)[:2] for name, each in subjects.items()})
