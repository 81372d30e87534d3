/// Problems of points, whose costs are computed or searched by boxes.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "answers.hpp"
#include "bytes.hpp"
#include "mot/solve/low_dimensional.hpp"
#include "mot/solve/points.hpp"
#include "oracles/layers.hpp"
#include "oracles/transport.hpp"
#include "partial_answers.hpp"
#include "problems.hpp"
#include "support/check.hpp"
#include "targets.hpp"

namespace {

/// Coordinates of about one at most, some of them on a grid, copies, or far from the others.
Matrix draw_points(Bytes& bytes, std::size_t n, std::size_t n_dimensions) {
    Matrix points(n, n_dimensions);
    const std::size_t family = bytes.pick(5);
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t k = 0; k < n_dimensions; ++k) {
            double& x = points(i, k);
            if (family == 0) x = bytes.wild(1.0);
            if (family == 1) x = static_cast<double>(bytes.pick(3)) / 4;
            if (family == 2) x = bytes.is_one_in(4) ? 1.0 : std::ldexp(static_cast<double>(bytes.pick(256)), -30);
            if (family > 2) x = static_cast<double>(bytes.take<std::int16_t>()) / 32768;
        }
    return points;
}

}  // namespace

/// Costs of points are computed, in single or double precision, or boxes of points searched.
void test_points(Bytes& bytes) {
    const Shape shape = draw_shape(bytes);
    case_name = name_of("points", shape);
    const std::size_t n_dimensions = bytes.is_one_in(3) ? bytes.size_between(9, 20) : bytes.size_between(1, 4);
    const Matrix x = draw_points(bytes, shape.n, n_dimensions);
    const Matrix y = bytes.is_one_in(4) && shape.n == shape.m ? x : draw_points(bytes, shape.m, n_dimensions);
    constexpr mot::Metric metrics[] = {mot::Metric::squared_euclidean, mot::Metric::euclidean, mot::Metric::cityblock,
                                       mot::Metric::product};
    const mot::PointPair points{view_of_cost(x), view_of_cost(y), metrics[bytes.pick(4)],
                                static_cast<double>(bytes.pick(2))};
    Matrix cost(shape.n, shape.m);
    for (std::size_t i = 0; i < shape.n; ++i)
        for (std::size_t j = 0; j < shape.m; ++j)
            cost(i, j) = points.cost(static_cast<std::int64_t>(i), static_cast<std::int64_t>(j));
    if (bytes.is_one_in(4)) {
        mot::Workspace workspace{naive_sgemm, bytes.is_one_in(2) ? 0 : 1 << 20, mot::Workers(1)};
        const auto solve = [&](const mot::PartialProblem& problem, const std::vector<mot::PartialGoal>& goals,
                               mot::Interrupt& interrupt, mot::PartialCurve* curve) {
            return mot::solve_partial_points(points, problem, goals, workspace, interrupt, curve);
        };
        solve_partial_and_check(bytes, cost, 0.0, solve);
        return;
    }
    const Marginals marginals = draw_marginals(bytes, shape);
    if (has_negligible_mass(marginals)) return;
    const mot::Masses masses = masses_of(marginals);
    mot::Workspace workspace{naive_sgemm, 0, mot::Workers(1)};
    BoundedStop interrupt(draw_stop(bytes));
    const bool has_boxes = n_dimensions <= 4 && bytes.is_one_in(2);
    const Solution solution = has_boxes ? mot::solve_low_dimensional(points, masses, workspace, interrupt)
                                        : mot::solve_points(points, masses, workspace, interrupt);
    if (interrupt.is_over()) {
        CHECK(solution.status == Status::interrupted);
        return;
    }
    if (has_boxes && solution.status == Status::undecided) return;
    check_optimal(cost, marginals.a, levelled(marginals), solution, 1e-9 * cost.scale());
}
