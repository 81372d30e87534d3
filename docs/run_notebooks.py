"""Run the notebooks that the last build of the pages made, each from top to bottom: `python docs/run_notebooks.py`."""

import os
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
from nbclient import NotebookClient

GALLERY = Path(__file__).parent / "gallery"


def run(path: Path) -> None:
    """Run the cells of a notebook in an empty folder, as a reader does who downloaded it."""
    notebook = nbformat.read(path, as_version=4)
    with tempfile.TemporaryDirectory() as folder:
        NotebookClient(
            notebook, kernel_name="python3", resources={"metadata": {"path": folder}}
        ).execute()


if __name__ == "__main__":
    notebooks = sorted(GALLERY.glob("*.ipynb"))
    if not notebooks:
        raise SystemExit(f"no notebooks in {GALLERY}: build the pages first")
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(run, notebooks))
    print(f"{len(notebooks)} notebooks ran from top to bottom")
