"""Two language models on the same sentences: the paper's Table 1, Figures 2, B.1, H.1 and I.1, now with rotations."""

from __future__ import annotations

from study import folders, save, study, write

import mot_fast as mot


def main() -> None:
    """Run the study."""
    recordings, output = folders(__doc__)
    smollm2 = mot.load(recordings / "smollm2_135m_stsb2552.npz", "SmolLM2-135M")
    gemma3 = mot.load(recordings / "gemma3_270m_stsb2552.npz", "Gemma-3-270M")
    study("language-models", smollm2, gemma3, output)

    train, test = mot.split(smollm2.n_stimuli)
    alignment = mot.align(smollm2[train], gemma3[train])
    interval = mot.bootstrap_score(alignment, smollm2[test], gemma3[test])
    write(
        output / "language-models-interval.md",
        f"score of the first split {interval.value:.3f}, 95 % interval over stimuli {interval.low:.3f} to "
        f"{interval.high:.3f}",
    )
    null = mot.hierarchy_null(smollm2[train], gemma3[train], n_permutations=49, progress=True)
    save(null.plot(), output / "language-models-null.png")
    write(
        output / "language-models-null.md",
        f"hierarchy {null.observed:.3f} of at most {null.ceiling:.3f}; stimuli shuffled {null.stimuli.mean():.3f} "
        f"(sd {null.stimuli.std(ddof=1):.3f}), p = {null.p_stimuli:.3g}; layers shuffled {null.layers.mean():.3f} "
        f"(sd {null.layers.std(ddof=1):.3f}), p = {null.p_layers:.3g}",
    )


if __name__ == "__main__":
    main()
