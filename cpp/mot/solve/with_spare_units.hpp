/// A partial transport as a full one: a spare unit on either side takes what the others leave behind.
///
/// Towards a mass, the spare target takes what sources keep of it, the spare source gives what targets go without, and
/// nothing goes between the two, as that costs more than any way round it saves. At a price the spare units have room
/// for everything, and what goes between them is what is carried, which earns the price.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "mot/costs/given_cost.hpp"
#include "mot/solve/dense.hpp"
#include "mot/solve/partial.hpp"
#include "mot/types/interrupt.hpp"
#include "mot/types/partial.hpp"
#include "mot/types/views.hpp"

namespace mot {

/// The plan towards a goal, of a mass in the unit of the masses or of a price, of which one is finite. The status is
/// that of the full transport.
template <class Real>
Status solve_with_spare_units(const GivenCost<Real>& cost, const PartialProblem& problem, const PartialGoal& goal,
                              Interrupt& interrupt, PartialPlan& plan) {
    const bool is_priced = std::isfinite(goal.price);
    const std::int64_t n = cost.n_rows(), m = cost.n_columns();
    const Potentials& kept = problem.kept;
    double scale = is_priced ? std::max(cost.scale(), std::abs(goal.price)) : cost.scale();
    for (const std::vector<double>* side : {&kept.u, &kept.v})
        for (const double price : *side) scale = std::max(scale, std::abs(price));
    std::vector<double> costs;
    costs.reserve(static_cast<std::size_t>((n + 1) * (m + 1)));
    for (std::int64_t i = 0; i < n; ++i) {
        for (std::int64_t j = 0; j < m; ++j) costs.push_back(cost.exact(i, j));
        costs.push_back(kept.u[static_cast<std::size_t>(i)]);
    }
    costs.insert(costs.end(), kept.v.begin(), kept.v.end());
    costs.push_back(is_priced ? -goal.price : scale > 0 ? 4 * scale : 1.0);
    const GivenCost<double> with_spare({costs.data(), n + 1, m + 1}, std::max(scale, std::abs(costs.back())));

    Masses masses = problem.masses;
    masses.is_uniform = false;
    const double at_sources = sum_of(masses.source), at_targets = sum_of(masses.target);
    const double mass = is_priced ? 0.0 : goal.mass;
    masses.source.push_back(std::max(at_targets - mass, 0.0));
    masses.target.push_back(std::max(at_sources - mass, 0.0));
    const Solution found = solve_dense(with_spare, masses, interrupt);
    if (found.status != Status::optimal) return found.status;

    plan.left_at_source.assign(static_cast<std::size_t>(n), 0.0);
    plan.left_at_target.assign(static_cast<std::size_t>(m), 0.0);
    for (std::size_t k = 0; k < found.plan.size(); ++k) {
        const Node i = found.plan.source[k], j = found.plan.target[k];
        const double flow = found.plan.mass[k] / masses.unit;
        if (i == n && j == m) continue;
        if (i < n && j < m) plan.mass += flow;
        if (i == n)
            plan.left_at_target[static_cast<std::size_t>(j)] = flow;
        else if (j == m)
            plan.left_at_source[static_cast<std::size_t>(i)] = flow;
        else
            plan.carried.add(i, j, flow);
    }
    if (!is_priced) plan.mass = mass;
    const double of_spare_source = found.potentials.u.back(), of_spare_target = found.potentials.v.back();
    plan.potentials.u.assign(found.potentials.u.begin(), found.potentials.u.end() - 1);
    plan.potentials.v.assign(found.potentials.v.begin(), found.potentials.v.end() - 1);
    for (double& u : plan.potentials.u) u += of_spare_target;
    for (double& v : plan.potentials.v) v += of_spare_source;
    plan.price = std::min(-of_spare_source - of_spare_target, goal.price);  // but for rounding it is no higher
    return Status::optimal;
}

}  // namespace mot
