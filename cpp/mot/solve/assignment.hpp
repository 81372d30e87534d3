/// Assignment on a dense matrix, rectangular or square: the only place that decides how one is solved.
#pragma once

#include <vector>

#include "mot/types/problem.hpp"
#include "mot/types/view.hpp"

namespace mot {

struct Matching {
    Status status = Status::interrupted;
    std::vector<Node> column_of;  ///< of every row
    Potentials potentials;        ///< cost_ij >= u_i + v_j, tight where matched; v_j <= 0 where columns are left over
    Certificate certificate;
};

/// Gives every row a column of its own at least total cost. There must be at least as many columns as rows, and no cost
/// may be NaN or minus infinity; plus infinity forbids a pair. A matching that is not proven least is `not_proven`.
Matching assign(const MatrixView<double>& cost, Interrupt& interrupt);

}  // namespace mot
