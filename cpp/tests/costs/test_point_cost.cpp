/// Costs of points: those searched in double precision are the exact ones to the last bit, those searched in single
/// precision lie within their margin, and either way they are solved as the matrix of all costs is.
#include "mot/costs/point_cost.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "mot/solve/points.hpp"
#include "oracles/layers.hpp"
#include "support/check.hpp"
#include "support/problems.hpp"

namespace {

constexpr mot::Metric all_metrics[] = {mot::Metric::squared_euclidean, mot::Metric::euclidean, mot::Metric::cityblock,
                                       mot::Metric::product};

std::string name_of(mot::Metric metric) {
    return std::to_string(static_cast<int>(metric));
}

/// Sources and targets in the unit box, some of them the same, `offset` away from the origin.
struct Points {
    Points(Random& random, std::size_t n, std::size_t m, std::size_t n_dimensions, double offset, double spread)
        : source(n, n_dimensions), target(m, n_dimensions) {
        for (Matrix* side : {&source, &target})
            for (double& x : side->values) x = offset + spread * draw_real(random, -1, 1);
        for (std::size_t i = 0; i < std::min(n, m); i += 3)
            for (std::size_t k = 0; k < n_dimensions; ++k) target(i, k) = source(i, k);
    }
    mot::PointPair pair(mot::Metric metric) const {
        return {view_of_cost(source), view_of_cost(target), metric, metric == mot::Metric::product ? 1.0 : 0.0};
    }
    long double cost(mot::Metric metric, std::size_t i, std::size_t j) const {
        long double sum = 0;
        for (std::size_t k = 0; k < source.n_columns; ++k) {
            const long double x = source(i, k);
            const long double y = target(j, k);
            sum += metric == mot::Metric::product     ? x * y
                   : metric == mot::Metric::cityblock ? std::abs(x - y)
                                                      : (x - y) * (x - y);
        }
        if (metric == mot::Metric::product) return 1 - sum;
        return metric == mot::Metric::euclidean ? std::sqrt(sum) : sum;
    }
    Matrix costs(mot::Metric metric) const {
        Matrix result(source.n_rows, target.n_rows);
        for (std::size_t i = 0; i < source.n_rows; ++i)
            for (std::size_t j = 0; j < target.n_rows; ++j) result(i, j) = static_cast<double>(cost(metric, i, j));
        return result;
    }

