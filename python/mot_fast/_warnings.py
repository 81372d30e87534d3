"""Warnings of this package: their classes, how they are raised, and the names that arguments had before."""

from __future__ import annotations

import contextlib
import functools
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from pathlib import Path
from typing import Any, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])

_INSIDE = (str(Path(__file__).parent), contextlib.__file__)


class ConstantUnitsWarning(UserWarning):
    """Some units are constant over the stimuli, so that no correlation with them is defined."""


class DroppedUnitsWarning(UserWarning):
    """Some units have NaN for some stimuli, and were left out when a network was loaded, as `nan="drop"` asks."""


class AutocorrelatedStimuliWarning(UserWarning):
    """Consecutive stimuli are so much alike that random splits hold out neighbours of training stimuli."""


class TransposedLayersWarning(UserWarning):
    """All layers look as if their rows were units and their columns stimuli."""


class DamagedBlockWarning(UserWarning):
    """A block of a store is not what was written there, and is computed again."""


CLASSES: Mapping[str, type[Warning]] = {
    each.__name__: each
    for each in (
        UserWarning,
        ConstantUnitsWarning,
        AutocorrelatedStimuliWarning,
        TransposedLayersWarning,
        DamagedBlockWarning,
    )
}
"""The kinds of warnings that this package gives about activations and stores, by their names."""

_collection: ContextVar[list[tuple[str, type[Warning]]] | None] = ContextVar("collected warnings", default=None)


@contextlib.contextmanager
def collected() -> Iterator[list[tuple[str, type[Warning]]]]:
    """Collect the texts and classes of this package's warnings in this thread, instead of giving them."""
    found: list[tuple[str, type[Warning]]] = []
    token = _collection.set(found)
    try:
        yield found
    finally:
        _collection.reset(token)


def warn(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn the caller of this package: the warning names the first line outside of it.

    Parameters
    ----------
    message : str
    category : class
        The kind of warning, by which it can be filtered.
    """
    if (found := _collection.get()) is not None:
        found.append((message, category))
        return
    frame, level = sys._getframe(1), 2
    while frame.f_code.co_filename.startswith(_INSIDE) and frame.f_back is not None:
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)


@contextlib.contextmanager
def named_once() -> Iterator[None]:
    """Show one warning of constant units for many alignments of the same networks, and none of transposed layers.

    The first warning of constant units is shown when the block is left. Warnings of layers that look transposed are
    dropped, as they concern whole networks, and not the parts that are aligned here. All others are shown as ever.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConstantUnitsWarning)
        warnings.simplefilter("always", TransposedLayersWarning)
        yield
    is_named = False
    for warning in caught:
        if issubclass(warning.category, TransposedLayersWarning):
            continue
        if not issubclass(warning.category, ConstantUnitsWarning):
            warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)
        elif not is_named:
            is_named = True
            warn(str(warning.message), ConstantUnitsWarning)


def renamed_arguments(**new_names: str) -> Callable[[Function], Function]:
    """Let a function take keyword arguments under the names that they had in the version before, with a warning.

    Parameters
    ----------
    **new_names : str
        Under each name that an argument had, its name now.
    """

    def decorate(function: Function) -> Function:
        @functools.wraps(function)
        def wrapper(*arguments: Any, **options: Any) -> Any:
            for old, new in new_names.items():
                if old not in options:
                    continue
                name = f"{function.__name__}: {old}"
                if new in options:
                    raise TypeError(f"{name}: expected {new} alone, which is its new name, found both")
                warn(f"{name} is called {new} now; the old name goes with the next version", DeprecationWarning)
                options[new] = options.pop(old)
            return function(*arguments, **options)

        return wrapper  # type: ignore[return-value]

    return decorate
