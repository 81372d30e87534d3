/// Exact optimal transport on a dense cost: decides how a problem is solved.
///
/// Square problems with uniform masses are assignments: small ones, and those in which nearly every row gets its
/// cheapest column, are searched densely. So are small semi-assignments, in which units go whole to units of the other
/// side. Given costs that have the Monge property are walked along; where one side has few units, the other's move
/// between these. All others start from candidates, of given costs perhaps reduced by the potentials of a sample, and
/// an auction, and end in column generation by sparse augmenting paths or the network simplex. What the certificate of
/// a given cost does not settle is refined.
#pragma once

#include "mot/solve/solution.hpp"
#include "mot/types/interrupt.hpp"
#include "mot/types/masses.hpp"
#include "mot/types/plan.hpp"

namespace mot {

/// A named method is taken where it serves: `assignment` starts from candidates even where a dense search would be
/// chosen, and ends in the simplex all the same where the auction fails or the masses are no assignment's.
enum class Method { automatic, simplex, assignment };

/// Every solution that is not interrupted carries its certificate, and is `not_proven` if that certificate does not
/// hold. Potentials to `start` from, if they are near to the optimum, save time; then no method is chosen. Others, of
/// whatever size and value, make no difference.
template <class Cost>
Solution solve_dense(const Cost& cost, const Masses& masses, Interrupt& interrupt, Method method = Method::automatic,
                     const Potentials* start = nullptr);

}  // namespace mot
