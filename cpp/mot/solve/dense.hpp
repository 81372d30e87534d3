/// Exact optimal transport on a dense cost: the only place that decides how a problem is solved.
#pragma once

#include "mot/costs/cost.hpp"
#include "mot/types/problem.hpp"

namespace mot {

/// Column generation: solve on each unit's cheapest arcs, look for violated ones among all arcs, add them, go on from
/// there, until none is violated. Every solution that is not interrupted carries its certificate, and is `not_proven`
/// if that certificate does not hold.
template <class Cost>
Solution solve(const Cost& cost, const Masses& masses, Interrupt& interrupt);

/// The same by a named method where both serve: `assignment` starts from candidates even where a dense search would be
/// chosen, and ends in the simplex all the same where an auction on them comes to nothing or sizes or masses differ.
enum class Method { automatic, simplex, assignment };
template <class Cost>
Solution solve(const Cost& cost, const Masses& masses, Interrupt& interrupt, Method method);

/// At cost one minus the correlations of two layers: searched in single precision, or where that leaves too many arcs
/// undecided, because the layers' units are nearly or exactly alike, in double precision.
Solution solve(const StandardizedLayer& source, const StandardizedLayer& target, const Masses& masses,
               Workshop& workshop, Interrupt& interrupt, Method method = Method::automatic);

}  // namespace mot
