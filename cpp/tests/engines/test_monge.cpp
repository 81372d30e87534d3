/// Costs with the Monge property are answered directly, with a proof; others are told.
#include "mot/engines/monge.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "support/check.hpp"
#include "support/cost_families.hpp"
#include "support/problems.hpp"

namespace {

template <class Real>
struct Problem {
    Matrix cost;
    std::vector<Real> values;
    mot::Masses masses;

    Problem(const Matrix& cost_, mot::Masses masses_)
        : cost(cost_), values(cost.values.begin(), cost.values.end()), masses(std::move(masses_)) {
        std::copy(values.begin(), values.end(), cost.values.begin());
    }
    mot::MatrixView<Real> view() const {
        return {values.data(), static_cast<std::int64_t>(cost.n_rows), static_cast<std::int64_t>(cost.n_columns)};
    }
};

template <class Real>
double solve_and_check(const Problem<Real>& problem, bool is_clear) {
    NeverInterrupt never;
    mot::Monge<Real> engine(problem.masses, problem.view());
    CHECK(engine.is_likely() || !is_clear);
    CHECK(engine.optimize(never) == mot::Status::optimal);
    CHECK(engine.plan().mass.size() < problem.masses.source.size() + problem.masses.target.size());
    const double tolerance = 1e-12 * (1 + problem.cost.scale());
    return check_proven(problem.cost, problem.masses.source, problem.masses.target, engine.plan(), engine.potentials(),
                        tolerance);
}

/// Costs whose sums are exact cost what the oracle says.
template <class Real>
void test_whole_masses(const Matrix& cost, const WholeMasses& masses, bool is_clear) {
    const double found = solve_and_check(Problem<Real>(cost, to_whole_core(masses)), is_clear);
    CHECK_NEAR(found, transport_by_shortest_paths(cost, masses.a, masses.b), 1e-9 * (1 + std::abs(found)));
}

/// Masses of any sizes, some of which are far below the rounding of others.
mot::Masses uneven_masses(Random& random, std::size_t n, std::size_t m) {
    const auto draw_side = [&](std::size_t size) {
        std::vector<double> masses(size);
        for (double& mass : masses) mass = std::pow(10.0, -draw(random, 0, 20));
        masses[draw_size(random, 0, size - 1)] = 1;
        const double total = std::accumulate(masses.begin(), masses.end(), 0.0);
        for (double& mass : masses) mass /= total;
        return masses;
    };
    const std::vector<double> a = draw_side(n), b = draw_side(m);
    return mot::Masses::from_marginals(a.data(), static_cast<std::int64_t>(n), b.data(), static_cast<std::int64_t>(m));
}

template <class Real>
void test_kinds_of_masses(Random& random, const Matrix& cost, bool is_clear) {
    const std::size_t n = cost.n_rows;
    const std::size_t m = cost.n_columns;
    test_whole_masses<Real>(cost, uniform_masses(n, m), is_clear);
    test_whole_masses<Real>(cost, random_masses(random, n, m, 1, 3), is_clear);
    test_whole_masses<Real>(cost, random_masses(random, n, m, 0, 2), is_clear);
    test_whole_masses<Real>(cost, random_masses(random, n, m, 1, 1000000), is_clear);
    WholeMasses lonely{std::vector<long>(n, 0), std::vector<long>(m, 0)};
    lonely.a[draw_size(random, 0, n - 1)] = 5;
    lonely.b[draw_size(random, 0, m - 1)] = 5;
    test_whole_masses<Real>(cost, lonely, is_clear);
    solve_and_check(Problem<Real>(cost, uneven_masses(random, n, m)), is_clear);
}

void test_shape(Random& random, std::size_t n, std::size_t m) {
    // Where costs have ties, a few rows and columns do not always tell their order.
    const auto test = [&](const char* name, const Matrix& cost, bool is_clear = true) {
        case_name = std::string(name) + ", " + std::to_string(n) + " x " + std::to_string(m);
        test_kinds_of_masses<double>(random, cost, is_clear);
        test_kinds_of_masses<float>(random, cost, is_clear);
    };
    for (const CostFamily family : monge_families)
        test(name_of(family), draw_costs(random, family, n, m), family != CostFamily::distances);
    test("all equal", Matrix(n, m, 7.0));
    test("of either sign", times(draw_costs(random, CostFamily::ranks, n, m), -1.0));
    // Two rows or columns are enough for the property, whatever they cost.
    if (n <= 2 || m <= 2) test("few", whole_costs(random, n, m, 1000));
}

/// Where many rows and columns are alike, their order may not be found; then there is no answer, or else a proven one.
void test_unclear_orders(Random& random) {
    NeverInterrupt never;
    int n_found = 0;
    for (int round = 0; round < 200; ++round) {
        case_name = "unclear order, round " + std::to_string(round);
        const std::size_t n = draw_size(random, 3, 40), m = draw_size(random, 3, 40);
        const Matrix cost = shuffled(random, summed_densities(random, n, m, draw(random, 50, 100)));
        const Problem<double> problem(cost, to_whole_core(random_masses(random, n, m, 0, 3)));
        mot::Monge<double> engine(problem.masses, problem.view());
        const mot::Status status = engine.optimize(never);
        CHECK(status == mot::Status::optimal || status == mot::Status::infeasible);
        if (status != mot::Status::optimal) continue;
        ++n_found;
        check_proven(cost, problem.masses.source, problem.masses.target, engine.plan(), engine.potentials(),
                     1e-12 * (1 + cost.scale()));
    }
    CHECK(n_found > 100);
}

/// Costs without the property are infeasible, whether they look so or not.
template <class Real>
void test_other_costs(Random& random) {
    NeverInterrupt never;
    for (const std::size_t n : {10u, 30u, 100u}) {
        case_name = "disordered, " + std::to_string(n);
        const Problem<Real> disordered(whole_costs(random, n, n, 1000), mot::Masses::uniform(100, 100));
        const auto size = static_cast<std::int64_t>(n);
        const mot::Masses masses = mot::Masses::uniform(size, size);
        mot::Monge<Real> engine(masses, disordered.view());
        CHECK(!engine.is_likely());
        CHECK(engine.optimize(never) == mot::Status::infeasible);
    }
    case_name = "one other cost";
    int n_likely = 0;
    for (int round = 0; round < 20; ++round) {
        const std::size_t n = 100;
        Matrix cost = costs_of_places(n, n, [](auto i, auto j) { return static_cast<double>(i * j); });
        const std::size_t i = draw_size(random, 20, 80);
        cost(i, i == 50 ? 20 : i) -= 1e6;  // the orders match it with another
        const Problem<Real> problem(cost, mot::Masses::uniform(100, 100));
        mot::Monge<Real> engine(problem.masses, problem.view());
        n_likely += engine.is_likely();
        CHECK(engine.optimize(never) == mot::Status::infeasible);
    }
    CHECK(n_likely > 0);
}

/// Told to stop at any check, it says so, and finds the answer when it is called again.
void test_interrupts(Random& random) {
    case_name = "interrupted";
    const Problem<double> problem(draw_costs(random, CostFamily::densities, 50, 60), mot::Masses::uniform(50, 60));
    test_stops(1, [&](StopAt& stop) {
        mot::Monge<double> engine(problem.masses, problem.view());
        check_stopped_and_resumed(engine, stop);
    });
}

}  // namespace

int main() {
    Random random(21);
    const std::pair<std::size_t, std::size_t> shapes[] = {{1, 1}, {1, 9}, {9, 1},   {2, 2},   {2, 9},
                                                          {9, 2}, {5, 5}, {12, 17}, {40, 40}, {7, 60}};
    for (int round = 0; round < 4; ++round)
        for (const auto& [n, m] : shapes) test_shape(random, n, m);
    test_unclear_orders(random);
    test_other_costs<double>(random);
    test_other_costs<float>(random);
    test_interrupts(random);
}
