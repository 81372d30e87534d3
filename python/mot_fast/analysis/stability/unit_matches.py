"""Matches of units that are found again in many resamples, with false discovery rates, and the mass plans share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from mot_fast._validate import F64, Index
from mot_fast.system import optional
from mot_fast.system.control_characters import printable
from mot_fast.transport.transport import UnitPlan

if TYPE_CHECKING:
    import pandas
    import scipy.sparse

TIE = 1e-6
"""Relative difference of masses that are equal but for rounding."""
_NO_CORRELATION = 1e-5
"""Largest correlation of units that have none, such as constant ones: potentials give it to about a millionth."""


@dataclass(frozen=True, eq=False, repr=False)
class UnitMatches:
    """Matches between the units of two layers over many resamples of the stimuli; made by `mot_fast.stability`.

    A unit's main partner in a resample is the target unit that receives most of its mass, and is positively correlated
    with it; several are where masses tie. Constant units have no partners.
    """

    source: str
    """Label of the source layer."""
    target: str
    """Label of the target layer."""
    partners: Index
    """`(n_l,)`: target unit that most often is each source unit's main partner; -1 for a unit that never has one."""
    confidence: F64
    """`(n_l,)`: share of the resamples in which this target unit is the unit's main partner."""
    plan: scipy.sparse.csr_array
    """Consensus plan: mean of the unit plans, sparse `(n_l, n_m)`."""
    mass_in_common: float
    """Share of the mass that two resamples' unit plans have in common."""
    decoy_confidence: F64
    """`(n_decoys, n_l)`: confidences after the target's stimuli are shuffled."""
    decoy_mass_in_common: float
    """`mass_in_common` after the target's stimuli are shuffled, the mean over the decoys; NaN without them."""

    @classmethod
    def of(cls, plan: UnitPlan, observed: SumOfPlans, decoys: Sequence[SumOfPlans]) -> UnitMatches:
        """The matches that the plans of all resamples make, and those that the plans of each decoy make.

        `plan` names the layers.
        """
        partners, confidence = observed.main_partners()
        return cls(
            source=plan.source,
            target=plan.target,
            partners=partners,
            confidence=confidence,
            plan=observed.mean(),
            mass_in_common=observed.mass_in_common(),
            decoy_confidence=np.array([decoy.main_partners()[1] for decoy in decoys]).reshape(-1, len(partners)),
            decoy_mass_in_common=float(np.mean([decoy.mass_in_common() for decoy in decoys])) if decoys else np.nan,
        )

    @cached_property
    def q_values(self) -> F64:
        """`(n_l,)`: false discovery rate if this unit's match, and all that are as confident, count as discoveries.

        The share of the decoys with at least such a confidence, one more decoy being counted, over the share of units
        (Elias & Gygi, Nat. Methods 4, 2007); the least over all thresholds that the unit passes (Storey & Tibshirani,
        PNAS 100, 2003). Without decoys it is NaN.
        """
        return q_values(self.confidence, self.decoy_confidence)

    @cached_property
    def share(self) -> F64:
        """`(n_l,)`: share of each source unit's mass that goes to its partner in the consensus plan."""
        units, masses = np.arange(len(self.partners)), np.asarray(self.plan.sum(axis=1))
        received = np.asarray(self.plan[units, np.maximum(self.partners, 0)]).ravel()
        return np.where(self.confidence > 0, received, 0.0) / np.where(masses > 0, masses, 1.0)

    def discoveries(self, q: float = 0.05) -> Index:
        """Source units whose q-value is at most `q`."""
        return np.flatnonzero(self.q_values <= q)

    def to_pandas(self) -> pandas.DataFrame:
        """The matches as a table, one row for each source unit. Needs pandas.

        Returns
        -------
        pandas.DataFrame
            `source_unit`; `target_unit`, its partner; `confidence`; `share`, the share of the unit's mass that goes to
            its partner in the consensus plan; `q_value`.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        units = {"source_unit": np.arange(len(self.partners)), "target_unit": self.partners}
        figures = {"confidence": self.confidence, "share": self.share, "q_value": self.q_values}
        return optional.pandas().DataFrame(units | figures)

    def __repr__(self) -> str:
        n_l, n_m = self.plan.shape
        found = f", {len(self.discoveries())} matched at q <= 0.05" if self.decoy_confidence.size else ""
        names = printable(f"'{self.source}' to '{self.target}'")
        return f"UnitMatches({names}, {n_l} x {n_m}, median confidence {np.median(self.confidence):.2f}{found})"


def q_values(confidence: F64, decoys: F64) -> F64:
    """False discovery rates of units by target and decoy; see `UnitMatches.q_values`."""
    if not decoys.size:
        return np.full(len(confidence), np.nan)
    chance, observed = (
        len(values) - np.searchsorted(np.sort(values), confidence) for values in (decoys.ravel(), confidence)
    )
    rates = (1 + chance) / (1 + decoys.size) * len(confidence) / observed
    order = np.argsort(confidence)
    q = np.empty(len(confidence))
    q[order] = np.minimum(np.minimum.accumulate(rates[order]), 1.0)
    return q


class SumOfPlans:
    """Plans between the units of two layers, one for each resample, of which only the entries are kept.

    Parameters
    ----------
    n_together : int, optional
        Resamples that are compared with each other: every so many consecutive ones; by default all of them.
    """

    def __init__(self, n_together: int | None = None) -> None:
        self._n_together = n_together
        self._keys: list[Index] = []
        self._masses: list[F64] = []
        self._are_main: list[npt.NDArray[np.bool_]] = []
        self._shape = (0, 0)

    def add(self, plan: UnitPlan) -> None:
        """Take the plan of another resample."""
        self._shape = plan.shape
        largest = np.zeros(plan.shape[0])
        np.maximum.at(largest, plan.rows, plan.mass)
        self._keys.append(plan.rows.astype(np.int64) * plan.shape[1] + plan.columns)
        self._masses.append(plan.mass.copy())  # the plan's own may be part of the plans of all layers
        is_correlated = plan.u[plan.rows] + plan.v[plan.columns] < 1 - _NO_CORRELATION  # the cost is tight on a plan
        self._are_main.append((plan.mass >= largest[plan.rows] * (1 - TIE)) & is_correlated)

    def mean(self) -> scipy.sparse.csr_array:
        """Mean of the plans."""
        import scipy.sparse

        keys, masses, _ = self._by_pair()
        places = np.divmod(keys, self._shape[1])
        return scipy.sparse.csr_array((masses / len(self._keys), places), shape=self._shape)

    def main_partners(self) -> tuple[Index, F64]:
        """Main partner that each row most often has, and in what share of the plans; see `UnitMatches`.

        Of columns that are it equally often, that of more mass is taken.
        """
        keys, masses, counts = self._by_pair()
        rows, columns = np.divmod(keys, self._shape[1])
        order = np.lexsort((-columns, masses, counts, rows))
        last = order[np.flatnonzero(np.diff(rows[order], append=self._shape[0]))]
        confidence = np.zeros(self._shape[0])
        confidence[rows[last]] = counts[last] / len(self._keys)
        partners = np.full(self._shape[0], -1)
        partners[rows[last]] = np.where(counts[last] > 0, columns[last], -1)
        return partners, confidence

    def mass_in_common(self) -> float:
        """Mean of the shares of mass that two plans have in common, over all pairs of them that are compared."""
        return mass_in_common(self._keys, self._masses, self._n_together)

    def _by_pair(self) -> tuple[Index, F64, F64]:
        """Every pair of units that some plan uses: its place, its mass in all plans, and how often it is the main."""
        keys, inverse = np.unique(np.concatenate(self._keys), return_inverse=True)
        masses = np.bincount(inverse, np.concatenate(self._masses))
        counts = np.bincount(inverse, np.concatenate(self._are_main))
        return keys, masses.astype(np.float64), counts.astype(np.float64)


def mass_in_common(keys: Sequence[Index], masses: Sequence[F64], n_together: int | None = None) -> float:
    """Mean of ``sum(min(P, P'))`` over pairs of plans of mass 1, each given by the places and masses of its entries.

    Parameters
    ----------
    keys, masses : sequences of arrays, `(n_entries,)`
        Place and mass of every entry of each plan.
    n_together : int, optional
        Plans that are compared with each other: every so many consecutive ones; by default all of them.
    """
    size = len(keys) if n_together is None else n_together
    total, n_sets = 0.0, len(keys) // size
    for first in range(0, n_sets * size, size):
        places, mass = (np.concatenate(values[first : first + size]) for values in (keys, masses))
        order = np.lexsort((-mass, places))
        starts = np.flatnonzero(np.diff(places[order], prepend=-1))
        # An entry is the smaller one beside every larger entry of its place.
        n_larger = np.arange(len(order)) - np.repeat(starts, np.diff(starts, append=len(order)))
        total += float(mass[order] @ n_larger)
    return total / (n_sets * size * (size - 1) / 2)
