/// Partial transport by slow, obvious methods: the curve of least cost against mass by shortest residual paths, one
/// mass as a transport of all mass with spare units, small assignments by trying all of them; and a check of the core's
/// answers by the dual problem. They take the core's types, and share no code with it.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

#include "mot/solve/solution.hpp"
#include "oracles/transport.hpp"
#include "support/check.hpp"

/// A partial transport of whole-numbered masses; infinite costs are missing arcs.
struct PartialCase {
    Matrix cost;
    std::vector<long> a;
    std::vector<long> b;
    std::vector<double> kept_a;  ///< paid for every unit of mass that a source keeps
    std::vector<double> kept_b;  ///< paid for every unit of mass that a target goes without

    PartialCase(Matrix cost_, std::vector<long> a_, std::vector<long> b_)
        : cost(std::move(cost_)),
          a(std::move(a_)),
          b(std::move(b_)),
          kept_a(cost.n_rows, 0.0),
          kept_b(cost.n_columns, 0.0) {}

    long sum_a() const { return std::accumulate(a.begin(), a.end(), 0L); }
    long sum_b() const { return std::accumulate(b.begin(), b.end(), 0L); }
    long most() const { return std::min(sum_a(), sum_b()); }
    /// What it costs to carry nothing.
    double cost_of_nothing() const {
        double total = 0;
        for (std::size_t i = 0; i < a.size(); ++i) total += static_cast<double>(a[i]) * kept_a[i];
        for (std::size_t j = 0; j < b.size(); ++j) total += static_cast<double>(b[j]) * kept_b[j];
        return total;
    }
};

/// The least cost of every mass, what is paid for mass left behind included.
struct SlowCurve {
    struct Piece {
        long mass;     ///< at its end
        double price;  ///< of each of its units of mass
    };
    double of_nothing = 0;
    std::vector<Piece> pieces;
    std::vector<double> first_of_source, all_of_source, first_of_target, all_of_target;  ///< infinite at first

    long end() const { return pieces.empty() ? 0 : pieces.back().mass; }
    /// Infinite where so much mass cannot be carried.
    double cost(double mass) const {
        double total = of_nothing, before = 0;
        for (const Piece& piece : pieces) {
            const auto here = static_cast<double>(piece.mass);
            total += (std::min(mass, here) - before) * piece.price;
            if (mass <= here) return total;
            before = here;
        }
        return mass > before ? infinity : total;
    }
    long mass_below(double price) const {
        long mass = 0;
        for (const Piece& piece : pieces)
            if (piece.price < price) mass = piece.mass;
        return mass;
    }
};

/// A shortest path (Bellman and Ford) in the residual graph, from any source that has mass left to the nearest target
/// that lacks some.
class ResidualPath {
public:
    static constexpr std::size_t none = std::numeric_limits<std::size_t>::max();

    ResidualPath(const Matrix& cost, const std::vector<long>& flow, const std::vector<long>& supply,
                 const std::vector<long>& demand)
        : m_(cost.n_columns),
          flow_(flow),
          to_source_(cost.n_rows, infinity),
          to_target_(m_, infinity),
          before_source_(cost.n_rows, none),
          before_target_(m_, none) {
        for (std::size_t i = 0; i < cost.n_rows; ++i)
            if (supply[i] > 0) to_source_[i] = 0;
        for (bool has_changed = true; has_changed;) {
            has_changed = false;
            for (std::size_t i = 0; i < cost.n_rows; ++i)
                for (std::size_t j = 0; j < m_; ++j) has_changed |= relax(i, j, cost(i, j));
        }
        for (std::size_t j = 0; j < m_; ++j)
            if (demand[j] > 0 && to_target_[j] < (end == none ? infinity : to_target_[end])) end = j;
        if (end == none) return;
        length = to_target_[end];
        for (start = before_target_[end]; before_source_[start] != none;) start = before_target_[before_source_[start]];
        mass = std::min(supply[start], demand[end]);
        for (std::size_t j = end; j != none; j = before_source_[before_target_[j]])
            if (const std::size_t back = before_source_[before_target_[j]]; back != none)
                mass = std::min(mass, flow[before_target_[j] * m_ + back]);
    }

