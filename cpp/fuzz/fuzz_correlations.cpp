/// Problems of correlations of two layers, by every kind of cost that searches them.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "answers.hpp"
#include "bytes.hpp"
#include "mot/costs/correlation_cost.hpp"
#include "mot/costs/screened_cost.hpp"
#include "oracles/layers.hpp"
#include "oracles/transport.hpp"
#include "partial_answers.hpp"
#include "problems.hpp"
#include "support/check.hpp"
#include "support/problems.hpp"
#include "targets.hpp"

namespace {

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

/// The same where mass may be left behind.
template <class Cost>
void solve_partial_correlations(Bytes& bytes, const Cost& core_cost, const Matrix& cost) {
    constexpr double uncertainty = 1e-6;
    solve_partial_and_check(
        bytes, cost, uncertainty,
        [&](const mot::PartialProblem& problem, const std::vector<mot::PartialGoal>& goals, mot::Interrupt& interrupt,
            mot::PartialCurve* curve) { return mot::solve_partial(core_cost, problem, goals, interrupt, curve); });
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

}  // namespace

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
    const bool is_partial = bytes.is_one_in(4);
    const auto solve_on = [&](const auto& cost) {
        if (is_partial)
            solve_partial_correlations(bytes, cost, expected);
        else
            solve_correlations_and_check(bytes, cost, expected, marginals);
    };
    const std::size_t kind = bytes.pick(4);
    if (kind == 0)
        solve_on(mot::CorrelationCost<float>(source, target, workspace, interrupt));
    else if (kind == 1)
        solve_on(mot::CorrelationCost<double>(source, target, workspace, interrupt));
    else
        solve_on(mot::ScreenedCost(source, target, workspace, interrupt));
}
