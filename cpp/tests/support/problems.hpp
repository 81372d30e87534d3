/// Random problems, drawn by a generator that is the same on every platform, and ways to solve them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <random>
#include <vector>

#include "mot/costs/given_cost.hpp"
#include "mot/solve/dense.hpp"
#include "mot/solve/solution.hpp"
#include "mot/types/masses.hpp"
#include "mot/types/views.hpp"
#include "oracles/transport.hpp"

using Random = std::mt19937;

/// All methods; one that does not fit a problem solves it by the simplex.
constexpr mot::Method all_methods[] = {mot::Method::automatic, mot::Method::simplex, mot::Method::assignment};

/// From low to high, both included.
inline int draw(Random& random, int low, int high) {
    return low + static_cast<int>(random() % static_cast<unsigned>(high - low + 1));
}
inline std::size_t draw_size(Random& random, std::size_t low, std::size_t high) {
    return low + random() % (high - low + 1);
}
inline double draw_real(Random& random, double low, double high) {
    return low + (high - low) * (static_cast<double>(random()) / 4294967296.0);
}

/// Costs 0, 1, .. highest: their sums are exact.
inline Matrix whole_costs(Random& random, std::size_t n_rows, std::size_t n_columns, int highest) {
    Matrix cost(n_rows, n_columns);
    for (double& value : cost.values) value = draw(random, 0, highest);
    return cost;
}

inline Matrix times(Matrix cost, double factor) {
    for (double& value : cost.values) value *= factor;
    return cost;
}
inline Matrix plus(Matrix cost, double shift) {
    for (double& value : cost.values) value += shift;
    return cost;
}

/// Each of the arcs stays with `percent` chance; the others cost infinity, which means that they are missing.
inline Matrix some_of(Random& random, Matrix cost, int percent) {
    for (double& value : cost.values)
        if (draw(random, 1, 100) > percent) value = infinity;
    return cost;
}

/// Products of ranks: all units want the same partners.
inline Matrix rank_products(Random& random, std::size_t n) {
    Matrix cost = whole_costs(random, n, n, 10);
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = 0; j < n; ++j) cost(i, j) += static_cast<double>(i * j);
    return cost;
}

struct WholeMasses {
    std::vector<long> a;
    std::vector<long> b;
};

/// As `mot::Masses::uniform` promises to count.
inline WholeMasses uniform_masses(std::size_t n_source, std::size_t n_target) {
    const std::size_t divisor = std::gcd(n_source, n_target);
    return {std::vector<long>(n_source, static_cast<long>(n_target / divisor)),
            std::vector<long>(n_target, static_cast<long>(n_source / divisor))};
}

/// Masses from `lowest` to `highest`; what one side is lighter by goes to a few of its units.
inline WholeMasses random_masses(Random& random, std::size_t n_source, std::size_t n_target, int lowest, int highest) {
    WholeMasses masses{std::vector<long>(n_source), std::vector<long>(n_target)};
    for (long& mass : masses.a) mass = draw(random, lowest, highest);
    for (long& mass : masses.b) mass = draw(random, lowest, highest);
    ++masses.a[draw_size(random, 0, n_source - 1)];  // the sum is positive
    long surplus =
        std::accumulate(masses.a.begin(), masses.a.end(), 0L) - std::accumulate(masses.b.begin(), masses.b.end(), 0L);
    while (surplus != 0) {
        const long share = surplus / 4 + (surplus > 0 ? surplus % 4 != 0 : -(surplus % 4 != 0));
        if (share > 0)
            masses.b[draw_size(random, 0, n_target - 1)] += share;
        else
            masses.a[draw_size(random, 0, n_source - 1)] -= share;
        surplus -= share;
    }
    return masses;
}

inline std::vector<double> to_real(const std::vector<long>& masses) {
    std::vector<double> result;
    for (const long mass : masses) result.push_back(static_cast<double>(mass));
    return result;
}

