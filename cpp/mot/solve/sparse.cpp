#include "mot/solve/sparse.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>
#include <vector>

#include "mot/engines/auction.hpp"
#include "mot/engines/network_simplex.hpp"
#include "mot/engines/sparse_augmenting_path.hpp"
#include "mot/engines/starting_basis.hpp"
#include "mot/solve/cost_cap.hpp"
#include "mot/solve/finish.hpp"
#include "mot/solve/magnification.hpp"

namespace mot {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// The cost of a way through the hub. A detour over listed arcs replaces it by at most as many of them as there are
/// units on the smaller side, and takes mass back from one less: a way that costs more is used only when there is no
/// detour. That bound loses digits where there are many units, so less is tried first.
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

/// The plan on listed arcs, and whether more mass goes through the hub than rounding explains.
struct ListedPlan {
    Plan plan;
    bool uses_hub = false;

    ListedPlan(const Plan& all, const Masses& masses) {
        constexpr double negligible_share = 1e-12;
        const double negligible = negligible_share * total_mass(masses);
        const Hub hub(masses);
        for (std::size_t k = 0; k < all.size(); ++k) {
            if (!hub.is_end_of(all.source[k], all.target[k]))
                plan.add(all.source[k], all.target[k], all.mass[k]);
            else if (all.mass[k] > negligible)
                uses_hub = true;
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

/// Matches units of equal masses, as many on both sides, where an auction finds that the arcs allow it; infeasible
/// where it does not find that.
Solution match_all(const SparseCost& cost, const Masses& masses, const std::vector<Arc>& arcs, Interrupt& interrupt) {
    Solution unsolved;
    unsolved.status = Status::infeasible;
    Auction auction(masses, arcs);
    const double spread = auction.spread(cost.scale());
    if (!auction.run(coarse_epsilon * spread, interrupt)) return unsolved;
    for (const double epsilon : {fine_epsilon, fine_epsilon / 5, fine_epsilon / 15})
        auction.run(epsilon * spread, interrupt);
    SparseAugmentingPath engine(masses, auction, arcs);
    unsolved.status = engine.optimize(0.0, interrupt);
    if (unsolved.status != Status::optimal) return unsolved;
    return finish(cost, masses, engine.plan(), engine.potentials(), interrupt);
}

/// In strides, so that a block of them holds arcs of many rows.
std::vector<Arc> mixed(const std::vector<Arc>& arcs) {
    const auto stride = static_cast<std::size_t>(std::sqrt(static_cast<double>(arcs.size())));
    std::vector<Arc> all;
    all.reserve(arcs.size());
    for (std::size_t first = 0; first < stride; ++first)
        for (std::size_t k = first; k < arcs.size(); k += stride) all.push_back(arcs[k]);
    return all;
}

/// Moves all mass from the hub to listed arcs, and on to the cheapest of these.
Solution move_from_hub(const SparseCost& cost, const Masses& masses, const std::vector<Arc>& arcs,
                       Interrupt& interrupt) {
    CostCap cap = cap_above_all(cost);
    NetworkSimplex<> simplex(masses, star_basis(masses, cap.value() / 2));
    Solution solution;
    while (true) {
        simplex.add_arcs(arcs);
        solution.status = simplex.optimize(0.0, interrupt);
        if (solution.status != Status::optimal) return solution;
        ListedPlan listed(simplex.plan(), masses);
        if (!listed.uses_hub) return finish(cost, masses, std::move(listed.plan), simplex.potentials(), interrupt);
        solution.status = Status::infeasible;
        if (cap.is_highest()) return solution;
        cap.raise();
        const Hub hub(masses);
        simplex.replace_costs([&](Node i, Node j) { return hub.is_end_of(i, j) ? cap.value() / 2 : cost.exact(i, j); });
    }
}

Solution solve_in_doubles(const SparseCost& cost, const Masses& masses, Interrupt& interrupt) {
    const std::vector<Arc> arcs = cost.arcs();
    if (masses.is_uniform && masses.source.size() == masses.target.size()) {
        Solution matched = match_all(cost, masses, arcs, interrupt);
        if (matched.status == Status::optimal) return matched;
        if (interrupt.requested()) return {};
    }
    return move_from_hub(cost, masses, mixed(arcs), interrupt);
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
