"""Templates of the pages in `page/`, and what fills them: texts without markup, scripts that the browser may run."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mot_fast.system.control_characters import printable

if TYPE_CHECKING:
    import jinja2

_FOLDER = Path(__file__).parent / "page"


def template(name: str) -> jinja2.Template:
    """A template in `page/`, which escapes what it is filled with."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.policies["json.dumps_kwargs"] = {"allow_nan": False, "separators": (",", ":")}
    return environment.get_template(name)


def part(name: str) -> str:
    """Text of a style or a script in `page/`."""
    return (_FOLDER / name).read_text(encoding="utf-8")


def hash_of(script: str) -> str:
    """Hash by which the page's policy allows a script; the browser runs no other, such as one hidden in a name."""
    return "'sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() + "'"


def _shown(value: Any) -> Any:
    """A value as the page shows it: control characters in names become visible, so that they change no other text."""
    return printable(value) if type(value) is str else value
