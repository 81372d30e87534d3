/// Pricing misses no arc that two loops find, whichever way the potentials move, and reads no row without need.
#include "mot/column_generation/pricing.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
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
using mot::Potentials;
using mot::Pricing;

constexpr std::size_t most_per_row = 32;

/// What the caller knows, and what the dense problem says.
struct Twin {
    Matrix searched;
    Matrix known_cost;  // as searched, or as learnt
    std::vector<bool> is_known;
    double rounding;  // of a bound that was moved some hundred times

    std::size_t at(std::size_t i, std::size_t j) const { return i * searched.n_columns + j; }
    double reduced(std::size_t i, std::size_t j, const Potentials& potentials) const {
        return searched(i, j) - potentials.v[j] - potentials.u[i];
    }
};

Twin twin_of(const Matrix& searched, const std::vector<Arc>& known, double rounding) {
    std::vector<bool> is_known(searched.values.size(), false);
    Twin twin{searched, searched, std::move(is_known), rounding};
    for (const Arc& arc : known) twin.is_known[twin.at(to_index(arc.source), to_index(arc.target))] = true;
    return twin;
}

/// Whether every unknown arc that has mass at both ends is at least `certain`, or its row gave away 32 lower ones.
void check_found(Twin& twin, const std::vector<Arc>& found, const Potentials& potentials, double certain,
                 double width) {
    std::vector<std::size_t> n_found(twin.searched.n_rows, 0);
    std::vector<double> highest(twin.searched.n_rows, -infinity);
    for (std::size_t k = 0; k < found.size(); ++k) {
        const std::size_t i = to_index(found[k].source);
        const std::size_t j = to_index(found[k].target);
        CHECK(k == 0 || found[k - 1].source <= found[k].source);
        CHECK(!twin.is_known[twin.at(i, j)]);  // not a second time
        twin.is_known[twin.at(i, j)] = true;
        CHECK(found[k].cost == twin.searched(i, j));
        CHECK(twin.reduced(i, j, potentials) < width + twin.rounding);
        highest[i] = std::max(highest[i], twin.reduced(i, j, potentials));
        CHECK(++n_found[i] <= most_per_row);
    }
    for (std::size_t i = 0; i < twin.searched.n_rows; ++i)
        for (std::size_t j = 0; j < twin.searched.n_columns; ++j) {
            if (twin.is_known[twin.at(i, j)] || potentials.u[i] == -infinity) continue;
            const double lowest = n_found[i] == most_per_row ? std::min(certain, highest[i]) : certain;
            CHECK(twin.reduced(i, j, potentials) >= lowest - twin.rounding);
        }
}

/// Capped rows are read again, until no unknown arc is below `certain`.
template <class Cost>
void find_all(Pricing<Cost>& pricing, Twin& twin, const Potentials& potentials, double certain, double width) {
    NeverInterrupt interrupt;
    const std::size_t most_calls = twin.searched.n_columns / most_per_row + 2;
    for (std::size_t n_calls = 1;; ++n_calls) {
        const std::vector<Arc> found = pricing.find_near_arcs(potentials, certain, width, interrupt);
        check_found(twin, found, potentials, certain, width);
        if (found.empty()) return;
        CHECK(n_calls < most_calls);
    }
}

/// The known arcs below `bound`, each once, at the costs that are searched, or above them where more was learnt. Of
/// some of these arcs more is learnt here.
template <class Cost>
void check_known(Random& random, const Cost& cost, Pricing<Cost>& pricing, Twin& twin, const Potentials& potentials,
                 double bound) {
    std::set<std::pair<std::size_t, std::size_t>> found, expected;
    const auto [arcs, places] = pricing.find_known(potentials, bound);
    CHECK(arcs.size() == places.size());
    for (std::size_t i = 0; i < twin.searched.n_rows; ++i)
        for (std::size_t j = 0; j < twin.searched.n_columns; ++j)
            if (twin.is_known[twin.at(i, j)] && twin.known_cost(i, j) - potentials.u[i] - potentials.v[j] < bound)
                expected.insert({i, j});
    for (std::size_t k = 0; k < arcs.size(); ++k) {
        const std::size_t i = to_index(arcs[k].source);
        const std::size_t j = to_index(arcs[k].target);
        CHECK(found.insert({i, j}).second);
        CHECK(arcs[k].cost == twin.known_cost(i, j));
        if (draw(random, 0, 9) != 0) continue;
        const double least = twin.known_cost(i, j) + draw(random, 0, 1);
        pricing.learn(places[k], {arcs[k].source, arcs[k].target, least});
        twin.known_cost(i, j) =
            least + cost.row_margin(static_cast<std::int64_t>(i)) + cost.column_margin(static_cast<std::int64_t>(j));
    }
    CHECK(found == expected);
}

