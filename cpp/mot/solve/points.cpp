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

/// The costs of all pairs, computed once; null where there is no room for them.
const double* stored_costs(const PointPair& points, Workspace& workspace, Buffer& buffer, Interrupt& interrupt) {
    constexpr std::int64_t numbers_per_double = sizeof(double) / sizeof(float);
    if (points.source.n_rows * points.target.n_rows * numbers_per_double > workspace.most_stored) return nullptr;
    const PointCost<double> cost(points, workspace);
    auto* const matrix = buffer.reserve<double>(cost.n_rows() * cost.n_columns());
    cost.for_each_row_in_groups(interrupt, is_every_row, [&](const RowVisit&, std::int64_t i, const double* row) {
        std::copy_n(row, cost.n_columns(), matrix + i * cost.n_columns());
    });
    return matrix;
}

/// Calls `solve(cost)` with the costs of the points, and once more in double precision where single precision leaves
/// the answer undecided.
template <class Solve, class IsDecided>
auto solve_on_costs(const PointPair& points, Workspace& workspace, Interrupt& interrupt, Solve solve,
                    IsDecided is_decided) {
    Buffer buffer;
    if (const double* const matrix = stored_costs(points, workspace, buffer, interrupt)) {
        const std::int64_t n = points.source.n_rows, m = points.target.n_rows;
        const double scale = row_kernels<double>().largest_magnitude(matrix, n * m);
        return solve(GivenCost<double>({matrix, n, m}, scale));
    }
    if (points.n_dimensions() > few_dimensions && PointCost<float>::has_products(points.metric)) {
        auto answer = solve(PointCost<float>(points, workspace));
        if (is_decided(answer)) return answer;
    }
    return solve(PointCost<double>(points, workspace));
}

bool is_decided(const Solution& solution) {
    return solution.status == Status::optimal || solution.status == Status::interrupted;
}

}  // namespace

Solution solve_points(const PointPair& points, const Masses& masses, Workspace& workspace, Interrupt& interrupt) {
    if (suits_boxes(points)) {
        Solution solution = solve_low_dimensional(points, masses, workspace, interrupt);
        if (is_decided(solution)) return solution;
    }
    const auto solve = [&](const auto& cost) {
        return interrupt.requested() ? Solution{} : solve_dense(cost, masses, interrupt);
    };
    return solve_on_costs(points, workspace, interrupt, solve, is_decided);
}

std::vector<Solution> solve_partial_points(const PointPair& points, const PartialProblem& problem,
                                           const std::vector<PartialGoal>& goals, Workspace& workspace,
                                           Interrupt& interrupt, PartialCurve* curve) {
    const auto solve = [&](const auto& cost) { return solve_partial(cost, problem, goals, interrupt, curve); };
    return solve_on_costs(points, workspace, interrupt, solve, [](const std::vector<Solution>& solutions) {
        return std::all_of(solutions.begin(), solutions.end(), is_decided);
    });
}

}  // namespace mot
