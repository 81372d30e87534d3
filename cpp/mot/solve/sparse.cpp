#include "mot/solve/sparse.hpp"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <limits>
#include <vector>

#include "mot/engines/auction.hpp"
#include "mot/engines/network_simplex.hpp"
#include "mot/engines/starting_basis.hpp"
#include "mot/solve/cost_cap.hpp"
#include "mot/solve/finish.hpp"
#include "mot/solve/magnification.hpp"

namespace mot {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// A feasible detour replaces one missing arc by at most as many listed arcs as there are units on the smaller side,
/// and takes mass back from one less: an arc that costs more is used only when there is no detour. That bound loses
/// digits where there are many units, so less is tried first.
CostCap cap_above_all(const SparseCost& cost) {
    double least = infinity;
    double greatest = -infinity;
    cost.for_each_arc([&](Node, Node, double value) {
        least = std::min(least, value);
        greatest = std::max(greatest, value);
    });
    const double n = static_cast<double>(std::min(cost.view().n_rows, cost.view().n_columns));
    const double step = std::max(greatest - least, cost.scale() > 0 ? 1e-3 * cost.scale() : 1.0);
    return {greatest, step, greatest + (n + CostCap::first_steps) * step};
}

/// The plan on listed arcs, and whether missing ones carry more mass than rounding explains.
struct ListedPlan {
    Plan plan;
    bool uses_missing = false;

    ListedPlan(const Plan& all, const SparseCost& cost, const Masses& masses) {
        constexpr double negligible_share = 1e-12;
        const double negligible = negligible_share * total_mass(masses);
        for (std::size_t k = 0; k < all.size(); ++k) {
            if (cost.exact(all.source[k], all.target[k]) < infinity)
                plan.add(all.source[k], all.target[k], all.mass[k]);
            else if (all.mass[k] > negligible)
                uses_missing = true;
        }
    }
};

bool has_arcs_for_all_mass(const SparseCost& cost, const Masses& masses) {
    std::vector<bool> has_source(masses.source.size(), false);
    std::vector<bool> has_target(masses.target.size(), false);
    cost.for_each_arc([&](Node i, Node j, double) {
        has_source[index(i)] = true;
        has_target[index(j)] = true;
    });
    const auto has_all = [](const std::vector<double>& mass, const std::vector<bool>& has_arc) {
        for (std::size_t x = 0; x < mass.size(); ++x)
            if (mass[x] > 0 && !has_arc[x]) return false;
        return true;
    };
    return has_all(masses.source, has_source) && has_all(masses.target, has_target);
}

/// Starts from the plan of an auction or, where it fails, from the cheapest arcs.
Basis near_optimal_basis(const SparseCost& cost, const Masses& masses, const std::function<double(Node, Node)>& cost_of,
                         Interrupt& interrupt) {
    const std::vector<Arc> arcs = cost.arcs();
    Auction auction(masses, arcs);
    const double spread = auction.spread(cost.scale());
    if (!auction.run(coarse_epsilon * spread, interrupt)) return starting_basis(masses, arcs, cost_of, interrupt);
    auction.run(fine_epsilon * spread, interrupt);
    return starting_basis(masses, auction, arcs, cost_of, interrupt);
}

/// Solves on listed arcs and the artificial ones of the starting basis. Sets the plan, or tells why there is none.
Status optimize(NetworkSimplex<>& simplex, const SparseCost& cost, const Masses& masses, CostCap& cap, Plan& plan,
                Interrupt& interrupt) {
    const std::vector<Arc> arcs = cost.arcs();
    while (true) {
        simplex.add_arcs(arcs);
        const Status status = simplex.optimize(0.0, interrupt);
        if (status != Status::optimal) return status;
        ListedPlan listed(simplex.plan(), cost, masses);
        if (!listed.uses_missing) {
            plan = std::move(listed.plan);
            return Status::optimal;
        }
        if (cap.is_highest()) return Status::infeasible;
        cap.raise();
        simplex.replace_costs([&](Node i, Node j) { return cap(cost.exact(i, j)); });
    }
}

Solution solve_in_doubles(const SparseCost& cost, const Masses& masses, Interrupt& interrupt) {
    CostCap cap = cap_above_all(cost);
    const auto cost_of = [&](Node i, Node j) { return cap(cost.exact(i, j)); };
    const Basis basis = near_optimal_basis(cost, masses, cost_of, interrupt);
    if (interrupt.requested()) return {};
    NetworkSimplex<> simplex(masses, basis);
    Solution solution;
    solution.status = optimize(simplex, cost, masses, cap, solution.plan, interrupt);
    if (solution.status != Status::optimal) return solution;
    return finish(cost, masses, std::move(solution.plan), simplex.potentials(), interrupt);
}

}  // namespace

Solution solve_sparse(const SparseCost& cost, const Masses& masses, Interrupt& interrupt) {
    if (needs_magnification(cost.scale())) {
        SparseView view = cost.view();
        const std::vector<double> costs = magnified(view.costs, view.row_starts[view.n_rows]);
        view.costs = costs.data();
        return reduced(solve_sparse(SparseCost(view), masses, interrupt));
    }
    Solution solution;
    solution.status = Status::infeasible;
    if (!has_arcs_for_all_mass(cost, masses)) return solution;
    // Where costs differ by too much for doubles, these prove neither a plan nor that there is none.
    return settle(cost, masses, solve_in_doubles(cost, masses, interrupt), interrupt);
}

}  // namespace mot
