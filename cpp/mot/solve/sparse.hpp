/// Exact optimal transport on listed arcs only, by the network simplex on all of them.
///
/// Where the listed arcs leave no feasible tree to start from, artificial arcs stand in at a cost above all others. An
/// optimum that does not use them is that of the listed arcs, whatever their cost was. One that does is tried again at
/// a higher cost, until the cost is so high that no detour over listed arcs could cost as much: then there is no plan.
#pragma once

#include "mot/costs/sparse_cost.hpp"
#include "mot/solve/solution.hpp"
#include "mot/types/interrupt.hpp"
#include "mot/types/masses.hpp"

namespace mot {

/// `infeasible` if the listed arcs hold no plan of these masses.
Solution solve_sparse(const SparseCost& cost, const Masses& masses, Interrupt& interrupt);

}  // namespace mot
