"""How a score depends on the share of the target's units that is kept: the paper's Figure J.1."""

from __future__ import annotations

from study import folders, save, write

import mot_fast as mot

METHODS = ("mot", "greedy", "uniform", "pairwise_best", "mot+r", "pairwise_best+r")


def main() -> None:
    """Draw the curve of MiniLM from ever more units of SmolLM2."""
    recordings, output = folders(__doc__)
    minilm = mot.load(recordings / "minilm_l6_stsb2552.npz", "MiniLM-L6")
    smollm2 = mot.load(recordings / "smollm2_135m_stsb2552.npz", "SmolLM2-135M")
    curve = mot.subsample_curve(minilm, smollm2, (0.05, 0.1, 0.25, 0.5, 1.0), methods=METHODS, progress=True)
    write(output / "subsampling.md", str(curve))
    save(curve.plot(), output / "subsampling.png")


if __name__ == "__main__":
    main()
