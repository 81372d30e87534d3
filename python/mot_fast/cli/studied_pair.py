"""One pair of networks in a study: aligned, compared, and its results written, each of them once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import mot_fast as mot
from mot_fast.cli import align, output, terminal
from mot_fast.cli.held_out import HeldOut
from mot_fast.cli.kept_files import KeptFiles
from mot_fast.cli.study_file import Study
from mot_fast.layer_pairs.block_store import Store
from mot_fast.layer_pairs.layer_cache import StoredNetwork


@dataclass(frozen=True)
class StudiedPair:
    """One pair of networks in a study."""

    study: Study
    networks: tuple[StoredNetwork, StoredNetwork]
    held_out: HeldOut
    store: Store

    @property
    def names(self) -> tuple[str, str]:
        """Names of source and target."""
        return self.networks[0].network.name, self.networks[1].network.name

    def write_results(self, how: Mapping[str, Any]) -> tuple[mot.Alignment, mot.Comparison]:
        """Align and compare the networks, write all results that are not there, and return both.

        `how` has the arguments of `mot_fast.align` that say how and where the work is done.
        """
        study, (source, target) = self.study, (each.network for each in self.networks)
        how = {"convention": study.convention, "store": self.store.folder, **how}
        alignment = self._alignment(how)
        comparison = mot.compare(
            source,
            target,
            study.methods,
            splits=self.held_out.splits(study.n_splits, source.n_stimuli),
            groups=self.held_out.groups,
            test_size=study.test_size,
            seed=study.seed,
            n_shuffles=study.n_shuffles,
            progress=terminal.is_watched(),
            **how,
        )
        files = KeptFiles(self.store, self.compared)
        for ending in study.tables:
            files.make(self.path(ending), partial(output.write_table, comparison))
        for ending in study.figures:
            files.make(self.path(f"plan.{ending}"), lambda path: output.save_picture(alignment.plot(), path))
            files.make(self.path(f"scores.{ending}"), lambda path: output.save_picture(comparison.plot(), path))
        if study.has_reports:
            script = None if study.are_reports_single else study.folder / "plotly.min.js"
            reports = KeptFiles(self.store, [self.compared, study.are_reports_single])
            reports.make(self.path("html"), partial(mot.write_report, alignment, script=script), beside=script)
        return alignment, comparison

    def _alignment(self, how: Mapping[str, Any]) -> mot.Alignment:
        """The alignment with its scores, out of its file if that is there."""
        study, path = self.study, self.path("mot")
        files = KeptFiles(self.store, self.aligned)
        if files.is_made(path):
            return mot.Alignment.load(path)
        source, target = (each.network for each in self.networks)
        alignment, _ = align.aligned(
            source, target, self.held_out, study.n_shuffles or None, rotate=study.rotate, **how
        )
        files.make(path, alignment.save)
        return alignment

    @property
    def aligned(self) -> Any:
        """All that the alignment and its scores depend on."""
        study = self.study
        return self.networks, self.held_out, study.n_shuffles, study.rotate, study.convention

    @property
    def compared(self) -> Any:
        """All that the comparison depends on."""
        return self.aligned, self.study.methods, self.study.n_splits

    def path(self, ending: str) -> Path:
        """Path of a result; names may hold dots."""
        return self.study.folder / f"{'--'.join(self.names)}.{ending}"
