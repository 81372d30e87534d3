/// The last steps of every transport, however its plan was found.
#pragma once

#include "mot/solve/solution.hpp"
#include "mot/types/interrupt.hpp"
#include "mot/types/masses.hpp"
#include "mot/types/plan.hpp"

namespace mot {

/// Makes a solution of the plan and the potentials of an engine, which counts mass in the unit of `Masses` and leaves
/// units without mass the potential -infinity: brings mass to the caller's unit, orders the arcs, centres the
/// potentials, gives every unit one, and measures the certificate, which decides the status.
template <class Cost>
Solution finish(const Cost& cost, const Masses& masses, Plan plan, Potentials potentials, Interrupt& interrupt);

/// In the order of sources, then targets.
Plan sorted(Plan plan);

/// Gives units whose potential is -infinity, which took no part, the largest one that surely leaves no arc violated.
template <class Cost>
void complete(const Cost& cost, Potentials& potentials, Interrupt& interrupt);

/// Refines a solution that its certificate does not settle, and finishes it again. Correlations are known up to their
/// rounding only, and stay as they are.
template <class Cost>
Solution settle(const Cost& cost, const Masses& masses, Solution solution, Interrupt& interrupt);

}  // namespace mot
