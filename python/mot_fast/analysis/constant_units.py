"""One warning of constant units, and none of transposed layers, for many alignments of the same networks."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from mot_fast.networks.load import ROWS_WARNING

WARNING = "some units are constant over the stimuli"
"""How the warning of `mot_fast.align` begins."""


@contextmanager
def named_once(stacklevel: int = 2) -> Iterator[None]:
    """Of all warnings of constant units that come up inside, show the first, when the block is left; others as ever.

    Warnings of layers that look transposed are passed over: whoever works on many parts of networks looks at the
    networks.

    Parameters
    ----------
    stacklevel : int
        Whose line the warning names: 1 is the block's function, 2 its caller.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.filterwarnings("always", f".*{re.escape(ROWS_WARNING)}$", UserWarning)
        warnings.filterwarnings("always", re.escape(WARNING), UserWarning)
        yield
    is_named = False
    for warning in caught:
        if str(warning.message).endswith(ROWS_WARNING):
            continue
        if not str(warning.message).startswith(WARNING):
            warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)
        elif not is_named:
            is_named = True
            # Two frames lie between: this one, and that of the context manager.
            warnings.warn(str(warning.message), UserWarning, stacklevel=stacklevel + 2)
