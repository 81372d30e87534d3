"""Write the tables of docs/calibration.md from the counts that the simulations have left."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from calibration.populations import POPULATIONS
from calibration.studies import STUDIES
from calibration.table import write

if __name__ == "__main__":
    write(STUDIES, POPULATIONS)
