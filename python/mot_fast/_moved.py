"""Modules under the names that they had in version 0.1, so that pickles of its results find their classes.

Nothing is loaded before somebody asks for it. The packages `mot_fast.alignment` and `mot_fast.transport`, which were
modules then, hand on to `moved` what they are asked for.
"""

from __future__ import annotations

from importlib import import_module
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

_PLACES = {
    "alignment": {"Alignment": "alignment.result"},
    "comparison": {"Comparison": "analysis.comparison"},
    "estimator": {"Aligner": "analysis.estimator"},
    "nested": {"NestedAlignment": "alignment.nested"},
    "network": {"Layer": "networks.network", "Network": "networks.network"},
    "network_matrix": {"SimilarityMatrix": "analysis.similarity_matrix"},
    "noise": {"NoiseCeiling": "measures.noise_ceiling"},
    "null": {"HierarchyNull": "analysis.hierarchy_null"},
    "record": {
        "CouplingScore": "alignment.record",
        "Evaluation": "alignment.record",
        "Run": "alignment.record",
        "Side": "networks.summary",
    },
    "rotation": {"Alternation": "layer_pairs.alternation"},
    "score": {"Score": "measures.score"},
    "subsample": {"SubsampleCurve": "analysis.subsample"},
    "transport": {
        "Certificate": "transport.transport",
        "SolverError": "transport.transport",
        "Transport": "transport.transport",
        "UnitPlan": "transport.transport",
    },
    "tree": {"Branch": "networks.nesting"},
    "uncertainty": {"Interval": "analysis.bootstrap"},
}
"""For every module of 0.1 whose classes are in pickles, where these classes are now."""
_NEW_NAMES = {"Branch": "NetworkGroup", "Side": "NetworkSummary"}


def moved(module: str, name: str) -> Any:
    """The class that version 0.1 had under this name in `mot_fast.{module}`."""
    place = _PLACES[module].get(name)
    if place is None:
        raise AttributeError(f"module 'mot_fast.{module}' has no attribute {name!r}")
    return getattr(import_module(f"mot_fast.{place}"), _NEW_NAMES.get(name, name))


class MovedModules:
    """Finder and loader of the modules of version 0.1 that are no longer there.

    It is none of `importlib.abc`'s, whose import would take longer than that of this package's core.
    """

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> ModuleSpec | None:  # noqa: ARG002
        """A module that has nothing but the classes that moved."""
        package, _, module = fullname.rpartition(".")
        if package != "mot_fast" or module not in _PLACES:
            return None
        return ModuleSpec(fullname, self)  # type: ignore[arg-type]  # it has all that importlib calls

    def create_module(self, spec: ModuleSpec) -> None:
        """Leave it to Python to make a new module."""

    def exec_module(self, module: ModuleType) -> None:
        """Let the module look for each class when it is asked for it."""
        name = module.__name__.rpartition(".")[2]
        module.__getattr__ = lambda attribute: moved(name, attribute)  # type: ignore[method-assign]
