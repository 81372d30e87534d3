/// A screened cost lies within the margins of its exact one, and is the same bits however it is computed.
#include "mot/costs/screened_cost.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "oracles/layers.hpp"
#include "support/check.hpp"
#include "support/layer_families.hpp"
#include "support/problems.hpp"

namespace {

using mot::FixedCost;
using mot::ScreenedCost;

constexpr std::int64_t all_stored = std::int64_t{1} << 40;

using IsWanted = std::function<bool(std::int64_t)>;

bool is_any(std::int64_t) {
    return true;
}

/// Every row's costs where it was visited, and none where it was not.
using Rows = std::vector<std::vector<FixedCost>>;

Rows visited_in_order(const ScreenedCost& cost, const IsWanted& is_wanted) {
    Rows rows(static_cast<std::size_t>(cost.n_rows()));
    std::int64_t last = -1;
    NeverInterrupt interrupt;
    cost.for_each_row(interrupt, is_wanted, [&](std::int64_t i, const FixedCost* row) {
        CHECK(i > last);
        last = i;
        rows[static_cast<std::size_t>(i)].assign(row, row + cost.n_columns());
    });
    return rows;
}

/// Groups may be visited at the same time: what is checked of each is kept apart.
Rows visited_in_groups(const ScreenedCost& cost, const IsWanted& is_wanted) {
    Rows rows(static_cast<std::size_t>(cost.n_rows()));
    std::vector<std::int64_t> last(static_cast<std::size_t>(mot::n_row_groups), -1);
    NeverInterrupt interrupt;
    cost.for_each_row_in_groups(interrupt, is_wanted,
                                [&](const mot::RowVisit& at, std::int64_t i, const FixedCost* row) {
                                    CHECK(at.group == mot::group_of_row(i, cost.n_rows()));
                                    CHECK(at.worker >= 0 && at.worker < cost.n_workers());
                                    CHECK(i > last[static_cast<std::size_t>(at.group)]);
                                    last[static_cast<std::size_t>(at.group)] = i;
                                    rows[static_cast<std::size_t>(i)].assign(row, row + cost.n_columns());
                                });
    return rows;
}

/// The wanted rows of all.
Rows selected(const Rows& all, const IsWanted& is_wanted) {
    Rows rows = all;
    for (std::size_t i = 0; i < rows.size(); ++i)
        if (!is_wanted(static_cast<std::int64_t>(i))) rows[i].clear();
    return rows;
}

const std::vector<IsWanted> selections{
    is_any,
    [](std::int64_t i) { return i % 3 == 1; },
    [](std::int64_t i) { return i > 4 && i * i % 7 != 1; },
    [](std::int64_t i) { return i == 0; },
    [](std::int64_t) { return false; },
    [](std::int64_t i) { return i % 2 == 0 || i > 40; },
};

/// Within the margins of the exact costs, which are those of the definition.
void check_within_margins(const ScreenedCost& cost, const Rows& rows, const Matrix* naive) {
    const Matrix exact = exact_costs(cost);
    for (std::size_t i = 0; i < exact.n_rows; ++i)
        for (std::size_t j = 0; j < exact.n_columns; ++j) {
            const double searched = mot::cost_of(rows[i][j]);
            CHECK(searched >= 0.0 && searched <= 2.0);
            CHECK_NEAR(
                searched, exact(i, j),
                cost.row_margin(static_cast<std::int64_t>(i)) + cost.column_margin(static_cast<std::int64_t>(j)));
            if (naive) CHECK_NEAR(exact(i, j), (*naive)(i, j), correlation_tolerance);
        }
}

/// Stored or not, by so many workers, and whichever rows are asked for first.
void check_same_bits(const mot::StandardizedLayer& source, const mot::StandardizedLayer& target, const Rows& expected) {
    NeverInterrupt interrupt;
    for (const std::int64_t most_stored : {all_stored, std::int64_t{0}})
        for (const int n_workers : {1, 2, 5}) {
            mot::Workspace workspace = threaded_workspace(most_stored, n_workers);
            for (std::size_t first = 0; first < selections.size(); ++first) {
                const ScreenedCost cost(source, target, workspace, interrupt);
                for (std::size_t k = 0; k < selections.size(); ++k) {
                    const IsWanted& is_wanted = selections[(first + k) % selections.size()];
                    CHECK(visited_in_groups(cost, is_wanted) == selected(expected, is_wanted));
                    CHECK(visited_in_order(cost, is_wanted) == selected(expected, is_wanted));
                }
            }
            const ScreenedCost cost(source, target, workspace, interrupt);
            const mot::MatrixView<FixedCost> stored = cost.stored();
            CHECK(stored.n_rows == cost.n_rows() && stored.n_columns == cost.n_columns());
            CHECK((stored.data != nullptr) == (most_stored > 0));
            if (!stored.data) continue;
            for (std::size_t i = 0; i < expected.size(); ++i)
                for (std::size_t j = 0; j < expected[i].size(); ++j)
                    CHECK(stored(static_cast<std::int64_t>(i), static_cast<std::int64_t>(j)) == expected[i][j]);
        }
}

/// Every version of the products gives the same costs, since all round to the same bytes.
void test_pair(const Activations& x, const Activations& y, bool has_naive = true, bool has_all_ways = true) {
    const Matrix naive = has_naive ? naive_correlation_cost(x, y) : Matrix(0, 0);
    for (const mot::IntegerProducts* products : all_products()) {
        const mot::StandardizedLayer source = standardize(x, products);
        const mot::StandardizedLayer target = standardize(y, products);
        NeverInterrupt interrupt;
        mot::Workspace workspace = workspace_of(naive_sgemm, all_stored);
        const ScreenedCost cost(source, target, workspace, interrupt);
        CHECK(cost.n_rows() == static_cast<std::int64_t>(x.n_columns));
        CHECK(cost.n_columns() == static_cast<std::int64_t>(y.n_columns));
        const Rows rows = visited_in_order(cost, is_any);
        check_within_margins(cost, rows, has_naive ? &naive : nullptr);
        if (has_all_ways) check_same_bits(source, target, rows);
    }
}

void test_families(Random& random, std::size_t n_stimuli, std::size_t n, std::size_t m) {
    for (const LayerFamily family : all_layer_families) {
        case_name = std::string(name_of(family)) + ", " + std::to_string(n_stimuli) + " stimuli";
        // The definition's squares of huge numbers overflow, those of tiny ones vanish.
        const bool has_naive = family != LayerFamily::tiny && family != LayerFamily::huge;
        const Activations x = draw_layer(random, family, n_stimuli, n);
        test_pair(x, draw_layer(random, family, n_stimuli, m), has_naive, n_stimuli == 17);
        test_pair(x, x, has_naive, false);
    }
}

/// Versions that round to the same range compute the same costs.
void test_versions_agree(Random& random) {
    case_name = "versions";
    const Activations x = draw_layer(random, LayerFamily::dense, 300, 70);
    const Activations y = draw_layer(random, LayerFamily::dense, 300, 210);
    std::vector<std::pair<int, Rows>> known;
    for (const mot::IntegerProducts* products : all_products()) {
        const mot::StandardizedLayer source = standardize(x, products);
        const mot::StandardizedLayer target = standardize(y, products);
        NeverInterrupt interrupt;
        mot::Workspace workspace = workspace_of(naive_sgemm, 0);
        const Rows rows = visited_in_order(ScreenedCost(source, target, workspace, interrupt), is_any);
        for (const auto& [largest, others] : known)
            if (largest == products->largest) CHECK(rows == others);
        known.emplace_back(products->largest, rows);
    }
}

void test_possible(Random& random) {
    case_name = "possible";
    const Activations x = draw_layer(random, LayerFamily::dense, 10, 3);
    const auto versions = all_products();
    CHECK(!ScreenedCost::is_possible(standardize(x), standardize(x)));
    CHECK(!ScreenedCost::is_possible(standardize(x, versions.front()), standardize(x)));
    CHECK(!ScreenedCost::is_possible(standardize(x), standardize(x, versions.front())));
    CHECK(ScreenedCost::is_possible(standardize(x, versions.front()), standardize(x, versions.front())));
    if (versions.size() > 1)
        CHECK(!ScreenedCost::is_possible(standardize(x, versions.front()), standardize(x, versions.back())));
}

/// Screening is worth its while where it tells units apart, and not where all units are nearly alike, or where there
/// are hardly any products to save; the answer hangs on neither the memory nor the number of workers.
void test_worthwhile(Random& random) {
    const auto is_worthwhile = [](const Activations& x, const Activations& y) {
        std::vector<bool> answers;
        for (const std::int64_t most_stored : {all_stored, std::int64_t{0}})
            for (const int n_workers : {1, 5}) {
                const mot::IntegerProducts* products = all_products().front();
                const mot::StandardizedLayer source = standardize(x, products);
                const mot::StandardizedLayer target = standardize(y, products);
                NeverInterrupt interrupt;
                mot::Workspace workspace = threaded_workspace(most_stored, n_workers);
                const ScreenedCost cost(source, target, workspace, interrupt);
                const Rows rows = visited_in_order(cost, is_any);
                answers.push_back(cost.is_worthwhile());
                CHECK(answers.back() == answers.front());
                CHECK(visited_in_order(cost, is_any) == rows);  // the question changes nothing
            }
        return static_cast<bool>(answers.front());
    };
    const auto draw_of = [&](LayerFamily family, std::size_t n_stimuli, std::size_t n) {
        return draw_layer(random, family, n_stimuli, n);
    };
    for (const LayerFamily family : {LayerFamily::dense, LayerFamily::sparse, LayerFamily::quantised}) {
        case_name = std::string("worthwhile, ") + name_of(family);
        CHECK(is_worthwhile(draw_of(family, 1000, 200), draw_of(family, 1000, 250)));
        CHECK(!is_worthwhile(draw_of(family, 3, 200), draw_of(family, 3, 250)));
    }
    for (const std::size_t n_stimuli : {3u, 64u, 1000u}) {
        case_name = "not worthwhile, " + std::to_string(n_stimuli);
        CHECK(!is_worthwhile(draw_of(LayerFamily::near_copies, n_stimuli, 200),
                             draw_of(LayerFamily::near_copies, n_stimuli, 250)));
        CHECK(!is_worthwhile(draw_of(LayerFamily::clusters, n_stimuli, 200),
                             draw_of(LayerFamily::clusters, n_stimuli, 250)));
    }
    for (const std::size_t n : {1u, 2u, 3u, 5u, 9u}) {
        case_name = "worthwhile, few units";
        is_worthwhile(draw_of(LayerFamily::dense, 20, n), draw_of(LayerFamily::dense, 20, 4));
    }
}

/// Rows visited before a stop are as without one, and soon there are no more.
void test_interrupt(Random& random) {
    const mot::IntegerProducts* products = all_products().front();
    const mot::StandardizedLayer source = standardize(draw_layer(random, LayerFamily::dense, 40, 900), products);
    const mot::StandardizedLayer target = standardize(draw_layer(random, LayerFamily::dense, 40, 30), products);
    for (const std::int64_t most_stored : {all_stored, std::int64_t{0}})
        for (const int n_workers : {1, 2}) {
            case_name = "interrupt, " + std::to_string(most_stored) + ", " + std::to_string(n_workers);
            const auto n_visited = [&](StopAt& interrupt) {
                mot::Workspace workspace = workspace_of(naive_sgemm, most_stored, n_workers);
                const ScreenedCost cost(source, target, workspace, interrupt);
                std::int64_t n = 0;
                cost.for_each_row_in_groups(interrupt, is_any,
                                            [&](const mot::RowVisit&, std::int64_t, const FixedCost*) { ++n; });
                return n;
            };
            StopAt undisturbed(StopAt::never);
            CHECK(n_visited(undisturbed) == 900);
            CHECK(undisturbed.n_checks >= 3);
            StopAt at_once(1);
            CHECK(n_visited(at_once) < 900);
        }
}

}  // namespace

int main() {
    Random random(23);
    test_possible(random);
    test_worthwhile(random);
    test_versions_agree(random);
    for (const std::size_t n_stimuli : {2u, 3u, 5u, 17u}) test_families(random, n_stimuli, 37, 20);
    for (const std::size_t n_stimuli : {64u, 100u, 300u}) test_families(random, n_stimuli, 20, 37);
    case_name = "more rows than a panel, more columns than a strip";
    test_pair(draw_layer(random, LayerFamily::dense, 50, 300), draw_layer(random, LayerFamily::dense, 50, 201));
    case_name = "one unit";
    test_pair(draw_layer(random, LayerFamily::dense, 50, 1), draw_layer(random, LayerFamily::dense, 50, 1));
    test_pair(draw_layer(random, LayerFamily::dense, 50, 1), draw_layer(random, LayerFamily::dense, 50, 300));
    case_name = "very many stimuli";
    test_pair(draw_layer(random, LayerFamily::dense, 70000, 4), draw_layer(random, LayerFamily::sparse, 70000, 3));
    test_interrupt(random);
}
