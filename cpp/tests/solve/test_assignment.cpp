/// Rectangular assignment with forbidden pairs against shortest paths, columns that many rows bid for, column
/// generation against the dense search, and what its certificate catches.
#include "mot/solve/assignment.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "mot/certificates/certificate.hpp"
#include "mot/engines/dense_augmenting_path.hpp"
#include "support/cases.hpp"
#include "support/check.hpp"

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

/// Told to stop among the bids, the search goes on from there when it is called again.
void test_bids_are_taken_up_again(Random& random) {
    const Matrix cost = rank_products(random, 200);
    const double expected = matching_of(cost).certificate.primal;
    for (const int n : {1, 2, 3, 4}) {  // there are 1,200 bids, a look at every 256
        mot::DenseAugmentingPath<double> dense(view_of_cost(cost));
        StopAt stop(n);
        CHECK(dense.optimize(stop) == mot::Status::interrupted && stop.n_looks == n);
        NeverInterrupt never;
        CHECK(dense.optimize(never) == mot::Status::optimal);
        const mot::Certificate certificate =
            mot::certify_matching(view_of_cost(cost), dense.column_of(), dense.potentials(), never);
        CHECK(certificate.is_optimal());
        CHECK(certificate.primal == expected);
    }
}

/// Whole numbers are the same in single precision, and so is what is done with them.
void test_both_precisions_agree(Random& random) {
    const Matrix cost = whole_costs(random, 90, 130, 1000);
    const std::vector<float> single(cost.values.begin(), cost.values.end());
    NeverInterrupt interrupt;
    mot::DenseAugmentingPath<double> dense(view_of_cost(cost));
    mot::DenseAugmentingPath<float> dense_single({single.data(), 90, 130});
    dense.match_cheapest(interrupt);
    dense_single.match_cheapest(interrupt);
    CHECK(dense.optimize(interrupt) == mot::Status::optimal &&
          dense_single.optimize(interrupt) == mot::Status::optimal);
    CHECK(dense.column_of() == dense_single.column_of());
    CHECK(dense.potentials().v == dense_single.potentials().v);
}

/// Both ways of a size and kind that `assign` solves by column generation.
void test_column_generation_and_the_dense_search_agree(Random& random, std::size_t n, int highest) {
    const Matrix cost = whole_costs(random, n, n, highest);
    NeverInterrupt interrupt;
    mot::DenseAugmentingPath<double> dense(view_of_cost(cost));
    dense.match_cheapest(interrupt);
    CHECK(!dense.is_nearly_done());
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

void test_certificate_catches(Random& random) {
    const Matrix cost = whole_costs(random, 4, 6, 100);
    const mot::MatrixView<double> view = view_of_cost(cost);
    const mot::Matching matching = matching_of(cost);
    NeverInterrupt never;
    const auto certify = [&](const std::vector<mot::Node>& column_of, const mot::Potentials& potentials) {
        return mot::certify_matching(view, column_of, potentials, never);
    };
    CHECK(certify(matching.column_of, matching.potentials).is_optimal());
    std::vector<mot::Node> twice = matching.column_of;
    twice[1] = twice[0];
    CHECK(!certify(twice, matching.potentials).is_optimal());
    mot::Potentials high = matching.potentials;
    high.u[2] += 1e-3;
    CHECK(certify(matching.column_of, high).dual_violation > 0);
    CHECK(!certify(matching.column_of, high).is_optimal());
    mot::Potentials shifted = matching.potentials;  // feasible but for the idle row
    for (double& u : shifted.u) u -= 1;
    for (double& v : shifted.v) v += 1;
    CHECK(!certify(matching.column_of, shifted).is_optimal());
    Matrix forbidden = cost;
    forbidden(0, to_index(matching.column_of[0])) = infinity;
    CHECK(!mot::certify_matching(view_of_cost(forbidden), matching.column_of, matching.potentials, never).is_optimal());
    mot::Potentials unknown = matching.potentials;
    unknown.v[0] = std::numeric_limits<double>::quiet_NaN();
    CHECK(!certify(matching.column_of, unknown).is_optimal());
}

}  // namespace

int main() {
    Random random(12);
    test_equal_costs_are_matched_in_order();
    CHECK(matching_of(Matrix(0, 3)).status == mot::Status::optimal);
    test_certificate_catches(random);
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
    case_name = "bids taken up again";
    test_bids_are_taken_up_again(random);
    case_name = "both precisions";
    test_both_precisions_agree(random);
    case_name = "column generation";
    test_column_generation_and_the_dense_search_agree(random, 400, 100000);
}
