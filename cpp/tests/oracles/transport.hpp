/// Transport by slow, obvious methods, and checks of the core's answers: they take its types, and share no code with
/// it.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>
#include <vector>

#include "mot/solve/solution.hpp"
#include "mot/types/masses.hpp"
#include "support/check.hpp"

constexpr double infinity = std::numeric_limits<double>::infinity();

inline std::size_t to_index(mot::Node node) {
    return static_cast<std::size_t>(node);
}

struct Matrix {
    std::size_t n_rows;
    std::size_t n_columns;
    std::vector<double> values;

    Matrix(std::size_t n_rows_, std::size_t n_columns_, double value = 0.0)
        : n_rows(n_rows_), n_columns(n_columns_), values(n_rows_ * n_columns_, value) {}
    double& operator()(std::size_t i, std::size_t j) { return values[i * n_columns + j]; }
    double operator()(std::size_t i, std::size_t j) const { return values[i * n_columns + j]; }
    Matrix transposed() const {
        Matrix result(n_columns, n_rows);
        for (std::size_t i = 0; i < n_rows; ++i)
            for (std::size_t j = 0; j < n_columns; ++j) result(j, i) = (*this)(i, j);
        return result;
    }
    /// The largest magnitude of a finite value.
    double scale() const {
        double largest = 0;
        for (const double value : values)
            if (std::isfinite(value)) largest = std::max(largest, std::abs(value));
        return largest;
    }
};

/// Least total cost of matching every row with a column of its own, by trying all ways; infinite costs are missing
/// arcs.
inline double assignment_by_permutations(const Matrix& cost) {
    std::vector<std::size_t> column(cost.n_rows);
    std::iota(column.begin(), column.end(), std::size_t{0});
    double least = infinity;
    do {
        double total = 0;
        for (std::size_t i = 0; i < cost.n_rows; ++i) total += cost(i, column[i]);
        least = std::min(least, total);
    } while (std::next_permutation(column.begin(), column.end()));
    return least;
}

/// Least total cost of carrying whole-numbered masses: mass goes along shortest residual paths (Bellman and Ford) until
/// none is left. Exact where sums of costs are; infinite costs are missing arcs.
inline double transport_by_shortest_paths(const Matrix& cost, std::vector<long> supply, std::vector<long> demand) {
    constexpr std::size_t none = std::numeric_limits<std::size_t>::max();
    const std::size_t n = cost.n_rows;
    const std::size_t m = cost.n_columns;
    std::vector<long> flow(n * m, 0);
    while (std::any_of(demand.begin(), demand.end(), [](long mass) { return mass > 0; })) {
        std::vector<double> to_source(n, infinity), to_target(m, infinity);
        std::vector<std::size_t> before_source(n, none), before_target(m, none);
        for (std::size_t i = 0; i < n; ++i)
            if (supply[i] > 0) to_source[i] = 0;
        for (bool has_changed = true; has_changed;) {
            has_changed = false;
            for (std::size_t i = 0; i < n; ++i)
                for (std::size_t j = 0; j < m; ++j) {
                    if (to_source[i] + cost(i, j) < to_target[j]) {
                        to_target[j] = to_source[i] + cost(i, j);
                        before_target[j] = i;
                        has_changed = true;
                    }
                    if (flow[i * m + j] > 0 && to_target[j] - cost(i, j) < to_source[i]) {
                        to_source[i] = to_target[j] - cost(i, j);
                        before_source[i] = j;
                        has_changed = true;
                    }
                }
        }
        std::size_t end = none;
        for (std::size_t j = 0; j < m; ++j)
            if (demand[j] > 0 && to_target[j] < (end == none ? infinity : to_target[end])) end = j;
        if (end == none) return infinity;

        long mass = demand[end];
        std::size_t start = before_target[end];
        for (; before_source[start] != none; start = before_target[before_source[start]])
            mass = std::min(mass, flow[start * m + before_source[start]]);
        mass = std::min(mass, supply[start]);
        supply[start] -= mass;
        demand[end] -= mass;
        for (std::size_t j = end; j != none; j = before_source[before_target[j]]) {
            const std::size_t i = before_target[j];
            flow[i * m + j] += mass;
            if (before_source[i] != none) flow[i * m + before_source[i]] -= mass;
        }
    }
    double total = 0;
    for (std::size_t k = 0; k < flow.size(); ++k)
        if (flow[k] > 0) total += static_cast<double>(flow[k]) * cost.values[k];
    return total;
}

