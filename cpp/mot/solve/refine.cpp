#include "mot/solve/refine.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "mot/column_generation/candidates.hpp"
#include "mot/costs/given_cost.hpp"
#include "mot/costs/point_cost.hpp"
#include "mot/costs/sparse_cost.hpp"
#include "mot/engines/network_simplex.hpp"
#include "mot/engines/starting_basis.hpp"
#include "mot/kernels/kernels.hpp"
#include "mot/solve/cost_cap.hpp"

namespace mot {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr std::ptrdiff_t most_violated_per_row = 32;
/// The share of all mass that rounding of the marginals may put on an arc that needs none.
constexpr double negligible_share = 4 * std::numeric_limits<double>::epsilon();

using ExactSimplex = NetworkSimplex<DoubleDouble>;

double negligible_mass(const Masses& masses) {
    return has_whole_masses(masses) ? 0.0 : negligible_share * total_mass(masses);
}

/// Calls `visit(i, j, cost)` for every arc that is listed or finite.
template <class Cost, class Visit>
void for_each_arc(const Cost& cost, Interrupt& interrupt, Visit visit) {
    cost.for_each_row(interrupt, is_every_row, [&](std::int64_t i, const typename Cost::Value* row) {
        for (std::int64_t j = 0; j < cost.n_columns(); ++j)
            if (cost_of(row[j]) < infinity) visit(static_cast<Node>(i), static_cast<Node>(j), cost_of(row[j]));
    });
}
template <class Visit>
void for_each_arc(const SparseCost& cost, Interrupt&, Visit visit) {
    cost.for_each_arc(visit);
}

/// Starts above the greatest of the units' least costs, in steps of the typical difference of costs.
template <class Cost>
CostCap cap_for(const Cost& cost, const Masses& masses, const Plan& start, Interrupt& interrupt) {
    std::vector<double> row_least(masses.source.size(), infinity), column_least(masses.target.size(), infinity);
    double least = infinity, greatest = -infinity, least_positive = infinity;
    std::int64_t n_arcs = 0;
    for_each_arc(cost, interrupt, [&](Node i, Node j, double value) {
        ++n_arcs;
        if (!(masses.source[index(i)] > 0 && masses.target[index(j)] > 0)) return;
        row_least[index(i)] = std::min(row_least[index(i)], value);
        column_least[index(j)] = std::min(column_least[index(j)], value);
        least = std::min(least, value);
        greatest = std::max(greatest, value);
        if (value != 0) least_positive = std::min(least_positive, std::abs(value));
    });
    double base = least;
    for (const std::vector<double>* minima : {&row_least, &column_least})
        for (const double value : *minima)
            if (value < infinity) base = std::max(base, value);

    std::vector<double> paid{0.0};
    for (std::size_t k = 0; k < start.size(); ++k)
        paid.push_back(std::abs(cost.exact(start.source[k], start.target[k])));
    const auto median = paid.begin() + static_cast<std::ptrdiff_t>(paid.size() / 2);
    std::nth_element(paid.begin(), median, paid.end());
    double step = std::max(base - least, *median);
    if (!(step > 0)) step = least_positive < infinity ? least_positive : 1.0;

    const auto n_rows = static_cast<std::int64_t>(row_least.size());
    const auto n_columns = static_cast<std::int64_t>(column_least.size());
    if (n_arcs == n_rows * n_columns) return {base, step, greatest};
    // A detour over listed arcs replaces a missing one by at most as many as there are units on the smaller side, and
    // takes mass back from one less.
    const double detour =
        (static_cast<double>(std::min(n_rows, n_columns)) + CostCap::first_steps) * std::max(greatest - least, step);
    return {base, step, greatest + detour};
}

template <class Cost>
std::vector<Arc> listed_arcs(const Cost& cost, Interrupt& interrupt) {
    return select_candidates(cost, candidates_per_unit, interrupt);
}
std::vector<Arc> listed_arcs(const SparseCost& cost, Interrupt&) {
    return cost.arcs();
}

/// Finds the arcs of the dense problem that the potentials violate, in twice the precision; of many in a row the worst.
template <class Cost>
std::vector<Arc> find_violated(const Cost& cost, const ExactSimplex& simplex, Interrupt& interrupt) {
    const Potentials potentials = simplex.potentials();
    const double tolerance = simplex.rounding();
    double largest_v = 0;
    for (const double v : potentials.v)
        if (v > -infinity) largest_v = std::max(largest_v, std::abs(v));
    struct Violated {
        Arc arc;
        double reduced_cost;
    };
    std::vector<Arc> found;
    std::vector<Node> open(potentials.v.size());
    std::vector<Violated> of_row;
    const auto has_mass = [&](std::int64_t i) { return potentials.u[static_cast<std::size_t>(i)] > -infinity; };
    cost.for_each_row(interrupt, has_mass, [&](std::int64_t i, const typename Cost::Value* row) {
        const double u = potentials.u[static_cast<std::size_t>(i)];
        // Rounding of a comparison clears no arc that is violated.
        const double rounding = 8 * unit_roundoff<double> * (std::abs(u) + largest_v);
        const std::int64_t n_open = row_kernels<typename Cost::Value>().find_violated(
            row, potentials.v.data(), cost.n_columns(), u + rounding, open.data());
        of_row.clear();
        for (std::int64_t k = 0; k < n_open; ++k) {
            const Node j = open[static_cast<std::size_t>(k)];
            const Arc arc{static_cast<Node>(i), j, cost_of(row[j])};
            const double reduced_cost = simplex.reduced_cost(arc.source, arc.target, arc.cost);
            if (reduced_cost < -tolerance) of_row.push_back({arc, reduced_cost});
        }
        if (static_cast<std::ptrdiff_t>(of_row.size()) > most_violated_per_row) {
            const auto is_worse = [](const Violated& x, const Violated& y) {
                return x.reduced_cost != y.reduced_cost ? x.reduced_cost < y.reduced_cost : x.arc.target < y.arc.target;
            };
            std::nth_element(of_row.begin(), of_row.begin() + most_violated_per_row, of_row.end(), is_worse);
            of_row.resize(most_violated_per_row);
        }
        for (const Violated& violated : of_row) found.push_back(violated.arc);
    });
    return found;
}
/// The simplex has all arcs of a sparse cost: none is left to be found.
std::vector<Arc> find_violated(const SparseCost&, const ExactSimplex&, Interrupt&) {
    return {};
}

std::vector<Arc> capped(std::vector<Arc> arcs, const CostCap& cap) {
    for (Arc& arc : arcs) arc.cost = cap(arc.cost);
    return arcs;
}

/// Takes over the plan on arcs that are not capped; false if it leaves out more mass than rounding explains.
template <class Cost>
bool take_uncapped(const Cost& cost, const CostCap& cap, const Plan& all, double negligible, Plan& plan) {
    plan = {};
    for (std::size_t k = 0; k < all.size(); ++k) {
        if (!cap.covers(cost.exact(all.source[k], all.target[k])))
            plan.add(all.source[k], all.target[k], all.mass[k]);
        else if (all.mass[k] > negligible)
            return false;
    }
    return true;
}

/// The arcs of finite cost between units that have mass.
std::vector<Arc> usable(std::vector<Arc> arcs, const Masses& masses) {
    const auto is_useless = [&](const Arc& arc) {
        return !(masses.source[index(arc.source)] > 0 && masses.target[index(arc.target)] > 0 && arc.cost < infinity);
    };
    arcs.erase(std::remove_if(arcs.begin(), arcs.end(), is_useless), arcs.end());
    return arcs;
}

/// Pivots and adds violated arcs until none is left, and raises the cap until the plan uses no capped arc.
template <class Cost>
Solution optimize(ExactSimplex& simplex, const Cost& cost, const Masses& masses, CostCap& cap, std::vector<Arc> known,
                  Interrupt& interrupt) {
    simplex.add_arcs(capped(known, cap));
    const double negligible = negligible_mass(masses);
    Solution solution;
    while (true) {
        solution.status = simplex.optimize(0.0, interrupt);
        if (solution.status != Status::optimal) return solution;
        const std::vector<Arc> violated = find_violated(cost, simplex, interrupt);
        if (interrupt.requested()) return {};
        known.insert(known.end(), violated.begin(), violated.end());
        if (!violated.empty()) {
            simplex.add_arcs(capped(violated, cap));
            continue;
        }
        if (take_uncapped(cost, cap, simplex.plan(), negligible, solution.plan)) break;
        if (cap.is_highest()) {
            solution.status = Status::infeasible;
            return solution;
        }
        cap.raise();
        simplex.replace_costs([&](Node i, Node j) { return cap(cost.exact(i, j)); });
        simplex.add_arcs(capped(known, cap));
    }
    solution.potentials = simplex.potentials();
    return solution;
}

}  // namespace

