#include "mot/solve/sparse.hpp"

#include <algorithm>
#include <functional>
#include <limits>
#include <numeric>
#include <utility>

#include "mot/certificates/certificate.hpp"
#include "mot/engines/auction.hpp"
#include "mot/engines/network_simplex.hpp"
#include "mot/engines/starting_basis.hpp"
#include "mot/solve/cost_cap.hpp"
#include "mot/solve/finish.hpp"
#include "mot/solve/refine.hpp"

namespace mot {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// A feasible detour replaces one missing arc by at most as many listed arcs as there are units on the smaller side,
/// and takes mass back from one less: whatever costs more is only used when there is no way round it. That bound loses
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

/// Mass that rounding alone explains, as a share of all: a missing arc that carries no more carries none.
constexpr double negligible_mass = 1e-12;

struct Plan {
    std::vector<Node> source, target;
    std::vector<double> mass;
    bool uses_missing = false;
};

Plan listed_plan(const NetworkSimplex<>& simplex, const SparseCost& cost, const Masses& masses) {
    Plan all;
    simplex.plan(all.source, all.target, all.mass);
    const double total = std::accumulate(masses.source.begin(), masses.source.end(), 0.0);
    Plan listed;
    for (std::size_t k = 0; k < all.mass.size(); ++k) {
        if (cost.exact(all.source[k], all.target[k]) < infinity) {
            listed.source.push_back(all.source[k]);
            listed.target.push_back(all.target[k]);
            listed.mass.push_back(all.mass[k] * masses.unit);
        } else if (all.mass[k] > negligible_mass * total) {
            listed.uses_missing = true;
        }
    }
    return listed;
}

/// A unit without mass took no part; its potential is the largest that leaves no listed arc violated, zero if it has
/// none.
void complete_potentials(const SparseCost& cost, Potentials& potentials) {
    std::vector<double>& u = potentials.u;
    std::vector<double>& v = potentials.v;
    const auto index = [](Node node) { return static_cast<std::size_t>(node); };
    const auto bounded = [](double bound) { return bound < infinity ? bound : 0.0; };
    std::vector<double> most_v(v.size(), infinity);
    cost.for_each_arc([&](Node i, Node j, double value) {
        if (u[index(i)] != -infinity) most_v[index(j)] = std::min(most_v[index(j)], below(value, u[index(i)]));
    });
    for (std::size_t j = 0; j < v.size(); ++j)
        if (v[j] == -infinity) v[j] = bounded(most_v[j]);
    std::vector<double> most_u(u.size(), infinity);
    cost.for_each_arc([&](Node i, Node j, double value) {
        most_u[index(i)] = std::min(most_u[index(i)], below(value, v[index(j)]));
    });
    for (std::size_t i = 0; i < u.size(); ++i)
        if (u[i] == -infinity) u[i] = bounded(most_u[i]);
}

bool has_arcs_for_all_mass(const SparseCost& cost, const Masses& masses) {
    std::vector<bool> has_source(masses.source.size(), false);
    std::vector<bool> has_target(masses.target.size(), false);
    cost.for_each_arc([&](Node i, Node j, double) {
        has_source[static_cast<std::size_t>(i)] = true;
        has_target[static_cast<std::size_t>(j)] = true;
    });
    const auto has_all = [](const std::vector<double>& mass, const std::vector<bool>& has_arc) {
        for (std::size_t x = 0; x < mass.size(); ++x)
            if (mass[x] > 0 && !has_arc[x]) return false;
        return true;
    };
    return has_all(masses.source, has_source) && has_all(masses.target, has_target);
}

/// What an auction leaves or, where it comes to nothing, the cheapest arcs.
Basis near_optimal_basis(const SparseCost& cost, const Masses& masses, const std::function<double(Node, Node)>& cost_of,
                         Interrupt& interrupt) {
    const std::vector<Arc> arcs = cost.arcs();
    Auction auction(masses, arcs);
    const double spread = auction.spread(cost.scale());
    if (!auction.run(coarse * spread, interrupt)) return starting_basis(masses, arcs, cost_of, interrupt);
    auction.run(fine * spread, interrupt);
    return starting_basis(masses, auction, arcs, cost_of, interrupt);
}

/// Finds the plan of `solution`, or that there is none.
void optimize(NetworkSimplex<>& simplex, const SparseCost& cost, const Masses& masses, CostCap& cap,
              Interrupt& interrupt, Solution& solution) {
    const std::vector<Arc> arcs = cost.arcs();
    while (true) {
        simplex.add_arcs(arcs);
        solution.status = simplex.optimize(0.0, interrupt);
        if (solution.status != Status::optimal) return;
        Plan plan = listed_plan(simplex, cost, masses);
        if (!plan.uses_missing) {
            solution.source = std::move(plan.source);
            solution.target = std::move(plan.target);
            solution.mass = std::move(plan.mass);
            return;
        }
        if (cap.is_highest()) {
            solution.status = Status::infeasible;
            return;
        }
        cap.raise();
        simplex.replace_costs([&](Node i, Node j) { return cap(cost.exact(i, j)); });
    }
}

/// Arcs in order, potentials of all units, and the proof.
Solution finished(const SparseCost& cost, const Masses& masses, Solution solution, Interrupt& interrupt) {
    sort_arcs(solution);
    centre_potentials(masses, solution.potentials);
    complete_potentials(cost, solution.potentials);
    if (cost.scale() == 0.0) forget_potentials(solution.potentials);
    solution.certificate = certify(cost, masses, solution, interrupt);
    if (interrupt.requested()) return {};
    solution.cost = solution.certificate.primal;
    if (!solution.certificate.is_optimal()) solution.status = Status::not_proven;
    return solution;
}

}  // namespace

Solution solve(const SparseCost& cost, const Masses& masses, Interrupt& interrupt) {
    if (cost.scale() > 0 && cost.scale() < least_cost_scale) {
        SparseView view = cost.view();
        std::vector<double> magnified(view.costs, view.costs + view.row_starts[view.n_rows]);
        for (double& value : magnified) value *= magnification;
        view.costs = magnified.data();
        Solution solution = solve(SparseCost(view), masses, interrupt);
        reduce(solution);
        return solution;
    }
    Solution solution;
    if (!has_arcs_for_all_mass(cost, masses)) {
        solution.status = Status::infeasible;
        return solution;
    }
    CostCap cap = cap_above_all(cost);
    const auto cost_of = [&](Node i, Node j) { return cap(cost.exact(i, j)); };
    const Basis basis = near_optimal_basis(cost, masses, cost_of, interrupt);
    if (interrupt.requested()) return solution;
    NetworkSimplex<> simplex(masses, basis);
    optimize(simplex, cost, masses, cap, interrupt, solution);
    if (solution.status == Status::interrupted) return solution;
    if (solution.status == Status::optimal) {
        solution.potentials = simplex.potentials();
        solution = finished(cost, masses, std::move(solution), interrupt);
        if (solution.status == Status::interrupted || is_settled(cost, masses, solution, interrupt)) return solution;
    }
    // Where costs differ by too much for doubles, neither a plan nor that there is none is proven by them.
    solution = refine(cost, masses, solution, interrupt);
    if (solution.status != Status::optimal) return solution;
    for (double& mass : solution.mass) mass *= masses.unit;
    return finished(cost, masses, std::move(solution), interrupt);
}

}  // namespace mot
