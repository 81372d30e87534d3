"""README and the pages of docs, and the code in them."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*.md"))
PAGES = ("README.md", "CONTRIBUTING.md", *DOCS)


def text_of(page: str) -> str:
    """All of a page, by its path in the repository."""
    return (ROOT / page).read_text(encoding="utf-8")


def code(page: str) -> list[tuple[str, str]]:
    """A page's blocks of code in order: the language of each, and its text."""
    return re.findall(r"^```(\w+)\n(.*?)^```", text_of(page), flags=re.MULTILINE | re.DOTALL)


def blocks(page: str, language: str) -> list[str]:
    """A page's blocks of code of one language."""
    return [text for found, text in code(page) if found == language]


def commands(block: str) -> list[str]:
    """The commands of a block for the shell, one by one."""
    lines = block.replace("\\\n", " ").splitlines()
    return [command.strip() for line in lines for command in line.split("&&") if command.strip()]


def defined_on(page: str, name: str, **known: object) -> dict[str, object]:
    """The block of a page that defines a function or class, run as far as its imports and definitions go."""
    (block,) = (text for text in blocks(page, "python") if re.search(rf"^(def|class) {name}\b", text, re.MULTILINE))
    kinds = ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef
    nodes = [node for node in ast.parse(block).body if isinstance(node, kinds)]
    exec(compile(ast.Module(nodes, []), page, "exec"), known)
    return known