    void push(std::vector<long>& flow) const {
        for (std::size_t j = end; j != none; j = before_source_[before_target_[j]]) {
            const std::size_t i = before_target_[j];
            flow[i * m_ + j] += mass;
            if (before_source_[i] != none) flow[i * m_ + before_source_[i]] -= mass;
        }
    }

    std::size_t start = none, end = none;  ///< no target where no path is left
    double length = 0;
    long mass = 0;

private:
    bool relax(std::size_t i, std::size_t j, double cost) {
        bool has_changed = false;
        if (to_source_[i] + cost < to_target_[j]) {
            to_target_[j] = to_source_[i] + cost;
            before_target_[j] = i;
            has_changed = true;
        }
        if (flow_[i * m_ + j] > 0 && to_target_[j] - cost < to_source_[i]) {
            to_source_[i] = to_target_[j] - cost;
            before_source_[i] = j;
            has_changed = true;
        }
        return has_changed;
    }

    std::size_t m_;
    const std::vector<long>& flow_;
    std::vector<double> to_source_, to_target_;
    std::vector<std::size_t> before_source_, before_target_;
};

/// Exact where sums of costs are.
inline SlowCurve curve_by_shortest_paths(const PartialCase& given) {
    const std::size_t n = given.a.size(), m = given.b.size();
    Matrix cost = given.cost;
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = 0; j < m; ++j) cost(i, j) -= given.kept_a[i] + given.kept_b[j];
    SlowCurve curve;
    curve.of_nothing = given.cost_of_nothing();
    curve.first_of_source.assign(n, infinity);
    curve.all_of_source.assign(n, infinity);
    curve.first_of_target.assign(m, infinity);
    curve.all_of_target.assign(m, infinity);
    std::vector<long> flow(n * m, 0), supply = given.a, demand = given.b;
    while (true) {
        const ResidualPath path(cost, flow, supply, demand);
        if (path.end == ResidualPath::none) return curve;
        path.push(flow);
        supply[path.start] -= path.mass;
        demand[path.end] -= path.mass;
        const auto enter = [&](double& first, double& all, long left) {
            first = std::min(first, path.length);
            if (left == 0) all = path.length;
        };
        enter(curve.first_of_source[path.start], curve.all_of_source[path.start], supply[path.start]);
        enter(curve.first_of_target[path.end], curve.all_of_target[path.end], demand[path.end]);
        const long before = curve.end();
        if (!curve.pieces.empty()) CHECK(path.length >= curve.pieces.back().price);
        if (curve.pieces.empty() || curve.pieces.back().price < path.length) curve.pieces.push_back({0, path.length});
        curve.pieces.back().mass = before + path.mass;
    }
}

/// The least cost of one mass: a spare source brings what targets go without, a spare target takes what sources keep.
inline double cost_with_spares(const PartialCase& given, long mass) {
    const std::size_t n = given.a.size(), m = given.b.size();
    Matrix cost(n + 1, m + 1, infinity);
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = 0; j < m; ++j) cost(i, j) = given.cost(i, j);
    for (std::size_t i = 0; i < n; ++i) cost(i, m) = given.kept_a[i];
    for (std::size_t j = 0; j < m; ++j) cost(n, j) = given.kept_b[j];
    std::vector<long> supply = given.a, demand = given.b;
    supply.push_back(given.sum_b() - mass);
    demand.push_back(given.sum_a() - mass);
    return transport_by_shortest_paths(cost, supply, demand);
}

