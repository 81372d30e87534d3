/// Partial transport: not all mass is carried.
///
/// Primal: minimise sum_ij cost_ij plan_ij + sum_i kept_i left_i + sum_j kept_j left_j over plan >= 0, left >= 0, where
///         row sums and what sources keep add up to a, column sums and what targets go without to b, and all that is
///         carried to `mass`.
/// Dual:   maximise sum_i a_i u_i + sum_j b_j v_j + mass price over u_i + v_j + price <= cost_ij, u_i <= kept_i,
///         v_j <= kept_j; equalities wherever the plan moves mass, and wherever mass is left behind.
#pragma once

#include <vector>

#include "mot/types/masses.hpp"
#include "mot/types/plan.hpp"

namespace mot {

struct PartialProblem {
    Masses masses;    ///< the sums of the two sides may differ
    Potentials kept;  ///< what sources and targets pay for every unit of mass that is left behind
};

/// Masses of the plan and of what is left behind are not in the unit of `Masses`.
struct PartialPlan {
    Plan carried;
    std::vector<double> left_at_source;
    std::vector<double> left_at_target;
    double mass = 0;  ///< the sum of what is carried
    Potentials potentials;
    double price = 0;
};

}  // namespace mot
