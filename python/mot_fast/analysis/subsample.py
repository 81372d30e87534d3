"""Held-out scores when only a fraction of the target's units is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from mot_fast import _validate
from mot_fast._validate import F64, Array, Index
from mot_fast._warnings import named_once, renamed_arguments
from mot_fast.alignment.align import align
from mot_fast.alignment.options import RESOURCES, PlainOptions
from mot_fast.analysis.autocorrelation import warn_of_autocorrelation
from mot_fast.analysis.compare import known_methods
from mot_fast.analysis.comparison import sd_of
from mot_fast.analysis.methods import validated_alternation
from mot_fast.analysis.pieces import BESIDE_THE_POINT, Piece, check_shapes, in_memory, results_of, shared_networks
from mot_fast.analysis.splits import GivenSplits, Groups, Splits
from mot_fast.display import escaping
from mot_fast.display.tables import markdown_table, with_sd
from mot_fast.layer_pairs.alternation import Alternation
from mot_fast.layer_pairs.layer_cache import StoredNetwork
from mot_fast.layer_pairs.resources import Resources
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
        Activations of both networks on the same stimuli in the same order; without an executor they are read into
        memory.
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
        Any other argument of `mot_fast.align`; masses of the target, if given, are one number a layer. An executor's
        workers are given one alignment and its scores at a time, and a store keeps what they found.

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
    given: dict[str, Any] = dict(options)
    resources = Resources.of(len(source) * len(target), **{name: given.pop(name, None) for name in RESOURCES})
    given["memory_limit"] = resources.memory_limit
    if resources.executor is None:
        source, target = source.in_memory(), target.in_memory()
    warn_of_autocorrelation((source, target), chosen)
    scores = {name: np.empty((len(kept), len(chosen.rows))) for name in names}
    rotations = [
        (rotation, asked)
        for rotation, suffix in ((False, ""), (alternation, "+r"))
        if (asked := tuple(name for name in names if name == name.removesuffix("+r") + suffix))
    ]
    n_alignments = len(chosen.rows) * len(kept) * len(rotations)
    with (
        named_once(),
        progress_bar("alignments", is_shown=progress, total=n_alignments) as bar,
        shared_networks((source, target), resources) as (shared_source, shared_target),
    ):
        pieces = {
            (k, f, asked): _FractionOfUnits(
                source=shared_source,
                target=shared_target,
                train=train,
                test=test,
                fraction=float(fraction),
                seed=seed + k,
                rotate=rotation,
                names=asked,
                options=given,
                limits=resources.limits,
            )
            for k, (train, test) in enumerate(chosen.rows)
            for f, fraction in enumerate(kept)
            for rotation, asked in rotations
        }
        for (k, f, asked), arrays in results_of(pieces, resources):
            for name, value in zip(asked, arrays["scores"], strict=True):
                scores[name][f, k] = value
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


@dataclass(frozen=True, eq=False)
class _FractionOfUnits(Piece):
    """Scores of some methods on one split, with a fraction of the units of every target layer."""

    source: StoredNetwork
    target: StoredNetwork
    train: Index
    test: Index
    fraction: float
    seed: int
    """Seed of the order of the units."""
    rotate: bool | Alternation
    names: tuple[str, ...]
    options: Mapping[str, Any]
    """Arguments of `align` that say what is aligned."""
    limits: Mapping[str, Any] = field(metadata=BESIDE_THE_POINT)
    """Its arguments that say by how many threads, and where finished blocks are kept."""

    def run(self) -> dict[str, Array]:
        """The held-out score of every method."""
        source, target = in_memory(self.source), _subsampled(in_memory(self.target), self.fraction, self.seed)
        train_source, train_target = source[self.train], target[self.train]
        alignment = align(train_source, train_target, rotate=self.rotate, **self.options, **self.limits)
        weights = [alignment.coupling(name.removesuffix("+r")) for name in self.names]
        scores = alignment.scores(source[self.test], target[self.test], weights)
        return {"scores": np.array([score.value for score in scores])}

    def check(self, arrays: Mapping[str, Array]) -> None:
        """See `Piece`."""
        check_shapes(arrays, {"scores": (len(self.names),)})


def _subsampled(network: Network, fraction: float, seed: int) -> Network:
    """The network with a fraction of the units of every layer, the first ones in a random order."""
    layers = []
    for m, width in enumerate(network.widths):
        order = np.random.default_rng([seed, m]).permutation(width)
        layers.append(some_units(network, m, np.sort(order[: max(1, round(fraction * width))])))
    return network.with_layers(layers)


def some_units(network: Network, m: int, units: Index) -> Layer:
    """Layer m of a network with these units only."""

    def read() -> Array:
        return np.asarray(network.layer(m)[:, units])

    return Layer(network.labels[m], (network.n_stimuli, len(units)), read)
