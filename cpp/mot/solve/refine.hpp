/// Exact transport on costs of any range, from a plan that may be far from optimal: where doubles do not settle it.
///
/// Potentials are sums of costs along the spanning tree. Where costs differ by many orders of magnitude a double loses
/// the small ones. Here they are kept in twice the precision, every arc whose reduced cost rounding could turn is
/// judged in it, and dear arcs are capped (`CostCap`), so that potentials grow no larger than the answer needs. On
/// whole numbers below 2^53 with whole masses nothing is rounded at all.
#pragma once

#include "mot/types/problem.hpp"

namespace mot {

/// Plan and potentials as the simplex leaves them: mass in the unit of `Masses`, potentials of units without mass
/// -infinity. `start` may be empty; its arcs must be of finite cost. Costs may be infinite, which forbids an arc;
/// `infeasible` if all plans use such an arc.
template <class Cost>
Solution refine(const Cost& cost, const Masses& masses, const Solution& start, Interrupt& interrupt);

/// Whether a certificate leaves nothing to refine: its gap is rounding beside the answer, on whole costs and masses
/// less than a whole number; and no mass that rounding alone explains adds to the cost.
template <class Cost>
bool is_settled(const Cost& cost, const Masses& masses, const Solution& solution, Interrupt& interrupt);

}  // namespace mot
