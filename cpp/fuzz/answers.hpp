/// What is asked of every answer, and the ways to get one, whatever the costs are.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "bytes.hpp"
#include "mot/solve/dense.hpp"
#include "mot/solve/finish.hpp"
#include "mot/solve/magnification.hpp"
#include "mot/solve/warm_start.hpp"
#include "oracles/transport.hpp"
#include "problems.hpp"
#include "support/check.hpp"
#include "support/problems.hpp"

using mot::Method;
using mot::Solution;
using mot::Status;

inline std::string name_of(const char* kind, Shape shape) {
    return std::string(kind) + " " + std::to_string(shape.n) + " x " + std::to_string(shape.m);
}

inline void normalize(std::vector<double>& masses) {
    const double total = sum_of(masses);
    for (double& mass : masses) mass /= total;
}

/// A plan leaves out masses that are rounding beside the others; where it has no arc, there is no plan on listed arcs.
inline bool has_negligible_mass(const Marginals& marginals) {
    const double least = 1e-9 * sum_of(marginals.a);
    const auto has_any = [&](const std::vector<double>& masses) {
        return std::any_of(masses.begin(), masses.end(), [&](double mass) { return mass > 0 && mass < least; });
    };
    return has_any(marginals.a) || has_any(marginals.b);
}

inline mot::Masses masses_of(const Marginals& marginals) {
    const auto n = static_cast<std::int64_t>(marginals.a.size());
    const auto m = static_cast<std::int64_t>(marginals.b.size());
    return marginals.is_uniform ? mot::Masses::uniform(n, m)
                                : mot::Masses::from_marginals(marginals.a.data(), n, marginals.b.data(), m);
}

inline bool has_empty_unit(const Marginals& marginals) {
    const auto has_zero = [](const std::vector<double>& masses) {
        return std::find(masses.begin(), masses.end(), 0.0) != masses.end();
    };
    return has_zero(marginals.a) || has_zero(marginals.b);
}

/// The masses of the target, scaled to the sum of the source's.
inline std::vector<double> levelled(const Marginals& marginals) {
    const double factor = sum_of(marginals.a) / sum_of(marginals.b);
    std::vector<double> masses = marginals.b;
    for (double& mass : masses) mass *= factor;
    return masses;
}

/// How far an answer is from optimal, in long doubles.
struct Proof {
    long double gap = 0;      ///< by how much the plan can be above the optimum, for its own marginals
    long double scale = 0;    ///< sum of |cost| times mass
    long double highest = 0;  ///< greatest potential, in magnitude, of a unit that has mass

    Proof(const Matrix& cost, const Marginals& marginals, const Solution& solution) {
        const std::vector<double>& u = solution.potentials.u;
        const std::vector<double>& v = solution.potentials.v;
        std::vector<long double> lowered(u.begin(), u.end());
        for (std::size_t i = 0; i < u.size(); ++i)
            for (std::size_t j = 0; j < v.size(); ++j)
                if (marginals.b[j] > 0) lowered[i] = std::min(lowered[i], static_cast<long double>(cost(i, j)) - v[j]);
        for (std::size_t k = 0; k < solution.plan.mass.size(); ++k) {
            const std::size_t i = to_index(solution.plan.source[k]);
            const std::size_t j = to_index(solution.plan.target[k]);
            gap += solution.plan.mass[k] * (cost(i, j) - lowered[i] - v[j]);
            scale += solution.plan.mass[k] * std::abs(static_cast<long double>(cost(i, j)));
        }
        for (std::size_t i = 0; i < u.size(); ++i)
            if (marginals.a[i] > 0) highest = std::max(highest, std::abs(static_cast<long double>(u[i])));
        for (std::size_t j = 0; j < v.size(); ++j)
            if (marginals.b[j] > 0) highest = std::max(highest, std::abs(static_cast<long double>(v[j])));
    }
    /// The error allowed: relative to the cost of the answer, and rounding of its potentials.
    double allowed(double total) const {
        return static_cast<double>(1e-12L * scale + 1e-14L * highest * total) + std::numeric_limits<double>::min();
    }
};

/// Solves by every method that the problem has, and calls `check(solution)`, which tells whether it is an answer, on
/// each that is not interrupted. Returns the costs of the answers.
template <class Cost, class Check>
std::vector<double> solve_by_all_methods(Bytes& bytes, const Cost& cost, const mot::Masses& masses, Check check) {
    const bool is_assignment = masses.is_uniform && cost.n_rows() == cost.n_columns();
    const std::size_t stop = draw_stop(bytes);
    std::vector<double> costs;
    for (const Method method : all_methods) {
        if (method != Method::automatic && !is_assignment) continue;
        BoundedStop interrupt(stop);
        const Solution solution = mot::solve_dense(cost, masses, interrupt, method);
        if (interrupt.is_over()) {
            CHECK(solution.status == Status::interrupted);
            CHECK(solution.plan.mass.empty() && solution.potentials.u.empty());
            continue;
        }
        if (check(solution)) costs.push_back(solution.cost);
    }
    return costs;
}

/// Solves from potentials, as the policy does and where it would not; calls `check` on what is not interrupted.
template <class Cost, class Check>
void solve_from_potentials(Bytes& bytes, const Cost& cost, const mot::Masses& masses, const mot::Potentials& start,
                           Check check) {
    const std::size_t stop = draw_stop(bytes);
    BoundedStop of_policy(stop), alone(stop);
    const Solution solution = mot::solve_dense(cost, masses, of_policy, Method::automatic, &start);
    if (!of_policy.is_over()) check(solution);
    if (mot::needs_magnification(cost.scale())) return;
    const auto found = mot::solve_from_potentials(cost, masses, start, alone);
    if (!found) return;
    const Solution settled = mot::settle(cost, masses, *found, alone);
    if (!alone.is_over()) check(settled);
}
