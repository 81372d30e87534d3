"""Pictures of alignments, comparisons and many networks.

Every function draws on the axes given, or on a new figure, and returns them. matplotlib is loaded when it is needed.
"""

from mot_fast.display.curves import plot_convergence, plot_partial_curve, plot_subsample_curve
from mot_fast.display.layer_plans import plot_layer_plan, plot_layer_plans, plot_nested
from mot_fast.display.score_plots import plot_alignment_null, plot_hierarchy_null, plot_scores
from mot_fast.display.similarity_plots import plot_dendrogram, plot_embedding, plot_similarity
from mot_fast.display.stability_plots import plot_resampled_plans, plot_stability, plot_unit_confidence
from mot_fast.display.subject_plots import plot_group_plans, plot_subjects

__all__ = [
    "plot_alignment_null",
    "plot_convergence",
    "plot_dendrogram",
    "plot_embedding",
    "plot_group_plans",
    "plot_hierarchy_null",
    "plot_layer_plan",
    "plot_layer_plans",
    "plot_nested",
    "plot_partial_curve",
    "plot_resampled_plans",
    "plot_scores",
    "plot_similarity",
    "plot_stability",
    "plot_subjects",
    "plot_subsample_curve",
    "plot_unit_confidence",
]
