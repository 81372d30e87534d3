/// The arcs with which the solvers start: each source unit's and each target unit's cheapest few.
#pragma once

#include <vector>

#include "mot/types/arc.hpp"
#include "mot/types/interrupt.hpp"

namespace mot {

/// Candidates of every row and of every column with which the solvers start.
constexpr int candidates_per_unit = 12;

/// About the `k` cheapest arcs of every row and of every column, ordered by row, in one pass: the costs of a row (of a
/// column) are dealt into 32 groups, and the `k` cheapest of the groups' minima are taken. All arcs when there are few.
template <class Cost>
std::vector<Arc> select_candidates(const Cost& cost, int k, Interrupt& interrupt);

}  // namespace mot
