"""Exact multi-level optimal transport between the layers of neural networks and brains.

The public names are those below; everything else is private. What an alignment does without is loaded on first use.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from mot_fast._moved import MovedModules
from mot_fast._version import __version__
from mot_fast._warnings import (
    AutocorrelatedStimuliWarning,
    ConstantUnitsWarning,
    DamagedBlockWarning,
    DroppedUnitsWarning,
    TransposedLayersWarning,
)
from mot_fast.alignment.align import align
from mot_fast.alignment.record import CouplingScore, Evaluation, Run
from mot_fast.alignment.result import Alignment
from mot_fast.layer_pairs.alternation import Alternation
from mot_fast.measures.hierarchy import hierarchy
from mot_fast.measures.score import Score
from mot_fast.networks.load import load
from mot_fast.networks.network import Network
from mot_fast.networks.split import blocked_splits, split
from mot_fast.transport.many import Transports, solve_transports
from mot_fast.transport.partial import PartialPath, PartialTransport, UnitPrices, partial_path
from mot_fast.transport.points import solve_sample
from mot_fast.transport.solve import solve_transport
from mot_fast.transport.transport import Certificate, SolverError, Transport, UnitPlan

if TYPE_CHECKING:
    from mot_fast import baselines, data, linear, ot, plot
    from mot_fast.alignment.nested import NestedAlignment
    from mot_fast.alignment.trajectories import align_nested, align_trajectories
    from mot_fast.analysis.alignment_null import AlignmentNull, alignment_null
    from mot_fast.analysis.bootstrap import Interval, bootstrap_score
    from mot_fast.analysis.compare import compare
    from mot_fast.analysis.comparison import Comparison, MethodResult
    from mot_fast.analysis.equal_widths import EqualWidthCost, equal_width_cost
    from mot_fast.analysis.estimator import Aligner
    from mot_fast.analysis.evaluate import evaluate
    from mot_fast.analysis.hierarchy_null import HierarchyNull, hierarchy_null
    from mot_fast.analysis.layer_orders import LayerOrders, score_layer_orders
    from mot_fast.analysis.network_pairs import similarity_matrix
    from mot_fast.analysis.over_splits import corrected_interval, corrected_p_value
    from mot_fast.analysis.partial_curve import PartialCurve, partial_curve
    from mot_fast.analysis.permutation_test import p_better
    from mot_fast.analysis.similarity_matrix import SimilarityMatrix
    from mot_fast.analysis.stability.result import Stability
    from mot_fast.analysis.stability.stability import stability
    from mot_fast.analysis.stability.unit_matches import UnitMatches
    from mot_fast.analysis.subjects.compare_subjects import compare_subjects
    from mot_fast.analysis.subjects.random_effects import PairedTest, PopulationMean, RandomEffects, SubjectValues
    from mot_fast.analysis.subjects.result import SubjectComparison
    from mot_fast.analysis.subjects.scores import GroupBounds, SubjectResult
    from mot_fast.analysis.subsample import SubsampleCurve, subsample_curve
    from mot_fast.analysis.unit_ranking import UnitRanking, rank_units
    from mot_fast.display.report.index import IndexEntry, write_index
    from mot_fast.display.report.write import write_report
    from mot_fast.measures.noise_ceiling import CorrectedScore, NoiseCeiling, noise_ceiling, noise_corrected
    from mot_fast.networks.extraction.extract import extract

__all__ = [
    "Aligner",
    "Alignment",
    "AlignmentNull",
    "Alternation",
    "AutocorrelatedStimuliWarning",
    "Certificate",
    "Comparison",
    "ConstantUnitsWarning",
    "CorrectedScore",
    "CouplingScore",
    "DamagedBlockWarning",
    "DroppedUnitsWarning",
    "EqualWidthCost",
    "Evaluation",
    "GroupBounds",
    "HierarchyNull",
    "IndexEntry",
    "Interval",
    "LayerOrders",
    "MethodResult",
    "NestedAlignment",
    "Network",
    "NoiseCeiling",
    "PairedTest",
    "PartialCurve",
    "PartialPath",
    "PartialTransport",
    "PopulationMean",
    "RandomEffects",
    "Run",
    "Score",
    "SimilarityMatrix",
    "SolverError",
    "Stability",
    "SubjectComparison",
    "SubjectResult",
    "SubjectValues",
    "SubsampleCurve",
    "Transport",
    "Transports",
    "TransposedLayersWarning",
    "UnitMatches",
    "UnitPlan",
    "UnitPrices",
    "UnitRanking",
    "__version__",
    "align",
    "align_nested",
    "align_trajectories",
    "alignment_null",
    "baselines",
    "blocked_splits",
    "bootstrap_score",
    "compare",
    "compare_subjects",
    "corrected_interval",
    "corrected_p_value",
    "data",
    "equal_width_cost",
    "evaluate",
    "extract",
    "hierarchy",
    "hierarchy_null",
    "linear",
    "load",
    "noise_ceiling",
    "noise_corrected",
    "ot",
    "p_better",
    "partial_curve",
    "partial_path",
    "plot",
    "rank_units",
    "score_layer_orders",
    "similarity_matrix",
    "solve_sample",
    "solve_transport",
    "solve_transports",
    "split",
    "stability",
    "subsample_curve",
    "write_index",
    "write_report",
]

_LATE = {
    "alignment.nested": ("NestedAlignment",),
    "alignment.trajectories": ("align_nested", "align_trajectories"),
    "analysis.alignment_null": ("AlignmentNull", "alignment_null"),
    "analysis.bootstrap": ("Interval", "bootstrap_score"),
    "analysis.compare": ("compare",),
    "analysis.comparison": ("Comparison", "MethodResult"),
    "analysis.equal_widths": ("EqualWidthCost", "equal_width_cost"),
    "analysis.estimator": ("Aligner",),
    "analysis.evaluate": ("evaluate",),
    "analysis.hierarchy_null": ("HierarchyNull", "hierarchy_null"),
    "analysis.layer_orders": ("LayerOrders", "score_layer_orders"),
    "analysis.network_pairs": ("similarity_matrix",),
    "analysis.over_splits": ("corrected_interval", "corrected_p_value"),
    "analysis.partial_curve": ("PartialCurve", "partial_curve"),
    "analysis.permutation_test": ("p_better",),
    "analysis.subjects.random_effects": ("PairedTest", "PopulationMean", "RandomEffects", "SubjectValues"),
    "analysis.similarity_matrix": ("SimilarityMatrix",),
    "analysis.stability.stability": ("stability",),
    "analysis.stability.result": ("Stability",),
    "analysis.subjects.result": ("SubjectComparison",),
    "analysis.subjects.scores": ("GroupBounds", "SubjectResult"),
    "analysis.subjects.compare_subjects": ("compare_subjects",),
    "analysis.subsample": ("SubsampleCurve", "subsample_curve"),
    "analysis.stability.unit_matches": ("UnitMatches",),
    "analysis.unit_ranking": ("UnitRanking", "rank_units"),
    "display.report.index": ("IndexEntry", "write_index"),
    "display.report.write": ("write_report",),
    "measures.noise_ceiling": ("CorrectedScore", "NoiseCeiling", "noise_ceiling", "noise_corrected"),
    "networks.extraction.extract": ("extract",),
}
"""Modules whose names are public, and loaded on first use."""
_MODULE_OF = {name: module for module, names in _LATE.items() for name in names}


def __getattr__(name: str) -> Any:
    if name in _MODULE_OF:
        return getattr(import_module(f"mot_fast.{_MODULE_OF[name]}"), name)
    if name in __all__:
        return import_module(f"mot_fast.{name}")
    raise AttributeError(f"module 'mot_fast' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__


sys.meta_path.append(MovedModules())
