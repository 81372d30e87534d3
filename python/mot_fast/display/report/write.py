"""One self-contained page that shows an alignment: scores, plans, matched units, proof, and how it was made."""

from __future__ import annotations

import base64
import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mot_fast import _validate
from mot_fast._validate import check_alignment
from mot_fast.display.report import figures, pairs
from mot_fast.measures.hierarchy import ceiling
from mot_fast.networks.summary import NetworkSummary
from mot_fast.system import atomic_write, optional
from mot_fast.system.control_characters import printable
from mot_fast.system.memory import format_bytes
from mot_fast.transport.transport import MARGINAL_ERROR

if TYPE_CHECKING:
    from mot_fast.alignment.record import Record
    from mot_fast.layer_pairs.alternation import Alternation

_TEMPLATES = Path(__file__).parent / "page"


def write_report(alignment: Record, path: str | os.PathLike[str]) -> None:
    """Write a page that shows an alignment in a browser: one HTML file, which asks nothing of any network.

    It holds the held-out scores with their error bars, where `mot_fast.evaluate` has found them; the layer plan, whose
    cells show on a click which units match, how they correlate, and with what mass; with rotations how the alternations
    converged; the certificate; and how the alignment was made.

    Parameters
    ----------
    alignment : Alignment
    path : path
        Where to write; a file that is there is replaced. It takes about 5 MB, nearly all of them the plotting library.

    Raises
    ------
    TypeError, ValueError
        If the path or the alignment is none.
    OSError
        If the file cannot be written; then what was there is as it was.
    ImportError
        If plotly or jinja2 is not installed.

    Examples
    --------
    >>> import tempfile, mot_fast as mot
    >>> source, target = mot.data.resnets()
    >>> train, test = mot.split(source.n_stimuli)
    >>> alignment = mot.align(source[train], target[train])
    >>> alignment = mot.evaluate(alignment, source[test], target[test], n_resamples=99)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     mot.write_report(alignment, Path(folder) / "report.html")
    ...     print((Path(folder) / "report.html").read_text(encoding="utf-8")[:15])
    <!DOCTYPE html>
    """
    check_alignment(alignment)
    path = Path(_validate.path(path, "path"))
    if not path.parent.is_dir():
        raise FileNotFoundError(f"{path}: expected a folder to write to, found none at {path.parent}")
    # Names out of a file may hold halves of characters, which no text can hold.
    text = _page(alignment).encode("utf-8", "replace")
    with atomic_write.open_atomically(path) as file:
        file.write(text)


def check_libraries() -> None:
    """`ImportError` unless what pages are made with is installed: to be told before the work."""
    try:
        import jinja2  # noqa: F401
        import plotly.offline  # noqa: F401
    except ImportError as error:
        raise optional.missing("reports need", "plotly", "jinja2", error=error) from error


def _page(alignment: Record) -> str:
    check_libraries()
    import jinja2
    import plotly.offline

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.policies["json.dumps_kwargs"] = {"allow_nan": False, "separators": (",", ":")}
    scripts = [plotly.offline.get_plotlyjs(), (_TEMPLATES / "report.js").read_text(encoding="utf-8")]
    return environment.get_template("report.html").render(
        _content(alignment),
        alignment=alignment,
        scripts=scripts,
        hashes=[_hash(script) for script in scripts],
        style=(_TEMPLATES / "report.css").read_text(encoding="utf-8"),
    )


def _shown(value: Any) -> Any:
    """A value of the page; names are shown as terminals show them, with nothing in them that rules the text beside."""
    return printable(value) if type(value) is str else value


