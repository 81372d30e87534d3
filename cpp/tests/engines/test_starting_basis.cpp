/// The starting basis is a spanning tree, feasible and strongly feasible, and keeps to the plan that it is given.
#include "mot/engines/starting_basis.hpp"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <string>
#include <vector>

#include "oracles/tree_flow.hpp"
#include "support/check.hpp"
#include "support/problems.hpp"

namespace {

using mot::Arc;
using mot::Auction;
using mot::Basis;
using mot::Shipment;

/// Masses and flows below `rounding` are none.
TreeFlow check_basis(const Basis& basis, const mot::Masses& masses, const Matrix& cost, double rounding) {
    std::size_t n_units = 0;
    for (const double mass : masses.source) n_units += mass > 0;
    for (const double mass : masses.target) n_units += mass > 0;
    // Without cycles, so many arcs on so many units make one tree.
    CHECK(basis.arcs.size() + 1 == n_units);
    CHECK(masses.target[to_index(basis.root)] > 0);
    for (const Arc& arc : basis.arcs) {
        CHECK(masses.source[to_index(arc.source)] > 0 && masses.target[to_index(arc.target)] > 0);
        CHECK(arc.cost == cost(to_index(arc.source), to_index(arc.target)));
    }
    const TreeFlow tree = flow_by_cutting_leaves(basis, masses.source, masses.target);
    for (std::size_t k = 0; k < basis.arcs.size(); ++k)
        CHECK(tree.flow[k] > rounding || (tree.flow[k] >= -rounding && (tree.source_is_child[k] || rounding > 0)));
    return tree;
}

double placed_mass(const std::vector<Shipment>& plan) {
    return std::accumulate(plan.begin(), plan.end(), 0.0,
                           [](double sum, const Shipment& shipment) { return sum + shipment.mass; });
}

/// By drawing together what shipments connect.
bool has_cycle(const std::vector<Shipment>& plan, std::size_t n_source, std::size_t n_target) {
    std::vector<std::size_t> group(n_source + n_target);
    std::iota(group.begin(), group.end(), std::size_t{0});
    for (const Shipment& shipment : plan) {
        const std::size_t from = group[to_index(shipment.arc.source)];
        const std::size_t to = group[n_source + to_index(shipment.arc.target)];
        if (from == to) return true;
        std::replace(group.begin(), group.end(), from, to);
    }
    return false;
}

/// What has been met: each kind of plan must be.
struct Seen {
    int n_empty = 0;
    int n_partial = 0;
    int n_cyclic = 0;
    int n_whole_forests = 0;
};

/// A plan that places all mass on a forest is kept to the letter.
void check_keeps_plan(const Basis& basis, const TreeFlow& tree, const std::vector<Shipment>& plan) {
    std::size_t n_with_flow = 0;
    for (const double flow : tree.flow) n_with_flow += flow > 0;
    CHECK(n_with_flow == plan.size());
    for (const Shipment& shipment : plan) {
        const auto is_arc = [&](const Arc& arc) {
            return arc.source == shipment.arc.source && arc.target == shipment.arc.target;
        };
        const auto arc = std::find_if(basis.arcs.begin(), basis.arcs.end(), is_arc);
        CHECK(arc != basis.arcs.end());
        CHECK(tree.flow[static_cast<std::size_t>(arc - basis.arcs.begin())] == shipment.mass);
    }
}

void test_auction(const Auction& auction, const mot::Masses& masses, const Matrix& cost, const std::vector<Arc>& arcs,
                  Seen& seen) {
    NeverInterrupt interrupt;
    const auto cost_of = [&](mot::Node i, mot::Node j) { return cost(to_index(i), to_index(j)); };
    const Basis basis = mot::starting_basis(masses, auction, arcs, cost_of, interrupt);
    const TreeFlow tree = check_basis(basis, masses, cost, 0.0);
    const std::vector<Shipment> plan = auction.shipments();
    const bool is_whole = placed_mass(plan) == std::accumulate(masses.source.begin(), masses.source.end(), 0.0);
    const bool is_cyclic = has_cycle(plan, cost.n_rows, cost.n_columns);
    seen.n_empty += plan.empty();
    seen.n_partial += !plan.empty() && !is_whole;
    seen.n_cyclic += is_cyclic;
    seen.n_whole_forests += is_whole && !is_cyclic;
    if (is_whole && !is_cyclic) check_keeps_plan(basis, tree, plan);
}

/// From an auction on a random selection of the arcs, each taken with `percent` chance, at every stage.
void test_stages(Random& random, const WholeMasses& masses, int percent, Seen& seen) {
    const Matrix cost = whole_costs(random, masses.a.size(), masses.b.size(), draw(random, 0, 20));
    const std::vector<Arc> arcs = arcs_of(some_of(random, cost, percent));
    const mot::Masses core = to_whole_core(masses);
    Auction auction(core, arcs);
    test_auction(auction, core, cost, arcs, seen);
    StopAt stop(draw(random, 2, 4));
    auction.run(0.5, stop);
    test_auction(auction, core, cost, arcs, seen);
    NeverInterrupt interrupt;
    for (const double epsilon : {30.0, 4.0, 0.1}) {
        auction.run(epsilon, interrupt);
        test_auction(auction, core, cost, arcs, seen);
        // The arcs that the trees are joined by may be others than those of the auction.
        test_auction(auction, core, cost, {}, seen);
        test_auction(auction, core, cost, arcs_of(cost), seen);
    }
}

/// Masses that are no fractions of one another: sums of them differ by rounding, on either side.
void test_rounding(Random& random, std::size_t n, std::size_t m, double smallest) {
    std::vector<double> a(n), b(m);
    for (double& mass : a) mass = draw_real(random, 0.0, 1.0) < 0.3 ? smallest : draw_real(random, 0.1, 1.0);
    for (double& mass : b) mass = draw_real(random, 0.0, 1.0) < 0.3 ? smallest : draw_real(random, 0.1, 1.0);
    const mot::Masses masses =
        mot::Masses::from_marginals(a.data(), static_cast<std::int64_t>(n), b.data(), static_cast<std::int64_t>(m));
    const Matrix cost = whole_costs(random, n, m, 20);
    const auto cost_of = [&](mot::Node i, mot::Node j) { return cost(to_index(i), to_index(j)); };
    Auction auction(masses, arcs_of(cost));
    NeverInterrupt interrupt;
    for (const double epsilon : {4.0, 0.1}) {
        auction.run(epsilon, interrupt);
        check_basis(mot::starting_basis(masses, auction, arcs_of(cost), cost_of, interrupt), masses, cost, 1e-11);
    }
}

/// Three trees, {0, 1 -> 0}, {2 -> 1} and {3 -> 2}. The first is the root's; the third is nearer to it than the
/// second, which is near to the third.
void test_nearest_trees_are_joined() {
    Matrix cost(4, 3, 100.0);
    cost(0, 0) = cost(1, 0) = cost(2, 1) = cost(3, 2) = 0.0;
    cost(2, 0) = 5.0;
    cost(3, 0) = cost(2, 2) = cost(3, 1) = 1.0;
    const std::vector<double> a{1, 1, 1, 1};
    const std::vector<double> b{2, 1, 1};
    const mot::Masses masses = mot::Masses::from_marginals(a.data(), 4, b.data(), 3);
    Auction auction(masses, arcs_of(cost));
    NeverInterrupt interrupt;
    auction.run(0.01, interrupt);
    const Basis basis = mot::starting_basis(
        masses, auction, arcs_of(cost), [&](mot::Node i, mot::Node j) { return cost(to_index(i), to_index(j)); },
        interrupt);
    const TreeFlow tree = check_basis(basis, masses, cost, 0.0);
    CHECK(basis.root == 0);
    for (std::size_t k = 0; k < basis.arcs.size(); ++k) {
        const auto& [source, target, value] = basis.arcs[k];
        CHECK(value == (tree.flow[k] > 0 ? 0.0 : 1.0));
        CHECK(tree.flow[k] > 0 || (source == 3 && target == 0) || (source == 2 && target == 2));
    }
}

}  // namespace

int main() {
    Random random(2);
    test_nearest_trees_are_joined();
    Seen seen;
    for (int round = 0; round < 400; ++round) {
        case_name = "round " + std::to_string(round);
        const std::size_t n = draw_size(random, 1, 9);
        const std::size_t m = round % 3 == 0 ? n : round % 50 == 1 ? 60 : draw_size(random, 1, 9);
        const int percent = (round % 5) * 25;
        test_stages(random, uniform_masses(n, m), percent, seen);
        test_stages(random, random_masses(random, n, m, 0, 3), percent, seen);
        test_stages(random, random_masses(random, n, m, 1, 1000), percent, seen);
        test_rounding(random, n, m, 0.0999);
        test_rounding(random, n, m, 1e-14);
    }
    case_name = "all kinds";
    CHECK(seen.n_empty > 100 && seen.n_partial > 100 && seen.n_cyclic > 100 && seen.n_whole_forests > 100);
}
