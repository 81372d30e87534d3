/// Measures an answer against the dense problem by the definitions, sharing nothing with the solver.
#pragma once

#include "mot/problem.hpp"

namespace mot {

/// `Cost` offers `matrix()` for the reduced costs of all arcs and `exact(i, j)` for those that carry mass.
template <class Cost>
Certificate certify(const Cost& cost, const Masses& masses, const Solution& solution);

}  // namespace mot
