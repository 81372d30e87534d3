/// How far an answer is from proven optimality, measured by the definitions.
///
/// The measurement shares nothing with the solver but the cost and the kernel that compares a row of costs with
/// potentials. The potentials need not be feasible to the last bit: they are once every u_i is lowered by the worst
/// violation in its row. What that takes from the dual value is part of the gap, which so bounds by how much the answer
/// can be above the optimum.
#pragma once

#include <limits>
#include <vector>

#include "mot/types/interrupt.hpp"
#include "mot/types/masses.hpp"
#include "mot/types/partial.hpp"
#include "mot/types/plan.hpp"
#include "mot/types/views.hpp"

namespace mot {

/// All figures are zero for a perfect answer. Before they are measured they prove nothing.
struct Certificate {
    double dual_violation = 0;  ///< max over all arcs of u_i + v_j - cost_ij, at least 0
    double slackness = 0;       ///< max |cost_ij - u_i - v_j| over the arcs that carry mass
    double marginal_error = 0;  ///< max |row sum - a_i|, |column sum - b_j|, over the total mass
    /// |primal value - dual value| and what making the potentials feasible takes from the dual value, over the total
    /// mass: no plan is cheaper by more.
    double duality_gap = 0;
    double primal = 0;      ///< sum of cost_ij plan_ij, of the exact costs
    double cost_scale = 0;  ///< sum of |cost_ij| plan_ij, over the total mass
    /// The bound for the three figures that are costs; the marginal error is held to 1e-9.
    double tolerance = std::numeric_limits<double>::quiet_NaN();

    bool is_optimal() const;

    /// A tolerance relative to the answer, and what rounding does to potentials as large as these: costs that neither
    /// the plan nor its potentials contain have no part in it. The last term is the error of sums of numbers that
    /// underflow.
    static double tolerance_for(double cost_scale, double largest_potential) {
        return 1e-9 * cost_scale + 256 * std::numeric_limits<double>::epsilon() * largest_potential + 0x1p-1050;
    }

    /// The larger of two errors; NaN where either is, for which no claim holds.
    static double worse(double x, double y) { return x != x || x >= y ? x : y; }
};

/// Takes reduced costs of the exact costs, except for arcs that the searched costs and their margin already clear. What
/// is measured up to an interrupt is no certificate.
template <class Cost>
Certificate certify(const Cost& cost, const Masses& masses, const Plan& plan, const Potentials& potentials,
                    Interrupt& interrupt);

/// Certifies a partial transport as the transport in which a spare source brings what targets go without, a spare
/// target takes what sources keep, both of potential zero, and what is carried between units costs less by the price.
/// Figures are over all mass, carried or left behind; `primal` contains what is paid for mass left behind.
template <class Cost>
Certificate certify_partial(const Cost& cost, const PartialProblem& problem, const PartialPlan& plan,
                            Interrupt& interrupt);

/// Certifies a matching of every row. Leaving columns over is the transport in which an idle row of cost and potential
/// zero takes them: then v_j <= 0 for every column, and v_j = 0 where no row is matched, or the gap shows.
Certificate certify_matching(const MatrixView<double>& cost, const std::vector<Node>& column_of,
                             const Potentials& potentials, Interrupt& interrupt);

}  // namespace mot
