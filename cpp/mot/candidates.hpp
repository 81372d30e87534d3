/// The arcs worth trying first: each source unit's and each target unit's cheapest few.
#pragma once

#include <cstdint>
#include <vector>

#include "mot/problem.hpp"
#include "mot/view.hpp"

namespace mot {

/// The `k` cheapest arcs of every row, and of every column where they are not among the row's, ordered by row; all
/// arcs when that would be most of them.
template <class Real>
std::vector<Arc> select_candidates(const MatrixView<Real>& cost, int k);

}  // namespace mot
