/// What every transport goes through last: its arcs in order, its potentials centred.
#pragma once

#include "mot/types/problem.hpp"

namespace mot {

/// Duals are free up to a constant: both sides get half of the total, so that exchanging the sides exchanges u and v.
/// Potentials of units without mass may still be -infinity.
void centre_potentials(const Masses& masses, Potentials& potentials);

/// cost - potential, rounded down: as the potential of a unit without mass it surely violates nothing.
double below(double cost, double potential);

/// For costs that are all zero: the tolerance is, too, and whatever the solver bid would be rounding.
void forget_potentials(Potentials& potentials);

/// Products of smaller costs with masses underflow. They are solved times a power of two, which rounds nothing.
constexpr double least_cost_scale = 0x1p-500;
constexpr double magnification = 0x1p560;

/// The answer to costs `magnification` times smaller.
void reduce(Solution& solution);

/// By source, then target.
void sort_arcs(Solution& solution);

}  // namespace mot
