"""What a release states in several places is the same in all of them."""

from __future__ import annotations

import re
import tomllib

import pytest
import yaml

import mot_fast as mot
from support.pages import ROOT, text_of

PYPROJECT = tomllib.loads(text_of("pyproject.toml"))


@pytest.fixture(scope="module")
def recipe():
    return yaml.safe_load(text_of("recipe/recipe.yaml"))


@pytest.fixture(scope="module")
def citation():
    return yaml.safe_load(text_of("CITATION.cff"))


def spaced(requirements):
    """Requirements as conda writes them: a space before the least version."""
    return {re.sub(r"(?=[<>=])", " ", requirement, count=1) for requirement in requirements}


def test_the_version_is_one(recipe, citation):
    assert recipe["context"]["version"] == citation["version"] == mot.__version__
    assert PYPROJECT["tool"]["dynamic-metadata"][0]["input"] == "python/mot_fast/_version.py"


def test_the_recipe_asks_for_what_the_package_asks_for(recipe):
    project, requirements = PYPROJECT["project"], recipe["requirements"]
    python = f"python {project['requires-python']}"
    assert set(requirements["run"]) == spaced(project["dependencies"]) | {python}
    host = {each for each in requirements["host"] if isinstance(each, str)}
    assert host == spaced(PYPROJECT["build-system"]["requires"]) | {"python", "pip"}
    assert {"cmake", "ninja"} < set(requirements["build"])
    assert recipe["build"]["python"]["entry_points"] == [f"{k} = {v}" for k, v in project["scripts"].items()]


def test_the_recipe_says_what_the_package_says(recipe):
    project, about = PYPROJECT["project"], recipe["about"]
    assert recipe["package"]["name"] == project["name"]
    assert (about["summary"], about["license"]) == (project["description"], project["license"])
    assert [about["license_file"]] == project["license-files"]
    assert (ROOT / "recipe" / recipe["source"]["path"] / about["license_file"]).exists()


def test_packages_of_conda_run_where_wheels_do():
    variants = yaml.safe_load(text_of("recipe/variants.yaml"))
    classifiers = [re.fullmatch(r"Programming Language :: Python :: (3\.\d+)", each) for each in classifiers_of()]
    assert variants["python"] == [found[1] for found in classifiers if found]
    oldest = {each["if"]: each["then"] for each in variants["c_stdlib_version"]}
    wheels = PYPROJECT["tool"]["cibuildwheel"]
    assert oldest["osx"] == wheels["macos"]["environment"]["MACOSX_DEPLOYMENT_TARGET"]
    assert wheels["linux"]["manylinux-x86_64-image"] == f"manylinux_{oldest['linux'].replace('.', '_')}"


def classifiers_of():
    return PYPROJECT["project"]["classifiers"]


def test_papers_that_the_pages_cite_are_in_the_citation(citation):
    assert citation["license"] == PYPROJECT["project"]["license"]
    assert set(citation["keywords"]) <= set(PYPROJECT["project"]["keywords"])
    cited = {each["value"] for paper in citation["references"] for each in paper.get("identifiers", [])}
    pages = "".join(map(text_of, ("README.md", "docs/mathematics.md", "docs/measures.md", "docs/guides/backend.md")))
    of_methods = {f"arXiv:{number}" for number in re.findall(r"arXiv[ :/](?:abs/)?(\d{4}\.\d{5})", pages)}
    assert of_methods <= cited
    for paper in citation["references"]:
        assert paper["authors"]
        assert "url" in paper or "doi" in paper or {"journal", "volume", "start"} <= set(paper)
        for each in paper.get("identifiers", []):
            assert paper["url"] == f"https://arxiv.org/abs/{each['value'].removeprefix('arXiv:')}"


@pytest.mark.skipif(not (ROOT / ".github").exists(), reason="an sdist has no workflows")
def test_the_checklist_names_the_files_and_jobs_that_there_are():
    steps = text_of("CONTRIBUTING.md").split("## Releasing")[1].split("\n## ")[0]
    for path in set(re.findall(r"`([\w./]+\.(?:py|yaml|yml|cff|md))`", steps)):
        assert (ROOT / path).exists() or (ROOT / ".github/workflows" / path).exists(), path
    sessions = set(re.findall(r"^def (\w+)\(session", text_of("noxfile.py"), re.MULTILINE))
    assert set(re.findall(r"nox -s (\w+)", steps)) <= sessions
    workflow = yaml.safe_load(text_of(".github/workflows/release.yml"))
    assert workflow["jobs"]["publish"]["environment"] == "pypi"
    assert len(workflow["jobs"]["wheels"]["strategy"]["matrix"]["runner"]) == 5
    assert workflow[True]["push"]["tags"] == ["v*"]  # YAML reads `on` as true
    assert "workflow_dispatch" in workflow[True]
    assert "gate" in yaml.safe_load(text_of(".github/workflows/ci.yml"))["jobs"]
