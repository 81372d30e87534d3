/// Reduced costs are the given ones less potentials of both sides, to the bit wherever they are read.
#include "mot/costs/reduced_cost.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "mot/costs/given_cost.hpp"
#include "support/check.hpp"
#include "support/problems.hpp"

namespace {

template <class Real>
void test_reduction(Random& random, std::size_t n, std::size_t m) {
    std::vector<Real> costs(n * m);
    for (Real& cost : costs) cost = static_cast<Real>(draw_real(random, -5.0, 5.0));
    std::vector<double> v(m);
    for (double& value : v) value = draw_real(random, -100.0, 100.0);
    const mot::GivenCost<Real> given({costs.data(), static_cast<std::int64_t>(n), static_cast<std::int64_t>(m)}, 5.0);
    NeverInterrupt never;
    const mot::ReducedCost<Real> reduced(given, v, never);
    CHECK(reduced.n_rows() == given.n_rows() && reduced.n_columns() == given.n_columns());
    CHECK(reduced.scale() == given.scale() && !reduced.is_stored());
    CHECK(reduced.potentials().v == v);

    std::vector<std::vector<double>> expected(n, std::vector<double>(m));
    for (std::size_t i = 0; i < n; ++i) {
        const auto value = [&](std::size_t j) { return static_cast<double>(costs[i * m + j]) - v[j]; };
        double least = value(0);
        for (std::size_t j = 1; j < m; ++j) least = std::min(least, value(j));
        CHECK(reduced.potentials().u[i] == least);
        for (std::size_t j = 0; j < m; ++j) {
            expected[i][j] = value(j) - least;
            CHECK(expected[i][j] >= 0);
            CHECK(reduced.exact(static_cast<std::int64_t>(i), static_cast<std::int64_t>(j)) == expected[i][j]);
        }
    }
    std::vector<std::int64_t> visited;
    const auto is_wanted = [](std::int64_t i) { return i % 3 != 1; };
    reduced.for_each_row(never, is_wanted, [&](std::int64_t i, const double* row) {
        visited.push_back(i);
        CHECK(std::equal(row, row + m, expected[static_cast<std::size_t>(i)].begin()));
    });
    std::vector<std::int64_t> wanted;
    for (std::int64_t i = 0; i < given.n_rows(); ++i)
        if (is_wanted(i)) wanted.push_back(i);
    CHECK(visited == wanted);
}

}  // namespace

int main() {
    Random random(23);
    for (const std::size_t n : {1u, 2u, 40u})
        for (const std::size_t m : {1u, 3u, 33u, 100u}) {
            test_reduction<float>(random, n, m);
            test_reduction<double>(random, n, m);
        }
}
