"""Studies of alignments: comparisons of methods and networks, scores, intervals, p-values, nulls.

- `compare`: many methods on the same splits; `methods` fits and evaluates them, `method_memory` fits them into memory,
  `comparison` is the result.
- `splits`: how stimuli are split into training and held-out ones; `autocorrelation` warns where random splits leak.
- `network_pairs`: `similarity_matrix` of many networks; `pair_figures`: cost and scores of each pair, found by workers
  and stored; `joint_figures` finds those of many pairs at once, with `joint_scores`; `similarity_matrix`: the result.
- `evaluate`: scores of an alignment, its baselines and controls, with intervals from `bootstrap` and p-values from
  `permutation_test`; both resample stimuli by `resampling`, alone or together (`stimulus_sets`). `layer_orders`: the
  layer plan with its rows in any order. `over_splits`: intervals and p-values of scores over random splits.
- `hierarchy_null`: the hierarchy score against chance; `alignment_null`: cost, score and layer costs; both fit again
  after `shuffles` of the stimuli. `equal_widths`: the cost among equally many units.
- `stability`: alignments on many resamples of the stimuli, and what they have in common.
- `subjects`: many subjects in one comparison, as random effects.
- `subsample`: scores when only some of the target's units are kept.
- `estimator`: `Aligner`, for scikit-learn.
"""
