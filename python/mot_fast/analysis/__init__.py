"""Studies of alignments: comparisons of methods and networks, scores, intervals, p-values, nulls.

- `compare`: many methods on the same splits; `methods` fits and evaluates them, `method_memory` fits them into memory,
  `comparison` is the result.
- `network_pairs`: `similarity_matrix` of many networks; `pair_figures`: cost and scores of each pair, found by workers
  and stored; `joint_figures` finds those of many pairs at once, with `joint_scores`; `similarity_matrix`: the result.
- `evaluate`: scores of an alignment and its baselines, with intervals from `bootstrap` and p-values from
  `permutation_test`; both resample stimuli by `resampling`.
- `stimulus_sets`: single stimuli, groups or blocks, which both resample.
- `over_splits`: intervals and p-values of scores over random splits.
- `subjects`: `compare_subjects` of many subjects; `subject_group`: what each is predicted from; `subject_scores` fits
  and scores them; `subject_influences`: what each does to the others' scores; `random_effects`: means over subjects and
  stimuli; `subject_comparison`: the result.
- `subsample`: scores when only some of the target's units are kept.
- `estimator`: `Aligner`, for scikit-learn.
"""
