"""The links of HDF5 files: which arrays a file names, and what each of its names leads to.

A name leads to an array or a group of the same file (a hard or a soft link) or of another one (an external link).
Links are followed here rather than by the HDF5 library, which would look for files in other places than the one that a
link names, wait for ever for a pipe, and tell the place of an array's numbers without the file that they are in.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path
from typing import Any

from mot_fast.networks.files.containers import Refused, is_alphabetical, natural

_MOST_LINKS = 16
"""That may lie on one way, as the HDF5 library has it: more of them go round in circles."""
_MOST_DEPTH = 100
"""Groups in groups."""
_MOST_CHARACTERS = 4096
"""In an array's name, with those of its groups."""
_OF_MATLAB = ("#refs#", "#subsystem#")
"""Groups at the top of MATLAB's files that hold the insides of cells and objects."""

Children = dict[str, Any]
"""Names in a group, as it keeps them: each is a group's own `Children`, or None for anything else."""


class Files(ExitStack):
    """HDF5 files that are open at the same time: one, and those that its links lead to."""

    def __init__(self) -> None:
        super().__init__()
        self._open: dict[Path, Any] = {}

    def open(self, path: Path) -> Any:
        """The group at the top of a file."""
        key = path.resolve()
        if key not in self._open:
            self._open[key] = self.enter_context(import_module("h5py").File(path, "r"))
        return self._open[key]["/"]

    def open_beside(self, group: Any, name: str) -> Any:
        """The group at the top of a file that another file names: relative to its own folder, if it is relative."""
        path = Path(group.file.filename)
        found = [folder / name for folder in (path.parent, path.resolve().parent) if (folder / name).is_file()]
        if not found:
            raise Refused(f"expected an array, found a link to another file, '{name}', which is not there")
        try:
            return self.open(found[0])
        except OSError as error:
            raise Refused(f"expected a link to an HDF5 file, found one to '{name}' ({error})") from error

    def follow(self, group: Any, path: str) -> Any:
        """What a path leads to, from a group on; None if that is nothing."""
        h5l = import_module("h5py").h5l
        where, n_links = group, 0
        rest = path.split("/")[::-1]
        while rest:
            name = rest.pop()
            if name in ("", "."):
                continue
            links = getattr(where.id, "links", None)
            if links is None or not links.exists(encoded(name)):
                return None
            kind = links.get_info(encoded(name)).type
            if kind == h5l.TYPE_HARD:
                where = where[encoded(name)]
                continue
            n_links += 1
            if n_links > _MOST_LINKS:
                raise Refused(f"expected an array, found a link that leads on over more than {_MOST_LINKS} others")
            if kind == h5l.TYPE_SOFT:
                target = _decoded(links.get_val(encoded(name)))
                where = where.file["/"] if target.startswith("/") else where
            elif kind == h5l.TYPE_EXTERNAL:
                file, target = map(_decoded, links.get_val(encoded(name)))
                where = self.open_beside(where, file)
            else:
                raise Refused("expected an array, found a link of a kind that only its writer can follow")
            rest += target.split("/")[::-1]
        return where


def encoded(name: str) -> bytes:
    """A name as the file has it."""
    return name.encode("utf-8", "surrogateescape")


def _decoded(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")


def class_of_matlab(thing: Any) -> str | None:
    """What MATLAB says of a group or an array that it wrote; None if it wrote none."""
    kind = thing.attrs.get("MATLAB_class")
    return kind.decode("ascii", "replace") if isinstance(kind, bytes) else None if kind is None else str(kind)


def labels(files: Files, top: Any) -> list[str]:
    """All names of arrays in their order, with those of links that lead nowhere.

    A group that several ways lead to is entered once: by the shortest of those that no soft or external link is part
    of, if there is one. An array is there under every name that it has in the groups entered.
    """
    walk = _Walk(files)
    walk.enter(top, walk.found, 1)
    while walk.groups or walk.links:
        if walk.groups:
            walk.list_group(*walk.groups.popleft())
        else:
            walk.follow(*walk.links.popleft())
    return list(_flat(walk.found))


class _Walk:
    """Through all groups of a file: what has been found, and what is still to be looked at."""

    def __init__(self, files: Files) -> None:
        self.h5py = import_module("h5py")
        self.files = files
        self.found: Children = {}
        self.groups: deque[tuple[Any, Children, int]] = deque()
        self.links: deque[tuple[Any, str, Children, int]] = deque()
        self._entered: set[tuple[Any, Any]] = set()

    def enter(self, group: Any, children: Children, depth: int) -> bool:
        """Puts a group on the list, unless it is there already."""
        if depth > _MOST_DEPTH:
            raise ValueError(f"it has groups in more than {_MOST_DEPTH} others")
        info = self.h5py.h5g.get_objinfo(group.id)
        identity = info.fileno, info.objno
        is_new = identity not in self._entered
        if is_new:
            self._entered.add(identity)
            self.groups.append((group, children, depth))
        return is_new

    def list_group(self, group: Any, children: Children, depth: int) -> None:
        """Looks at every name in a group."""
        children.update(dict.fromkeys(_names(group)))
        for name in list(children):
            if group.id.links.get_info(encoded(name)).type != self.h5py.h5l.TYPE_HARD:
                self.links.append((group, name, children, depth))
                continue
            # Not `h5o.get_info`, which looks into the heaps of whatever it is asked about.
            kind = self.h5py.h5g.get_objinfo(group.id, encoded(name)).type
            if kind == self.h5py.h5g.GROUP:
                self._add(group[encoded(name)], name, children, depth)
            elif kind != self.h5py.h5g.DATASET:
                del children[name]  # a type that has a name is no array

    def follow(self, group: Any, name: str, children: Children, depth: int) -> None:
        """Looks at what a link leads to."""
        try:
            found = self.files.follow(group, name)
        except Refused:  # what it leads to is told when it is asked for
            return
        if isinstance(found, self.h5py.Group):
            self._add(found, name, children, depth)
        elif isinstance(found, self.h5py.Datatype):
            del children[name]

    def _add(self, group: Any, name: str, children: Children, depth: int) -> None:
        if class_of_matlab(group) not in (None, "struct"):
            return  # a sparse matrix or a function: one thing
        children[name] = {}
        if not self.enter(group, children[name], depth + 1):
            del children[name]


def _names(group: Any) -> list[str]:
    """As the group keeps them."""
    names = [name if isinstance(name, str) else _decoded(name) for name in group]
    return [name for name in names if group.name != "/" or name not in _OF_MATLAB]


def _flat(children: Children, above: str = "") -> Iterator[str]:
    names = list(children)
    # An alphabetical order is nobody's choice.
    if is_alphabetical([name if children[name] is None else f"{name}/" for name in names]):
        names = natural(names)
    for name in names:
        label, inside = above + name, children[name]
        if len(label) > _MOST_CHARACTERS:
            raise ValueError(f"it has names of more than {_MOST_CHARACTERS} characters")
        if inside is None:
            yield label
        else:
            yield from _flat(inside, f"{label}/")
