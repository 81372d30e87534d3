/// Looks over all arcs of the dense problem for those that the duals leave violated.
#pragma once

#include <cstdint>
#include <vector>

#include "mot/problem.hpp"
#include "mot/view.hpp"

namespace mot {

/// The arcs whose reduced cost is below `threshold`, by source; of each source at most its `most_per_source` lowest.
template <class Real>
std::vector<Arc> find_violated_arcs(const MatrixView<Real>& cost, const Potentials& potentials, double threshold,
                                    std::int64_t most_per_source);

}  // namespace mot
