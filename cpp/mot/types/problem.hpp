/// The transport problem, its dual, and what a solve returns.
///
/// Primal: minimise sum_ij cost_ij plan_ij over plan >= 0 with row sums a and column sums b.
/// Dual:   maximise sum_i a_i u_i + sum_j b_j v_j over u_i + v_j <= cost_ij.
/// The sign convention everywhere: reduced_cost_ij = cost_ij - u_i - v_j, non-negative at the optimum and zero
/// wherever the plan moves mass.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "mot/types/interrupt.hpp"

namespace mot {

using Node = std::int32_t;

struct Arc {
    Node source;
    Node target;
    double cost;
};

/// Marginals in the unit of mass in which the solver counts. Uniform marginals become whole numbers, so that
/// the flows of the simplex are exact; `unit` turns flow back into mass.
struct Masses {
    std::vector<double> source;
    std::vector<double> target;
    double unit = 1.0;
    bool is_uniform = false;

    static Masses uniform(std::int64_t n_source, std::int64_t n_target);
    /// Of the caller's marginals, which must be non-negative with equal, positive sums (up to rounding, which
    /// is levelled by scaling `b` to the sum of `a`).
    static Masses of(const double* a, std::int64_t n_source, const double* b, std::int64_t n_target);
};

struct Potentials {
    std::vector<double> u;
    std::vector<double> v;
};

/// How far an answer is from proven optimality, measured apart from the solver; all are zero for a perfect one. Until
/// it is measured it proves nothing.
struct Certificate {
    double dual_violation = 0;  ///< max over all arcs of u_i + v_j - cost_ij, at least 0
    double slackness = 0;       ///< max |cost_ij - u_i - v_j| over the arcs that carry mass
    double marginal_error = 0;  ///< max |row sum - a_i|, |column sum - b_j|, over the total mass
    /// |primal value - dual value| and what making the potentials feasible takes from the dual value, over the total
    /// mass: no plan is cheaper by more.
    double duality_gap = 0;
    double primal = 0;      ///< sum of cost_ij plan_ij, of the exact costs
    double cost_scale = 0;  ///< sum of |cost_ij| plan_ij, over the total mass
    /// What the three cost-like figures are held to; marginals are held to 1e-9.
    double tolerance = std::numeric_limits<double>::quiet_NaN();

    bool is_optimal() const;

    /// Relative to the answer, and what rounding does to potentials as large as these: costs that neither the plan nor
    /// its potentials contain have no part in it. The last term is what sums of numbers that underflow are off by.
    static double allowed(double cost_scale, double largest_potential) {
        return 1e-9 * cost_scale + 256 * std::numeric_limits<double>::epsilon() * largest_potential + 0x1p-1050;
    }

    /// The larger of two errors; NaN where either is, for which no claim holds.
    static double worse(double x, double y) { return x != x || x >= y ? x : y; }
};

/// Potentials are sums of costs: theirs must not overflow.
constexpr double greatest_cost = 1e300;

/// `undecided`: the searched costs leave more arcs open than can be judged one by one; nothing is returned.
enum class Status { optimal, interrupted, not_proven, infeasible, undecided };

struct Solution {
    Status status = Status::interrupted;
    std::vector<Node> source;  ///< the arcs that carry mass, ordered by source, then target
    std::vector<Node> target;
    std::vector<double> mass;
    Potentials potentials;
    double cost = 0;
    Certificate certificate;
};

}  // namespace mot
