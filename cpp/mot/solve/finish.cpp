#include "mot/solve/finish.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

#include "mot/costs/correlation_cost.hpp"
#include "mot/costs/given_cost.hpp"
#include "mot/costs/point_cost.hpp"
#include "mot/costs/screened_cost.hpp"
#include "mot/costs/sparse_cost.hpp"
#include "mot/solve/refine.hpp"

namespace mot {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// Duals are free up to a constant: both sides get half of the dual value, so that exchanging the sides exchanges u and
/// v. Potentials of units without mass may still be -infinity.
void centre(const Masses& masses, Potentials& potentials) {
    const auto mean = [](const std::vector<double>& weights, const std::vector<double>& values) {
        double sum = 0;
        for (std::size_t k = 0; k < weights.size(); ++k)
            if (weights[k] > 0) sum += weights[k] * values[k];
        return sum / std::accumulate(weights.begin(), weights.end(), 0.0);
    };
    const double shift = 0.5 * (mean(masses.source, potentials.u) - mean(masses.target, potentials.v));
    for (double& u : potentials.u) u -= shift;
    for (double& v : potentials.v) v += shift;
}

/// The greatest potential, rounded down, with which an arc of this cost to a unit of this potential is not violated.
double greatest_potential(double cost, double other) {
    return cost - other - std::numeric_limits<double>::epsilon() * (std::abs(cost) + std::abs(other));
}

}  // namespace

Plan sorted(Plan plan) {
    const auto is_before = [&](std::size_t x, std::size_t y) {
        return plan.source[x] != plan.source[y] ? plan.source[x] < plan.source[y] : plan.target[x] < plan.target[y];
    };
    std::size_t n_sorted = std::min<std::size_t>(plan.size(), 1);
    while (n_sorted < plan.size() && is_before(n_sorted - 1, n_sorted)) ++n_sorted;
    if (n_sorted == plan.size()) return plan;
    std::vector<std::size_t> order(plan.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), is_before);
    Plan result = plan;
    for (std::size_t k = 0; k < order.size(); ++k) {
        result.source[k] = plan.source[order[k]];
        result.target[k] = plan.target[order[k]];
        result.mass[k] = plan.mass[order[k]];
    }
    return result;
}

/// The searched costs may be above the exact ones by the margin.
template <class Cost>
void complete(const Cost& cost, Potentials& potentials, Interrupt& interrupt) {
    std::vector<double>& u = potentials.u;
    std::vector<double>& v = potentials.v;
    const auto row_index = [](std::int64_t i) { return static_cast<std::size_t>(i); };
    std::vector<std::size_t> open;
    for (std::size_t j = 0; j < v.size(); ++j)
        if (v[j] == -infinity) open.push_back(j);
    std::vector<double> least(open.size(), infinity);
    const auto has_mass = [&](std::int64_t i) { return !open.empty() && u[row_index(i)] != -infinity; };
    cost.for_each_row(interrupt, has_mass, [&](std::int64_t i, const typename Cost::Value* row) {
        for (std::size_t k = 0; k < open.size(); ++k)
            least[k] =
                std::min(least[k], greatest_potential(cost_of(row[open[k]]), u[row_index(i)]) - cost.row_margin(i));
    });
    for (std::size_t k = 0; k < open.size(); ++k)
        v[open[k]] = least[k] - cost.column_margin(static_cast<std::int64_t>(open[k]));

    const auto is_open = [&](std::int64_t i) { return u[row_index(i)] == -infinity; };
    cost.for_each_row(interrupt, is_open, [&](std::int64_t i, const typename Cost::Value* row) {
        double& bound = u[row_index(i)];
        bound = infinity;
        for (std::size_t j = 0; j < v.size(); ++j)
            bound = std::min(bound, greatest_potential(cost_of(row[j]), v[j]) - cost.row_margin(i) -
                                        cost.column_margin(static_cast<std::int64_t>(j)));
    });
}

