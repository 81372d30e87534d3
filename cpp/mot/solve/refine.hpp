/// Exact transport on costs of any range, where doubles do not settle it; starts from a plan that may be far from
/// optimal.
///
/// Potentials are sums of costs along the spanning tree. Where costs differ by many orders of magnitude a double loses
/// the small ones. Here they are kept in twice the precision, every arc whose reduced cost could have the wrong sign by
/// rounding is checked in it, and costs are capped (`CostCap`), so that potentials grow no larger than the answer
/// needs. On whole numbers below 2^53 with whole masses nothing is rounded at all.
#pragma once

#include "mot/solve/solution.hpp"
#include "mot/types/interrupt.hpp"
#include "mot/types/masses.hpp"

namespace mot {

/// Returns plan and potentials as the simplex leaves them: mass in the unit of `Masses`, potentials of units without
/// mass -infinity. `start` may be empty; its arcs must be of finite cost. Costs may be infinite, which forbids an arc;
/// `infeasible` if all plans use such an arc.
template <class Cost>
Solution refine(const Cost& cost, const Masses& masses, const Solution& start, Interrupt& interrupt);

/// Whether a certificate leaves nothing to refine: its gap is no more than rounding of the answer, and on whole costs
/// and masses less than a whole number; and no mass that rounding alone explains adds to the cost.
template <class Cost>
bool is_settled(const Cost& cost, const Masses& masses, const Plan& plan, const Certificate& certificate,
                Interrupt& interrupt);

}  // namespace mot
