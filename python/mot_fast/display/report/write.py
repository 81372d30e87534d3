"""Writes the report: one self-contained page, out of its content and the files in `page/`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from mot_fast import _validate
from mot_fast._validate import check_alignment
from mot_fast.display.report.content import page_content
from mot_fast.display.report.left_behind import check_curve
from mot_fast.display.report.shared_script import write_library
from mot_fast.display.report.stability import check_stability
from mot_fast.display.report.templates import hash_of, part, template
from mot_fast.system import atomic_write, optional

if TYPE_CHECKING:
    from mot_fast.alignment.result import Alignment
    from mot_fast.analysis.partial_curve import PartialCurve
    from mot_fast.analysis.stability.result import Stability


def write_report(
    alignment: Alignment,
    path: str | os.PathLike[str],
    *,
    stability: Stability | None = None,
    curve: PartialCurve | None = None,
    script: str | os.PathLike[str] | None = None,
) -> None:
    """Write a page that shows an alignment in a browser: one HTML file, which loads nothing from elsewhere.

    It holds the verdict of the tests and the held-out scores with their error bars, if `mot_fast.evaluate` has computed
    them; the layer plan, whose cells show on a click which units match, how they correlate, and with what mass; what is
    left behind, if anything is; the curve and the stability of the plan, if they are given; the convergence of
    rotations, if there are any; the certificate; and how the alignment was made. `mot_fast.write_index` writes a page
    that leads to the reports of many alignments.

    Parameters
    ----------
    alignment : Alignment
    path : path
        File to write, which is replaced if it exists. It takes about 5 MB, nearly all of them the plotting library.
    stability : Stability, optional
        Stability of the plan between these layers, as `mot_fast.stability` finds it, for a section of its own.
    curve : PartialCurve, optional
        Scores and costs of ever more of the units, as `mot_fast.partial_curve` finds them for these networks.
    script : path, optional
        File of the plotting library, which several pages share, in the page's folder or below; it is written if there
        is none, and replaced if it is another version of the library. The page then takes some hundred KB, and must be
        kept beside that file. By default the library is part of the page.

    Raises
    ------
    TypeError, ValueError
        If the path is no path, the alignment no alignment, the stability none of an alignment of these layers, the
        curve none of networks of these names, or the script another kind of file, or not in the page's folder.
    OSError
        If the file cannot be written; an older file is then left as it was.
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
    if stability is not None:
        check_stability(stability, alignment)
    if curve is not None:
        check_curve(curve, alignment)
    path = Path(_validate.path(path, "path"))
    if not path.parent.is_dir():
        raise FileNotFoundError(f"{path}: expected a folder to write to, found none at {path.parent}")
    # Names out of a file may hold lone surrogates, which UTF-8 cannot encode.
    text = _page(alignment, stability, curve, path, script).encode("utf-8", "replace")
    with atomic_write.open_atomically(path) as file:
        file.write(text)


def check_libraries() -> None:
    """Raise `ImportError` unless the libraries that make the page are installed; for calls before the work begins."""
    try:
        import jinja2  # noqa: F401
        import plotly.offline  # noqa: F401
    except ImportError as error:
        raise optional.missing("reports need", "plotly", "jinja2", error=error) from error


def _page(
    alignment: Alignment,
    stability: Stability | None,
    curve: PartialCurve | None,
    path: Path,
    script: str | os.PathLike[str] | None,
) -> str:
    """The page as HTML, whose plotting library is written into its own file where there is to be one."""
    check_libraries()
    import plotly.offline

    library, own = plotly.offline.get_plotlyjs(), part("report.js")
    content = page_content(alignment, stability, curve)
    address = None if script is None else write_library(script, path, library)
    # A script within the page is allowed by its hash. A browser takes none of a file that it opens without a server.
    allowed = hash_of(library) if address is None else "'self' file:"
    return template("report.html").render(
        content,
        alignment=alignment,
        address=address,
        scripts=[*([library] if address is None else []), own],
        allowed=f"{allowed} {hash_of(own)}",
        style=part("page.css") + part("report.css"),
    )
