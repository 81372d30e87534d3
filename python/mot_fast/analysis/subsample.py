"""Held-out scores when only a fraction of the target's units is kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Unpack

import numpy as np

from mot_fast import _validate
from mot_fast._validate import F64, Array, Index
from mot_fast._warnings import named_once, renamed_arguments
from mot_fast.alignment.align import align
from mot_fast.alignment.options import PlainOptions
from mot_fast.analysis.autocorrelation import warn_of_autocorrelation
from mot_fast.analysis.compare import known_methods
from mot_fast.analysis.comparison import sd_of
from mot_fast.analysis.methods import validated_alternation
from mot_fast.analysis.splits import GivenSplits, Groups, Splits
from mot_fast.display import escaping
from mot_fast.display.tables import markdown_table, with_sd
from mot_fast.layer_pairs.alternation import Alternation
from mot_fast.measures.coupling import UNSHUFFLED
from mot_fast.networks.load import Source, named, warn_of_rows
from mot_fast.networks.network import Layer, Network, same_stimuli
from mot_fast.system.brief_repr import brief_text
from mot_fast.system.control_characters import printable
from mot_fast.system.progress import progress_bar

if TYPE_CHECKING:
    from matplotlib.axes import Axes

METHODS = (*UNSHUFFLED, *(f"{name}+r" for name in UNSHUFFLED))
FRACTIONS = (0.1, 0.25, 0.5, 0.75, 1.0)
_ALTERNATION = Alternation()


@dataclass(frozen=True, eq=False, repr=False)
class SubsampleCurve:
    """Held-out scores against the fraction of the target's units that is kept; made by `subsample_curve`."""

    fractions: F64
    """`(F,)`: fractions of the units of every target layer."""
    scores: Mapping[str, F64]
    """`(F, n_splits)` for each method: held-out scores."""
    source_name: str
    target_name: str
    split_kind: str = "random"
    """Kind of the splits; see `Comparison.split_kind`."""
    split_description: str = "random splits"
    """What the splits are, as the table's note says it."""

    def mean(self, name: str) -> F64:
        """Mean of a method's scores over the splits, `(F,)`."""
        return np.asarray(self._method_scores(name).mean(axis=1))

    def sd(self, name: str) -> F64:
        """Standard deviation of a method's scores over the splits, `(F,)`; NaN for one split."""
        return np.array([sd_of(scores) for scores in self._method_scores(name)])

    def _method_scores(self, name: str) -> F64:
        return self.scores[_validate.choice(name, tuple(self.scores), "name")]

    def to_markdown(self) -> str:
        """A Markdown table with one row for each fraction."""
        cells = [["units kept", *self.scores]]
        for k, fraction in enumerate(self.fractions):
            values = [with_sd(float(self.mean(name)[k]), float(self.sd(name)[k])) for name in self.scores]
            cells.append([f"{fraction:.4g}", *values])
        n_splits = len(next(iter(self.scores.values()))[0])
        over = f"{n_splits} seeds, each with its own split and units; +-: sd over the seeds"
        if self.split_kind != "random":
            over = f"{self.split_description}: {n_splits}, each with its own units; +-: sd over the splits"
        title = f"{self.source_name} from a fraction of the units of every layer of {self.target_name}"
        return "\n".join(
            [
                escaping.markdown(title),
                "",
                *markdown_table(cells, n_left=1),
                "",
                f"- held-out scores over {over}",
            ]
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the curves and return the axes. Needs matplotlib.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        from mot_fast.display.curves import plot_subsample_curve

        return plot_subsample_curve(self, ax)

    def __repr__(self) -> str:
        names = printable(f"'{self.source_name}' from '{self.target_name}'")
        shown = ", ".join(f"{fraction:.4g}" for fraction in self.fractions)
        means = {name: ", ".join(f"{mean:.3f}" for mean in self.mean(name)) for name in self.scores}
        return brief_text(self, [names, f"at {shown}", *(f"{name} {values}" for name, values in means.items())])

    def __str__(self) -> str:
        return self.to_markdown()


@renamed_arguments(n_seeds="splits", n_splits="splits", rotate="alternation")
def subsample_curve(
    source: Source,
    target: Source,
    fractions: Sequence[float] = FRACTIONS,
    *,
    methods: Sequence[str] = ("mot", "pairwise_best"),
    splits: GivenSplits = 5,
    groups: Groups | None = None,
    test_size: float = 0.2,
    seed: int = 0,
    alternation: Alternation = _ALTERNATION,
    progress: bool = False,
    **options: Unpack[PlainOptions],
) -> SubsampleCurve:
    """Fit and score again with only a fraction of the units of every target layer (Shah & Khosla, appendix J).

    Split k has its own random order of the units of every target layer:
    ``numpy.random.default_rng([seed + k, m])`` permutes those of layer m. A fraction keeps the first
    units in this order, their number rounded but at least one, so that a larger fraction keeps all units of a smaller
    one.

    Parameters
    ----------
    source, target : Network or anything `mot_fast.load` takes
        Activations of both networks on the same stimuli in the same order; they are read into memory.
    fractions : sequence of float
        Fractions of the units to keep, above 0 and up to 1.
    methods : sequence of str
        Some of "mot", "single_best", "pairwise_best", "greedy" and "uniform"; a name followed by "+r" is the method
        with rotations.
    splits, groups, test_size, seed
        How stimuli are split into training and held-out ones, as in `mot_fast.compare`; by default by five random
        splits. The seed is that of the first split and of its units.
    alternation : Alternation
        How the methods with "+r" find their rotations.
    progress : bool
        Show a progress bar over the alignments.
    **options
        Any other argument of `mot_fast.align`; masses of the target, if given, are one number a layer.

    Returns
    -------
    SubsampleCurve

    Raises
    ------
    TypeError, ValueError
        If an argument is none of the values above, or as `mot_fast.align`.
    SolverError
        As `mot_fast.align`.

    Warns
    -----
    AutocorrelatedStimuliWarning
        If most held-out stimuli have neighbours that are trained on, as in random splits without groups, though
        consecutive stimuli are much alike in one of the networks.
    ConstantUnitsWarning
        If units are constant over training stimuli: once, at the end, about the first alignment that has some.

    Examples
    --------
    >>> import mot_fast as mot
    >>> source, target = mot.data.resnets()
    >>> curve = mot.subsample_curve(source[:300], target[:300], (0.1, 1.0), methods=["mot"], splits=2)
    >>> few, all_units = curve.mean("mot")
    >>> bool(few < all_units)
    True
    """
    kept = _validated_fractions(fractions)
    names = known_methods(methods, METHODS)
    validated_alternation(alternation)
    source, target = named(source, "source"), named(target, "target")
    same_stimuli([source, target])
    chosen = Splits.validated(splits, source.n_stimuli, groups=groups, test_size=test_size, seed=seed)
    warn_of_rows((source, target))
    source, target = source.in_memory(), target.in_memory()
    warn_of_autocorrelation((source, target), chosen)
    rotations = [
        (rotation, asked)
        for rotation, suffix in ((False, ""), (alternation, "+r"))
        if (asked := [name for name in names if name == name.removesuffix("+r") + suffix])
    ]
    scores = {name: np.empty((len(kept), len(chosen.rows))) for name in names}
    n_alignments = len(chosen.rows) * len(kept) * len(rotations)
    with (
        named_once(),
        progress_bar("alignments", is_shown=progress, total=n_alignments) as bar,
    ):
        for k, (train, test) in enumerate(chosen.rows):
            for f, network in enumerate(_subsampled_networks(target, kept, seed + k)):
                for rotation, asked in rotations:
                    alignment = align(source[train], network[train], rotate=rotation, **options)
                    weights = [alignment.coupling(name.removesuffix("+r")) for name in asked]
                    for name, score in zip(asked, alignment.scores(source[test], network[test], weights), strict=True):
                        scores[name][f, k] = score.value
                    bar.update()
    return SubsampleCurve(kept, scores, source.name, target.name, chosen.kind, chosen.description)


def _validated_fractions(fractions: Sequence[float]) -> F64:
    """The fractions as an array, each of them above 0 and at most 1."""
    validated = _validate.array(fractions, "fractions")
    if validated.ndim != 1 or not len(validated):
        raise ValueError(f"fractions: expected a sequence of at least one number, found shape {validated.shape}")
    for fraction in validated:
        if not 0 < fraction <= 1:
            raise ValueError(f"fractions: expected numbers above 0, up to 1, found {fraction}")
    return validated.astype(np.float64)


def _subsampled_networks(network: Network, fractions: F64, seed: int) -> Iterator[Network]:
    """Networks that keep each fraction of the units of every layer, which are read when they are needed."""
    orders = [np.random.default_rng([seed, m]).permutation(width) for m, width in enumerate(network.widths)]
    for fraction in fractions:
        units = [np.sort(order[: max(1, round(fraction * len(order)))]) for order in orders]
        yield network.with_layers([some_units(network, m, chosen) for m, chosen in enumerate(units)])


def some_units(network: Network, m: int, units: Index) -> Layer:
    """Layer m of a network with these units only."""

    def read() -> Array:
        return np.asarray(network.layer(m)[:, units])

    return Layer(network.labels[m], (network.n_stimuli, len(units)), read)
