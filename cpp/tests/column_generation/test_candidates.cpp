/// Candidates are the k cheapest of the group minima of each row and of each column, as sorting finds them.
#include "mot/column_generation/candidates.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <numeric>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "mot/costs/screened_cost.hpp"
#include "oracles/layers.hpp"
#include "support/check.hpp"
#include "support/layer_families.hpp"
#include "support/problems.hpp"

namespace {

using mot::Arc;

constexpr std::size_t n_groups = 32;

/// The minima of the groups of one row or column, of equal costs in a group the first.
struct Minima {
    std::map<std::size_t, double> values;  // by position
    double kth_lowest;
};

template <class CostAt, class GroupOf>
Minima minima_of_groups(std::size_t length, std::size_t k, CostAt cost_at, GroupOf group_of) {
    std::vector<std::size_t> best(n_groups, length);
    for (std::size_t x = 0; x < length; ++x)
        if (best[group_of(x)] == length || cost_at(x) < cost_at(best[group_of(x)])) best[group_of(x)] = x;
    Minima minima;
    std::vector<double> sorted;
    for (const std::size_t x : best) {
        if (x == length) continue;
        minima.values[x] = cost_at(x);
        sorted.push_back(cost_at(x));
    }
    std::sort(sorted.begin(), sorted.end());
    minima.kth_lowest = sorted.at(k - 1);
    return minima;
}

/// Columns are dealt out one by one, rows in runs.
std::vector<Minima> minima_of_rows(const Matrix& cost, std::size_t k) {
    std::vector<Minima> minima;
    for (std::size_t i = 0; i < cost.n_rows; ++i)
        minima.push_back(minima_of_groups(
            cost.n_columns, k, [&](std::size_t j) { return cost(i, j); }, [](std::size_t j) { return j % n_groups; }));
    return minima;
}

std::vector<Minima> minima_of_columns(const Matrix& cost, std::size_t k) {
    std::vector<Minima> minima;
    for (std::size_t j = 0; j < cost.n_columns; ++j)
        minima.push_back(minima_of_groups(
            cost.n_rows, k, [&](std::size_t i) { return cost(i, j); },
            [&](std::size_t i) { return i * n_groups / cost.n_rows; }));
    return minima;
}

/// The arcs chosen at one unit hold k group minima, among them all below the k-th lowest and the lowest of all.
void check_has_cheapest(const Minima& minima, const std::set<std::size_t>& chosen, std::size_t k) {
    std::size_t n_cheapest = 0;
    for (const auto& [position, value] : minima.values) {
        const bool is_chosen = chosen.count(position) > 0;
        CHECK(is_chosen || value >= minima.kth_lowest);
        n_cheapest += is_chosen && value <= minima.kth_lowest;
    }
    CHECK(n_cheapest >= k);
}

void check_candidates(const Matrix& cost, const std::vector<Arc>& arcs, std::size_t k) {
    const std::vector<Minima> of_row = minima_of_rows(cost, k);
    const std::vector<Minima> of_column = minima_of_columns(cost, k);
    std::vector<std::set<std::size_t>> chosen_in_row(cost.n_rows), chosen_in_column(cost.n_columns);
    CHECK(arcs.size() <= (cost.n_rows + cost.n_columns) * k);
    for (std::size_t a = 0; a < arcs.size(); ++a) {
        const std::size_t i = to_index(arcs[a].source);
        const std::size_t j = to_index(arcs[a].target);
        CHECK(arcs[a].cost == cost(i, j));
        CHECK(a == 0 || arcs[a - 1].source <= arcs[a].source);
        CHECK(chosen_in_row[i].insert(j).second);  // not twice
        chosen_in_column[j].insert(i);
        CHECK((of_row[i].values.count(j) && cost(i, j) <= of_row[i].kth_lowest) ||
              (of_column[j].values.count(i) && cost(i, j) <= of_column[j].kth_lowest));
    }
    for (std::size_t i = 0; i < cost.n_rows; ++i) check_has_cheapest(of_row[i], chosen_in_row[i], k);
    for (std::size_t j = 0; j < cost.n_columns; ++j) check_has_cheapest(of_column[j], chosen_in_column[j], k);
}

void test_both_precisions(const Matrix& cost, std::size_t k) {
    NeverInterrupt interrupt;
    check_candidates(cost, mot::select_candidates(as_given(cost), static_cast<int>(k), interrupt), k);
    const std::vector<float> values(cost.values.begin(), cost.values.end());
    const mot::MatrixView<double> shape = view_of_cost(cost);
    const mot::GivenCost<float> given({values.data(), shape.n_rows, shape.n_columns}, cost.scale());
    check_candidates(cost, mot::select_candidates(given, static_cast<int>(k), interrupt), k);
}

void test_correlations(Random& random, std::int64_t most_stored) {
    const mot::StandardizedLayer source = standardize(random_activations(random, 20, 90));
    const mot::StandardizedLayer target = standardize(random_activations(random, 20, 150));
    NeverInterrupt interrupt;
    mot::Workspace workspace = workspace_of(naive_sgemm, most_stored);
    const mot::CorrelationCost<float> cost(source, target, workspace, interrupt);
    check_candidates(searched_costs(cost), mot::select_candidates(cost, 7, interrupt), 7);
}

/// Costs of 16 bits, many of them equal, whose rows several workers visit: the same arcs for any number of them.
void test_screened(Random& random, std::int64_t most_stored, LayerFamily family, std::size_t n, std::size_t m) {
    const Activations x = draw_layer(random, family, 20, n);
    const Activations y = draw_layer(random, family, 20, m);
    for (const mot::IntegerProducts* products : all_products()) {
        const mot::StandardizedLayer source = standardize(x, products);
        const mot::StandardizedLayer target = standardize(y, products);
        std::vector<std::vector<Arc>> found;
        for (const int n_workers : {1, 2, 5}) {
            NeverInterrupt interrupt;
            mot::Workspace workspace = threaded_workspace(most_stored, n_workers);
            const mot::ScreenedCost cost(source, target, workspace, interrupt);
            found.push_back(mot::select_candidates(cost, 7, interrupt));
            check_candidates(searched_costs(cost), found.back(), 7);
            const auto is_same = [](const Arc& p, const Arc& q) {
                return p.source == q.source && p.target == q.target && p.cost == q.cost;
            };
            CHECK(std::equal(found[0].begin(), found[0].end(), found.back().begin(), found.back().end(), is_same));
        }
    }
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
        NeverInterrupt interrupt;
        const std::vector<Arc> arcs = mot::select_candidates(as_given(cost), 3, interrupt);
        CHECK(arcs.size() == n * m);
        for (std::size_t a = 0; a < arcs.size(); ++a) {
            CHECK(arcs[a].source == static_cast<mot::Node>(a / m) && arcs[a].target == static_cast<mot::Node>(a % m));
            CHECK(arcs[a].cost == cost.values[a]);
        }
    }
}

