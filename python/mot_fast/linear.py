"""Linear predictivity: how well ridge regression predicts one network's units from the other's."""

from mot_fast.measures.linear import LinearPredictivity, global_linear_predictivity, linear_predictivity

__all__ = ["LinearPredictivity", "global_linear_predictivity", "linear_predictivity"]
