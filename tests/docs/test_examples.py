"""The examples run from beginning to end, on small recordings of the shapes that they expect."""

from __future__ import annotations

import runpy
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
REGIONS = ("LATL", "RATL", "LPTL", "LIPL", "LPreM", "LIFG")
CHECKPOINTS = [f"step{step:04}_layer{layer}" for step in (0, 1, 2) for layer in (0, 1)]
RECORDINGS = {
    "language_models": {"smollm2_135m_stsb2552": 3, "gemma3_270m_stsb2552": 2},
    "vision": {
        **{f"resnet{depth}_cifar2000": 2 + k for k, depth in enumerate((20, 32, 44, 56))},
        **{f"efficientnet_lite{k}_imagenet1000": 2 + k for k in (0, 1)},
    },
    "brains": {
        "alice_fmri_6roi_27subjects": REGIONS,
        "v4_two_days_600images": ("day1", "day2"),
        "v4_201025_1200images": ("V4",),
        "efficientnet_lite0_v4_1200images": 3,
    },
    "subjects": {"alice_fmri_6roi_27subjects": REGIONS},
    "subsampling": {"minilm_l6_stsb2552": 2, "smollm2_135m_stsb2552": 3},
    "training_runs": {f"neox6x128_seed{seed}_trajectory": CHECKPOINTS for seed in (1, 2)},
    "without_counterparts": {
        **{"smollm2_135m_stsb2552": 31, "gemma3_270m_stsb2552": 19, "resnet20_cifar2000": 10, "resnet56_cifar2000": 28},
        **{"v4_two_days_600images": ("day1", "day2"), "alice_fmri_6roi_27subjects": REGIONS},
    },
    "networks": {
        **{f"resnet{depth}_cifar2000": 2 + k for k, depth in enumerate((20, 32, 44, 56))},
        **{"smollm2_135m_stsb2552": 3, "gemma3_270m_stsb2552": 2, "minilm_l6_stsb2552": 2},
    },
}
WRITTEN = {
    "language_models": 5 + 4 + 4,
    "vision": 6 * 8 + 4,
    "brains": 6 + 4 + 4 + 3,
    "subjects": 3,
    "subsampling": 2,
    "training_runs": 3,
    "without_counterparts": 7,
    "networks": 7,
}
ALIKE = {"without_counterparts": 24}
"""Number of units of every layer, where an example puts units of one layer in the place of another's."""


@pytest.mark.slow
@pytest.mark.parametrize("name", list(RECORDINGS))
def test_they_run(name, tmp_path, layers, monkeypatch):
    for seed, (recording, labels) in enumerate(RECORDINGS[name].items()):
        names = [f"layer{k}" for k in range(labels)] if isinstance(labels, int) else labels
        arrays = layers([ALIKE.get(name, 9 + seed + k) for k in range(len(names))], seed=seed)
        np.savez(tmp_path / f"{recording}.npz", **dict(zip(names, arrays, strict=True)))
    monkeypatch.setattr(sys, "argv", [f"{name}.py", str(tmp_path), "-o", str(tmp_path / "out")])
    monkeypatch.syspath_prepend(EXAMPLES)
    with warnings.catch_warnings(action="default"):
        runpy.run_path(str(EXAMPLES / f"{name}.py"), run_name="__main__")
    assert len(list((tmp_path / "out").iterdir())) == WRITTEN[name]