/// The least cost of matching 0, 1, 2 .. pairs of rows and columns, by trying all of them; infinite where there are no
/// so many.
inline std::vector<long double> matchings_by_subsets(const Matrix& cost) {
    std::vector<long double> least(std::min(cost.n_rows, cost.n_columns) + 1, infinity);
    std::vector<char> is_taken(cost.n_columns, 0);
    const auto extend = [&](auto&& self, std::size_t row, std::size_t n_pairs, long double total) -> void {
        if (row == cost.n_rows) {
            least[n_pairs] = std::min(least[n_pairs], total);
            return;
        }
        self(self, row + 1, n_pairs, total);
        for (std::size_t j = 0; j < cost.n_columns; ++j) {
            if (is_taken[j] || cost(row, j) == infinity) continue;
            is_taken[j] = 1;
            self(self, row + 1, n_pairs + 1, total + cost(row, j));
            is_taken[j] = 0;
        }
    };
    extend(extend, 0, 0, 0.0L);
    return least;
}

/// A partial transport as the core was given it.
struct PartialData {
    const Matrix& cost;
    const std::vector<double>& a;
    const std::vector<double>& b;
    const std::vector<double>& kept_a;
    const std::vector<double>& kept_b;
};

/// Carries and leaves behind all mass there is, on no more arcs than a tree has, and its potentials prove that it is
/// optimal: no arc is violated by more than `tolerance`, none is slack that carries mass, and no unit's potential is
/// off what it pays where it leaves mass behind. Returns the mass that is carried.
inline double check_partial(const PartialData& given, const mot::Solution& solution, double tolerance) {
    const std::size_t n = given.a.size(), m = given.b.size();
    CHECK(solution.status == mot::Status::optimal);
    CHECK(solution.certificate.is_optimal());
    const mot::Plan& plan = solution.plan;
    const std::vector<double>& u = solution.potentials.u;
    const std::vector<double>& v = solution.potentials.v;
    CHECK(plan.source.size() == plan.mass.size() && plan.target.size() == plan.mass.size());
    CHECK(plan.mass.size() <= n + m && u.size() == n && v.size() == m);
    CHECK(solution.left_at_source.size() == n && solution.left_at_target.size() == m);
    std::vector<long double> row_sum(solution.left_at_source.begin(), solution.left_at_source.end());
    std::vector<long double> column_sum(solution.left_at_target.begin(), solution.left_at_target.end());
    long double carried = 0, cost = 0, scale = 0;
    for (std::size_t k = 0; k < plan.mass.size(); ++k) {
        const std::size_t i = to_index(plan.source[k]), j = to_index(plan.target[k]);
        CHECK(i < n && j < m && plan.mass[k] > 0);
        if (k > 0)
            CHECK(std::make_pair(plan.source[k - 1], plan.target[k - 1]) <
                  std::make_pair(plan.source[k], plan.target[k]));
        CHECK_NEAR(u[i] + v[j] + solution.price, given.cost(i, j), tolerance);
        row_sum[i] += plan.mass[k];
        column_sum[j] += plan.mass[k];
        carried += plan.mass[k];
        cost += static_cast<long double>(plan.mass[k]) * given.cost(i, j);
        scale += static_cast<long double>(plan.mass[k]) * std::abs(given.cost(i, j));
    }
    CHECK_NEAR(solution.cost, static_cast<double>(cost), 1e-13 * static_cast<double>(scale) + 1e-320);
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = 0; j < m; ++j) CHECK(u[i] + v[j] + solution.price <= given.cost(i, j) + tolerance);
    const auto check_side = [&](const std::vector<double>& masses, const std::vector<long double>& sums,
                                const std::vector<double>& left, const std::vector<double>& potentials,
                                const std::vector<double>& kept) {
        const double rounding = 1e-13 * std::accumulate(masses.begin(), masses.end(), 0.0);
        for (std::size_t x = 0; x < masses.size(); ++x) {
            CHECK_NEAR(static_cast<double>(sums[x]), masses[x], rounding);
            CHECK(left[x] >= 0 && potentials[x] <= kept[x] + tolerance);
            if (left[x] > rounding) CHECK_NEAR(potentials[x], kept[x], tolerance);
        }
    };
    check_side(given.a, row_sum, solution.left_at_source, u, given.kept_a);
    check_side(given.b, column_sum, solution.left_at_target, v, given.kept_b);
    return static_cast<double>(carried);
}