/// Where all costs are alike, neither a few columns nor a few rows are everybody's choice.
void test_ties_are_spread(std::size_t n, std::size_t m, std::size_t k) {
    const Matrix cost(n, m, 1.0);
    NeverInterrupt interrupt;
    std::vector<std::set<std::size_t>> chosen_in_row(n), chosen_in_column(m);
    for (const Arc& arc : mot::select_candidates(as_given(cost), static_cast<int>(k), interrupt)) {
        chosen_in_row[to_index(arc.source)].insert(to_index(arc.target));
        chosen_in_column[to_index(arc.target)].insert(to_index(arc.source));
    }
    for (std::size_t i = 1; i < n; ++i) CHECK(chosen_in_row[i] != chosen_in_row[i - 1]);
    for (std::size_t j = 1; j < m; ++j) CHECK(chosen_in_column[j] != chosen_in_column[j - 1]);
    const auto check_evenly = [&](const std::vector<std::set<std::size_t>>& chosen, std::size_t n_choosing) {
        const std::size_t share = n_choosing * k / std::min(n_groups, chosen.size());
        for (const auto& units : chosen) CHECK(units.size() <= k + 2 * share + 2);
    };
    check_evenly(chosen_in_row, m);
    check_evenly(chosen_in_column, n);
}

void test_interrupt(Random& random) {
    const Matrix cost = whole_costs(random, 600, 30, 50);
    StopAt undisturbed(StopAt::never);
    CHECK(!mot::select_candidates(as_given(cost), 5, undisturbed).empty());
    CHECK(undisturbed.n_checks >= 3);
    for (int n = 1; n <= undisturbed.n_checks; ++n) {
        StopAt interrupt(n);
        CHECK(mot::select_candidates(as_given(cost), 5, interrupt).empty());
    }
}

}  // namespace

int main() {
    Random random(9);
    test_small_has_all_arcs(random);
    for (int round = 0; round < 30; ++round) {
        case_name = "round " + std::to_string(round);
        const std::size_t k = draw_size(random, 1, 6);
        // Fewer and more rows and columns than groups.
        const std::size_t n = draw_size(random, 2 * k + 1, 140);
        const std::size_t m = draw_size(random, 2 * k + 1, 200);
        test_both_precisions(distinct_costs(random, n, m), k);
        test_both_precisions(whole_costs(random, n, m, 20), k);
        test_both_precisions(Matrix(n, m, 1.0), k);
    }
    Matrix falling(70, 300);  // every cost is the lowest so far
    for (std::size_t k = 0; k < falling.values.size(); ++k) falling.values[k] = -static_cast<double>(k);
    test_both_precisions(falling, 5);
    case_name = "as many as groups";
    test_both_precisions(distinct_costs(random, 130, 140), 32);
    case_name = "correlations";
    for (const std::int64_t most_stored : {0, 1 << 20}) {
        test_correlations(random, most_stored);
        for (const LayerFamily family : all_layer_families) {
            case_name = std::string("screened, ") + name_of(family);
            test_screened(random, most_stored, family, 90, 150);
            test_screened(random, most_stored, family, 290, 23);
        }
    }
    case_name = "ties";
    test_ties_are_spread(300, 300, 5);
    test_ties_are_spread(100, 500, 12);
    test_ties_are_spread(500, 70, 12);
    case_name = "interrupt";
    test_interrupt(random);
}