    Matrix source, target;
};

using IsWanted = std::function<bool(std::int64_t)>;

template <class Cost, class Check>
void for_each_cost(const Cost& cost, const IsWanted& is_wanted, Check check) {
    NeverInterrupt interrupt;
    std::int64_t n_visited = 0;
    cost.for_each_row(interrupt, is_wanted, [&](std::int64_t i, const typename Cost::Value* row) {
        CHECK(is_wanted(i));
        ++n_visited;
        for (std::int64_t j = 0; j < cost.n_columns(); ++j) check(i, j, mot::cost_of(row[j]));
    });
    for (std::int64_t i = 0; i < cost.n_rows(); ++i) n_visited -= is_wanted(i);
    CHECK(n_visited == 0);
}

void test_rows(const Points& points, mot::Metric metric) {
    const mot::PointPair pair = points.pair(metric);
    mot::Workspace workspace{naive_sgemm, 0, mot::Workers(2)};
    const mot::PointCost<double> cost(pair, workspace);
    const double scale = cost.scale();
    for (const IsWanted& is_wanted :
         {IsWanted([](std::int64_t) { return true; }), IsWanted([](std::int64_t i) { return i % 3 == 1; })}) {
        for_each_cost(cost, is_wanted, [&](std::int64_t i, std::int64_t j, double found) {
            CHECK(found == cost.exact(i, j));
            CHECK(std::abs(found) <= scale * (1 + 1e-12));
            const auto expected =
                static_cast<double>(points.cost(metric, static_cast<std::size_t>(i), static_cast<std::size_t>(j)));
            CHECK_NEAR(found, expected, 1e-14 * scale);
        });
        if (!mot::PointCost<float>::has_products(metric)) continue;
        const mot::PointCost<float> searched(pair, workspace);
        for_each_cost(searched, is_wanted, [&](std::int64_t i, std::int64_t j, double found) {
            CHECK(searched.exact(i, j) == cost.exact(i, j));
            CHECK(searched.exact(i, j) >= found - searched.row_margin(i) - searched.column_margin(j));
            CHECK_NEAR(found, cost.exact(i, j), 0.02 * scale + (metric == mot::Metric::product ? 1e-5 : 0.0));
        });
    }
}

void test_least_costs_are_exact() {
    case_name = "least costs";
    Random random(3);
    const Points points(random, 5, 4, 10, 0, 1);
    mot::Workspace workspace{naive_sgemm, 0, mot::Workers(1)};
    const mot::PointCost<float> cost(points.pair(mot::Metric::squared_euclidean), workspace);
    CHECK(cost.find_least_costs({{1, 2, 0.0}, {4, 0, 0.0}}) ==
          std::vector<double>({cost.exact(1, 2), cost.exact(4, 0)}));
    CHECK(!cost.is_stored() && !cost.stored().data && cost.resolution() == 0.0);
}

void test_scale_is_zero_where_all_costs_are() {
    case_name = "scale";
    const Matrix same(3, 12, 0.25);
    mot::Workspace workspace{naive_sgemm, 0, mot::Workers(1)};
    for (const mot::Metric metric : {mot::Metric::squared_euclidean, mot::Metric::euclidean, mot::Metric::cityblock})
        CHECK(mot::PointCost<double>({view_of_cost(same), view_of_cost(same), metric}, workspace).scale() == 0.0);
    const Matrix zero(3, 12, 0.0);
    CHECK(mot::PointCost<double>({view_of_cost(zero), view_of_cost(same), mot::Metric::product}, workspace).scale() ==
          0.0);
}

void test_interrupts_are_heard() {
    case_name = "interrupt";
    Random random(4);
    const Points points(random, 200, 50, 3, 0, 1);
    mot::Workspace workspace{naive_sgemm, 0, mot::Workers(1)};
    const mot::PointCost<double> cost(points.pair(mot::Metric::cityblock), workspace);
    StopAt interrupt(7);
    int n_rows = 0;
    cost.for_each_row(interrupt, [](std::int64_t) { return true; }, [&](std::int64_t, const double*) { ++n_rows; });
    CHECK(n_rows == 6);
}

void test_solutions(const Points& points, mot::Metric metric, const mot::Masses& masses) {
    const Matrix costs = points.costs(metric);
    const mot::Solution expected = solve_matrix(costs, masses);
    for (const std::int64_t most_stored : {std::int64_t{0}, std::int64_t{1} << 30}) {
        std::vector<mot::Solution> solutions;
        for (const int n_workers : {1, 2}) {
            mot::Workspace workspace{naive_sgemm, most_stored, mot::Workers(n_workers)};
            NeverInterrupt interrupt;
            solutions.push_back(mot::solve_points(points.pair(metric), masses, workspace, interrupt));
        }
        CHECK(solutions[0].status == mot::Status::optimal);
        CHECK_NEAR(solutions[0].cost, expected.cost, 1e-11 * costs.scale() * mot::total_mass(masses) * masses.unit);
        CHECK(solutions[0].plan.mass == solutions[1].plan.mass);
        CHECK(solutions[0].potentials.u == solutions[1].potentials.u);
        CHECK(solutions[0].potentials.v == solutions[1].potentials.v);
        CHECK(solutions[0].certificate.duality_gap == solutions[1].certificate.duality_gap);
    }
}

}  // namespace

int main() {
    Random random(1);
    for (const mot::Metric metric : all_metrics)
        for (const std::size_t n_dimensions : {1, 2, 9, 40})
            for (const double offset : {0.0, 1.0, 1e6}) {
                if (metric == mot::Metric::product && offset > 1) continue;  // norms are at most about one
                case_name = "metric " + name_of(metric) + ", dimensions " + std::to_string(n_dimensions);
                test_rows(Points(random, 70, 45, n_dimensions, offset, 1.0), metric);
                test_rows(Points(random, 3, 130, n_dimensions, offset, 1e-3), metric);
                const Points points(random, 60, 60, n_dimensions, offset, 1.0);
                test_solutions(points, metric, mot::Masses::uniform(60, 60));
                test_solutions(points, metric, to_core(random_masses(random, 60, 60, 0, 5)));
            }
    test_least_costs_are_exact();
    test_scale_is_zero_where_all_costs_are();
    test_interrupts_are_heard();
}