/// Some potentials are -infinity, as of units without mass; now and then one comes or goes.
void move(Random& random, std::vector<double>& potentials, double unit) {
    const int kind = draw(random, 0, 5);
    const double step = unit * draw(random, -3, 3);
    for (double& value : potentials) {
        if (kind == 0) value += step;
        if (kind == 1 || (kind == 2 && draw(random, 0, 9) == 0)) value += unit * draw(random, -2, 2);
        if (kind == 3 && draw(random, 0, 19) == 0) value = value == -infinity ? 0.0 : -infinity;
        if (kind == 4) value -= unit * draw(random, 0, 2);
    }
}

/// Costs in units of `unit`: whole numbers of it make no rounding and many arcs exactly on the threshold.
template <class Cost>
void test_walk(Random& random, const Cost& cost, Twin twin, const std::vector<Arc>& known, double unit) {
    Pricing<Cost> pricing(cost, known);
    Potentials potentials{std::vector<double>(twin.searched.n_rows, 0.0),
                          std::vector<double>(twin.searched.n_columns, 0.0)};
    NeverInterrupt interrupt;
    for (int step = 0; step < 60; ++step) {
        if (step % 3 != 2) move(random, potentials.u, unit);
        if (step % 3 != 1) move(random, potentials.v, unit);
        const double certain = unit * draw(random, -2, 1);
        const double width = certain + unit * draw(random, 0, 2);
        if (draw(random, 0, 1) == 0)
            find_all(pricing, twin, potentials, certain, width);
        else
            check_found(twin, pricing.find_near_arcs(potentials, certain, width, interrupt), potentials, certain,
                        width);
        for (const double bound : {-0.4 * unit, 0.0, unit}) check_known(random, cost, pricing, twin, potentials, bound);
    }
}

void test_given(Random& random, std::size_t n, std::size_t m, int highest) {
    const double unit = draw(random, 0, 1) == 0 ? 1.0 : 0x1p-40;
    const Matrix cost = times(whole_costs(random, n, m, highest), unit);
    const std::vector<Arc> known = arcs_of(some_of(random, cost, draw(random, 0, 4) * 25));
    const Twin twin = twin_of(cost, known, 0.0);
    test_walk(random, as_given(cost), twin, known, unit);
    const std::vector<float> values(cost.values.begin(), cost.values.end());
    const mot::MatrixView<double> shape = view_of_cost(cost);
    const mot::GivenCost<float> given({values.data(), shape.n_rows, shape.n_columns}, cost.scale());
    test_walk(random, given, twin, known, unit);
}

/// Reduced costs in units of about the margin, where searched and exact costs disagree.
template <class Cost>
void test_searched(Random& random, const Cost& cost, double unit_in_margins) {
    const Matrix searched = searched_costs(cost);
    const std::vector<Arc> known = arcs_of(some_of(random, searched, 10));
    const double unit = unit_in_margins * (cost.row_margin(0) + cost.column_margin(0));
    test_walk(random, cost, twin_of(searched, known, 1e-13 * (1 + 10 * unit)), known, unit);
}

void test_correlations(Random& random, std::int64_t most_stored, double unit_in_margins) {
    const Activations x = random_activations(random, 2, 30);
    const Activations y = random_activations(random, 2, 90);
    const mot::StandardizedLayer source = standardize(x);
    const mot::StandardizedLayer target = standardize(y);
    NeverInterrupt interrupt;
    mot::Workspace workspace = workspace_of(naive_sgemm, most_stored);
    test_searched(random, mot::CorrelationCost<float>(source, target, workspace, interrupt), unit_in_margins);
}

