/// Turns bytes into problems: every solve ends in an answer that a separate check proves optimal, or interrupted if
/// told.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "answers.hpp"
#include "bytes.hpp"
#include "mot/costs/given_cost.hpp"
#include "mot/costs/sparse_cost.hpp"
#include "mot/solve/dense.hpp"
#include "mot/solve/many.hpp"
#include "mot/solve/sparse.hpp"
#include "oracles/transport.hpp"
#include "problems.hpp"
#include "support/check.hpp"
#include "support/problems.hpp"
#include "targets.hpp"

namespace {

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

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Bytes bytes(data, size);
    if (bytes.is_one_in(4))
        test_correlations(bytes);
    else if (bytes.is_one_in(4))
        test_points(bytes);
    else if (bytes.is_one_in(4))
        test_partial(bytes);
    else if (bytes.is_one_in(8))
        test_many(bytes);
    else
        test_given_costs(bytes);
    return 0;
}