template <class Cost>
Solution refine(const Cost& cost, const Masses& masses, const Solution& start, Interrupt& interrupt) {
    CostCap cap = cap_for(cost, masses, start.plan, interrupt);
    std::vector<Arc> known = listed_arcs(cost, interrupt);
    if (interrupt.requested()) return {};
    std::vector<Arc> plan;
    for (std::size_t k = 0; k < start.plan.size(); ++k) {
        const Node i = start.plan.source[k];
        const Node j = start.plan.target[k];
        plan.push_back({i, j, cost.exact(i, j)});
    }
    known.insert(known.end(), plan.begin(), plan.end());
    known = usable(std::move(known), masses);

    const auto cost_of = [&](Node i, Node j) { return cap(cost.exact(i, j)); };
    Potentials potentials = start.potentials;
    potentials.u.resize(masses.source.size(), 0.0);
    potentials.v.resize(masses.target.size(), 0.0);
    const Basis basis = starting_basis(masses, plan, potentials, capped(known, cap), cost_of, interrupt);
    if (interrupt.requested()) return {};
    ExactSimplex simplex(masses, basis);
    return optimize(simplex, cost, masses, cap, std::move(known), interrupt);
}

template <class Cost>
bool is_settled(const Cost& cost, const Masses& masses, const Plan& plan, const Certificate& certificate,
                Interrupt& interrupt) {
    constexpr double settled = 1e-12;
    if (!certificate.is_optimal()) return false;
    if (!(certificate.duality_gap <= settled * certificate.cost_scale)) return false;

    const double total = total_mass(masses);
    const bool is_whole_mass = has_whole_masses(masses);
    if (is_whole_mass && certificate.duality_gap * total >= 0.5) {
        constexpr double least_inexact = 0x1p53;
        bool has_whole_costs = true;
        for_each_arc(cost, interrupt, [&](Node, Node, double value) {
            has_whole_costs = has_whole_costs && is_whole(value) && std::abs(value) < least_inexact;
        });
        if (has_whole_costs) return false;
    }
    if (is_whole_mass) return true;
    for (std::size_t k = 0; k < plan.size(); ++k) {
        const double mass = plan.mass[k] / masses.unit;
        const double paid = mass * std::abs(cost.exact(plan.source[k], plan.target[k]));
        if (mass <= negligible_share * total && paid > settled * certificate.cost_scale * total) return false;
    }
    return true;
}

template Solution refine(const GivenCost<float>&, const Masses&, const Solution&, Interrupt&);
template Solution refine(const GivenCost<double>&, const Masses&, const Solution&, Interrupt&);
template Solution refine(const PointCost<double>&, const Masses&, const Solution&, Interrupt&);
template Solution refine(const SparseCost&, const Masses&, const Solution&, Interrupt&);
template bool is_settled(const GivenCost<float>&, const Masses&, const Plan&, const Certificate&, Interrupt&);
template bool is_settled(const GivenCost<double>&, const Masses&, const Plan&, const Certificate&, Interrupt&);
template bool is_settled(const PointCost<double>&, const Masses&, const Plan&, const Certificate&, Interrupt&);
template bool is_settled(const SparseCost&, const Masses&, const Plan&, const Certificate&, Interrupt&);

}  // namespace mot
