"""JSON headers damaged: places in a header, and texts that may stand there instead of a value."""

from __future__ import annotations

JUNK = ["null", "true", "0", "-1", "2", "0.5", "1e-300", "1e308", "1e999", "NaN", "-Infinity", "9" * 400, "9" * 5000]
JUNK += ['""', '"1"', '"paper"', '"\\ud800"', "[]", "{}", "[1]", "[6, 5]", "[6, -5]", '["a", "b"]', "[[6], [5]]", "-"]
JUNK += ["[" * 100_000, '{"a":' * 50_000, "[" * 900 + "]" * 900, "\0", "\ufeff1", "1, 1", '1, "b": 1', '{"tol": 0}']


def places(value, path=()):
    """Paths of all values in a header."""
    yield path
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield from places(value[key], (*path, key))
