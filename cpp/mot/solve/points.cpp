#include "mot/solve/points.hpp"

#include <algorithm>
#include <cstdint>

#include "mot/costs/given_cost.hpp"
#include "mot/costs/point_cost.hpp"
#include "mot/kernels/kernels.hpp"
#include "mot/solve/dense.hpp"
#include "mot/solve/low_dimensional.hpp"
#include "mot/types/buffer.hpp"

namespace mot {
namespace {

/// Up to so many dimensions double precision was measured to be as fast as single precision.
constexpr std::int64_t few_dimensions = 8;

/// Whether boxes of points rule out most pairs: measured on points of all dimensions.
bool suits_boxes(const PointPair& points) {
    constexpr std::int64_t fewest_points = 1500;
    constexpr std::int64_t most_dimensions = 5;
    // City blocks leave very many pairs alike; so do directions on a line.
    if (points.metric == Metric::cityblock) return false;
    return points.n_dimensions() <= most_dimensions &&
           std::min(points.source.n_rows, points.target.n_rows) >= fewest_points;
}

/// Solves on the costs of all pairs, computed once.
Solution solve_stored(const PointPair& points, const Masses& masses, Workspace& workspace, Interrupt& interrupt) {
    const PointCost<double> cost(points, workspace);
    Buffer costs;
    auto* const matrix = costs.reserve<double>(cost.n_rows() * cost.n_columns());
    cost.for_each_row_in_groups(interrupt, is_every_row, [&](const RowVisit&, std::int64_t i, const double* row) {
        std::copy_n(row, cost.n_columns(), matrix + i * cost.n_columns());
    });
    if (interrupt.requested()) return {};
    const double scale = row_kernels<double>().largest_magnitude(matrix, cost.n_rows() * cost.n_columns());
    return solve_dense(GivenCost<double>({matrix, cost.n_rows(), cost.n_columns()}, scale), masses, interrupt);
}

}  // namespace

Solution solve_points(const PointPair& points, const Masses& masses, Workspace& workspace, Interrupt& interrupt) {
    if (suits_boxes(points)) {
        Solution solution = solve_low_dimensional(points, masses, workspace, interrupt);
        if (solution.status == Status::optimal || solution.status == Status::interrupted) return solution;
    }
    constexpr std::int64_t numbers_per_double = sizeof(double) / sizeof(float);
    if (points.source.n_rows * points.target.n_rows * numbers_per_double <= workspace.most_stored)
        return solve_stored(points, masses, workspace, interrupt);
    if (points.n_dimensions() > few_dimensions && PointCost<float>::has_products(points.metric)) {
        const PointCost<float> cost(points, workspace);
        Solution solution = solve_dense(cost, masses, interrupt);
        if (solution.status == Status::optimal || solution.status == Status::interrupted) return solution;
    }
    return solve_dense(PointCost<double>(points, workspace), masses, interrupt);
}

}  // namespace mot
