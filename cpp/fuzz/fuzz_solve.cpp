/// Turns bytes into problems: every solve ends in an answer that a separate check proves optimal, or interrupted if
/// told.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "bytes.hpp"
#include "mot/costs/correlation_cost.hpp"
#include "mot/costs/given_cost.hpp"
#include "mot/costs/screened_cost.hpp"
#include "mot/costs/sparse_cost.hpp"
#include "mot/solve/dense.hpp"
#include "mot/solve/finish.hpp"
#include "mot/solve/low_dimensional.hpp"
#include "mot/solve/magnification.hpp"
#include "mot/solve/many.hpp"
#include "mot/solve/points.hpp"
#include "mot/solve/sparse.hpp"
#include "mot/solve/warm_start.hpp"
#include "oracles/layers.hpp"
#include "oracles/transport.hpp"
#include "problems.hpp"
#include "support/check.hpp"
#include "support/problems.hpp"

namespace {

using mot::Method;
using mot::Solution;
using mot::Status;

mot::Masses masses_of(const Marginals& marginals) {
    const auto n = static_cast<std::int64_t>(marginals.a.size());
    const auto m = static_cast<std::int64_t>(marginals.b.size());
    return marginals.is_uniform ? mot::Masses::uniform(n, m)
                                : mot::Masses::from_marginals(marginals.a.data(), n, marginals.b.data(), m);
}

bool has_empty_unit(const Marginals& marginals) {
    const auto has_zero = [](const std::vector<double>& masses) {
        return std::find(masses.begin(), masses.end(), 0.0) != masses.end();
    };
    return has_zero(marginals.a) || has_zero(marginals.b);
}

/// The masses of the target, scaled to the sum of the source's.
std::vector<double> levelled(const Marginals& marginals) {
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

/// Answers on given costs are optimal to rounding, whatever costs they do not need.
template <class Real>
void solve_and_check(Bytes& bytes, const mot::GivenCost<Real>& core_cost, const Matrix& cost,
                     const Marginals& marginals) {
    const double total = sum_of(marginals.a);
    double allowed = 0;
    const auto check = [&](const Solution& solution) {
        CHECK(solution.status == Status::optimal && solution.certificate.is_optimal());
        check_feasible(marginals.a, levelled(marginals), solution);
        const Proof proof(cost, marginals, solution);
        CHECK(proof.gap <= proof.allowed(total));
        allowed = std::max(allowed, proof.allowed(total));
        return true;
    };
    const mot::Masses masses = masses_of(marginals);
    const std::vector<double> costs = solve_by_all_methods(bytes, core_cost, masses, check);
    for (const double found : costs) CHECK_NEAR(found, costs.front(), 2 * allowed);
    if (costs.empty() || !bytes.is_one_in(2)) return;
    NeverInterrupt never;
    const mot::Potentials optimal = mot::solve_dense(core_cost, masses, never).potentials;
    solve_from_potentials(bytes, core_cost, masses, draw_start(bytes, optimal, cost.scale()),
                          [&](const Solution& solution) {
                              check(solution);
                              CHECK_NEAR(solution.cost, costs.front(), 2 * allowed);
                          });
}

/// The most by which a searched cost and the exact one differ.
template <class Cost>
double largest_margin(const Cost& cost) {
    double of_rows = 0, of_columns = 0;
    for (std::int64_t i = 0; i < cost.n_rows(); ++i) of_rows = std::max(of_rows, cost.row_margin(i));
    for (std::int64_t j = 0; j < cost.n_columns(); ++j) of_columns = std::max(of_columns, cost.column_margin(j));
    return of_rows + of_columns;
}

/// Answers on correlations are optimal within `tolerance` by the costs of the definition, and to rounding by the exact
/// costs of the core.
template <class Cost>
void solve_correlations_and_check(Bytes& bytes, const Cost& core_cost, const Matrix& cost, const Marginals& marginals) {
    constexpr double tolerance = 1e-6;
    const auto check = [&](const Solution& solution) {
        if (solution.status == Status::undecided) {
            CHECK(static_cast<std::int64_t>(cost.values.size()) > core_cost.most_within_margin());
            return false;
        }
        check_optimal(cost, marginals.a, levelled(marginals), solution, tolerance);
        // Units without mass have potentials of the searched costs.
        const double rounding =
            1e-12 * core_cost.scale() + (has_empty_unit(marginals) ? largest_margin(core_cost) : 0.0);
        CHECK(solution.certificate.dual_violation <= rounding && solution.certificate.slackness <= rounding);
        return true;
    };
    const mot::Masses masses = masses_of(marginals);
    const std::vector<double> costs = solve_by_all_methods(bytes, core_cost, masses, check);
    const double total = sum_of(marginals.a);
    for (const double found : costs) CHECK_NEAR(found, costs.front(), 1e-12 * core_cost.scale() * total);
    if (costs.empty() || !bytes.is_one_in(2)) return;
    NeverInterrupt never;
    const mot::Potentials optimal = mot::solve_dense(core_cost, masses, never).potentials;
    solve_from_potentials(bytes, core_cost, masses, draw_start(bytes, optimal, core_cost.scale()), check);
}

/// A plan leaves out masses that are rounding beside the others; where it has no arc, there is no plan on listed arcs.
bool has_negligible_mass(const Marginals& marginals) {
    const double least = 1e-9 * sum_of(marginals.a);
    const auto has_any = [&](const std::vector<double>& masses) {
        return std::any_of(masses.begin(), masses.end(), [&](double mass) { return mass > 0 && mass < least; });
    };
    return has_any(marginals.a) || has_any(marginals.b);
}

/// Only the arcs of an optimal plan and some others are listed: the cost stays what it is.
void test_listed_arcs(Bytes& bytes, const Matrix& cost, const Marginals& marginals) {
    const mot::Masses masses = masses_of(marginals);
    NeverInterrupt interrupt;
    const Solution dense = mot::solve_dense(mot::GivenCost<double>(view_of_cost(cost), cost.scale()), masses, interrupt,
                                            Method::automatic);
    Matrix listed(cost.n_rows, cost.n_columns, infinity);
    for (std::size_t k = 0; k < dense.plan.mass.size(); ++k)
        listed(to_index(dense.plan.source[k]), to_index(dense.plan.target[k])) = 0.0;
    const std::size_t one_in = bytes.size_between(1, 8);
    for (std::size_t k = 0; k < listed.values.size(); ++k)
        if (listed.values[k] < infinity || bytes.is_one_in(one_in)) listed.values[k] = cost.values[k];
    const FiniteRows rows(listed);
    const mot::SparseCost sparse(rows.view());
    const Solution solution = mot::solve_sparse(sparse, masses, interrupt);
    CHECK(solution.status == Status::optimal);
    check_feasible(marginals.a, levelled(marginals), solution);
    const Proof proof(listed, marginals, solution);
    const double allowed = proof.allowed(sum_of(marginals.a));
    CHECK(proof.gap <= allowed);
    CHECK_NEAR(solution.cost, dense.cost, 2 * allowed + 1e-9 * static_cast<double>(proof.scale));
}

std::string name_of(const char* kind, Shape shape) {
    return std::string(kind) + " " + std::to_string(shape.n) + " x " + std::to_string(shape.m);
}

void normalize(std::vector<double>& masses) {
    const double total = sum_of(masses);
    for (double& mass : masses) mass /= total;
}

void test_given_costs(Bytes& bytes) {
    const Shape shape = draw_shape(bytes);
    case_name = name_of("given", shape);
    Matrix cost = draw_cost(bytes, shape);
    const bool is_single = bytes.is_one_in(3) && cost.scale() < std::numeric_limits<float>::max();
    Marginals marginals = draw_marginals(bytes, shape);
    const double total = cost.scale() * sum_of(marginals.a);
    if (!(total >= smallest_total && total <= largest_total))
        for (std::vector<double>* side : {&marginals.a, &marginals.b}) normalize(*side);

    if (is_single) {
        const std::vector<float> values(cost.values.begin(), cost.values.end());
        cost.values.assign(values.begin(), values.end());
        const mot::MatrixView<double> view = view_of_cost(cost);
        const mot::GivenCost<float> given({values.data(), view.n_rows, view.n_columns}, cost.scale());
        solve_and_check(bytes, given, cost, marginals);
    } else {
        const mot::GivenCost<double> given(view_of_cost(cost), cost.scale());
        solve_and_check(bytes, given, cost, marginals);
        if (bytes.is_one_in(4) && !has_negligible_mass(marginals)) test_listed_arcs(bytes, cost, marginals);
    }
}

/// Problems in one call have the answers of calls of their own, up to the first that has none.
void test_many(Bytes& bytes) {
    class Silence : public mot::Progress {
        bool report(std::int64_t) noexcept override { return true; }
    };
    const std::size_t n_problems = bytes.size_between(1, 5);
    case_name = std::to_string(n_problems) + " problems";
    std::vector<Matrix> costs;
    std::vector<Marginals> marginals;
    for (std::size_t p = 0; p < n_problems; ++p) {
        const Shape shape = draw_shape(bytes);
        costs.push_back(draw_cost(bytes, shape));
        marginals.push_back(draw_marginals(bytes, shape));
        for (std::vector<double>* side : {&marginals[p].a, &marginals[p].b}) normalize(*side);
        if (bytes.is_one_in(16)) costs[p].values[bytes.pick(costs[p].values.size())] = bytes.take<double>();
    }
    std::vector<mot::GivenTransport> given;
    for (std::size_t p = 0; p < n_problems; ++p)
        given.push_back({view_of_cost(costs[p]), marginals[p].a.data(), marginals[p].b.data()});
    Silence silence;
    const mot::Workers workers(static_cast<int>(bytes.size_between(1, 3)));
    const std::vector<Solution> solutions = mot::solve_many(given, workers, silence);
    for (std::size_t p = 0; p < n_problems; ++p) {
        const std::vector<double>& values = costs[p].values;
        if (!std::all_of(values.begin(), values.end(), [](double cost) { return std::abs(cost) <= largest_cost; })) {
            CHECK(solutions[p].status == Status::not_proven && solutions[p].plan.mass.empty());
            return;
        }
        const auto n = static_cast<std::int64_t>(marginals[p].a.size());
        const auto m = static_cast<std::int64_t>(marginals[p].b.size());
        NeverInterrupt interrupt;
        const Solution alone =
            mot::solve_dense(as_given(costs[p]), mot::Masses::from_marginals(given[p].a, n, given[p].b, m), interrupt);
        CHECK(solutions[p].status == alone.status);
        if (alone.status != Status::optimal) return;
        CHECK(solutions[p].cost == alone.cost);
        CHECK(solutions[p].plan.target == alone.plan.target && solutions[p].potentials.u == alone.potentials.u);
    }
}

/// Deviations from the mean over their norm, unit by unit; zeros for a constant unit.
std::vector<long double> standardized(const std::vector<float>& activations, std::size_t n_units) {
    const std::size_t n_stimuli = activations.size() / n_units;
    std::vector<long double> values(activations.size());
    for (std::size_t unit = 0; unit < n_units; ++unit) {
        long double mean = 0;
        for (std::size_t t = 0; t < n_stimuli; ++t) mean += activations[t * n_units + unit];
        mean /= static_cast<long double>(n_stimuli);
        long double squares = 0;
        bool is_constant = true;
        for (std::size_t t = 0; t < n_stimuli; ++t) {
            const long double deviation = activations[t * n_units + unit] - mean;
            values[unit * n_stimuli + t] = deviation;
            squares += deviation * deviation;
            is_constant = is_constant && activations[t * n_units + unit] == activations[unit];
        }
        for (std::size_t t = 0; t < n_stimuli; ++t)
            values[unit * n_stimuli + t] = is_constant ? 0 : values[unit * n_stimuli + t] / std::sqrt(squares);
    }
    return values;
}

Matrix correlation_cost(const std::vector<float>& x, const std::vector<float>& y, Shape shape) {
    const std::size_t n_stimuli = x.size() / shape.n;
    const std::vector<long double> source = standardized(x, shape.n);
    const std::vector<long double> target = standardized(y, shape.m);
    Matrix cost(shape.n, shape.m);
    for (std::size_t i = 0; i < shape.n; ++i)
        for (std::size_t j = 0; j < shape.m; ++j) {
            long double correlation = 0;
            for (std::size_t t = 0; t < n_stimuli; ++t)
                correlation += source[i * n_stimuli + t] * target[j * n_stimuli + t];
            cost(i, j) = static_cast<double>(1 - correlation);
        }
    return cost;
}

mot::StandardizedLayer standardize(const std::vector<float>& activations, std::size_t n_units,
                                   const mot::IntegerProducts* products) {
    const auto n = static_cast<std::int64_t>(n_units);
    const auto n_stimuli = static_cast<std::int64_t>(activations.size() / n_units);
    const mot::ActivationsView<float> view{activations.data(), n_stimuli, n, n, 1, nullptr};
    return mot::StandardizedLayer(view, nullptr, products);
}

/// One of the versions that this processor runs.
const mot::IntegerProducts* draw_products(Bytes& bytes) {
    const mot::IntegerProducts* const* const versions = mot::available_integer_products();
    std::size_t n = 0;
    while (versions[n]) ++n;
    return versions[bytes.pick(n)];
}

/// Searched costs are screened by integers, or of single or double precision.
void test_correlations(Bytes& bytes) {
    const Shape shape = draw_shape(bytes);
    case_name = name_of("correlations", shape);
    const std::size_t n_stimuli = bytes.size_between(3, bytes.is_one_in(4) ? 200 : 20);
    const std::vector<float> x = draw_activations(bytes, n_stimuli, shape.n);
    const std::vector<float> y =
        bytes.is_one_in(4) && shape.n == shape.m ? x : draw_activations(bytes, n_stimuli, shape.m);
    const mot::IntegerProducts* const products = draw_products(bytes);
    const mot::StandardizedLayer source = standardize(x, shape.n, products);
    const mot::StandardizedLayer target = standardize(y, shape.m, products);
    NeverInterrupt interrupt;
    // Costs that may not be stored are computed anew for every search, by as many panels at once as there are workers.
    const std::int64_t most_stored = bytes.is_one_in(3) ? 0 : 1 << 20;
    const int n_workers = static_cast<int>(bytes.size_between(1, 3));
    const auto one_by_one = [](int n, const std::function<void(int)>& work) {
        for (int k = 0; k < n; ++k) work(k);
    };
    mot::Workspace workspace{naive_sgemm, most_stored, mot::Workers(n_workers, one_by_one)};
    const Matrix expected = correlation_cost(x, y, shape);
    const Marginals marginals = draw_marginals(bytes, shape);
    const std::size_t kind = bytes.pick(4);
    if (kind == 0)
        solve_correlations_and_check(bytes, mot::CorrelationCost<float>(source, target, workspace, interrupt), expected,
                                     marginals);
    else if (kind == 1)
        solve_correlations_and_check(bytes, mot::CorrelationCost<double>(source, target, workspace, interrupt),
                                     expected, marginals);
    else
        solve_correlations_and_check(bytes, mot::ScreenedCost(source, target, workspace, interrupt), expected,
                                     marginals);
}

/// Coordinates of about one at most, some of them on a grid, copies, or far from the others.
Matrix draw_points(Bytes& bytes, std::size_t n, std::size_t n_dimensions) {
    Matrix points(n, n_dimensions);
    const std::size_t family = bytes.pick(5);
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t k = 0; k < n_dimensions; ++k) {
            double& x = points(i, k);
            if (family == 0) x = bytes.wild(1.0);
            if (family == 1) x = static_cast<double>(bytes.pick(3)) / 4;
            if (family == 2) x = bytes.is_one_in(4) ? 1.0 : std::ldexp(static_cast<double>(bytes.pick(256)), -30);
            if (family > 2) x = static_cast<double>(bytes.take<std::int16_t>()) / 32768;
        }
    return points;
}

/// Costs of points are computed, in single or double precision, or boxes of points searched.
void test_points(Bytes& bytes) {
    const Shape shape = draw_shape(bytes);
    case_name = name_of("points", shape);
    const std::size_t n_dimensions = bytes.is_one_in(3) ? bytes.size_between(9, 20) : bytes.size_between(1, 4);
    const Matrix x = draw_points(bytes, shape.n, n_dimensions);
    const Matrix y = bytes.is_one_in(4) && shape.n == shape.m ? x : draw_points(bytes, shape.m, n_dimensions);
    constexpr mot::Metric metrics[] = {mot::Metric::squared_euclidean, mot::Metric::euclidean, mot::Metric::cityblock,
                                       mot::Metric::product};
    const mot::PointPair points{view_of_cost(x), view_of_cost(y), metrics[bytes.pick(4)],
                                static_cast<double>(bytes.pick(2))};
    Matrix cost(shape.n, shape.m);
    for (std::size_t i = 0; i < shape.n; ++i)
        for (std::size_t j = 0; j < shape.m; ++j)
            cost(i, j) = points.cost(static_cast<std::int64_t>(i), static_cast<std::int64_t>(j));
    const Marginals marginals = draw_marginals(bytes, shape);
    if (has_negligible_mass(marginals)) return;
    const mot::Masses masses = masses_of(marginals);
    mot::Workspace workspace{naive_sgemm, 0, mot::Workers(1)};
    BoundedStop interrupt(draw_stop(bytes));
    const bool has_boxes = n_dimensions <= 4 && bytes.is_one_in(2);
    const Solution solution = has_boxes ? mot::solve_low_dimensional(points, masses, workspace, interrupt)
                                        : mot::solve_points(points, masses, workspace, interrupt);
    if (interrupt.is_over()) {
        CHECK(solution.status == Status::interrupted);
        return;
    }
    if (has_boxes && solution.status == Status::undecided) return;
    check_optimal(cost, marginals.a, levelled(marginals), solution, 1e-9 * cost.scale());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Bytes bytes(data, size);
    if (bytes.is_one_in(4))
        test_correlations(bytes);
    else if (bytes.is_one_in(4))
        test_points(bytes);
    else if (bytes.is_one_in(8))
        test_many(bytes);
    else
        test_given_costs(bytes);
    return 0;
}
