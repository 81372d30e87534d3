/// Rectangular assignment with forbidden pairs against shortest paths, columns that many rows bid for, and column
/// generation against the dense search.
#include "mot/solve/assignment.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "mot/costs/given_cost.hpp"
#include "mot/engines/dense_augmenting_path.hpp"
#include "support/check.hpp"
#include "support/problems.hpp"

namespace {

mot::Matching matching_of(const Matrix& cost) {
    NeverInterrupt interrupt;
    return mot::solve_assignment(view_of_cost(cost), interrupt);
}

/// Every row has a column of its own and the potentials prove that the total is least.
void check_matching(const Matrix& cost, const mot::Matching& matching, double expected, double tolerance = 1e-9) {
    CHECK(matching.status == mot::Status::optimal && matching.certificate.is_optimal());
    const auto& [u, v] = matching.potentials;
    double total = 0;
    std::vector<bool> is_taken(cost.n_columns, false);
    for (std::size_t i = 0; i < cost.n_rows; ++i) {
        const std::size_t j = to_index(matching.column_of[i]);
        CHECK(!is_taken[j]);
        is_taken[j] = true;
        total += cost(i, j);
        CHECK_NEAR(u[i] + v[j], cost(i, j), tolerance);
        for (std::size_t k = 0; k < cost.n_columns; ++k) CHECK(u[i] + v[k] <= cost(i, k) + tolerance);
    }
    for (std::size_t j = 0; j < cost.n_columns; ++j)
        if (cost.n_rows < cost.n_columns) CHECK(v[j] <= tolerance && (is_taken[j] || v[j] == 0));
    CHECK_NEAR(total, expected, tolerance);
    CHECK_NEAR(matching.certificate.primal, expected, tolerance);
}

/// Least total cost of matching every row: a transport with an idle row that takes the columns left over.
double expected_total(const Matrix& cost) {
    Matrix with_idle_row(cost.n_rows + 1, cost.n_columns, 0.0);
    std::copy(cost.values.begin(), cost.values.end(), with_idle_row.values.begin());
    std::vector<long> supply(cost.n_rows, 1);
    supply.push_back(static_cast<long>(cost.n_columns - cost.n_rows));
    return transport_by_shortest_paths(with_idle_row, supply, std::vector<long>(cost.n_columns, 1));
}

void test_small(Random& random, std::size_t n, std::size_t m, int highest, int percent_forbidden) {
    Matrix cost = whole_costs(random, n, m, highest);
    for (double& value : cost.values) {
        value -= highest / 2;
        if (draw(random, 1, 100) <= percent_forbidden) value = infinity;
    }
    const double expected = expected_total(cost);
    const mot::Matching matching = matching_of(cost);
    if (expected == infinity)
        CHECK(matching.status == mot::Status::infeasible);
    else
        check_matching(cost, matching, expected);
}

void test_equal_costs_are_matched_in_order() {
    const Matrix cost(8, 9, 3.0);
    const mot::Matching matching = matching_of(cost);
    for (std::size_t i = 0; i < 8; ++i) CHECK(to_index(matching.column_of[i]) == i);
}

/// Every second row has one choice only, which the others would rather have, too.
Matrix single_choices(std::size_t n, std::size_t m) {
    Matrix cost(n, m, 5.0);
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = 0; j < m; ++j) {
            if (j % 2 == 0) cost(i, j) = static_cast<double>(j % 4);
            if (i % 2 == 0 && j != i) cost(i, j) = infinity;
        }
    return cost;
}

/// What makes bids hard: ties, gains of the last digit, rows that want the same columns, rows without a second choice,
/// costs that are large, small or far from zero. The potentials prove the answer; and the searches keep what the bids
/// leave, so that what were wrong there would be so here.
void test_bids(Random& random, std::size_t n, std::size_t m) {
    const std::string size = std::to_string(n) + " x " + std::to_string(m) + ", ";
    const auto test = [&](const std::string& name, const Matrix& cost) {
        case_name = size + name;
        const mot::Matching matching = matching_of(cost);
        check_matching(cost, matching, matching.certificate.primal, 1e-9 * cost.scale());
    };
    Matrix products(n, m);
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = 0; j < m; ++j) products(i, j) = static_cast<double>((i + 1) * (j + 1));
    Matrix duplicates = whole_costs(random, n, m, 1000);
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = 0; j < m; ++j) duplicates(i, j) = duplicates(i % 3, j % 5);
    const Matrix whole = whole_costs(random, n, m, 1000);  // as the slow twin's sums must be exact
    test("constant", Matrix(n, m, -2.0));
    test("two levels", whole_costs(random, n, m, 1));
    test("last digits", plus(times(whole_costs(random, n, m, 9), 0x1p-52), 1.0));
    test("products", products);
    test("duplicates", duplicates);
    test("single choices", single_choices(n, m));
    test("large", times(whole, 0x1p40));
    test("small", times(whole, 0x1p-40));
    test("shifted", plus(whole, 1e8));
    test("some forbidden", some_of(random, whole, 50));
}

/// Compares both methods on a size and kind that `solve_assignment` solves by column generation.
void test_column_generation_and_the_dense_search_agree(Random& random, std::size_t n, int highest) {
    const Matrix cost = whole_costs(random, n, n, highest);
    NeverInterrupt interrupt;
    mot::DenseAugmentingPath<double> dense(view_of_cost(cost));
    dense.match_cheapest(dense.cheapest_of_rows(mot::GivenCost<double>(view_of_cost(cost), 0.0), interrupt), interrupt);
    CHECK(!dense.suits_dense_search());
    CHECK(dense.optimize(interrupt) == mot::Status::optimal);
    double expected = 0;
    for (std::size_t i = 0; i < n; ++i) expected += cost(i, to_index(dense.column_of()[i]));
    check_matching(cost, matching_of(cost), expected);
}

/// Beside costs that forbid, finite or infinite, whole costs are still matched exactly.
void test_forbidding_costs(Random& random, std::size_t n, std::size_t m) {
    Matrix cost = whole_costs(random, n, m, 1000);
    Matrix infinite = cost;
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = 0; j < m; ++j) {
            if (i == j || draw(random, 1, 100) > 60) continue;
            cost(i, j) = 1e15;
            infinite(i, j) = infinity;
        }
    const double expected = expected_total(infinite);
    check_matching(infinite, matching_of(infinite), expected);
    check_matching(cost, matching_of(cost), expected);
}

}  // namespace

int main() {
    Random random(12);
    test_equal_costs_are_matched_in_order();
    CHECK(matching_of(Matrix(0, 3)).status == mot::Status::optimal);
    for (const std::size_t n : {1u, 2u, 3u, 5u, 8u, 20u, 40u})
        for (const std::size_t m : {1u, 2u, 3u, 5u, 8u, 20u, 33u, 40u, 60u}) {
            if (n > m) continue;
            case_name = std::to_string(n) + " x " + std::to_string(m);
            for (const int highest : {0, 1, 4, 1000})
                for (const int percent_forbidden : {0, 20, 60}) test_small(random, n, m, highest, percent_forbidden);
        }
    for (const std::size_t n : {16u, 40u, 100u})
        for (const std::size_t m : {n, n + 1, n + n / 2}) test_bids(random, n, m);
    for (int round = 0; round < 40; ++round) test_forbidding_costs(random, draw_size(random, 2, 6), 7);
    case_name = "column generation";
    test_column_generation_and_the_dense_search_agree(random, 400, 100000);
}
