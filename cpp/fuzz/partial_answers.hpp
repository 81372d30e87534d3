/// Partial transports drawn from bytes, whatever the costs are, and what is asked of their answers.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "answers.hpp"
#include "bytes.hpp"
#include "mot/solve/partial.hpp"
#include "oracles/transport.hpp"
#include "problems.hpp"
#include "support/check.hpp"

struct PartialMarginals {
    std::vector<double> a, b;
    std::vector<double> kept_a, kept_b;

    /// The greater sum, beside which smaller masses are rounding.
    double total() const { return std::max(sum_of(a), sum_of(b)); }
    double most() const { return std::min(sum_of(a), sum_of(b)); }
    mot::PartialProblem problem() const {
        mot::PartialProblem problem = mot::partial_problem(a.data(), static_cast<std::int64_t>(a.size()), b.data(),
                                                           static_cast<std::int64_t>(b.size()));
        problem.kept = {kept_a, kept_b};
        return problem;
    }
};

/// Prices of one side: one for all, or one for each unit, around the size of the costs or some way off.
inline std::vector<double> draw_prices(Bytes& bytes, std::size_t n, double scale) {
    const std::size_t family = bytes.pick(6);
    const auto draw_price = [&] {
        if (family == 0) return 0.0;
        const double share = static_cast<double>(bytes.take<std::int16_t>()) / 32768;
        if (family == 1) return std::clamp(scale * std::ldexp(share, 10), -largest_cost, largest_cost);
        return family == 2 ? scale * share : scale * std::abs(share);
    };
    const double of_all = draw_price();
    std::vector<double> prices(n, of_all);
    if (bytes.is_one_in(2))
        for (double& price : prices) price = draw_price();
    return prices;
}

/// Whether all costs but zeros are of about the same size: prices near the largest are far from none.
inline bool are_of_one_size(const Matrix& cost) {
    double least = infinity;
    for (const double value : cost.values)
        if (value != 0) least = std::min(least, std::abs(value));
    return cost.scale() <= 1e6 * least;
}

/// Masses of sums that are alike or not.
inline PartialMarginals draw_partial_marginals(Bytes& bytes, Shape shape, double scale) {
    const Marginals levelled_or_not = draw_marginals(bytes, shape);
    PartialMarginals marginals{levelled_or_not.a, levelled_or_not.b, {}, {}};
    if (bytes.is_one_in(2)) {
        marginals.b = draw_side(bytes, shape.m);
        marginals.b[bytes.pick(shape.m)] += 1.0;
    }
    const double total = scale * marginals.total();
    const double factor = sum_of(marginals.a) / sum_of(marginals.b);
    if (!(total >= smallest_total && total <= largest_total) || !(factor > 1e-6 && factor < 1e6))
        for (std::vector<double>* side : {&marginals.a, &marginals.b}) normalize(*side);
    marginals.kept_a.assign(shape.n, 0.0);
    marginals.kept_b.assign(shape.m, 0.0);
    return marginals;
}

/// Masses, each no less than the one before.
inline std::vector<mot::PartialGoal> draw_masses_to_carry(Bytes& bytes, const PartialMarginals& marginals) {
    std::vector<double> masses;
    for (std::size_t n = bytes.size_between(1, 4); n > 0; --n) {
        const double share = static_cast<double>(bytes.take<std::uint16_t>()) / 65536;
        masses.push_back(bytes.is_one_in(4) ? marginals.most() : (1 - share) * marginals.most());
    }
    std::sort(masses.begin(), masses.end());
    std::vector<mot::PartialGoal> goals;
    for (const double mass : masses) goals.push_back({mass});
    return goals;
}

/// How far an answer is from optimal, in long doubles: its potentials are lowered until they are feasible.
struct PartialProof {
    long double gap = 0;      ///< by how much the answer can be above the optimum
    long double scale = 0;    ///< sum of |cost| times mass, carried or left behind
    long double highest = 0;  ///< greatest potential, or price of mass, in magnitude, of a unit that has mass
    double carried = 0;

    PartialProof(const Matrix& cost, const PartialMarginals& marginals, const Solution& solution) {
        const std::size_t n = marginals.a.size(), m = marginals.b.size();
        std::vector<long double> u(n), v(m);
        const long double price = solution.price;
        for (std::size_t j = 0; j < m; ++j) v[j] = std::min(solution.potentials.v[j], marginals.kept_b[j]);
        for (std::size_t i = 0; i < n; ++i) {
            u[i] = std::min(solution.potentials.u[i], marginals.kept_a[i]);
            for (std::size_t j = 0; j < m; ++j)
                if (marginals.b[j] > 0) u[i] = std::min(u[i], cost(i, j) - v[j] - price);
        }
        for (std::size_t k = 0; k < solution.plan.size(); ++k) {
            const std::size_t i = to_index(solution.plan.source[k]);
            const std::size_t j = to_index(solution.plan.target[k]);
            add(solution.plan.mass[k], cost(i, j), u[i] + v[j] + price);
            carried += solution.plan.mass[k];
        }
        const auto add_side = [&](const std::vector<double>& masses, const std::vector<double>& left,
                                  const std::vector<double>& kept, const std::vector<long double>& potentials) {
            for (std::size_t x = 0; x < masses.size(); ++x) {
                add(left[x], kept[x], potentials[x]);
                if (masses[x] > 0)
                    highest = std::max({highest, std::abs(potentials[x]), std::abs(static_cast<long double>(kept[x]))});
            }
        };
        add_side(marginals.a, solution.left_at_source, marginals.kept_a, u);
        add_side(marginals.b, solution.left_at_target, marginals.kept_b, v);
        if (carried > 0) highest = std::max(highest, std::abs(price));
    }
    double allowed(double total) const {
        return static_cast<double>(1e-12L * scale + 1e-13L * highest * total) + std::numeric_limits<double>::min();
    }

private:
    void add(long double mass, long double cost, long double potential) {
        gap += mass * (cost - potential);
        scale += mass * std::abs(cost);
    }
};

