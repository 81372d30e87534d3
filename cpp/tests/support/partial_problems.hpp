/// Random partial transports, and ways to solve them: as a matrix of either precision, or on listed arcs.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "mot/costs/given_cost.hpp"
#include "mot/costs/sparse_cost.hpp"
#include "mot/solve/partial.hpp"
#include "oracles/partial_transport.hpp"
#include "support/check.hpp"
#include "support/cost_families.hpp"
#include "support/problems.hpp"

enum class MassFamily {
    ones,
    levelled,  ///< uniform, of equal sums
    few,       ///< 1 to 5, of sums that differ
    balanced,  ///< 0 to 3, of equal sums
    zeros,     ///< many units without mass
    decades,   ///< from one to ten million
    lopsided,  ///< one side is a thousand times heavier
};
constexpr MassFamily all_mass_families[] = {MassFamily::ones,    MassFamily::levelled, MassFamily::few,
                                            MassFamily::zeros,   MassFamily::balanced, MassFamily::decades,
                                            MassFamily::lopsided};

inline const char* name_of(MassFamily family) {
    constexpr const char* names[] = {"ones", "levelled", "few", "balanced", "zeros", "decades", "lopsided"};
    return names[static_cast<std::size_t>(family)];
}

inline WholeMasses draw_masses(Random& random, MassFamily family, std::size_t n, std::size_t m) {
    if (family == MassFamily::levelled) return uniform_masses(n, m);
    if (family == MassFamily::balanced) return random_masses(random, n, m, 0, 3);
    WholeMasses masses{std::vector<long>(n), std::vector<long>(m)};
    const auto draw_side = [&](std::vector<long>& side, long factor) {
        for (long& mass : side) {
            if (family == MassFamily::ones) mass = 1;
            if (family == MassFamily::few) mass = draw(random, 1, 5);
            if (family == MassFamily::zeros) mass = std::max(0, draw(random, -3, 2));
            if (family == MassFamily::decades) mass = static_cast<long>(std::pow(10.0, draw(random, 0, 7)));
            if (family == MassFamily::lopsided) mass = factor * draw(random, 1, 3);
        }
        side[draw_size(random, 0, side.size() - 1)] += family == MassFamily::zeros;  // the sum is positive
    };
    const bool is_source_heavy = draw(random, 0, 1) == 1;
    draw_side(masses.a, is_source_heavy ? 1000 : 1);
    draw_side(masses.b, is_source_heavy ? 1 : 1000);
    return masses;
}

enum class KeptFamily {
    none,
    shared,    ///< half of one price for every unit
    sides,     ///< one for all sources, another one for all targets
    units,     ///< one for each unit
    negative,  ///< leaving mass behind is paid
    dear,      ///< above all costs
};
constexpr KeptFamily all_kept_families[] = {KeptFamily::none,  KeptFamily::shared,   KeptFamily::sides,
                                            KeptFamily::units, KeptFamily::negative, KeptFamily::dear};

inline const char* name_of(KeptFamily family) {
    constexpr const char* names[] = {"none", "shared", "sides", "units", "negative", "dear"};
    return names[static_cast<std::size_t>(family)];
}

/// The nearest whole multiple of 2^-20: sums are exact.
inline double on_grid(double value) {
    return std::ldexp(std::round(std::ldexp(value, 20)), -20);
}
inline Matrix on_grid(Matrix cost) {
    for (double& value : cost.values) value = on_grid(value);
    return cost;
}

/// Of about the size of the costs; whole multiples of 2^-20.
inline void draw_kept(Random& random, KeptFamily family, PartialCase& given) {
    if (family == KeptFamily::none) return;
    const double scale = given.cost.scale();
    const auto draw_price = [&] {
        const double share = draw_real(random, 0.0, 0.7);
        if (family == KeptFamily::dear) return on_grid(4 * scale + share * scale + 1);
        return on_grid((family == KeptFamily::negative ? -share : share) * scale);
    };
    const double of_all = draw_price(), of_targets = draw_price();
    for (double& price : given.kept_a)
        price = family == KeptFamily::shared || family == KeptFamily::sides ? of_all : draw_price();
    for (double& price : given.kept_b)
        price = family == KeptFamily::shared ? of_all : family == KeptFamily::sides ? of_targets : draw_price();
}

enum class CostKind { matrix, single_precision, listed };

inline const char* name_of(CostKind kind) {
    constexpr const char* names[] = {"matrix", "single precision", "listed"};
    return names[static_cast<std::size_t>(kind)];
}

