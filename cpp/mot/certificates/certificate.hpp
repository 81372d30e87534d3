/// Measures an answer against the dense problem by the definitions; with the solver it shares the kernel that
/// compares a row of costs with potentials, and nothing else.
///
/// The potentials need not be feasible to the last bit: they are once every u_i is lowered by the worst violation in
/// its row. What that takes from the dual value is part of the gap, which so bounds by how much the answer can be above
/// the optimum.
#pragma once

#include <vector>

#include "mot/types/problem.hpp"
#include "mot/types/view.hpp"

namespace mot {

/// Reduced costs are taken of the exact costs, but for arcs that the searched costs and their margin already clear.
/// What is measured up to an interrupt is no certificate.
template <class Cost>
Certificate certify(const Cost& cost, const Masses& masses, const Solution& solution, Interrupt& interrupt);

/// The same of a matching. Leaving columns over is the transport in which an idle row of cost and potential zero takes
/// them: then v_j <= 0 for every column, and v_j = 0 where nobody else is matched, or the gap shows.
Certificate certify_matching(const MatrixView<double>& cost, const std::vector<Node>& column_of,
                             const Potentials& potentials, Interrupt& interrupt);

}  // namespace mot