inline void check_partial_masses(const PartialMarginals& marginals, const Solution& solution) {
    // Sums that differ by rounding are levelled.
    const double rounding = 1.1e-12 * marginals.total();
    std::vector<double> of_source = solution.left_at_source, of_target = solution.left_at_target;
    CHECK(of_source.size() == marginals.a.size() && of_target.size() == marginals.b.size());
    CHECK(solution.plan.size() <= of_source.size() + of_target.size());
    for (std::size_t k = 0; k < solution.plan.size(); ++k) {
        CHECK(solution.plan.mass[k] > 0);
        of_source[to_index(solution.plan.source[k])] += solution.plan.mass[k];
        of_target[to_index(solution.plan.target[k])] += solution.plan.mass[k];
    }
    const auto check_side = [&](const std::vector<double>& sums, const std::vector<double>& left,
                                const std::vector<double>& masses) {
        for (std::size_t x = 0; x < masses.size(); ++x) {
            CHECK(left[x] >= 0);
            CHECK_NEAR(sums[x], masses[x], rounding);
        }
    };
    check_side(of_source, solution.left_at_source, marginals.a);
    check_side(of_target, solution.left_at_target, marginals.b);
}

/// Prices and masses increase, but for rounding.
inline void check_curve(const PartialMarginals& marginals, const mot::PartialCurve& curve) {
    const double rounding = 1.1e-12 * marginals.total();
    for (std::size_t k = 1; k < curve.breakpoints.size(); ++k) {
        CHECK(curve.breakpoints[k].price >= curve.breakpoints[k - 1].price);
        CHECK(curve.breakpoints[k].mass >= curve.breakpoints[k - 1].mass - rounding);
    }
    if (!curve.breakpoints.empty()) CHECK(curve.breakpoints.back().mass <= marginals.most() + rounding);
}

/// Draws a problem and has `solve(problem, goals, interrupt, curve)` solve it. The costs of the core may differ from
/// these by `uncertainty`.
template <class Solve>
void solve_partial_and_check(Bytes& bytes, const Matrix& cost, double uncertainty, Solve solve) {
    case_name += ", partial";
    PartialMarginals marginals = draw_partial_marginals(bytes, {cost.n_rows, cost.n_columns}, cost.scale());
    std::vector<mot::PartialGoal> goals = draw_masses_to_carry(bytes, marginals);
    if (bytes.is_one_in(2) && are_of_one_size(cost)) {
        // Mass is carried where that costs less than leaving it behind.
        marginals.kept_a = draw_prices(bytes, cost.n_rows, cost.scale());
        marginals.kept_b = draw_prices(bytes, cost.n_columns, cost.scale());
        goals = {{std::numeric_limits<double>::infinity(), 0.0}};
    }
    BoundedStop interrupt(draw_stop(bytes));
    mot::PartialCurve curve;
    const mot::PartialProblem problem = marginals.problem();
    const std::vector<Solution> solutions = solve(problem, goals, interrupt, &curve);
    CHECK(solutions.size() == goals.size());
    const double total = sum_of(marginals.a) + sum_of(marginals.b);
    const auto units = static_cast<double>(cost.n_rows + cost.n_columns);
    for (std::size_t k = 0; k < goals.size(); ++k) {
        const Solution& solution = solutions[k];
        if (solution.status == Status::interrupted) CHECK(interrupt.is_over());
        if (solution.status == Status::undecided) CHECK(uncertainty > 0);
        if (solution.status == Status::infeasible) {
            // The end of the curve is all that can be carried.
            const double end = curve.breakpoints.empty() ? 0.0 : curve.breakpoints.back().mass;
            CHECK(goals[k].mass > end && curve.status == Status::infeasible);
            NeverInterrupt never;
            if (end > 0) CHECK(solve(problem, {{end}}, never, nullptr).front().status == Status::optimal);
        }
        if (solution.status != Status::optimal) {
            CHECK(solution.status != Status::not_proven && solution.plan.mass.empty());
            continue;
        }
        CHECK(solution.certificate.is_optimal());
        check_partial_masses(marginals, solution);
        const PartialProof proof(cost, marginals, solution);
        CHECK(proof.gap <= proof.allowed(total) + uncertainty * total);
        if (goals[k].mass < std::numeric_limits<double>::infinity())
            CHECK_NEAR(proof.carried, std::min(goals[k].mass, marginals.most()),
                       1.1e-9 * marginals.most() + 1e-15 * units * marginals.total());
        CHECK(solution.price <= goals[k].price);
    }
    if (!interrupt.is_over() && curve.status != Status::undecided) check_curve(marginals, curve);
}