/// Masses and prices in the caller's unit.
struct CallerCase {
    Matrix cost;
    std::vector<double> a, b, kept_a, kept_b;

    explicit CallerCase(const PartialCase& given, double unit = 1.0)
        : cost(given.cost), a(to_real(given.a)), b(to_real(given.b)), kept_a(given.kept_a), kept_b(given.kept_b) {
        for (std::vector<double>* side : {&a, &b})
            for (double& mass : *side) mass *= unit;
    }
    CallerCase(Matrix cost_, std::vector<double> a_, std::vector<double> b_)
        : cost(std::move(cost_)),
          a(std::move(a_)),
          b(std::move(b_)),
          kept_a(cost.n_rows, 0.0),
          kept_b(cost.n_columns, 0.0) {}

    PartialData data() const { return {cost, a, b, kept_a, kept_b}; }
    double most() const {
        return std::min(std::accumulate(a.begin(), a.end(), 0.0), std::accumulate(b.begin(), b.end(), 0.0));
    }
    double total() const {
        return std::max(std::accumulate(a.begin(), a.end(), 0.0), std::accumulate(b.begin(), b.end(), 0.0));
    }
    /// The largest magnitude of a cost or price.
    double scale() const {
        double largest = cost.scale();
        for (const std::vector<double>* side : {&kept_a, &kept_b})
            for (const double price : *side) largest = std::max(largest, std::abs(price));
        return largest;
    }
    mot::PartialProblem problem() const {
        mot::PartialProblem problem = mot::partial_problem(a.data(), static_cast<std::int64_t>(a.size()), b.data(),
                                                           static_cast<std::int64_t>(b.size()));
        problem.kept = {kept_a, kept_b};
        return problem;
    }
    /// What the solution costs, mass left behind included.
    double value(const mot::Solution& solution) const {
        double total = solution.cost;
        for (std::size_t i = 0; i < a.size(); ++i) total += kept_a[i] * solution.left_at_source[i];
        for (std::size_t j = 0; j < b.size(); ++j) total += kept_b[j] * solution.left_at_target[j];
        return total;
    }
};

inline std::vector<mot::Solution> solve_case(const CallerCase& given, CostKind kind,
                                             const std::vector<mot::PartialGoal>& goals, mot::Interrupt& interrupt,
                                             mot::PartialCurve* curve = nullptr,
                                             std::int64_t most_work = mot::ordinary_work) {
    const mot::PartialProblem problem = given.problem();
    if (kind == CostKind::listed) {
        const FiniteRows rows(given.cost);
        return mot::solve_partial(mot::SparseCost(rows.view()), problem, goals, interrupt, curve);
    }
    if (kind == CostKind::matrix)
        return mot::solve_partial(as_given(given.cost), problem, goals, interrupt, curve, most_work);
    const std::vector<float> values(given.cost.values.begin(), given.cost.values.end());
    const mot::MatrixView<double> view = view_of_cost(given.cost);
    const mot::GivenCost<float> cost({values.data(), view.n_rows, view.n_columns}, given.cost.scale());
    return mot::solve_partial(cost, problem, goals, interrupt, curve, most_work);
}

inline std::vector<mot::Solution> solve_case(const CallerCase& given, CostKind kind,
                                             const std::vector<mot::PartialGoal>& goals,
                                             mot::PartialCurve* curve = nullptr) {
    NeverInterrupt never;
    return solve_case(given, kind, goals, never, curve);
}

/// One plan, by a full transport with spare units from the first pivot on.
inline mot::Solution solve_without_walk(const CallerCase& given, CostKind kind, const mot::PartialGoal& goal) {
    NeverInterrupt never;
    return solve_case(given, kind, {goal}, never, nullptr, 0).front();
}

inline mot::PartialGoal of_mass(double mass) {
    return {mass, std::numeric_limits<double>::infinity()};
}
inline mot::PartialGoal of_price(double price) {
    return {std::numeric_limits<double>::infinity(), price};
}

/// The kinds of cost that can hold these without rounding.
inline std::vector<CostKind> kinds_of(const Matrix& cost) {
    const auto is_any = [&](auto holds) { return std::any_of(cost.values.begin(), cost.values.end(), holds); };
    if (is_any([](double value) { return value == infinity; })) return {CostKind::listed};
    if (is_any([](double value) { return static_cast<double>(static_cast<float>(value)) != value; }))
        return {CostKind::matrix, CostKind::listed};
    return {CostKind::matrix, CostKind::single_precision, CostKind::listed};
}
