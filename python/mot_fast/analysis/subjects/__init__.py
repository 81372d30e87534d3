"""Many subjects in one comparison, as random effects.

- `compare_subjects`: the comparison. `group`: what each subject is predicted from. `scores` fits and scores them, and
  `influences` says what each does to the others' scores.
- `random_effects`: means over subjects and stimuli, with their intervals and tests.
- `result`: the result.
"""