/// Costs of 16 bits, many of them equal, which several workers search.
void test_screened(Random& random, std::int64_t most_stored, double unit_in_margins) {
    for (const mot::IntegerProducts* products : all_products())
        for (const LayerFamily family : {LayerFamily::dense, LayerFamily::near_copies, LayerFamily::quantised})
            for (const int n_workers : {1, 3}) {
                const mot::StandardizedLayer source = standardize(draw_layer(random, family, 40, 50), products);
                const mot::StandardizedLayer target = standardize(draw_layer(random, family, 40, 90), products);
                NeverInterrupt interrupt;
                mot::Workspace workspace = workspace_of(naive_sgemm, most_stored, n_workers);
                test_searched(random, mot::ScreenedCost(source, target, workspace, interrupt), unit_in_margins);
            }
}

/// Where many arcs are alike, rows do not all return the same few; nor where there are more rows than columns.
void test_ties_are_spread(std::size_t n_rows) {
    case_name = "ties, " + std::to_string(n_rows);
    const Matrix matrix(n_rows, 200, 1.0);
    const mot::GivenCost<double> cost = as_given(matrix);
    Pricing<mot::GivenCost<double>> pricing(cost, {});
    NeverInterrupt interrupt;
    const Potentials potentials{std::vector<double>(n_rows, 0.0), std::vector<double>(200, 0.0)};
    std::vector<std::size_t> n_times(200, 0);
    for (const Arc& arc : pricing.find_near_arcs(potentials, 2.0, 2.0, interrupt)) ++n_times[to_index(arc.target)];
    for (const std::size_t n : n_times) CHECK(n == most_per_row * n_rows / 200);
}

std::int64_t n_rows_read = 0;

void counting_sgemm(char* transpose_a, char* transpose_b, int* m, int* n, int* k, float* alpha, float* a, int* lda,
                    float* b, int* ldb, float* beta, float* c, int* ldc) {
    n_rows_read += *n;
    naive_sgemm(transpose_a, transpose_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}

/// Costs lie between 0 and 2, potentials start at -1: no reduced cost is below 2 at first.
void test_rows_are_read_at_need(Random& random) {
    case_name = "rows read";
    const mot::StandardizedLayer source = standardize(random_activations(random, 10, 50));
    const mot::StandardizedLayer target = standardize(random_activations(random, 10, 20));
    NeverInterrupt interrupt;
    mot::Workspace workspace = workspace_of(counting_sgemm, 0);
    const mot::CorrelationCost<float> cost(source, target, workspace, interrupt);
    CHECK(n_rows_read == 0);
    Pricing<mot::CorrelationCost<float>> pricing(cost, {});
    Potentials potentials{std::vector<double>(50, -1.0), std::vector<double>(20, -1.0)};
    const auto rows_read = [&](double certain) {
        n_rows_read = 0;
        pricing.find_near_arcs(potentials, certain, certain, interrupt);
        return n_rows_read;
    };
    potentials.u[3] = -infinity;
    CHECK(rows_read(2.0) == 49);  // nothing is known of any row, and nothing asked of row 3
    CHECK(rows_read(1.0) == 0);
    CHECK(rows_read(2.0) == 0);
    for (double& u : potentials.u) u += 0.25;
    for (double& v : potentials.v) v += 0.25;
    CHECK(rows_read(1.5) == 0);
    for (double& v : potentials.v) v -= 0.25;  // the bounds rise again
    CHECK(rows_read(1.75) == 0);
    potentials.u[7] += 0.125;
    potentials.u[8] -= 0.125;
    CHECK(rows_read(1.75) == 1);
    potentials.v[0] += 0.125;  // every row may have fallen, but row 8
    CHECK(rows_read(1.75) == 48);
}

}  // namespace

int main() {
    Random random(10);
    for (const std::size_t n_rows : {200u, 1000u}) test_ties_are_spread(n_rows);
    test_rows_are_read_at_need(random);
    for (int round = 0; round < 60; ++round) {
        case_name = "round " + std::to_string(round);
        // Often more arcs below the width than a row may give away.
        test_given(random, draw_size(random, 1, 20), draw_size(random, 1, 90), round % 2 == 0 ? 30 : 3);
    }
    for (const std::int64_t most_stored : {0, 1 << 20})
        for (const double unit_in_margins : {0.01, 0.5, 1e5}) {
            case_name = "correlations, " + std::to_string(unit_in_margins) + " margins";
            test_correlations(random, most_stored, unit_in_margins);
            test_screened(random, most_stored, unit_in_margins);
        }
}
