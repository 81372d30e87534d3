/// Assignment on a dense matrix, rectangular or square: decides how one is solved.
///
/// Small and rectangular problems, and those in which nearly every row gets its cheapest column, are searched densely;
/// the other square ones are solved as a transport. What the certificate does not settle is refined.
#pragma once

#include <vector>

#include "mot/certificates/certificate.hpp"
#include "mot/types/arc.hpp"
#include "mot/types/interrupt.hpp"
#include "mot/types/plan.hpp"
#include "mot/types/views.hpp"

namespace mot {

struct Matching {
    Status status = Status::interrupted;
    std::vector<Node> column_of;  ///< of every row
    Potentials potentials;        ///< cost_ij >= u_i + v_j, tight where matched; v_j <= 0 where columns are left over
    Certificate certificate;
};

/// Matches every row with a column of its own at least total cost. There must be at least as many columns as rows, and
/// no cost may be NaN or minus infinity; plus infinity forbids a pair. `not_proven` if the certificate does not prove
/// the matching least.
Matching solve_assignment(const MatrixView<double>& cost, Interrupt& interrupt);

}  // namespace mot
