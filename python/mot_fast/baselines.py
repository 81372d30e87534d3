"""Similarities of pairs of layers without a plan between their units, and the greedy map that they give."""

from mot_fast.measures.similarity import debiased_cka, greedy_map, linear_cka, procrustes, rsa

__all__ = ["debiased_cka", "greedy_map", "linear_cka", "procrustes", "rsa"]
