/// Candidates are each row's and each column's k cheapest arcs, as sorting finds them.
#include "mot/candidates.hpp"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "cases.hpp"
#include "check.hpp"

namespace {

using mot::Arc;

std::vector<double> row_of(const Matrix& cost, std::size_t i) {
    const auto first = cost.values.begin() + static_cast<std::ptrdiff_t>(i * cost.n_columns);
    return {first, first + static_cast<std::ptrdiff_t>(cost.n_columns)};
}

Matrix transposed(const Matrix& cost) {
    Matrix result(cost.n_columns, cost.n_rows);
    for (std::size_t i = 0; i < cost.n_rows; ++i)
        for (std::size_t j = 0; j < cost.n_columns; ++j) result(j, i) = cost(i, j);
    return result;
}

/// The k lowest costs of every row.
std::vector<std::vector<double>> cheapest_by_sorting(const Matrix& cost, std::size_t k) {
    std::vector<std::vector<double>> cheapest;
    for (std::size_t i = 0; i < cost.n_rows; ++i) {
        cheapest.push_back(row_of(cost, i));
        std::sort(cheapest.back().begin(), cheapest.back().end());
        cheapest.back().resize(k);
    }
    return cheapest;
}

/// Checks that among the costs chosen in every row are its k lowest.
void check_has_cheapest(const std::vector<std::vector<double>>& cheapest, std::vector<std::vector<double>> chosen) {
    for (std::size_t i = 0; i < cheapest.size(); ++i) {
        std::sort(chosen[i].begin(), chosen[i].end());
        CHECK(chosen[i].size() >= cheapest[i].size());
        chosen[i].resize(cheapest[i].size());
        CHECK(chosen[i] == cheapest[i]);
    }
}

void check_candidates(const Matrix& cost, const std::vector<Arc>& arcs, std::size_t k) {
    const auto of_row = cheapest_by_sorting(cost, k);
    const auto of_column = cheapest_by_sorting(transposed(cost), k);
    std::vector<std::vector<double>> chosen_in_row(cost.n_rows), chosen_in_column(cost.n_columns);
    std::set<std::pair<mot::Node, mot::Node>> distinct;
    for (std::size_t a = 0; a < arcs.size(); ++a) {
        const std::size_t i = to_index(arcs[a].source);
        const std::size_t j = to_index(arcs[a].target);
        CHECK(arcs[a].cost == cost(i, j));
        CHECK(a == 0 || arcs[a - 1].source <= arcs[a].source);
        CHECK(arcs[a].cost <= of_row[i].back() || arcs[a].cost <= of_column[j].back());
        if (!distinct.insert({arcs[a].source, arcs[a].target}).second) continue;
        chosen_in_row[i].push_back(arcs[a].cost);
        chosen_in_column[j].push_back(arcs[a].cost);
    }
    CHECK(distinct.size() == arcs.size());
    check_has_cheapest(of_row, chosen_in_row);
    check_has_cheapest(of_column, chosen_in_column);
}

void test_both_precisions(const Matrix& cost, std::size_t k) {
    check_candidates(cost, mot::select_candidates(view_of_cost(cost), static_cast<int>(k)), k);
    const std::vector<float> values(cost.values.begin(), cost.values.end());
    const mot::MatrixView<double> shape = view_of_cost(cost);
    const mot::MatrixView<float> view{values.data(), shape.n_rows, shape.n_columns};
    check_candidates(cost, mot::select_candidates(view, static_cast<int>(k)), k);
}

/// Costs that all differ: a random order of 0, 1, 2 ..
Matrix distinct_costs(Random& random, std::size_t n, std::size_t m) {
    Matrix cost(n, m);
    std::iota(cost.values.begin(), cost.values.end(), 0.0);
    for (std::size_t k = cost.values.size(); k-- > 1;) std::swap(cost.values[k], cost.values[draw_size(random, 0, k)]);
    return cost;
}

void test_small_has_all_arcs(Random& random) {
    for (const auto& [n, m] : {std::pair<std::size_t, std::size_t>(6, 200), {200, 6}, {1, 1}, {6, 6}}) {
        const Matrix cost = whole_costs(random, n, m, 9);
        const std::vector<Arc> arcs = mot::select_candidates(view_of_cost(cost), 3);
        CHECK(arcs.size() == n * m);
        for (std::size_t a = 0; a < arcs.size(); ++a) {
            CHECK(arcs[a].source == static_cast<mot::Node>(a / m) && arcs[a].target == static_cast<mot::Node>(a % m));
            CHECK(arcs[a].cost == cost.values[a]);
        }
    }
}

}  // namespace

int main() {
    Random random(9);
    test_small_has_all_arcs(random);
    for (int round = 0; round < 120; ++round) {
        case_name = "round " + std::to_string(round);
        const std::size_t k = draw_size(random, 1, 6);
        // Longer than a chunk of 128 columns, shorter, and not a multiple of the 16 that are compared at once.
        const std::size_t n = draw_size(random, 2 * k + 1, 70);
        const std::size_t m = draw_size(random, 2 * k + 1, 300);
        test_both_precisions(distinct_costs(random, n, m), k);
        test_both_precisions(whole_costs(random, n, m, 20), k);
        test_both_precisions(Matrix(n, m, 1.0), k);
    }
    Matrix falling(40, 300);  // every cost is the lowest so far
    for (std::size_t k = 0; k < falling.values.size(); ++k) falling.values[k] = -static_cast<double>(k);
    test_both_precisions(falling, 5);
}