def _hash(script: str) -> str:
    """By which a browser knows the scripts that may run, so that no name out of a file can be one."""
    return "sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _content(alignment: Record) -> dict[str, Any]:
    """What the template is filled with."""
    found = pairs.of_pairs(alignment)
    l, m = np.unravel_index(alignment.layer_plan.argmax(), alignment.layer_plan.shape)
    sides = {"source": alignment.source, "target": alignment.target}
    return {
        "figures": figures.figures(alignment, found["centres"], found["pairs"]),
        "data": {
            "pairs": found["pairs"],
            "chosen": [int(l), int(m)],
            "labels": [list(map(printable, side.labels)) for side in sides.values()],
        },
        "names": figures.COUPLING_NAMES,
        "sides": {name: _shown_side(side) for name, side in sides.items()},
        "ceiling": ceiling(*alignment.layer_plan.shape) if min(alignment.layer_plan.shape) > 1 else None,
        "proof": _proof(alignment),
        "settled": _settled(alignment),
        "history": _history(alignment),
    }


def _shown_side(side: NetworkSummary) -> dict[str, Any]:
    layers = zip(side.labels, side.widths, side.deviations, side.digests or [None] * len(side.labels), strict=True)
    return {
        "name": side.name,
        "n_units": sum(side.widths),
        "layers": [
            {"label": label, "n_units": width, "n_constant": int((deviation == 0).sum()), "digest": digest}
            for label, width, deviation, digest in layers
        ],
    }


def _proof(alignment: Record) -> list[tuple[str, str, float, float]]:
    """Of each figure of the certificate its name, what it says, its worst value, and what is allowed."""
    worst = alignment.certificate
    return [
        ("duality gap", "cost of a plan above the cost proven to be least", worst.duality_gap, worst.tolerance),
        ("dual violation", "excess of the potentials that prove it over a cost", worst.dual_violation, worst.tolerance),
        ("slackness", "their shortfall below a cost where mass is moved", worst.slackness, worst.tolerance),
        ("marginal error", "mass of a unit or a layer missing or in excess", worst.marginal_error, MARGINAL_ERROR),
    ]


def _settled(alignment: Record) -> tuple[int, int] | None:
    """How many pairs stopped before they had to, and how many alternations there were; None without rotations."""
    if alignment.alternation is None or alignment.traces is None:
        return None
    traces = [trace for row in alignment.traces for trace in row]
    return sum(alignment.alternation.has_settled(trace) for trace in traces), sum(map(len, traces))


def _history(alignment: Record) -> dict[str, str]:
    """How the alignment was made, term by term."""
    found = {
        "Convention": alignment.convention,
        "Rotations": "none" if alignment.alternation is None else _rotations(alignment.alternation),
        "Masses": f"source: {_masses(alignment.source)}; target: {_masses(alignment.target)}",
    }
    run = alignment.run
    if run is not None:
        found |= {
            "Stimuli": f"{run.n_stimuli:,}",
            "Began": run.began.replace("T", " ").replace("+00:00", " UTC"),
            "Took": f"{run.seconds:.4g} s on {run.n_threads} thread{'s' * (run.n_threads != 1)}",
            "Memory limit": "by what was left" if run.memory_limit is None else format_bytes(run.memory_limit),
            "Versions": ", ".join(f"{name} {version}" for name, version in run.versions.items()),
            "Machine": f"{run.platform} ({run.machine})",
        }
    evaluation = alignment.evaluation
    if evaluation is not None:
        found["Scores"] = (
            f"{evaluation.n_stimuli:,} held-out stimuli, {evaluation.n_resamples:,} resamples with seed "
            f"{evaluation.seed}, {evaluation.n_draws} draws of the permuted coupling"
        )
    return found


def _rotations(alternation: Alternation) -> str:
    restarts = (
        f"{alternation.restarts} restarts with seed {alternation.seed}" if alternation.restarts else "no restarts"
    )
    return f"at most {alternation.max_iter} alternations a pair, tolerance {alternation.tol:g}, {restarts}"


def _masses(side: NetworkSummary) -> str:
    layers = "layers weigh the same" if np.ptp(side.layer_masses) == 0 else "layers have masses of their own"
    units = "units of a layer weigh the same" if side.unit_masses is None else "units have masses of their own"
    return f"{layers}, {units}"
