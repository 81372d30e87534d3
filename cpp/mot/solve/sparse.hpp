/// Exact optimal transport on listed arcs only.
///
/// Equal masses of as many sources as targets are matched by augmenting paths from the prices of an auction. All others
/// go through an artificial hub at first, at a cost above that of all arcs, from where the network simplex moves them
/// to listed arcs. An optimum that does not use the hub is that of the listed arcs, whatever its cost was. One that
/// does is tried again at a higher cost, until the cost is so high that no detour over listed arcs could cost as much:
/// then there is no plan.
#pragma once

#include "mot/costs/sparse_cost.hpp"
#include "mot/solve/solution.hpp"
#include "mot/types/interrupt.hpp"
#include "mot/types/masses.hpp"

namespace mot {

/// `infeasible` if the listed arcs hold no plan of these masses.
Solution solve_sparse(const SparseCost& cost, const Masses& masses, Interrupt& interrupt);

}  // namespace mot
