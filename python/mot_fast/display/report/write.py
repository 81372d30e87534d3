"""Writes the report: one self-contained page, out of its content and the files in `page/`."""

from __future__ import annotations

import base64
import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mot_fast import _validate
from mot_fast._validate import check_alignment
from mot_fast.display.report.content import page_content
from mot_fast.display.report.left_behind import check_curve
from mot_fast.display.report.stability import check_stability
from mot_fast.system import atomic_write, optional
from mot_fast.system.control_characters import printable

if TYPE_CHECKING:
    from mot_fast.alignment.result import Alignment
    from mot_fast.analysis.partial_curve import PartialCurve
    from mot_fast.analysis.stability.result import Stability

_TEMPLATES = Path(__file__).parent / "page"


def write_report(
    alignment: Alignment,
    path: str | os.PathLike[str],
    *,
    stability: Stability | None = None,
    curve: PartialCurve | None = None,
) -> None:
    """Write a page that shows an alignment in a browser: one HTML file, which loads nothing from elsewhere.

    It holds the held-out scores with their error bars, if `mot_fast.evaluate` has computed them; the layer plan, whose
    cells show on a click which units match, how they correlate, and with what mass; what is left behind, if anything
    is; the curve and the stability of the plan, if they are given; the convergence of rotations, if there are any; the
    certificate; and how the alignment was made.

    Parameters
    ----------
    alignment : Alignment
    path : path
        File to write, which is replaced if it exists. It takes about 5 MB, nearly all of them the plotting library.
    stability : Stability, optional
        Stability of the plan between these layers, as `mot_fast.stability` finds it, for a section of its own.
    curve : PartialCurve, optional
        Scores and costs of ever more of the units, as `mot_fast.partial_curve` finds them for these networks.

    Raises
    ------
    TypeError, ValueError
        If the path is no path, the alignment no alignment, the stability none of an alignment of these layers, or the
        curve none of networks of these names.
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
    text = _page(alignment, stability, curve).encode("utf-8", "replace")
    with atomic_write.open_atomically(path) as file:
        file.write(text)


def check_libraries() -> None:
    """Raise `ImportError` unless the libraries that make the page are installed; for calls before the work begins."""
    try:
        import jinja2  # noqa: F401
        import plotly.offline  # noqa: F401
    except ImportError as error:
        raise optional.missing("reports need", "plotly", "jinja2", error=error) from error


def _page(alignment: Alignment, stability: Stability | None, curve: PartialCurve | None) -> str:
    """The page as HTML."""
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
        page_content(alignment, stability, curve),
        alignment=alignment,
        scripts=scripts,
        hashes=[_hash(script) for script in scripts],
        style=(_TEMPLATES / "report.css").read_text(encoding="utf-8"),
    )


def _shown(value: Any) -> Any:
    """A value as the page shows it: control characters in names become visible, so that they change no other text."""
    return printable(value) if type(value) is str else value


def _hash(script: str) -> str:
    """Hash by which the page's policy allows a script; the browser runs no other, such as one hidden in a name."""
    return "sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