inline mot::Masses to_core(const WholeMasses& masses) {
    const std::vector<double> a = to_real(masses.a);
    const std::vector<double> b = to_real(masses.b);
    return mot::Masses::from_marginals(a.data(), static_cast<std::int64_t>(a.size()), b.data(),
                                       static_cast<std::int64_t>(b.size()));
}

/// Counted in whole numbers, whatever the unit: sums of masses are exact.
inline mot::Masses to_whole_core(const WholeMasses& masses) {
    mot::Masses core = to_core(masses);
    core.source = to_real(masses.a);
    core.target = to_real(masses.b);
    return core;
}

inline mot::MatrixView<double> view_of_cost(const Matrix& cost) {
    return {cost.values.data(), static_cast<std::int64_t>(cost.n_rows), static_cast<std::int64_t>(cost.n_columns)};
}

inline mot::GivenCost<double> as_given(const Matrix& cost) {
    return {view_of_cost(cost), cost.scale()};
}

/// All arcs of finite cost.
inline std::vector<mot::Arc> arcs_of(const Matrix& cost) {
    std::vector<mot::Arc> arcs;
    for (std::size_t i = 0; i < cost.n_rows; ++i)
        for (std::size_t j = 0; j < cost.n_columns; ++j)
            if (cost(i, j) < infinity)
                arcs.push_back({static_cast<mot::Node>(i), static_cast<mot::Node>(j), cost(i, j)});
    return arcs;
}

/// The finite costs of a matrix as compressed rows.
struct FiniteRows {
    std::vector<std::int64_t> starts{0};
    std::vector<mot::Node> columns;
    std::vector<double> costs;
    std::int64_t n_columns;

    explicit FiniteRows(const Matrix& cost) : n_columns(static_cast<std::int64_t>(cost.n_columns)) {
        for (std::size_t i = 0; i < cost.n_rows; ++i) {
            for (std::size_t j = 0; j < cost.n_columns; ++j) {
                if (!(cost(i, j) < infinity)) continue;
                columns.push_back(static_cast<mot::Node>(j));
                costs.push_back(cost(i, j));
            }
            starts.push_back(static_cast<std::int64_t>(columns.size()));
        }
    }
    mot::SparseView view() const {
        return {starts.data(), columns.data(), costs.data(), static_cast<std::int64_t>(starts.size()) - 1, n_columns};
    }
};

class NeverInterrupt : public mot::Interrupt {
public:
    bool requested() override { return false; }
};

/// Says stop at the n-th check and from then on; checks after every so many steps of work, or each time that it is told
/// of work.
class StopAt : public mot::Interrupt {
public:
    static constexpr int never = std::numeric_limits<int>::max();

    explicit StopAt(int n, std::int64_t work_between_checks = 1) : Interrupt(work_between_checks), n_(n) {}
    bool requested() override { return ++n_checks >= n_; }
    bool has_stopped() const { return n_checks >= n_; }
    int n_checks = 0;

private:
    int n_;
};

/// Calls `run(stop)` with stops that come later and later, until one is not reached.
template <class Run>
void test_stops(int step, Run run) {
    constexpr int most = 2000;
    for (int n = 1; n <= most; n += step) {
        StopAt stop(n);
        run(stop);
        if (!stop.has_stopped()) return;
    }
    CHECK(!"it ends");
}

/// An engine that is told to stop says so, and finds the optimum when it is called again.
template <class Engine>
void check_stopped_and_resumed(Engine& engine, StopAt& stop) {
    const mot::Status status = engine.optimize(stop);
    CHECK(status == (stop.has_stopped() ? mot::Status::interrupted : mot::Status::optimal));
    NeverInterrupt never;
    CHECK(engine.optimize(never) == mot::Status::optimal);
}

inline mot::Solution solve_matrix(const Matrix& cost, const mot::Masses& masses,
                                  mot::Method method = mot::Method::automatic) {
    NeverInterrupt interrupt;
    return mot::solve_dense(as_given(cost), masses, interrupt, method);
}
