/// The potentials of a sample of rows and columns lie where those of the whole problem do.
#include "mot/solve/sample.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "mot/costs/given_cost.hpp"
#include "support/check.hpp"
#include "support/cost_families.hpp"
#include "support/problems.hpp"

namespace {

template <class Real>
struct Given {
    std::vector<Real> values;
    mot::GivenCost<Real> cost;

    explicit Given(const Matrix& matrix)
        : values(matrix.values.begin(), matrix.values.end()),
          cost({values.data(), static_cast<std::int64_t>(matrix.n_rows), static_cast<std::int64_t>(matrix.n_columns)},
               matrix.scale()) {}
    mot::Masses uniform() const { return mot::Masses::uniform(cost.n_rows(), cost.n_columns()); }
};

/// The difference of the greatest and the least `x - y`: zero where they differ by a constant.
double spread_of(const std::vector<double>& x, const std::vector<double>& y) {
    CHECK(x.size() == y.size());
    double least = infinity, greatest = -infinity;
    for (std::size_t k = 0; k < x.size(); ++k) {
        least = std::min(least, x[k] - y[k]);
        greatest = std::max(greatest, x[k] - y[k]);
    }
    return greatest - least;
}

std::vector<double> draw_numbers(Random& random, std::size_t n) {
    std::vector<double> numbers(n);
    for (double& number : numbers) number = draw(random, -1000, 1000);
    return numbers;
}

/// A sample is at most half of all costs.
void test_is_worthwhile() {
    const auto is_worthwhile = [](std::size_t n, std::size_t m) {
        return mot::Sample<double>::is_worthwhile(Given<double>(Matrix(n, m)).cost);
    };
    CHECK(!is_worthwhile(1, 1) && !is_worthwhile(32, 32) && !is_worthwhile(45, 45) && !is_worthwhile(32, 63));
    CHECK(is_worthwhile(46, 46) && is_worthwhile(64, 64) && is_worthwhile(1, 128) && is_worthwhile(1000, 3));
}

/// Of sums of rows and columns, potentials are these up to a constant.
template <class Real>
void test_sums(Random& random, std::size_t n, std::size_t m) {
    const std::vector<double> of_rows = draw_numbers(random, n), of_columns = draw_numbers(random, m);
    const Given<Real> given(costs_of_places(n, m, [&](auto i, auto j) { return of_rows[i] + of_columns[j]; }));
    NeverInterrupt never;
    for (const mot::Masses& masses : {given.uniform(), to_core(random_masses(random, n, m, 0, 3))}) {
        const mot::Sample<Real> sample(given.cost, masses);
        CHECK(spread_of(sample.column_potentials(never), of_columns) < 1e-9);
        if (n <= 32) CHECK(spread_of(sample.row_potentials(never), of_rows) < 1e-9);
    }
}

/// Of squared distances to points shifted by s, potentials of columns y vary as 2 s y does.
template <class Real>
void test_shifted_clouds(Random& random, std::size_t n) {
    std::vector<double> x(2 * n), y(2 * n), expected(n);
    for (std::size_t k = 0; k < 2 * n; ++k) {
        x[k] = draw_real(random, 0.0, 1.0);
        y[k] = draw_real(random, 0.0, 1.0) + (k % 2 == 0 ? 100.0 : -50.0);
    }
    const Matrix cost = costs_of_places(n, n, [&](auto i, auto j) {
        const double first = x[2 * i] - y[2 * j], second = x[2 * i + 1] - y[2 * j + 1];
        return first * first + second * second;
    });
    for (std::size_t j = 0; j < n; ++j) expected[j] = 2 * (100.0 * y[2 * j] - 50.0 * y[2 * j + 1]);
    const Given<Real> given(cost);
    NeverInterrupt never;
    const mot::Sample<Real> sample(given.cost, given.uniform());
    const std::vector<double> v = sample.column_potentials(never);
    CHECK(spread_of(expected, std::vector<double>(n, 0.0)) > 100);
    CHECK(spread_of(v, expected) < 2);
    CHECK(sample.starting_potentials(never) == v);
}

/// None where rows want different columns, and the least costs where these settle it.
void test_where_to_start(Random& random) {
    NeverInterrupt never;
    const std::size_t n = 600;
    const Given<double> disordered(draw_costs(random, CostFamily::disordered, n, n));
    CHECK(mot::Sample<double>(disordered.cost, disordered.uniform()).starting_potentials(never).empty());

    const std::vector<double> of_columns = draw_numbers(random, n);
    Matrix cost(n, n);
    std::vector<double> least(n, infinity);
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = 0; j < n; ++j) {
            cost(i, j) = 1000 * of_columns[j] + draw(random, 0, 10000);
            least[j] = std::min(least[j], cost(i, j));
        }
    const Given<double> dear_columns(cost);
    CHECK(mot::Sample<double>(dear_columns.cost, dear_columns.uniform()).starting_potentials(never) == least);
}

/// Where no unit of the sample has mass, all count alike.
template <class Real>
void test_no_mass_in_sample(Random& random) {
    const std::size_t n = 200;
    const std::vector<double> of_rows = draw_numbers(random, n), of_columns = draw_numbers(random, n);
    const Given<Real> given(costs_of_places(n, n, [&](auto i, auto j) { return of_rows[i] + of_columns[j]; }));
    NeverInterrupt never;
    for (std::size_t k = 0; k < 8; ++k) {
        WholeMasses masses{std::vector<long>(n, 0), std::vector<long>(n, 0)};
        masses.a[23 * k] = masses.b[29 * k % n] = 1;
        const mot::Sample<Real> sample(given.cost, to_core(masses));
        CHECK(spread_of(sample.column_potentials(never), of_columns) < 1e-9);
    }
}

/// Told to stop, a sample has no potentials, or those that it has anyhow.
void test_interrupts(Random& random) {
    const Given<double> given(draw_costs(random, CostFamily::clouds, 150, 150));
    const mot::Sample<double> sample(given.cost, given.uniform());
    NeverInterrupt never;
    const std::vector<double> undisturbed = sample.column_potentials(never);
    for (int n = 1; n <= 100000; n += n / 4 + 1) {
        StopAt stop(n);
        const std::vector<double> v = sample.column_potentials(stop);
        CHECK(stop.has_stopped() ? v.empty() : v == undisturbed);
        if (!stop.has_stopped()) return;
    }
}

}  // namespace

int main() {
    Random random(24);
    test_is_worthwhile();
    const std::pair<std::size_t, std::size_t> shapes[] = {{100, 100}, {20, 1000}, {64, 300}, {700, 90}};
    for (const auto& [n, m] : shapes) {
        case_name = "sums, " + std::to_string(n) + " x " + std::to_string(m);
        test_sums<double>(random, n, m);
        test_sums<float>(random, n, m);
    }
    case_name = "shifted clouds";
    test_shifted_clouds<double>(random, 800);
    test_shifted_clouds<float>(random, 800);
    case_name = "where to start";
    test_where_to_start(random);
    case_name = "no mass in the sample";
    test_no_mass_in_sample<double>(random);
    test_no_mass_in_sample<float>(random);
    case_name = "interrupted";
    test_interrupts(random);
}
