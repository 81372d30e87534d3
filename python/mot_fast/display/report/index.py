"""A page for many alignments: the matrix of their scores and costs, and every pair's plan, verdict and files."""

from __future__ import annotations

import os
import urllib.parse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from mot_fast import _validate
from mot_fast._validate import F64, check_alignment
from mot_fast.display import heat_map, notebook
from mot_fast.display.report.templates import part, template
from mot_fast.system import atomic_write, optional
from mot_fast.system.brief_repr import brief_repr

if TYPE_CHECKING:
    from mot_fast.alignment.result import Alignment
    from mot_fast.analysis.similarity_matrix import SimilarityMatrix

_CELLS = ((12, 40, 3), (30, 28, 2), (np.inf, 14, 3))
"""Numbers of networks, and for so many at most the side of a cell in pixels, and the decimals of its value."""
_SMALL_PLAN, _LEAST_CELL, _MOST_CELL = 200, 3, 24
"""Side of the small picture of a layer plan, and the least and greatest side of its cells, in pixels."""

Place = tuple[int, int]


@dataclass(frozen=True, eq=False)
class IndexEntry:
    """One pair of networks on a page that `mot_fast.write_index` writes.

    Parameters
    ----------
    source, target : str
        Names of the network that is predicted, and of the one that predicts it.
    cost, score : float, optional
        Alignment cost, and held-out score.
    verdict : sequence of str
        Sentences that say what tests found.
    plan : array, `(L, M)`, optional
        Share of each source layer that goes to each target layer.
    source_labels, target_labels : sequences of str
        Names of the layers of the plan.
    files : mapping from str to path
        Files of the pair, by what the page calls them; a cell of the matrix leads to the first. Those that do not exist
        are not linked.
    """

    source: str
    target: str
    cost: float | None = None
    score: float | None = None
    verdict: Sequence[str] = ()
    plan: npt.ArrayLike | None = None
    source_labels: Sequence[str] = ()
    target_labels: Sequence[str] = ()
    files: Mapping[str, str | os.PathLike[str]] = field(default_factory=dict)

    __repr__ = brief_repr

    @classmethod
    def of(
        cls,
        alignment: Alignment,
        files: Mapping[str, str | os.PathLike[str]] | None = None,
        *,
        source: str | None = None,
        target: str | None = None,
    ) -> IndexEntry:
        """The entry of an alignment; with its score and its verdict, if `mot_fast.evaluate` has computed them.

        Parameters
        ----------
        alignment : Alignment
        files : mapping from str to path, optional
            Files of the pair, by what the page calls them.
        source, target : str, optional
            Names of the networks on the page, by default those in the alignment.

        Raises
        ------
        TypeError
            If this is no alignment.
        """
        check_alignment(alignment)
        evaluation, sides = alignment.evaluation, (alignment.source, alignment.target)
        return cls(
            sides[0].name if source is None else source,
            sides[1].name if target is None else target,
            alignment.cost,
            None if evaluation is None else evaluation.scores["mot"].value,
            () if evaluation is None else evaluation.verdict(is_rotated=alignment.alternation is not None),
            alignment.layer_plan / sides[0].layer_masses[:, None],
            sides[0].labels,
            sides[1].labels,
            files or {},
        )


def write_index(
    entries: Sequence[IndexEntry],
    path: str | os.PathLike[str],
    *,
    matrix: SimilarityMatrix | None = None,
    title: str = "Alignments",
) -> None:
    """Write a page that leads to many alignments: one HTML file without scripts, which loads nothing from elsewhere.

    It has a matrix of the held-out scores and one of the costs, whose cells lead to the files of their pairs, and for
    every entry a small picture of its layer plan, its verdict, and links to its files.

    Parameters
    ----------
    entries : sequence of IndexEntry
        Pairs of networks, in the order in which the page shows them; with a matrix there may be none.
    path : path
        File to write, which is replaced if it exists. Links to files are relative to its folder.
    matrix : SimilarityMatrix, optional
        Costs and scores of all pairs, as `mot_fast.similarity_matrix` finds them, in place of those of the entries.
        Networks stand in the order of its dendrogram.
    title : str
        Title of the page.

    Raises
    ------
    TypeError, ValueError
        If the path is no path, there is nothing to show, an entry is none, two are of the same pair, a plan does not
        fit its labels, or a network of an entry is not in the matrix.
    OSError
        If the file cannot be written; an older file is then left as it was.
    ImportError
        If jinja2 is not installed.

    Examples
    --------
    >>> import tempfile, mot_fast as mot
    >>> source, target = mot.data.resnets()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     report, index = Path(folder) / "resnets.html", Path(folder) / "index.html"
    ...     alignment = mot.align(source, target)
    ...     mot.write_report(alignment, report, script=Path(folder) / "plotly.min.js")
    ...     mot.write_index([mot.IndexEntry.of(alignment, {"report": report})], index, title="ResNets")
    ...     print('href="resnets.html"' in index.read_text(encoding="utf-8"))
    True
    """
    _check_entries(entries, matrix)
    path = Path(_validate.path(path, "path"))
    if not path.parent.is_dir():
        raise FileNotFoundError(f"{path}: expected a folder to write to, found none at {path.parent}")
    files = [_links(entry, path.parent) for entry in entries]
    try:
        page = template("index.html")
    except ImportError as error:
        raise optional.missing("an index page needs", "jinja2", error=error) from error
    text = page.render(
        title=title,
        style=part("page.css") + part("index.css"),
        matrices=_matrices(entries, files, matrix),
        entries=[_card(entry, links) for entry, links in zip(entries, files, strict=True)],
    )
    with atomic_write.open_atomically(path) as file:
        file.write(text.encode("utf-8", "replace"))


