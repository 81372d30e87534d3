"""Study in a TOML file: its networks, splits, methods and outputs, validated before anything is computed."""

from __future__ import annotations

import itertools
import math
import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from reprlib import repr as shown
from typing import Any

from mot_fast import _validate
from mot_fast.alignment.record import CONVENTIONS
from mot_fast.analysis.comparison import DEFAULT_METHODS, METHODS
from mot_fast.cli.cluster import Cluster
from mot_fast.system.control_characters import printable

_KEYS = {
    "": {"networks", "pairs", "splits", "methods", "shuffles", "alignment", "cluster", "output"},
    "splits": {"n", "blocks", "gap", "groups", "test_size", "seed"},
    "alignment": {"rotate", "convention"},
    "cluster": {"workers", "address", "slurm"},
    "output": {"folder", "figures", "reports", "single_files", "tables"},
}
_MOST_BYTES = 2**20
"""Size of a study's file, at most: people write them."""
_MOST_PAIRS = 10_000
_MOST_WORKERS = 10_000
_MOST_NAME_BYTES = 120
"""Length of a network's name, at most: two of them and `.scores.png` make a name that any file system takes."""
_NETWORK_KEYS = {"activations", "layers", "check_stimuli", "nan"}
_MODEL_KEYS = {
    *("model", "stimuli", "labels", "layers", "pool", "skip_first_token", "batch_size", "dtype", "device"),
}
_KINDS = {
    **dict.fromkeys(("check_stimuli", "skip_first_token"), bool),
    **dict.fromkeys(("nan", "pool", "dtype", "device"), str),
    "batch_size": int,
}
"""Types of the options in a network's table."""
_KIND_NAMES = {int: "a whole number", float: "a number", str: "text in quotes", bool: "true or false", dict: "a table"}
"""What values of a type are called in messages to people who write TOML."""


@dataclass(frozen=True)
class Study:
    """Study that a file describes."""

    networks: Mapping[str, Mapping[str, Any]]
    """Options of every network by its name: `activations`, files to load, or `model` and `stimuli`, to record."""
    pairs: tuple[tuple[str, str], ...]
    """Source and target of every comparison."""
    methods: tuple[str, ...]
    n_shuffles: int
    """Number of alignments with shuffled stimuli that the order of a layer plan is compared with; 0 for no test."""
    n_splits: int
    """Number of random splits."""
    n_blocks: int | None
    """Number of contiguous blocks, in place of random splits."""
    gap: int
    """Number of stimuli beside a held-out block that are not trained on."""
    groups: Path | None
    """File of the groups of stimuli."""
    test_size: float
    seed: int
    rotate: bool
    convention: str
    cluster: Cluster
    folder: Path
    """Folder that everything is written to."""
    figures: tuple[str, ...]
    """Endings of the pictures' formats; none for no pictures."""
    tables: tuple[str, ...]
    """Endings of the tables' formats; none for no tables."""
    has_reports: bool
    are_reports_single: bool
    """Whether each report is one file, and does not share the plotting library with the others."""


