"""How stable plans are over resamples of the stimuli.

- `stability`: alignments on many resamples, drawn by `row_draws`.
- `unit_matches`: matches of units that come back, and their false discoveries.
- `result`: the result.
"""
