"""Exact multi-level optimal transport between the layers of neural networks and brains.

The public names are those below; everything else is private.
"""

from mot_fast import data, ot
from mot_fast.align import align
from mot_fast.alignment import Alignment
from mot_fast.hierarchy import hierarchy
from mot_fast.loading import load
from mot_fast.network import Network
from mot_fast.rotation import Alternation
from mot_fast.score import Score
from mot_fast.splitting import split
from mot_fast.transport import Certificate, SolverError, Transport, UnitPlan, solve_transport

__version__ = "0.1.0"

__all__ = [
    "Alignment",
    "Alternation",
    "Certificate",
    "Network",
    "Score",
    "SolverError",
    "Transport",
    "UnitPlan",
    "__version__",
    "align",
    "data",
    "hierarchy",
    "load",
    "ot",
    "solve_transport",
    "split",
]
