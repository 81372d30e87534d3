"""Values that have no place in a JSON header, and headers that hold one of them."""

from __future__ import annotations

import copy
import functools
import json
import operator

JUNK = ["null", "true", "0", "-1", "2", "0.5", "1e-300", "1e308", "1e999", "NaN", "-Infinity", "9" * 400, "9" * 5000]
JUNK += ['""', '"1"', '"paper"', '"\\ud800"', "[]", "{}", "[1]", "[6, 5]", "[6, -5]", '["a", "b"]', "[[6], [5]]", "-"]
JUNK += ["[" * 100_000, '{"a":' * 50_000, "[" * 900 + "]" * 900, "\0", "\ufeff1", "1, 1", '1, "b": 1', '{"tol": 0}']


def places(value, path=()):
    """Paths of all values in a header."""
    yield path
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield from places(value[key], (*path, key))


def with_json(header, path, text):
    """The header's bytes with one value replaced by a text; None leaves it out."""
    changed = {"header": copy.deepcopy(header)}
    *parents, last = "header", *path
    parent = functools.reduce(operator.getitem, parents, changed)
    parent[last] = "HERE"
    if text is None:
        del parent[last]
    return json.dumps(changed.get("header")).replace('"HERE"', text or "").encode()
