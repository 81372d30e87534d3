"""What alignments are used for: comparisons of methods and networks, scores, intervals, nulls."""