def _check_entries(entries: Sequence[IndexEntry], matrix: SimilarityMatrix | None) -> None:
    if matrix is not None and not hasattr(matrix, "costs_sd"):
        raise TypeError(f"matrix: expected what mot_fast.similarity_matrix returns, found {type(matrix).__name__}")
    if matrix is None and not entries:
        raise ValueError("entries: expected some, or a matrix, found none")
    seen: set[tuple[str, str]] = set()
    for k, entry in enumerate(entries):
        if not isinstance(entry, IndexEntry):
            raise TypeError(f"entries[{k}]: expected an IndexEntry, found {type(entry).__name__}")
        pair = (entry.source, entry.target)
        if pair in seen:
            raise ValueError(f"entries[{k}]: expected every pair once, found {pair[0]!r} and {pair[1]!r} again")
        seen.add(pair)
        for name in pair:
            if matrix is not None and name not in matrix.labels:
                raise ValueError(f"entries[{k}]: expected networks of the matrix, found {name!r}")
        expected = (len(entry.source_labels), len(entry.target_labels))
        if entry.plan is not None and (found := np.shape(entry.plan)) != expected:
            raise ValueError(f"entries[{k}].plan: expected shape {expected}, by its labels, found {found}")


def _links(entry: IndexEntry, folder: Path) -> dict[str, str]:
    """Addresses of the files that exist, from the folder, by what they are called."""
    found = {what: Path(_validate.path(file, f"files[{what!r}]")) for what, file in entry.files.items()}
    return {
        what: urllib.parse.quote(Path(os.path.relpath(file, folder)).as_posix())
        for what, file in found.items()
        if file.exists()
    }


@dataclass(frozen=True)
class _Table:
    """Scores and costs of pairs of networks, NaN where there are none."""

    rows: Sequence[str]
    columns: Sequence[str]
    scores: F64
    costs: F64

    @classmethod
    def of_matrix(cls, matrix: SimilarityMatrix) -> _Table:
        """Table of all pairs of different networks, in the order of the dendrogram's leaves."""
        from scipy.cluster.hierarchy import leaves_list

        order = leaves_list(matrix.linkage())
        labels = [matrix.labels[k] for k in order]
        is_same = np.eye(len(labels), dtype=bool)
        scores, costs = (
            np.where(is_same, np.nan, values[np.ix_(order, order)]) for values in (matrix.scores, matrix.costs)
        )
        return cls(labels, labels, scores, costs)

    @classmethod
    def of_entries(cls, entries: Sequence[IndexEntry]) -> _Table:
        """Table with a row for every source and a column for every target, both in one order, that of the entries."""
        sources, targets = ({getattr(entry, side) for entry in entries} for side in ("source", "target"))
        names = dict.fromkeys([*(entry.source for entry in entries), *(entry.target for entry in entries)])
        rows, columns = ([name for name in names if name in side] for side in (sources, targets))
        values = {what: np.full((len(rows), len(columns)), np.nan) for what in ("score", "cost")}
        for entry in entries:
            place = rows.index(entry.source), columns.index(entry.target)
            for what, found in values.items():
                value = getattr(entry, what)
                found[place] = np.nan if value is None else value
        return cls(rows, columns, values["score"], values["cost"])


def _matrices(
    entries: Sequence[IndexEntry], files: Sequence[Mapping[str, str]], matrix: SimilarityMatrix | None
) -> list[dict[str, str]]:
    """Pictures of all scores and of all costs, with their captions; none of one pair alone."""
    table = _Table.of_entries(entries) if matrix is None else _Table.of_matrix(matrix)
    links = {
        (table.rows.index(entry.source), table.columns.index(entry.target)): next(iter(found.values()))
        for entry, found in zip(entries, files, strict=True)
        if found
    }
    pictures = []
    for caption, values, is_less_darker in (
        ("Held-out scores: darker is better", table.scores, False),
        ("Alignment costs: darker is more alike", table.costs, True),
    ):
        if np.isfinite(values).sum() > 1:
            picture = _picture(values, table, links, is_less_darker=is_less_darker)
            pictures.append({"caption": caption, "picture": picture})
    return pictures


def _picture(values: F64, table: _Table, links: Mapping[Place, str], *, is_less_darker: bool) -> str:
    """A matrix whose colours span its values; they stand in its cells where all have room."""
    low, high = np.nanmin(values), np.nanmax(values)
    margin = max(heat_map.LEAST_SPAN - (high - low), 0.0) / 2
    depths = np.clip((values - low + margin) / (high - low + 2 * margin), 0.0, 1.0)
    shades = 1.0 - depths if is_less_darker else depths
    cell, decimals = next(each for most, *each in _CELLS if max(values.shape) <= most)
    form = f"{{:.{decimals}f}}".format
    return notebook.heat_map(values, table.rows, table.columns, form=form, shades=shades, links=links, cell=cell)


def _card(entry: IndexEntry, links: Mapping[str, str]) -> dict[str, Any]:
    """What the page shows of one pair."""
    labels, plan = (entry.source_labels, entry.target_labels), entry.plan
    return {
        "source": entry.source,
        "target": entry.target,
        "cost": entry.cost,
        "score": entry.score,
        "verdict": list(entry.verdict),
        "picture": None
        if plan is None
        else notebook.heat_map(
            np.asarray(plan, dtype=np.float64),
            *labels,
            form=notebook.percent,
            cell=float(np.clip(_SMALL_PLAN / max(map(len, labels)), _LEAST_CELL, _MOST_CELL)),
            has_names=False,
        ),
        "files": links,
    }
