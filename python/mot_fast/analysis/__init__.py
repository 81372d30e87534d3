"""Studies of alignments: comparisons of methods and networks, scores, intervals, p-values, nulls."""
