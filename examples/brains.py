"""Brains with brains and with a network: the paper's Tables 2, C.1, E.1 and F.1, on the recordings at hand."""

from __future__ import annotations

from study import folders, study

import mot_fast as mot
from mot_fast.networks.load import load


def main() -> None:
    """Run the studies."""
    recordings, output = folders(__doc__)
    regions = load(recordings / "alice_fmri_6roi_27subjects.npz")
    halves = [
        mot.load({label: regions.layer(label)[:, first::2] for label in regions.labels}, name)
        for first, name in ((0, "subjects 1, 3, 5, ..."), (1, "subjects 2, 4, 6, ..."))
    ]
    study("fmri", *halves, output)

    days = load(recordings / "v4_two_days_600images.npz")
    day1, day2 = (mot.load({"V4": days.layer(f"day{k}")}, f"V4, day {k}") for k in (1, 2))
    study("v4-days", day1, day2, output)

    v4 = mot.load(recordings / "v4_201025_1200images.npz", "macaque V4")
    network = mot.load(recordings / "efficientnet_lite0_v4_1200images.npz", "EfficientNet-Lite0")
    study("v4-network", v4, network, output)


if __name__ == "__main__":
    main()
