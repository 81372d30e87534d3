/// Few sources serve many targets at least cost, from whatever potentials they start.
#include "mot/engines/few_sources.hpp"

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

double largest_of(const std::vector<double>& values) {
    double largest = 0;
    for (const double value : values) largest = std::max(largest, std::abs(value));
    return largest;
}

/// Potentials of the sources: none, near the costs, or far from any that could be optimal.
std::vector<double> draw_start(Random& random, std::size_t n, double size) {
    std::vector<double> u(n);
    for (double& value : u) value = size * draw_real(random, -1.0, 1.0);
    return u;
}

/// One engine is started from several potentials in turn. Returns the cost.
template <class Real>
double solve_and_check(Random& random, const Matrix& given, const mot::Masses& masses) {
    const std::vector<Real> values(given.values.begin(), given.values.end());
    const Matrix cost = [&] {
        Matrix rounded = given;
        std::copy(values.begin(), values.end(), rounded.values.begin());
        return rounded;
    }();
    NeverInterrupt never;
    const auto view = view_of_cost(cost);
    mot::FewSources<Real> engine(masses, {values.data(), view.n_rows, view.n_columns});
    for (const double size : {0.0, 1.0, 1e3, 1e9}) {
        engine.serve(draw_start(random, cost.n_rows, size * cost.scale()), never);
        CHECK(engine.surplus_share() >= 0 && engine.surplus_share() <= 1 + 1e-12);
        CHECK(engine.optimize(never) == mot::Status::optimal);
        const mot::Potentials potentials = engine.potentials();
        const double tolerance = 1e-13 * (1 + cost.scale() + largest_of(potentials.u) + size * cost.scale());
        check_proven(cost, masses.source, masses.target, engine.plan(), potentials, tolerance);
        CHECK(engine.surplus_share() < 1e-12);
        CHECK(engine.plan().size() < masses.source.size() + masses.target.size());  // it has no cycle
    }
    // The last start leaves the largest potentials, and so the widest tolerance: the first one's cost is told.
    engine.serve(std::vector<double>(cost.n_rows, 0.0), never);
    CHECK(engine.optimize(never) == mot::Status::optimal);
    return check_proven(cost, masses.source, masses.target, engine.plan(), engine.potentials(),
                        1e-12 * (1 + cost.scale()));
}

template <class Real>
void test_whole_masses(Random& random, const Matrix& cost, const WholeMasses& masses) {
    const double found = solve_and_check<Real>(random, cost, to_whole_core(masses));
    CHECK_NEAR(found, transport_by_shortest_paths(cost, masses.a, masses.b), 1e-9 * (1 + std::abs(found)));
}

/// Masses at random from the simplex, or, with `sharpness` above one, nearly all of it on a few.
mot::Masses real_masses(Random& random, std::size_t n, std::size_t m, double sharpness) {
    const auto draw_side = [&](std::size_t size) {
        std::vector<double> masses(size);
        for (double& mass : masses) mass = std::pow(-std::log(draw_real(random, 1e-9, 1.0)), sharpness);
        const double total = std::accumulate(masses.begin(), masses.end(), 0.0);
        for (double& mass : masses) mass /= total;
        return masses;
    };
    const std::vector<double> a = draw_side(n), b = draw_side(m);
    return mot::Masses::from_marginals(a.data(), static_cast<std::int64_t>(n), b.data(), static_cast<std::int64_t>(m));
}

template <class Real>
void test_kinds_of_masses(Random& random, const Matrix& cost) {
    const std::size_t n = cost.n_rows;
    const std::size_t m = cost.n_columns;
    test_whole_masses<Real>(random, cost, uniform_masses(n, m));
    test_whole_masses<Real>(random, cost, random_masses(random, n, m, 1, 3));
    test_whole_masses<Real>(random, cost, random_masses(random, n, m, 0, 1));
    test_whole_masses<Real>(random, cost, random_masses(random, n, m, 1, 1000000));
    solve_and_check<Real>(random, cost,
                          mot::Masses::uniform(static_cast<std::int64_t>(n), static_cast<std::int64_t>(m)));
    for (const double sharpness : {1.0, 6.0, 12.0})
        solve_and_check<Real>(random, cost, real_masses(random, n, m, sharpness));
}

void test_shape(Random& random, std::size_t n, std::size_t m) {
    for (const CostFamily family : {CostFamily::ranks, CostFamily::clouds, CostFamily::blocks, CostFamily::ties,
                                    CostFamily::disordered, CostFamily::sums}) {
        case_name = std::string(name_of(family)) + ", " + std::to_string(n) + " x " + std::to_string(m);
        const Matrix cost = in_single_precision(draw_costs(random, family, n, m));
        test_kinds_of_masses<double>(random, cost);
        test_kinds_of_masses<float>(random, cost);
    }
    case_name = "all equal, " + std::to_string(n) + " x " + std::to_string(m);
    test_kinds_of_masses<double>(random, Matrix(n, m, 0.0));
}

/// Told to stop at any path, it goes on from there when it is called again.
void test_interrupts(Random& random) {
    case_name = "interrupted";
    const Matrix cost = draw_costs(random, CostFamily::clouds, 6, 60);
    const mot::Masses masses = real_masses(random, 6, 60, 1.0);
    NeverInterrupt never;
    test_stops(3, [&](StopAt& stop) {
        mot::FewSources<double> engine(masses, view_of_cost(cost));
        engine.serve(std::vector<double>(6, 0.0), never);
        check_stopped_and_resumed(engine, stop);
        check_proven(cost, masses.source, masses.target, engine.plan(), engine.potentials(), 1e-12 * cost.scale());
    });
}

}  // namespace

int main() {
    Random random(22);
    const std::pair<std::size_t, std::size_t> shapes[] = {{1, 1}, {1, 40},  {2, 9},   {3, 3},   {3, 50},
                                                          {8, 5}, {7, 120}, {13, 60}, {24, 200}};
    for (const auto& [n, m] : shapes) test_shape(random, n, m);
    test_interrupts(random);
}
