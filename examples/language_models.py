"""Two language models on the same sentences: the paper's Table 1, Figures 2, B.1, H.1 and I.1, now with rotations."""

from __future__ import annotations

from study import COUPLINGS, ROTATED, folders, study, write

import mot_fast as mot

OTHERS = ("global_linear", "linear", "rsa", "cka", "debiased_cka", "procrustes")


def main() -> None:
    """Run the study."""
    recordings, output = folders(__doc__)
    smollm2 = mot.load(recordings / "smollm2_135m_stsb2552.npz", "SmolLM2-135M")
    gemma3 = mot.load(recordings / "gemma3_270m_stsb2552.npz", "Gemma-3-270M")
    store = output / "store"  # so that a run that was stopped goes on where it was
    write(output / "language-models-others.md", str(mot.compare(smollm2, gemma3, OTHERS, progress=True)))
    study("language-models", smollm2, gemma3, output, (*COUPLINGS, "global_ot"), n_shuffles=39, store=store)
    as_printed = mot.compare(smollm2, gemma3, COUPLINGS, convention="paper", store=store)
    write(output / "language-models-paper-convention.md", str(as_printed))
    rotated = ("mot", *ROTATED)
    study("language-models-rotated", smollm2, gemma3, output, rotated, n_shuffles=0, splits=2, store=store)

    train, test = mot.split(smollm2.n_stimuli)
    alignment = mot.align(smollm2[train], gemma3[train])
    interval = mot.bootstrap_score(alignment, smollm2[test], gemma3[test])
    write(
        output / "language-models-interval.md",
        f"score of the first split {interval.value:.3f}, 95 % interval over stimuli {interval.low:.3f} to "
        f"{interval.high:.3f}",
    )


if __name__ == "__main__":
    main()
