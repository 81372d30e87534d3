/// Auctions between points: potentials are feasible over all pairs and no arc that carries mass is dearer than its
/// source's cheapest by more than epsilon. Cells of points; potentials to start from.
#include "mot/points/point_auction.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include "mot/points/point_levels.hpp"
#include "support/check.hpp"
#include "support/problems.hpp"

namespace {

Matrix random_points(Random& random, std::size_t n, std::size_t n_dimensions) {
    Matrix points(n, n_dimensions);
    for (double& x : points.values) x = draw_real(random, -1, 1);
    return points;
}

void test_auction(Random& random, mot::Metric metric, std::size_t n, std::size_t m, bool is_uniform) {
    case_name =
        "metric " + std::to_string(static_cast<int>(metric)) + ", " + std::to_string(n) + " x " + std::to_string(m);
    const Matrix x = random_points(random, n, 2);
    const Matrix y = random_points(random, m, 2);
    mot::PointTree source(view_of_cost(x), metric, 0.0);
    mot::PointTree target(view_of_cost(y), metric, 0.0);
    const mot::Masses masses = is_uniform
                                   ? mot::Masses::uniform(static_cast<std::int64_t>(n), static_cast<std::int64_t>(m))
                                   : to_core(random_masses(random, n, m, 1, 5));
    NeverInterrupt interrupt;
    const mot::Workers workers(2);
    mot::PointAuction auction(source, target, masses,
                              mot::starting_potentials(source, target, masses, metric, 0.0, workers, interrupt),
                              workers, interrupt);
    const mot::EpsilonSchedule schedule = mot::schedule_for(metric, false);
    double epsilon = 0;
    for (double each = schedule.first; each >= schedule.last; each /= schedule.factor) {
        epsilon = each * auction.spread();
        CHECK(auction.run(epsilon, interrupt));
    }
    const mot::Potentials& potentials = auction.potentials();
    for (mot::Node i = 0; i < source.size(); ++i) {
        double least = infinity;
        for (mot::Node j = 0; j < target.size(); ++j)
            least = std::min(least, target.cost(source.point(i), j) - potentials.v[mot::index(j)]);
        CHECK(potentials.u[mot::index(i)] == least);
    }
    std::vector<bool> has_source(n, false), has_target(m, false);
    for (const mot::Arc& arc : auction.plan()) {
        has_source[mot::index(arc.source)] = true;
        has_target[mot::index(arc.target)] = true;
        CHECK(arc.cost == target.cost(source.point(arc.source), arc.target));
        CHECK(arc.cost - potentials.u[mot::index(arc.source)] - potentials.v[mot::index(arc.target)] <=
              epsilon * (1 + 1e-9) + 1e-12);
    }
    CHECK(std::count(has_source.begin(), has_source.end(), false) == 0);
    CHECK(std::count(has_target.begin(), has_target.end(), false) == 0);
    CHECK(auction.arcs().size() >= n);
}

void test_an_interrupt_ends_a_round() {
    case_name = "interrupt";
    Random random(2);
    const Matrix x = random_points(random, 300, 2);
    const Matrix y = random_points(random, 300, 2);
    mot::PointTree source(view_of_cost(x), mot::Metric::squared_euclidean, 0.0);
    mot::PointTree target(view_of_cost(y), mot::Metric::squared_euclidean, 0.0);
    const mot::Masses masses = mot::Masses::uniform(300, 300);
    const mot::Workers workers(1);
    StopAt interrupt(20);
    mot::PointAuction auction(source, target, masses, std::vector<double>(300, 0.0), workers, interrupt);
    CHECK(!auction.run(1e-6, interrupt));
    CHECK(interrupt.has_stopped());
}

void test_cells() {
    case_name = "cells";
    const Matrix line = [] {
        Matrix points(8, 1);
        for (std::size_t i = 0; i < 8; ++i) points(i, 0) = static_cast<double>((5 * i) % 8);
        return points;
    }();
    const std::vector<double> equal(8, 0.125);
    std::vector<double> means = mot::cell_means(view_of_cost(line), equal, 4);
    std::sort(means.begin(), means.end());
    CHECK(means == std::vector<double>({0.5, 2.5, 4.5, 6.5}));
    // The point at 5 = 5 * 1 has more than half of the mass, and so of the cells.
    std::vector<double> heavy(8, 1.0);
    heavy[1] = 25.0;
    means = mot::cell_means(view_of_cost(line), heavy, 8);
    CHECK(means.size() == 8);
    CHECK(std::count(means.begin(), means.end(), 5.0) >= 5);
    Random random(3);
    const Matrix points = random_points(random, 1000, 3);
    std::vector<double> masses(1000);
    for (double& mass : masses) mass = std::ldexp(1.0, draw(random, -20, 0));
    for (const std::int64_t n_cells : {1, 7, 125, 500})
        CHECK(mot::cell_means(view_of_cost(points), masses, n_cells).size() == static_cast<std::size_t>(3 * n_cells));
}

}  // namespace

int main() {
    Random random(12);
    for (const mot::Metric metric :
         {mot::Metric::squared_euclidean, mot::Metric::euclidean, mot::Metric::cityblock, mot::Metric::product})
        for (const bool is_uniform : {true, false}) {
            test_auction(random, metric, 1, 1, is_uniform);
            test_auction(random, metric, 30, 30, is_uniform);
            test_auction(random, metric, 40, 25, is_uniform);
            test_auction(random, metric, 700, 700, is_uniform);
        }
    test_an_interrupt_ends_a_round();
    test_cells();
}
