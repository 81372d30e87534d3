/// Measures a matching against its cost matrix by the definitions, as `certify` does a transport.
///
/// Leaving columns over is the transport in which an idle row of cost and potential zero takes them: then v_j <= 0 for
/// every column, and v_j = 0 where nobody else is matched, or the gap shows.
#pragma once

#include <vector>

#include "mot/problem.hpp"
#include "mot/view.hpp"

namespace mot {

Certificate certify_matching(const MatrixView<double>& cost, const std::vector<Node>& column_of,
                             const Potentials& potentials);

}  // namespace mot