def read_study(path: Path) -> Study:
    """Read and validate the study in a file.

    Raises
    ------
    FileNotFoundError, TypeError, ValueError
        If there is no such file, if it is no TOML, or if it asks for something that does not exist.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: expected a study as TOML, found {'no file' if path.exists() else 'nothing'}")
    with path.open("rb") as file:
        content = file.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        raise ValueError(f"{path}: expected a study as TOML, found more than {_MOST_BYTES} bytes")
    try:
        values = tomllib.loads(content.decode("utf-8-sig"))  # without the byte order mark that some editors write
    except (ValueError, RecursionError) as error:  # endless numbers or brackets raise these too
        raise ValueError(f"{path}: expected a study as TOML, found what is none ({error})") from None
    return _Reader(path).study(values)


class _Reader:
    """Validates the values of a file; its errors name the file and the place in it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def study(self, values: Mapping[str, Any]) -> Study:
        """Study out of all values of the file."""
        self._known(values, _KEYS[""], "")
        splits, alignment, output = (self._table(values, name) for name in ("splits", "alignment", "output"))
        networks = self._networks(values.get("networks"))
        convention = self._typed(alignment, "alignment.convention", str, CONVENTIONS[0])
        if convention not in CONVENTIONS:
            raise self._wrong("alignment.convention", f"one of {', '.join(CONVENTIONS)}", convention)
        return Study(
            networks=networks,
            pairs=self._pairs(values.get("pairs"), networks),
            methods=self._words(values.get("methods", list(DEFAULT_METHODS)), "methods", METHODS, at_least=1),
            n_shuffles=self._between(values, "shuffles", int, 0, 0, _validate.MOST_REPEATS),
            n_splits=self._between(splits, "splits.n", int, 5, 1, _validate.MOST_REPEATS),
            n_blocks=self._n_blocks(splits),
            gap=self._between(splits, "splits.gap", int, 0, 0, math.inf),
            groups=self._existing(splits, "splits.groups") if "groups" in splits else None,
            test_size=self._between(splits, "splits.test_size", float, 0.2, 0.0, 1.0),
            seed=self._between(splits, "splits.seed", int, 0, 0, math.inf),
            rotate=self._typed(alignment, "alignment.rotate", bool, False),
            convention=convention,
            cluster=self._cluster(self._table(values, "cluster")),
            folder=self._folder(output),
            figures=self._words(output.get("figures", ["png"]), "output.figures", ("png", "pdf", "svg")),
            tables=self._words(output.get("tables", ["md"]), "output.tables", ("md", "csv", "json", "nc")),
            has_reports=self._typed(output, "output.reports", bool, True),
            are_reports_single=self._typed(output, "output.single_files", bool, False),
        )

    def _n_blocks(self, splits: Mapping[str, Any]) -> int | None:
        """Number of contiguous blocks, if the study holds these out."""
        if "blocks" not in splits:
            if "gap" in splits:
                raise self._wrong("splits.gap", "'blocks' beside it", splits["gap"])
            return None
        for name in ("n", "test_size"):
            if name in splits:
                raise self._wrong("splits", f"either '{name}' or 'blocks'", splits)
        n_blocks: int = self._between(splits, "splits.blocks", int, None, 2, _validate.MOST_REPEATS)
        return n_blocks

    def _cluster(self, table: Mapping[str, Any]) -> Cluster:
        """Workers that the study asks for."""
        if not table:
            return Cluster()
        if len(table) > 1:
            raise self._wrong("cluster", "one of 'workers', 'address' and 'slurm'", dict(table))
        if "workers" in table:
            n: int = self._between(table, "cluster.workers", int, None, 1, _MOST_WORKERS)
            return Cluster(n_processes=n)
        if "address" in table:
            return Cluster(address=self._typed(table, "cluster.address", str, None))
        slurm = dict(self._typed(table, "cluster.slurm", dict, None))
        n_jobs = self._between(slurm, "cluster.slurm.jobs", int, None, 1, _MOST_WORKERS)
        del slurm["jobs"]
        return Cluster(n_jobs=n_jobs, slurm=slurm)

    def _folder(self, output: Mapping[str, Any]) -> Path:
        """Folder of the results, beside the file unless its path is absolute."""
        name: str = self._typed(output, "output.folder", str, "results")
        if not name or "\0" in name:
            raise self._wrong("output.folder", "a path", name)
        return self._path.parent / name

    def _networks(self, tables: Any) -> dict[str, dict[str, Any]]:
        """Options of all networks by their names."""
        if not isinstance(tables, Mapping) or len(tables) < 2:
            raise self._wrong("networks", "a table [networks.NAME] for each of two networks or more", tables)
        names: dict[str, str] = {}
        for name in tables:
            self._file_name(name)
            other = names.setdefault(
                unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold()), name
            )
            if other != name:  # some file systems take them for the same name
                raise self._wrong("networks", "names that differ in more than case or form", [other, name])
        return {name: self._network(name, table) for name, table in tables.items()}

    def _file_name(self, name: str) -> None:
        """Raise unless a network's name can be part of file names, where '--' stands between two of them."""
        is_shown = printable(name) == name.strip() == name != ""
        if len(name.encode()) > _MOST_NAME_BYTES:
            raise self._wrong(
                "networks", f"names of {_MOST_NAME_BYTES} bytes at most, as two are part of a file's", name
            )
        if not is_shown or set(name) & set('/\\:*?"<>|') or "--" in name or name[0] in ".-" or name[-1] in ".-":
            expected = "names that may be part of file names, without '/' and '--', '.' or '-' at neither end"
            raise self._wrong("networks", expected, name)

    def _network(self, name: str, table: Any) -> dict[str, Any]:
        """Options of one network, with paths in place of names of files."""
        where = f"networks.{name}"
        if not isinstance(table, Mapping) or ("activations" in table) == ("model" in table):
            raise self._wrong(where, "either 'activations' or 'model'", table)
        found = dict(table)
        if "texts" in found and "stimuli" not in found:  # its name before there were images
            found["stimuli"] = found.pop("texts")
        self._known(found, _NETWORK_KEYS if "activations" in table else _MODEL_KEYS, where)
        for key in ("activations", "stimuli", "labels"):
            if key in found or (key == "stimuli" and "model" in found):
                found[key] = self._existing(found, f"{where}.{key}")
        for key in found.keys() & _KINDS.keys():
            self._typed(found, f"{where}.{key}", _KINDS[key], None)
        self._layers(found.get("layers", []), f"{where}.layers")
        if "model" in found:  # a folder beside the study comes before a name on the hub
            model = self._typed(found, f"{where}.model", str, None)
            found["model"] = self._path.parent / model if (self._path.parent / model).exists() else model
        return found

    def _existing(self, table: Mapping[str, Any], where: str) -> Path:
        """Path of a file or folder that must exist."""
        name = self._typed(table, where, str, None)
        path = Path(self._path.parent, name)
        path = path if path.parts else Path.cwd()  # Path(".") cannot be told from an empty one
        if not name or not path.exists():
            raise FileNotFoundError(f"{self._path}, {where}: expected a file, found nothing at {path}")
        return path

    def _layers(self, layers: Any, where: str) -> None:
        """Raise unless these are names or numbers of layers."""
        names = layers if isinstance(layers, list) else [layers]
        if not all(type(name) in (str, int) for name in names):
            raise self._wrong(where, "names of layers", layers)

    def _pairs(self, pairs: Any, networks: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
        """Pairs of networks to compare: those of the file, or all in both directions."""
        if pairs is None:
            if len(networks) * (len(networks) - 1) > _MOST_PAIRS:
                raise self._wrong("networks", f"at most {_MOST_PAIRS} pairs", f"{len(networks)} networks")
            return tuple(itertools.permutations(networks, 2))
        if not isinstance(pairs, list) or not 0 < len(pairs) <= _MOST_PAIRS:
            raise self._wrong("pairs", "a list of [source, target]", pairs)
        found: dict[tuple[str, str], int] = {}
        for k, pair in enumerate(pairs):
            if not isinstance(pair, list) or len(pair) != 2 or not all(type(n) is str and n in networks for n in pair):
                raise self._wrong(f"pairs[{k}]", f"two of {', '.join(networks)}", pair)
            if found.setdefault((pair[0], pair[1]), k) != k:
                raise self._wrong(f"pairs[{k}]", f"another one than pairs[{found[pair[0], pair[1]]}]", pair)
        return tuple(found)

    def _table(self, values: Mapping[str, Any], name: str) -> Mapping[str, Any]:
        """Table of the file, empty if it is left out."""
        table = values.get(name, {})
        if not isinstance(table, Mapping):
            raise self._wrong(name, "a table", table)
        self._known(table, _KEYS[name], name)
        return table

    def _known(self, values: Mapping[str, Any], known: set[str], where: str) -> None:
        """Raise if a table has a key that no study has."""
        for key in values:
            if key not in known:
                raise self._wrong(where or "the study", f"some of {', '.join(sorted(known))}", key)

    def _typed(self, table: Mapping[str, Any], where: str, kind: type, default: Any) -> Any:
        """Value of a table under the last part of its place, of the given type."""
        value = table.get(where.rpartition(".")[2], default)
        if kind is float and type(value) is int and abs(value) < 2**53:
            return float(value)
        if type(value) is not kind:
            raise self._wrong(where, _KIND_NAMES[kind], value)
        return value

    def _between(self, table: Mapping[str, Any], where: str, kind: type, default: Any, low: float, high: float) -> Any:
        """Number of a table between two bounds, which whole numbers may reach."""
        value = self._typed(table, where, kind, default)
        is_inside = low < value < high if kind is float else low <= value <= high
        if not is_inside:
            raise self._wrong(where, f"a number between {low:g} and {high:g}", value)
        return value

    def _words(self, values: Any, where: str, known: tuple[str, ...], at_least: int = 0) -> tuple[str, ...]:
        """List of known words, each once, in the order of the file."""
        if (
            not isinstance(values, list)
            or len(values) < at_least
            or not all(type(value) is str and value in known for value in values)
        ):
            raise self._wrong(where, f"a list of some of {', '.join(known)}", values)
        return tuple(dict.fromkeys(values))

    def _wrong(self, where: str, expected: str, found: Any) -> ValueError:
        """Error that names the file, the place in it, what was expected and what was found."""
        is_missing = found is None  # a value of TOML is never None
        return ValueError(
            f"{self._path}, {where}: expected {expected}, found {'nothing' if is_missing else shown(found)}"
        )
