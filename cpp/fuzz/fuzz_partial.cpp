/// Partial transports on given costs: matrices of either precision, and listed arcs.
#include <algorithm>
#include <cstddef>
#include <limits>
#include <vector>

#include "answers.hpp"
#include "bytes.hpp"
#include "mot/costs/given_cost.hpp"
#include "mot/costs/sparse_cost.hpp"
#include "mot/solve/partial.hpp"
#include "oracles/transport.hpp"
#include "partial_answers.hpp"
#include "problems.hpp"
#include "support/problems.hpp"
#include "targets.hpp"

void test_partial(Bytes& bytes) {
    const Shape shape = draw_shape(bytes);
    case_name = name_of("given", shape);
    Matrix cost = draw_cost(bytes, shape);
    const auto solve_on = [](const auto& core_cost, bool is_walk) {
        return [&core_cost, is_walk](const mot::PartialProblem& problem, const std::vector<mot::PartialGoal>& goals,
                                     mot::Interrupt& interrupt, mot::PartialCurve* curve) {
            return mot::solve_partial(core_cost, problem, goals, interrupt, is_walk ? curve : nullptr,
                                      is_walk ? mot::ordinary_work : 0);
        };
    };
    const std::size_t kind = bytes.pick(3);
    const bool is_walk = bytes.is_one_in(2);  // or else a full transport with spare units, where there is one goal
    if (kind == 0 && cost.scale() < std::numeric_limits<float>::max()) {
        const std::vector<float> values(cost.values.begin(), cost.values.end());
        cost.values.assign(values.begin(), values.end());
        const mot::MatrixView<double> view = view_of_cost(cost);
        const mot::GivenCost<float> given({values.data(), view.n_rows, view.n_columns}, cost.scale());
        solve_partial_and_check(bytes, cost, 0.0, solve_on(given, is_walk));
    } else if (kind == 1) {
        const std::size_t one_in = bytes.size_between(1, 8);
        for (double& value : cost.values)
            if (!bytes.is_one_in(one_in)) value = infinity;
        const FiniteRows rows(cost);
        const mot::SparseCost listed(rows.view());
        solve_partial_and_check(bytes, cost, 0.0, solve_on(listed, true));
    } else {
        solve_partial_and_check(bytes, cost, 0.0, solve_on(as_given(cost), is_walk));
    }
}