/// Non-negative, in order, of the marginals a and b, on no more arcs than a tree has.
inline void check_feasible(const std::vector<double>& a, const std::vector<double>& b, const mot::Solution& solution) {
    CHECK(solution.plan.source.size() == solution.plan.mass.size() &&
          solution.plan.target.size() == solution.plan.mass.size());
    CHECK(solution.plan.mass.size() < a.size() + b.size());
    std::vector<double> row_sum(a.size(), 0.0), column_sum(b.size(), 0.0);
    for (std::size_t k = 0; k < solution.plan.mass.size(); ++k) {
        const std::size_t i = to_index(solution.plan.source[k]);
        const std::size_t j = to_index(solution.plan.target[k]);
        CHECK(i < a.size() && j < b.size() && solution.plan.mass[k] > 0);
        if (k > 0)
            CHECK(solution.plan.source[k - 1] < solution.plan.source[k] ||
                  (solution.plan.source[k - 1] == solution.plan.source[k] &&
                   solution.plan.target[k - 1] < solution.plan.target[k]));
        row_sum[i] += solution.plan.mass[k];
        column_sum[j] += solution.plan.mass[k];
    }
    const double total = std::accumulate(a.begin(), a.end(), 0.0);
    // Every unit between a flow and the root of the tree adds a rounding error to it.
    const double rounding = (1e-13 + 0x1p-52 * static_cast<double>(a.size() + b.size())) * total;
    for (std::size_t i = 0; i < a.size(); ++i) CHECK_NEAR(row_sum[i], a[i], rounding);
    for (std::size_t j = 0; j < b.size(); ++j) CHECK_NEAR(column_sum[j], b[j], rounding);
}

/// Proven by its potentials, whatever the order of its arcs: ships a and b, no arc is violated by more than
/// `tolerance`, none is slack that carries mass. Returns what it costs.
inline double check_proven(const Matrix& cost, const std::vector<double>& a, const std::vector<double>& b,
                           const mot::Plan& plan, const mot::Potentials& potentials, double tolerance) {
    const std::vector<double>& u = potentials.u;
    const std::vector<double>& v = potentials.v;
    CHECK(u.size() == a.size() && v.size() == b.size());
    for (std::size_t i = 0; i < u.size(); ++i)
        for (std::size_t j = 0; j < v.size(); ++j) CHECK(u[i] + v[j] <= cost(i, j) + tolerance);
    std::vector<double> row_sum(a.size(), 0.0), column_sum(b.size(), 0.0);
    double total_cost = 0;
    for (std::size_t k = 0; k < plan.mass.size(); ++k) {
        const std::size_t i = to_index(plan.source[k]);
        const std::size_t j = to_index(plan.target[k]);
        CHECK(plan.mass[k] > 0);
        CHECK_NEAR(u[i] + v[j], cost(i, j), tolerance);
        row_sum[i] += plan.mass[k];
        column_sum[j] += plan.mass[k];
        total_cost += plan.mass[k] * cost(i, j);
    }
    const double total = std::accumulate(a.begin(), a.end(), 0.0);
    // Every unit between a flow and the root of the tree adds a rounding error to it.
    const double rounding = (1e-13 + 0x1p-52 * static_cast<double>(a.size() + b.size())) * total;
    for (std::size_t i = 0; i < a.size(); ++i) CHECK_NEAR(row_sum[i], a[i], rounding);
    for (std::size_t j = 0; j < b.size(); ++j) CHECK_NEAR(column_sum[j], b[j], rounding);
    return total_cost;
}

/// Feasible, with dual potentials that prove it optimal: no arc violated, none slack that carries mass, no gap.
inline void check_optimal(const Matrix& cost, const std::vector<double>& a, const std::vector<double>& b,
                          const mot::Solution& solution, double tolerance) {
    CHECK(solution.status == mot::Status::optimal);
    check_feasible(a, b, solution);
    const std::vector<double>& u = solution.potentials.u;
    const std::vector<double>& v = solution.potentials.v;
    CHECK(u.size() == cost.n_rows && v.size() == cost.n_columns);
    for (std::size_t i = 0; i < u.size(); ++i)
        for (std::size_t j = 0; j < v.size(); ++j) CHECK(u[i] + v[j] <= cost(i, j) + tolerance);

    double primal = 0;
    for (std::size_t k = 0; k < solution.plan.mass.size(); ++k) {
        const std::size_t i = to_index(solution.plan.source[k]);
        const std::size_t j = to_index(solution.plan.target[k]);
        CHECK_NEAR(u[i] + v[j], cost(i, j), tolerance);
        primal += solution.plan.mass[k] * cost(i, j);
    }
    const double dual =
        std::inner_product(a.begin(), a.end(), u.begin(), std::inner_product(b.begin(), b.end(), v.begin(), 0.0));
    const double total = std::accumulate(a.begin(), a.end(), 0.0);
    CHECK_NEAR(primal, dual, tolerance * total);
    CHECK_NEAR(solution.cost, primal, tolerance * total);
    CHECK(solution.certificate.is_optimal());
}
