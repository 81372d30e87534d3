"""Links of HDF5 files: the names of all arrays in a file, and the arrays and groups that the names lead to.

A name leads to an array or a group of the same file (a hard or a soft link) or of another file (an external link).
Links are followed here rather than by the HDF5 library, which would search for files in more places than the one that a
link names, wait for ever for a pipe, and report the offset of an array's numbers without the file that they are in.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path
from typing import Any

from mot_fast.networks.files.file_format import UnusableArray, require_depth
from mot_fast.networks.files.label_order import is_alphabetical, natural_order

_MAX_LINKS = 16
"""Largest number of links on the way to an array, as in the HDF5 library: more are taken for a circle."""
_MAX_CHARACTERS = 4096
"""Longest label of an array, the names of its groups included."""
_MATLAB_GROUPS = ("#refs#", "#subsystem#")
"""Top-level groups in which MATLAB stores the contents of cells and objects."""

Children = dict[str, Any]
"""Names in a group, in its order: the value is `Children` for a group, and None for anything else."""


class OpenFiles(ExitStack):
    """An HDF5 file and the files that its links lead to, open until the `with` block ends."""

    def __init__(self) -> None:
        super().__init__()
        self._open: dict[Path, Any] = {}

    def open(self, path: Path) -> Any:
        """Open a file, if it is not open yet, and return its top-level group."""
        key = path.resolve()
        if key not in self._open:
            self._open[key] = self.enter_context(import_module("h5py").File(path, "r"))
        return self._open[key]["/"]

    def open_beside(self, group: Any, name: str) -> Any:
        """Open the file that an external link names and return its top-level group.

        A relative name starts at the folder of the file that holds the link.
        """
        path = Path(group.file.filename)
        found = [folder / name for folder in (path.parent, path.resolve().parent) if (folder / name).is_file()]
        if not found:
            raise UnusableArray(f"expected an array, found a link to another file, '{name}', which is not there")
        try:
            return self.open(found[0])
        except OSError as error:
            raise UnusableArray(f"expected a link to an HDF5 file, found one to '{name}' ({error})") from error

    def follow(self, group: Any, path: str) -> Any:
        """Follow a path from a group to an array, a group or a type; None if it leads nowhere."""
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
            if n_links > _MAX_LINKS:
                raise UnusableArray(f"expected an array, found a link that leads on over more than {_MAX_LINKS} others")
            if kind == h5l.TYPE_SOFT:
                target = _decoded(links.get_val(encoded(name)))
                where = where.file["/"] if target.startswith("/") else where
            elif kind == h5l.TYPE_EXTERNAL:
                file, target = map(_decoded, links.get_val(encoded(name)))
                where = self.open_beside(where, file)
            else:
                raise UnusableArray("expected an array, found a link of a kind that only its writer can follow")
            rest += target.split("/")[::-1]
        return where


def encoded(name: str) -> bytes:
    """Encode a name as HDF5 stores it."""
    return name.encode("utf-8", "surrogateescape")


def _decoded(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")


def matlab_class(thing: Any) -> str | None:
    """Class that MATLAB recorded for a group or an array; None if MATLAB did not write it."""
    kind = thing.attrs.get("MATLAB_class")
    return kind.decode("ascii", "replace") if isinstance(kind, bytes) else None if kind is None else str(kind)


def array_labels(files: OpenFiles, top: Any) -> list[str]:
    """Labels of all arrays of a file in their order, broken links included.

    A group that several paths lead to is entered once: by the shortest path without soft and external links, if there
    is one. An array is listed under every name that it has in the groups that were entered.
    """
    walk = _GroupWalk(files)
    walk.enter(top, walk.found, 1)
    while walk.groups or walk.links:
        if walk.groups:
            walk.list_group(*walk.groups.popleft())
        else:
            walk.follow(*walk.links.popleft())
    return list(_flat(walk.found))


class _GroupWalk:
    """A breadth-first walk through all groups of a file: the names found, and the groups and links still to visit."""

    def __init__(self, files: OpenFiles) -> None:
        self.h5py = import_module("h5py")
        self.files = files
        self.found: Children = {}
        self.groups: deque[tuple[Any, Children, int]] = deque()
        self.links: deque[tuple[Any, str, Children, int]] = deque()
        self._entered: set[tuple[Any, Any]] = set()

    def enter(self, group: Any, children: Children, depth: int) -> bool:
        """Queue a group; False if it was queued before."""
        require_depth(depth)
        info = self.h5py.h5g.get_objinfo(group.id)
        identity = info.fileno, info.objno
        is_new = identity not in self._entered
        if is_new:
            self._entered.add(identity)
            self.groups.append((group, children, depth))
        return is_new

    def list_group(self, group: Any, children: Children, depth: int) -> None:
        """Sort the names in a group into arrays, groups and links."""
        children.update(dict.fromkeys(_names(group)))
        for name in list(children):
            if group.id.links.get_info(encoded(name)).type != self.h5py.h5l.TYPE_HARD:
                self.links.append((group, name, children, depth))
                continue
            # Not `h5o.get_info`, which also reads the heaps of the object.
            kind = self.h5py.h5g.get_objinfo(group.id, encoded(name)).type
            if kind == self.h5py.h5g.GROUP:
                self._add(group[encoded(name)], name, children, depth)
            elif kind != self.h5py.h5g.DATASET:
                del children[name]  # a named type is no array

    def follow(self, group: Any, name: str, children: Children, depth: int) -> None:
        """Queue the group that a link leads to, or drop the name of a type."""
        try:
            found = self.files.follow(group, name)
        except UnusableArray:  # the same error is raised when the array is loaded
            return
        if isinstance(found, self.h5py.Group):
            self._add(found, name, children, depth)
        elif isinstance(found, self.h5py.Datatype):
            del children[name]

    def _add(self, group: Any, name: str, children: Children, depth: int) -> None:
        if matlab_class(group) not in (None, "struct"):
            return  # a sparse matrix or a function, which is not a group of arrays
        children[name] = {}
        if not self.enter(group, children[name], depth + 1):
            del children[name]


def _names(group: Any) -> list[str]:
    """Names in a group, in the order that the group keeps."""
    names = [name if isinstance(name, str) else _decoded(name) for name in group]
    return [name for name in names if group.name != "/" or name not in _MATLAB_GROUPS]


def _flat(children: Children, above: str = "") -> Iterator[str]:
    names = list(children)
    # An alphabetical order is not deliberate: HDF5 sorts names unless a group tracks their order.
    if is_alphabetical([name if children[name] is None else f"{name}/" for name in names]):
        names = natural_order(names)
    for name in names:
        label, inside = above + name, children[name]
        if len(label) > _MAX_CHARACTERS:
            raise ValueError(f"it has names of more than {_MAX_CHARACTERS} characters")
        if inside is None:
            yield label
        else:
            yield from _flat(inside, f"{label}/")
