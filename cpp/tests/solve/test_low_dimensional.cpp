/// Transports between points of few dimensions cost what the solver of cost matrices finds, for all metrics, masses and
/// shapes, and the same bits for every number of threads.
#include "mot/solve/low_dimensional.hpp"

#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include "oracles/layers.hpp"
#include "support/check.hpp"
#include "support/problems.hpp"

namespace {

enum class Family { random, grid, same, constant, line };

Matrix draw_points(Random& random, std::size_t n, std::size_t n_dimensions, Family family) {
    Matrix points(n, n_dimensions);
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t k = 0; k < n_dimensions; ++k) {
            double& x = points(i, k);
            x = family == Family::grid ? draw(random, 0, 4) / 4.0 : draw_real(random, -1, 1);
            if (family == Family::constant) x = 0.5;
            if (family == Family::line && k > 0) x = points(i, 0) * static_cast<double>(k);
        }
    return points;
}

void test(Random& random, mot::Metric metric, Family family, std::size_t n, std::size_t m, std::size_t n_dimensions,
          bool is_uniform) {
    case_name = "metric " + std::to_string(static_cast<int>(metric)) + ", family " +
                std::to_string(static_cast<int>(family)) + ", " + std::to_string(n) + " x " + std::to_string(m) +
                " in " + std::to_string(n_dimensions);
    const Matrix x = draw_points(random, n, n_dimensions, family);
    const Matrix y = family == Family::same && n == m ? x : draw_points(random, m, n_dimensions, family);
    const mot::PointPair points{view_of_cost(x), view_of_cost(y), metric, metric == mot::Metric::product ? 1.0 : 0.0};
    Matrix cost(n, m);
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = 0; j < m; ++j)
            cost(i, j) = points.cost(static_cast<std::int64_t>(i), static_cast<std::int64_t>(j));
    const mot::Masses masses = is_uniform
                                   ? mot::Masses::uniform(static_cast<std::int64_t>(n), static_cast<std::int64_t>(m))
                                   : to_core(random_masses(random, n, m, 0, 5));
    const mot::Solution expected = solve_matrix(cost, masses);
    std::vector<mot::Solution> solutions;
    for (const int n_workers : {1, 3}) {
        mot::Workspace workspace{naive_sgemm, 0, mot::Workers(n_workers)};
        NeverInterrupt interrupt;
        solutions.push_back(mot::solve_low_dimensional(points, masses, workspace, interrupt));
    }
    CHECK(solutions[0].status == mot::Status::optimal);
    CHECK_NEAR(solutions[0].cost, expected.cost, 1e-12 * cost.scale() * mot::total_mass(masses) * masses.unit);
    CHECK(solutions[0].plan.mass == solutions[1].plan.mass);
    CHECK(solutions[0].plan.target == solutions[1].plan.target);
    CHECK(solutions[0].potentials.u == solutions[1].potentials.u);
    CHECK(solutions[0].potentials.v == solutions[1].potentials.v);
}

void test_interrupts_are_heard() {
    case_name = "interrupt";
    Random random(8);
    const Matrix x = draw_points(random, 700, 2, Family::random);
    const Matrix y = draw_points(random, 700, 2, Family::random);
    const mot::PointPair points{view_of_cost(x), view_of_cost(y), mot::Metric::euclidean};
    const mot::Masses masses = mot::Masses::uniform(700, 700);
    for (const int n : {1, 2, 10, 100, 1000}) {
        mot::Workspace workspace{naive_sgemm, 0, mot::Workers(2)};
        StopAt interrupt(n);
        CHECK(mot::solve_low_dimensional(points, masses, workspace, interrupt).status == mot::Status::interrupted);
    }
}

}  // namespace

int main() {
    Random random(9);
    for (const mot::Metric metric :
         {mot::Metric::squared_euclidean, mot::Metric::euclidean, mot::Metric::cityblock, mot::Metric::product})
        for (const Family family : {Family::random, Family::grid, Family::same, Family::constant, Family::line})
            for (const bool is_uniform : {true, false}) {
                test(random, metric, family, 1, 1, 2, is_uniform);
                test(random, metric, family, 1, 40, 1, is_uniform);
                test(random, metric, family, 40, 40, 1, is_uniform);
                test(random, metric, family, 30, 50, 3, is_uniform);
                test(random, metric, family, 150, 20, 2, is_uniform);
                test(random, metric, family, 20, 150, 2, is_uniform);
                test(random, metric, family, 600, 600, 2, is_uniform);
            }
    test_interrupts_are_heard();
}
