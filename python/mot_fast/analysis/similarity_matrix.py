"""The result of aligning all pairs of many networks: distances, clusters, an embedding, tables and pictures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mot_fast import _validate
from mot_fast._validate import F64
from mot_fast.analysis.splits import Splits
from mot_fast.display import notebook, tables
from mot_fast.display.tables import markdown_table, with_sd
from mot_fast.system import optional
from mot_fast.system.brief_repr import brief_text
from mot_fast.system.control_characters import printable

if TYPE_CHECKING:
    import pandas
    import xarray
    from matplotlib.axes import Axes

    from mot_fast.display.axes import GivenAxes


@dataclass(frozen=True, eq=False, repr=False)
class SimilarityMatrix:
    """Costs and scores of all pairs of n networks, means over splits; made by `mot_fast.similarity_matrix`."""

    labels: tuple[str, ...]
    """Names of the networks, in the order of rows and columns."""
    costs: F64
    """`(n, n)`: alignment costs on the training stimuli. A lower cost means that two networks are more alike. Without
    rotations the matrix is symmetric. The cost of a network to itself is 0, plus the mass of each constant unit."""
    scores: F64
    """`(n, n)`: held-out scores of network i reconstructed from network j, higher is better; not symmetric."""
    n_train: int
    """Number of training stimuli; the least of all splits, where they differ."""
    n_test: int
    """Number of held-out stimuli; the least of all splits, where they differ."""
    costs_sd: F64 | None = None
    """`(n, n)`: standard deviations of the costs over the splits; None for one split."""
    scores_sd: F64 | None = None
    """`(n, n)`: standard deviations of the scores over the splits; None for one split."""
    n_splits: int = 1
    split_kind: str = "random"
    """Kind of the splits; see `Comparison.split_kind`."""
    split_description: str = "random splits"
    """What the splits are."""

    @property
    def distances(self) -> F64:
        """`(n, n)`: square root of twice the cost, averaged over both directions; zero on the diagonal.

        Units that are not constant are points on a sphere: half the squared distance of two of them is 1 - correlation.
        Without rotations these are therefore Wasserstein distances, at every level, which satisfy the triangle
        inequality.
        """
        distances = np.sqrt(np.maximum(self.costs + self.costs.T, 0.0))
        np.fill_diagonal(distances, 0.0)
        return distances

    def linkage(self, method: str = "average") -> F64:
        """Hierarchical clustering of the networks by their distances, as `scipy.cluster.hierarchy.linkage` gives it.

        Parameters
        ----------
        method : str
            How the distance between two clusters is found: "average", "complete", "single" or "weighted". The other
            methods of SciPy hold for Euclidean distances only.

        Raises
        ------
        ValueError
            If it is none of these.
        """
        from scipy.cluster.hierarchy import linkage
        from scipy.spatial.distance import squareform

        _validate.choice(method, ("average", "complete", "single", "weighted"), "method")
        return np.asarray(linkage(squareform(self.distances, checks=False), method, optimal_ordering=True))

    def embedding(self, n_dimensions: int = 2) -> F64:
        """Coordinates `(n, n_dimensions)` whose distances approximate those of the networks: classical scaling.

        Coordinates are centred. Axes come in the order of the variance that they explain, and the largest entry of each
        is positive (Torgerson, Psychometrika 17, 1952).

        Raises
        ------
        TypeError, ValueError
            If `n_dimensions` is not an integer from 1 to n.
        """
        from scipy.linalg import eigh

        n = len(self.labels)
        n_dimensions = _validate.whole_number(n_dimensions, "n_dimensions", at_least=1)
        if n_dimensions > n:
            raise ValueError(f"n_dimensions: expected at most {n}, the number of networks, found {n_dimensions}")
        centring = np.eye(n) - 1.0 / n
        values, vectors = eigh(-0.5 * centring @ self.distances**2 @ centring)
        coordinates = vectors[:, ::-1] * np.sqrt(np.maximum(values[::-1], 0.0))
        signs = np.sign(coordinates[np.abs(coordinates).argmax(axis=0), np.arange(n)])
        return np.asarray((coordinates * np.where(signs == 0, 1.0, signs))[:, :n_dimensions])

    def plot(self, axes: GivenAxes = None) -> list[Axes]:
        """Draw costs and scores as heat maps, in the order of the dendrogram; see `mot_fast.plot`.

        Parameters
        ----------
        axes : two matplotlib axes, optional
            Where to draw; a new figure by default.
        """
        from mot_fast.display.similarity_plots import plot_similarity

        return plot_similarity(self, axes)

    def plot_dendrogram(self, ax: Axes | None = None, method: str = "average") -> Axes:
        """Draw the hierarchical clustering as a tree; a fork is as high as the distance of the clusters it joins."""
        from mot_fast.display.similarity_plots import plot_dendrogram

        return plot_dendrogram(self, ax, method)

    def plot_embedding(self, ax: Axes | None = None) -> Axes:
        """Draw the networks as points in a plane, in which similar networks are near each other."""
        from mot_fast.display.similarity_plots import plot_embedding

        return plot_embedding(self, ax)

    def to_pandas(self) -> pandas.DataFrame:
        """Costs and scores of all ordered pairs as a table indexed by `network` and `from`. Needs pandas.

        With several splits, `cost_sd` and `score_sd` are their standard deviations.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        frames = optional.pandas()
        index = frames.MultiIndex.from_product([self.labels, self.labels], names=["network", "from"])
        columns = {"cost": self.costs, "score": self.scores, "cost_sd": self.costs_sd, "score_sd": self.scores_sd}
        there = {name: values.ravel() for name, values in columns.items() if values is not None}
        return frames.DataFrame(there, index=index)

    def to_xarray(self) -> xarray.Dataset:
        """`costs`, `scores` and `distances` over `source_network` and `target_network`. Needs xarray.

        Sources are reconstructed from targets. The attributes hold the numbers of stimuli. With several splits,
        `costs_sd` and `scores_sd` are their standard deviations.

        Raises
        ------
        ImportError
            If xarray is not installed.
        """
        return tables.dataset(
            {"source_network": self.labels, "target_network": self.labels},
            {"costs": self.costs, "scores": self.scores, "distances": self.distances} | self._sds(),
            {"n_train": self.n_train, "n_test": self.n_test},
        )

    def _sds(self) -> dict[str, F64]:
        """Standard deviations over the splits; nothing for one split."""
        sds = {"costs_sd": self.costs_sd, "scores_sd": self.scores_sd}
        return {name: values for name, values in sds.items() if values is not None}

    def to_markdown(self) -> str:
        """Costs and scores as two Markdown tables; with several splits, with their standard deviations."""
        tables = []
        for what, values, sds in (("cost", self.costs, self.costs_sd), ("score, from", self.scores, self.scores_sd)):
            cells = [[f"{value:.3f}" for value in row] for row in values]
            if sds is not None:
                cells = [[with_sd(*pair) for pair in zip(*rows, strict=True)] for rows in zip(values, sds, strict=True)]
            rows = [[label, *row] for label, row in zip(self.labels, cells, strict=True)]
            tables.append("\n".join(markdown_table([[what, *self.labels], *rows], n_left=1)))
        return "\n\n".join(tables)

    def _repr_html_(self) -> str:
        return notebook.block(
            f"SimilarityMatrix of {len(self.labels)} networks",
            [
                self._stimuli(),
                "held-out score of each network (row) reconstructed from each other (column), higher is better:",
            ],
            notebook.heat_map(self.scores, self.labels, self.labels, form="{:.2f}".format),
        )

    def __repr__(self) -> str:
        is_pair = ~np.eye(len(self.labels), dtype=bool)
        figures = {"costs": self.costs[is_pair], "scores": self.scores[is_pair]}
        ranges = [f"{name} {values.min():.3f} to {values.max():.3f}" for name, values in figures.items()]
        return brief_text(self, [*map(printable, self.labels), *ranges, self._stimuli()])

    def _stimuli(self) -> str:
        """Numbers of training and held-out stimuli, and of splits if there are several."""
        stimuli = f"{self.n_train} training stimuli, {self.n_test} held out"
        return stimuli if self.n_splits == 1 else f"{stimuli}; means over {self.split_description}: {self.n_splits}"


def mean_over_splits(labels: tuple[str, ...], costs: F64, scores: F64, splits: Splits) -> SimilarityMatrix:
    """The matrix of the costs and scores on every split, `(n_splits, n, n)` each."""
    n_splits = len(costs)
    costs_sd, scores_sd = (each.std(axis=0, ddof=1) if n_splits > 1 else None for each in (costs, scores))
    costs, scores = (each.mean(axis=0) if n_splits > 1 else each[0] for each in (costs, scores))
    return SimilarityMatrix(
        labels=labels,
        costs=costs,
        scores=scores,
        n_train=min(splits.n_train),
        n_test=min(splits.n_test),
        costs_sd=costs_sd,
        scores_sd=scores_sd,
        n_splits=n_splits,
        split_kind=splits.kind,
        split_description=splits.description,
    )
