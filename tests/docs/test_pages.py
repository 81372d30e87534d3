"""What README and docs say is what happens."""

from __future__ import annotations

import inspect
import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
import warnings
from pathlib import Path

import pytest

import mot_fast as mot
from support import page_files
from support.commands import run, run_here
from support.pages import DOCS, PAGES, ROOT, blocks, code, commands, text_of

BIN = Path(sys.executable).parent
SLOW = ("README.md", "docs/index.md", "docs/start.md", "docs/measures.md", "docs/guides/large-layers.md")


def marks_of(page):
    """What else a page's code takes."""
    found = [pytest.mark.torch] * (page in page_files.NEED_TORCH) + [pytest.mark.slow] * (page in SLOW)
    found += [pytest.mark.neuro] * (page in page_files.NEED_READERS)
    return found + [pytest.mark.processes] * any('if __name__ == "__main__":' in text for _, text in code(page))


WITH_CODE = [
    pytest.param(page, marks=marks_of(page))
    for page in PAGES
    if any(language in ("python", "bash", "toml") for language, _ in code(page))
]


@pytest.mark.filterwarnings("ignore:some units are constant")
@pytest.mark.filterwarnings("ignore:.*units with NaN are left out")
@pytest.mark.filterwarnings("ignore:no token of this model knows of later ones")
@pytest.mark.parametrize("page", WITH_CODE)
def test_the_code_of_a_page_runs_from_its_first_block_to_its_last(page, tmp_path, layers, monkeypatch):
    page_files.make(page, tmp_path, layers)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "Agg")
    namespace = {"__name__": page}
    for k, (language, text) in enumerate(code(page)):
        if language == "bash":
            for command in commands(text):
                do(command)
        elif language == "toml":
            Path("study.toml").write_text(text, encoding="utf-8")
        elif language == "python" and 'if __name__ == "__main__":' in text:
            Path(f"script{k}.py").write_text(text, encoding="utf-8")
            check([sys.executable, f"script{k}.py"])
        elif language == "python":
            exec(compile(text, f"{page}, block {k}", "exec"), namespace)


def do(command: str) -> None:
    """Do what a page tells to do, or as much of it as can be done anywhere."""
    words = shlex.split(command, comments=True)
    program = words[0].removeprefix(".venv/bin/")
    if words[:3] == ["python3", "-m", "venv"] or program in ("pip", "uv"):
        check_installation(words)  # which needs a network, and is the first thing that .ci/run does
    elif program == "pytest":
        assert page_of_the_test_command() == "README.md"  # we are in it
        assert [word for word in words[1:] if word.startswith("tests/") and not (ROOT / word).exists()] == []
    elif program == "nox":
        validate_sessions(words)
    elif program in ("cmake", "ctest"):
        validate_preset(words)
    elif program == "python":
        check_script(words[1:])  # its recordings are not here; test_examples.py runs it on small ones
    else:
        assert program == "mot-fast", command
        assert not set("|&;<>$*?`~") & set(command), "needs a shell"
        with warnings.catch_warnings(action="default"):
            result = run_here(*words[1:])
        assert result.returncode == 0, result.stderr


def check(command: list[str]) -> None:
    environment = os.environ | {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    result = subprocess.run(command, capture_output=True, encoding="utf-8", check=False, env=environment)
    assert result.returncode == 0, result.stderr


def check_installation(words: list[str]) -> None:
    """Whatever is asked for in brackets must be there to be asked for."""
    known = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    wanted = {extra for word in words for found in re.findall(r"\[(.*)\]", word) for extra in found.split(",")}
    assert wanted <= set(known)


def validate_sessions(words: list[str]) -> None:
    """Every session that nox is asked for is one of noxfile.py's."""
    known = re.findall(r"^@nox.session\ndef (\w+)", (ROOT / "noxfile.py").read_text(encoding="utf-8"), re.MULTILINE)
    options = words[1 : words.index("--")] if "--" in words else words[1:]
    assert {word for word in options if not word.startswith("-")} <= set(known)


def validate_preset(words: list[str]) -> None:
    """CMakePresets.json has the preset, of the kind that the command takes."""
    kind = "test" if words[0].endswith("ctest") else "build" if "--build" in words else "configure"
    presets = json.loads((ROOT / "CMakePresets.json").read_text(encoding="utf-8"))[f"{kind}Presets"]
    assert words[words.index("--preset") + 1] in {preset["name"] for preset in presets}


def check_against(words: list[str], text: str) -> None:
    """Every option that is given occurs in the text."""
    options = {word.partition("=")[0] for word in words if re.match(r"-\D", word)}
    assert [option for option in options if not re.search(rf"(?<!\S)[\"']?{option}\b", text)] == []


def check_script(words: list[str]) -> None:
    """There is such a script, and it, or what it shares with its neighbours, knows the options."""
    script = ROOT / words[0]
    assert script.exists()
    text = "\n".join(path.read_text(encoding="utf-8") for path in script.parent.glob("*.py"))
    check_against(words[1:], text.replace("add_argument(", " ").replace(", ", " "))


def page_of_the_test_command() -> str:
    (page,) = (page for page in PAGES if re.search(r"bin/pytest -n auto$", text_of(page), flags=re.MULTILINE))
    return page


@pytest.mark.processes
@pytest.mark.slow
def test_the_demo_prints_what_is_shown(tmp_path):
    def comparable(text):
        lines = (line.rstrip() for line in text.strip().splitlines())
        text = "\n".join(line for line in lines if "written to" not in line)
        text = re.sub(r"in \d+\.\d\d s", "in some time", text)
        # Below 1e-12 rounding alone speaks, and differs between processors.
        return re.sub(r"\d\.\de-1\d", "tiny", text).strip()

    shown = blocks("README.md", "text")[0]
    result = run("demo", cwd=tmp_path)
    assert comparable(result.stdout) == comparable(shown)


def test_the_pages_show_every_way_to_many_machines():
    scripts = "".join(blocks("docs/clusters.md", "python"))
    assert [name for name in ("store=", "ProcessPool", "LocalCluster") if name not in scripts] == []


def test_every_public_name_has_one_place_on_the_pages_of_the_api():
    pages = [page for page in DOCS if page.startswith("docs/api/")]
    found = re.findall(r"^\.\. (?:auto\w+|module):: mot_fast\.([\w.]+)", "\n".join(map(text_of, pages)), re.MULTILINE)
    names = [name for name in mot.__all__ if name != "__version__"]
    for module in names[:]:
        if inspect.ismodule(getattr(mot, module)):
            names += [f"{module}.{name}" for name in public_names(getattr(mot, module))]
    assert sorted(found) == sorted(names)
    overview = text_of("docs/api/index.md")
    assert [name for name in mot.__all__ if f"`{name}`" not in overview.replace("mot.", "")] == []


def public_names(module) -> list[str]:
    """Those that the module lists, or else what it defines."""
    defined = [name for name, thing in vars(module).items() if getattr(thing, "__module__", None) == module.__name__]
    return getattr(module, "__all__", [name for name in defined if not name.startswith("_")])
