"""Drop-in replacements for functions of POT and SciPy, proven exact; see `mot_fast.transport.drop_ins`."""

from mot_fast.transport.drop_ins import emd, emd2, linear_sum_assignment

__all__ = ["emd", "emd2", "linear_sum_assignment"]
