/// Pricing finds the violated arcs that two loops find.
#include "mot/pricing.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "cases.hpp"
#include "check.hpp"

namespace {

using mot::Arc;
using mot::Potentials;

constexpr std::int64_t no_limit = std::numeric_limits<std::int64_t>::max();

std::vector<Arc> violated_by_loops(const Matrix& cost, const Potentials& potentials, double threshold) {
    std::vector<Arc> arcs;
    for (const Arc& arc : arcs_of(cost))
        if (arc.cost - potentials.v[to_index(arc.target)] < potentials.u[to_index(arc.source)] + threshold)
            arcs.push_back(arc);
    return arcs;
}

bool is_same(const Arc& x, const Arc& y) {
    return x.source == y.source && x.target == y.target && x.cost == y.cost;
}

/// The reduced costs of each source's arcs, in order of size.
std::vector<std::vector<double>> sorted_reduced_costs(const std::vector<Arc>& arcs, const Potentials& potentials) {
    std::vector<std::vector<double>> result(potentials.u.size());
    for (const Arc& arc : arcs) {
        const std::size_t i = to_index(arc.source);
        result[i].push_back(arc.cost - potentials.u[i] - potentials.v[to_index(arc.target)]);
    }
    for (auto& reduced : result) std::sort(reduced.begin(), reduced.end());
    return result;
}

template <class Real>
void test_view(const mot::MatrixView<Real>& view, const Matrix& cost, const Potentials& potentials, double threshold) {
    const std::vector<Arc> expected = violated_by_loops(cost, potentials, threshold);
    const std::vector<Arc> found = mot::find_violated_arcs(view, potentials, threshold, no_limit);
    CHECK(found.size() == expected.size());
    CHECK(std::equal(found.begin(), found.end(), expected.begin(), is_same));

    auto lowest = sorted_reduced_costs(expected, potentials);
    const std::size_t limit = 3;
    for (auto& reduced : lowest) reduced.resize(std::min(reduced.size(), limit));
    const std::vector<Arc> limited =
        mot::find_violated_arcs(view, potentials, threshold, static_cast<std::int64_t>(limit));
    CHECK(sorted_reduced_costs(limited, potentials) == lowest);
    for (std::size_t k = 0; k < limited.size(); ++k) {
        CHECK(std::any_of(expected.begin(), expected.end(), [&](const Arc& arc) { return is_same(arc, limited[k]); }));
        CHECK(k == 0 || limited[k - 1].source <= limited[k].source);
    }
}

/// Whole numbers: no rounding, and many arcs exactly on the threshold.
void test_pricing(Random& random, std::size_t n, std::size_t m) {
    const Matrix cost = whole_costs(random, n, m, 30);
    Potentials potentials{std::vector<double>(n), std::vector<double>(m)};
    for (double& u : potentials.u) u = draw(random, 0, 9) == 0 ? -infinity : draw(random, -5, 5);
    for (double& v : potentials.v) v = draw(random, 0, 9) == 0 ? -infinity : draw(random, -5, 5);
    const std::vector<float> values(cost.values.begin(), cost.values.end());
    const mot::MatrixView<double> view = view_of_cost(cost);
    for (const double threshold : {0.0, 3.0, -3.0, 100.0, -100.0}) {
        test_view(view, cost, potentials, threshold);
        test_view(mot::MatrixView<float>{values.data(), view.n_rows, view.n_columns}, cost, potentials, threshold);
    }
}

/// A double just below the threshold must not be rounded up to it in single precision.
void test_no_rounding_of_potentials() {
    const float cost = 1.0f;
    for (const double excess : {1e-12, -1e-12}) {
        const Potentials potentials{{1.0 + excess}, {0.0}};
        const auto found = mot::find_violated_arcs(mot::MatrixView<float>{&cost, 1, 1}, potentials, 0.0, no_limit);
        CHECK(found.empty() == (excess < 0));
    }
}

}  // namespace

int main() {
    test_no_rounding_of_potentials();
    Random random(10);
    for (int round = 0; round < 60; ++round) {
        case_name = "round " + std::to_string(round);
        test_pricing(random, draw_size(random, 1, 20), draw_size(random, 1, 90));
    }
}
