/// What every transport goes through last: its arcs in order, its potentials centred.
#pragma once

#include "mot/problem.hpp"

namespace mot {

/// Duals are free up to a constant: both sides get half of the total, so that exchanging the sides exchanges u and v.
void centre_potentials(const Masses& masses, Potentials& potentials);

/// For costs that are all zero: the tolerance is, too, and whatever the solver bid would be rounding.
void forget_potentials(Potentials& potentials);

/// By source, then target.
void sort_arcs(Solution& solution);

}  // namespace mot
