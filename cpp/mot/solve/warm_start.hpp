/// Transports solved from potentials of the same problem, or of one like it.
///
/// Optimal potentials leave few arcs with a small reduced cost, among which there is an optimal plan. One pass over the
/// costs finds these near arcs. An engine solves on them, starting from the potentials, and column generation proves or
/// completes the answer, as it does from any other start: potentials that are wrong cost time, never the answer.
#pragma once

#include <optional>

#include "mot/solve/solution.hpp"
#include "mot/types/interrupt.hpp"
#include "mot/types/masses.hpp"
#include "mot/types/plan.hpp"

namespace mot {

/// Nothing if the potentials are of other sizes, not finite, or found to be too far from the optimum to be of use,
/// which a look at a few rows mostly tells. Potentials of units without mass are not read.
template <class Cost>
std::optional<Solution> solve_from_potentials(const Cost& cost, const Masses& masses, const Potentials& start,
                                              Interrupt& interrupt);

}  // namespace mot
