"""Exact multi-level optimal transport between the layers of neural networks and brains.

The public names are those below; everything else is private. What an alignment does without is loaded on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from mot_fast.align import align
from mot_fast.alignment import Alignment
from mot_fast.compare import compare
from mot_fast.comparison import Comparison
from mot_fast.hierarchy import hierarchy
from mot_fast.loading import load
from mot_fast.network import Network
from mot_fast.record import CouplingScore, Evaluation, Run
from mot_fast.rotation import Alternation
from mot_fast.score import Score
from mot_fast.splitting import split
from mot_fast.transport import Certificate, SolverError, Transport, UnitPlan, solve_transport

if TYPE_CHECKING:
    from mot_fast import baselines, data, linear, ot, plot
    from mot_fast.estimator import Aligner
    from mot_fast.evaluation import evaluate
    from mot_fast.extraction import extract
    from mot_fast.levels import align_nested, align_trajectories
    from mot_fast.nested import NestedAlignment
    from mot_fast.network_matrix import SimilarityMatrix
    from mot_fast.noise import NoiseCeiling, noise_ceiling
    from mot_fast.null import HierarchyNull, hierarchy_null
    from mot_fast.report import write_report
    from mot_fast.similarity import similarity_matrix
    from mot_fast.subsample import SubsampleCurve, subsample_curve
    from mot_fast.uncertainty import Interval, bootstrap_score, p_better

__version__ = "0.1.0"

__all__ = [
    "Aligner",
    "Alignment",
    "Alternation",
    "Certificate",
    "Comparison",
    "CouplingScore",
    "Evaluation",
    "HierarchyNull",
    "Interval",
    "NestedAlignment",
    "Network",
    "NoiseCeiling",
    "Run",
    "Score",
    "SimilarityMatrix",
    "SolverError",
    "SubsampleCurve",
    "Transport",
    "UnitPlan",
    "__version__",
    "align",
    "align_nested",
    "align_trajectories",
    "baselines",
    "bootstrap_score",
    "compare",
    "data",
    "evaluate",
    "extract",
    "hierarchy",
    "hierarchy_null",
    "linear",
    "load",
    "noise_ceiling",
    "ot",
    "p_better",
    "plot",
    "similarity_matrix",
    "solve_transport",
    "split",
    "subsample_curve",
    "write_report",
]

_LATE = {
    "estimator": ("Aligner",),
    "evaluation": ("evaluate",),
    "extraction": ("extract",),
    "levels": ("align_nested", "align_trajectories"),
    "nested": ("NestedAlignment",),
    "network_matrix": ("SimilarityMatrix",),
    "noise": ("NoiseCeiling", "noise_ceiling"),
    "null": ("HierarchyNull", "hierarchy_null"),
    "report": ("write_report",),
    "similarity": ("similarity_matrix",),
    "subsample": ("SubsampleCurve", "subsample_curve"),
    "uncertainty": ("Interval", "bootstrap_score", "p_better"),
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