/// Does it over listed arcs; a unit that has none gets the potential zero.
template <>
void complete(const SparseCost& cost, Potentials& potentials, Interrupt&) {
    std::vector<double>& u = potentials.u;
    std::vector<double>& v = potentials.v;
    const auto set_open = [](std::vector<double>& side, const std::vector<double>& bounds) {
        for (std::size_t x = 0; x < side.size(); ++x)
            if (side[x] == -infinity) side[x] = bounds[x] < infinity ? bounds[x] : 0.0;
    };
    std::vector<double> most_v(v.size(), infinity);
    cost.for_each_arc([&](Node i, Node j, double value) {
        if (u[index(i)] == -infinity) return;
        most_v[index(j)] = std::min(most_v[index(j)], greatest_potential(value, u[index(i)]));
    });
    set_open(v, most_v);
    std::vector<double> most_u(u.size(), infinity);
    cost.for_each_arc([&](Node i, Node j, double value) {
        most_u[index(i)] = std::min(most_u[index(i)], greatest_potential(value, v[index(j)]));
    });
    set_open(u, most_u);
}

template <class Cost>
Solution finish(const Cost& cost, const Masses& masses, Plan plan, Potentials potentials, Interrupt& interrupt) {
    Solution solution;
    for (double& mass : plan.mass) mass *= masses.unit;
    solution.plan = sorted(std::move(plan));
    solution.potentials = std::move(potentials);
    centre(masses, solution.potentials);
    complete(cost, solution.potentials, interrupt);
    if (cost.scale() == 0.0)
        // The tolerance of costs that are all zero is zero, too, and whatever an auction bid would be above it.
        for (std::vector<double>* side : {&solution.potentials.u, &solution.potentials.v})
            std::fill(side->begin(), side->end(), 0.0);
    solution.certificate = certify(cost, masses, solution.plan, solution.potentials, interrupt);
    if (interrupt.requested()) return {};
    solution.cost = solution.certificate.primal;
    // The certificate is taken on masses of order one: a plan may be proven and yet cost more than doubles hold.
    const bool is_proven = solution.certificate.is_optimal() && std::isfinite(solution.cost);
    solution.status = is_proven ? Status::optimal : Status::not_proven;
    return solution;
}

template <class Cost>
Solution settle(const Cost& cost, const Masses& masses, Solution solution, Interrupt& interrupt) {
    if (solution.status == Status::interrupted ||
        is_settled(cost, masses, solution.plan, solution.certificate, interrupt))
        return solution;
    solution = refine(cost, masses, solution, interrupt);
    if (solution.status != Status::optimal) return solution;
    return finish(cost, masses, std::move(solution.plan), std::move(solution.potentials), interrupt);
}

template <>
Solution settle(const CorrelationCost<float>&, const Masses&, Solution solution, Interrupt&) {
    return solution;
}
template <>
Solution settle(const CorrelationCost<double>&, const Masses&, Solution solution, Interrupt&) {
    return solution;
}
template <>
Solution settle(const ScreenedCost&, const Masses&, Solution solution, Interrupt&) {
    return solution;
}
template <>
Solution settle(const PointCost<float>&, const Masses&, Solution solution, Interrupt&) {
    return solution;
}

template void complete(const GivenCost<float>&, Potentials&, Interrupt&);
template void complete(const GivenCost<double>&, Potentials&, Interrupt&);
template void complete(const CorrelationCost<float>&, Potentials&, Interrupt&);
template void complete(const CorrelationCost<double>&, Potentials&, Interrupt&);
template void complete(const PointCost<float>&, Potentials&, Interrupt&);
template void complete(const PointCost<double>&, Potentials&, Interrupt&);
template void complete(const ScreenedCost&, Potentials&, Interrupt&);
template Solution finish(const GivenCost<float>&, const Masses&, Plan, Potentials, Interrupt&);
template Solution finish(const GivenCost<double>&, const Masses&, Plan, Potentials, Interrupt&);
template Solution finish(const CorrelationCost<float>&, const Masses&, Plan, Potentials, Interrupt&);
template Solution finish(const CorrelationCost<double>&, const Masses&, Plan, Potentials, Interrupt&);
template Solution finish(const PointCost<float>&, const Masses&, Plan, Potentials, Interrupt&);
template Solution finish(const PointCost<double>&, const Masses&, Plan, Potentials, Interrupt&);
template Solution finish(const ScreenedCost&, const Masses&, Plan, Potentials, Interrupt&);
template Solution finish(const SparseCost&, const Masses&, Plan, Potentials, Interrupt&);
template Solution settle(const GivenCost<float>&, const Masses&, Solution, Interrupt&);
template Solution settle(const GivenCost<double>&, const Masses&, Solution, Interrupt&);
template Solution settle(const PointCost<double>&, const Masses&, Solution, Interrupt&);
template Solution settle(const SparseCost&, const Masses&, Solution, Interrupt&);

}  // namespace mot
