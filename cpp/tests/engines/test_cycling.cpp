/// The simplex ends where pivots move no mass: its trees stay strongly feasible (Cunningham 1976), so no tree recurs.
///
/// Where no two paths cost the same, the tree is known from outside: its arcs are those whose reduced cost vanishes.
/// There the rule is checked after every few pivots; on ties, where the tree is not known, the test is that the solver
/// ends.
#include <algorithm>
#include <cstddef>
#include <numeric>
#include <string>
#include <vector>

#include "mot/engines/auction.hpp"
#include "mot/engines/network_simplex.hpp"
#include "mot/engines/starting_basis.hpp"
#include "mot/solve/dense.hpp"
#include "support/check.hpp"
#include "support/problems.hpp"

namespace {

using mot::Arc;
using NetworkSimplex = mot::NetworkSimplex<>;
using mot::Node;

/// Looks are thousands of pivots apart: a solver that takes more of them than any of these problems needs, cycles.
class Bounded : public mot::Interrupt {
public:
    bool requested() override { return ++n_checks_ > 200; }

private:
    int n_checks_ = 0;
};

/// Whole numbers so large that no two ways to go cost the same, and so small that their sums are exact.
Matrix untied_costs(Random& random, std::size_t n, std::size_t m) {
    return whole_costs(random, n, m, 1 << 30);
}

template <class Item>
void shuffle(Random& random, std::vector<Item>& items) {
    for (std::size_t k = items.size(); k-- > 1;) std::swap(items[k], items[draw_size(random, 0, k)]);
}

std::vector<std::size_t> random_order(Random& random, std::size_t n) {
    std::vector<std::size_t> order(n);
    std::iota(order.begin(), order.end(), std::size_t{0});
    shuffle(random, order);
    return order;
}

/// Ships the units in random order, each to where the last one left off. A tie takes the target away and keeps the
/// source, which makes the tree strongly feasible.
mot::Basis staircase(Random& random, WholeMasses left, const Matrix& cost) {
    const std::vector<std::size_t> sources = random_order(random, left.a.size());
    const std::vector<std::size_t> targets = random_order(random, left.b.size());
    mot::Basis basis{{}, static_cast<Node>(targets.back())};
    for (std::size_t s = 0, t = 0; s < sources.size() && t < targets.size();) {
        const std::size_t i = sources[s];
        const std::size_t j = targets[t];
        basis.arcs.push_back({static_cast<Node>(i), static_cast<Node>(j), cost(i, j)});
        const long mass = std::min(left.a[i], left.b[j]);
        left.a[i] -= mass;
        left.b[j] -= mass;
        const bool target_leaves = s + 1 == sources.size() || (t + 1 < targets.size() && left.b[j] == 0);
        ++(target_leaves ? t : s);
    }
    return basis;
}

mot::Masses to_whole(const WholeMasses& masses) {
    mot::Masses core;
    core.source = to_real(masses.a);
    core.target = to_real(masses.b);
    return core;
}

struct TreeArc {
    std::size_t source;
    std::size_t target;  // numbered behind the sources
    bool is_empty;
};

/// The arcs, of those the simplex knows, whose reduced cost vanishes.
std::vector<TreeArc> tree_of(const NetworkSimplex& simplex, const Matrix& known) {
    const auto [u, v] = simplex.potentials();
    const auto [source, target, flow] = simplex.plan();
    Matrix mass(known.n_rows, known.n_columns);
    for (std::size_t k = 0; k < flow.size(); ++k) mass(to_index(source[k]), to_index(target[k])) = flow[k];

    std::vector<TreeArc> arcs;
    for (std::size_t i = 0; i < known.n_rows; ++i)
        for (std::size_t j = 0; j < known.n_columns; ++j) {
            const bool is_tight = known(i, j) == u[i] + v[j];
            CHECK(is_tight || mass(i, j) == 0);
            if (is_tight) arcs.push_back({i, known.n_rows + j, mass(i, j) == 0});
        }
    return arcs;
}

/// Every empty arc leads from a source up to its parent: mass can be sent from everywhere to the root.
void check_strongly_feasible(const std::vector<TreeArc>& arcs, std::size_t n_nodes, std::size_t root) {
    CHECK(arcs.size() == n_nodes - 1);
    std::vector<bool> is_reached(n_nodes, false);
    std::vector<std::size_t> open{root};
    is_reached[root] = true;
    std::size_t n_reached = 0;
    while (!open.empty()) {
        const std::size_t node = open.back();
        open.pop_back();
        ++n_reached;
        for (const TreeArc& arc : arcs) {
            if (arc.source != node && arc.target != node) continue;
            const std::size_t other = arc.source == node ? arc.target : arc.source;
            if (is_reached[other]) continue;
            const bool leads_up = other == arc.source;
            CHECK(!arc.is_empty || leads_up);
            is_reached[other] = true;
            open.push_back(other);
        }
    }
    CHECK(n_reached == n_nodes);  // a spanning tree
}

/// Arcs are made known one by one, in random order: few pivots lie between two checks of the tree.
void test_trees_stay_strongly_feasible(Random& random, const WholeMasses& whole_masses) {
    const std::size_t n = whole_masses.a.size();
    const std::size_t m = whole_masses.b.size();
    const Matrix cost = untied_costs(random, n, m);
    const mot::Masses masses = to_whole(whole_masses);
    const mot::Basis basis = staircase(random, whole_masses, cost);
    const std::size_t root = n + to_index(basis.root);

    Matrix known(n, m, infinity);
    for (const Arc& arc : basis.arcs) known(to_index(arc.source), to_index(arc.target)) = arc.cost;
    NetworkSimplex simplex(masses, basis);
    check_strongly_feasible(tree_of(simplex, known), n + m, root);

    std::vector<Arc> arcs = arcs_of(cost);
    shuffle(random, arcs);
    for (const Arc& arc : arcs) {
        double& known_cost = known(to_index(arc.source), to_index(arc.target));
        if (known_cost < infinity) continue;
        known_cost = arc.cost;
        simplex.add_arcs({arc});
        Bounded interrupt;
        CHECK(simplex.optimize(0.0, interrupt) == mot::Status::optimal);
        check_strongly_feasible(tree_of(simplex, known), n + m, root);
    }
}

/// Whatever the auction leaves behind, cut short or not.
void test_the_start_is_strongly_feasible(Random& random, const WholeMasses& whole_masses) {
    const Matrix cost = untied_costs(random, whole_masses.a.size(), whole_masses.b.size());
    const mot::Masses masses = to_whole(whole_masses);
    const std::vector<Arc> arcs = arcs_of(cost);
    NeverInterrupt interrupt;
    mot::Auction auction(masses, arcs);
    for (int round = draw(random, 0, 3); round > 0; --round)
        auction.run(draw_real(random, 0.0, 0.3) * auction.spread(1.0), interrupt);
    const mot::Basis basis = mot::starting_basis(
        masses, auction, arcs, [&](Node i, Node j) { return cost(to_index(i), to_index(j)); }, interrupt);

    Matrix known(cost.n_rows, cost.n_columns, infinity);
    for (const Arc& arc : basis.arcs) known(to_index(arc.source), to_index(arc.target)) = arc.cost;
    check_strongly_feasible(tree_of(NetworkSimplex(masses, basis), known), cost.n_rows + cost.n_columns,
                            cost.n_rows + to_index(basis.root));
}

/// From a bad start over all arcs, by pivots that mostly move nothing.
void test_end(Random& random, const Matrix& cost, const WholeMasses& whole_masses) {
    const mot::Masses masses = to_whole(whole_masses);
    NetworkSimplex simplex(masses, staircase(random, whole_masses, cost));
    simplex.add_arcs(arcs_of(cost));
    Bounded interrupt;
    CHECK(simplex.optimize(0.0, interrupt) == mot::Status::optimal);
    const auto [source, target, flow] = simplex.plan();
    double found = 0;
    for (std::size_t k = 0; k < flow.size(); ++k) found += flow[k] * cost(to_index(source[k]), to_index(target[k]));

    for (const mot::Method method : all_methods) {
        const mot::Solution solution = solve_matrix(cost, to_core(whole_masses), method);
        check_optimal(cost, masses.source, masses.target, solution, 1e-9 * cost.scale());
        CHECK_NEAR(solution.cost, found, 1e-9 * found);
    }
}

/// Copies of a few distinct units on either side.
Matrix duplicated_costs(Random& random, std::size_t n, std::size_t m, std::size_t n_distinct) {
    const Matrix distinct = whole_costs(random, n_distinct, n_distinct, 1000);
    Matrix cost(n, m);
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = 0; j < m; ++j) cost(i, j) = distinct(i % n_distinct, j % n_distinct);
    return cost;
}

/// All of the mass on one unit of each side but for one part in each of the others.
WholeMasses lopsided_masses(std::size_t n, std::size_t m) {
    WholeMasses masses{std::vector<long>(n, 1), std::vector<long>(m, 1)};
    masses.a[n / 2] += static_cast<long>(m) - 1;
    masses.b[m / 2] += static_cast<long>(n) - 1;
    return masses;
}

Matrix products(std::size_t n, std::size_t m) {
    Matrix cost(n, m);
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = 0; j < m; ++j) cost(i, j) = static_cast<double>(i * j / 7);
    return cost;
}

void test_degenerate_problems_end(Random& random, const std::string& shape, const WholeMasses& masses) {
    const std::size_t n = masses.a.size();
    const std::size_t m = masses.b.size();
    case_name = shape + ", constant";
    test_end(random, Matrix(n, m, 7.0), masses);
    for (const int highest : {1, 2, 5}) {
        case_name = shape + ", 0 to " + std::to_string(highest);
        test_end(random, whole_costs(random, n, m, highest), masses);
    }
    for (const std::size_t n_distinct : {2u, 17u}) {
        case_name = shape + ", distinct units: " + std::to_string(n_distinct);
        test_end(random, duplicated_costs(random, n, m, n_distinct), masses);
    }
    case_name = shape + ", products";
    test_end(random, products(n, m), masses);
}

/// Potentials grow from 1e102 to 1e160 on the way: shifts of the former are rounded away from then on.
void test_costs_of_any_size_end() {
    case_name = "costs of any size";
    Matrix cost(4, 4);
    cost.values = {4.5e-238,  7.3e77, -1.7e146, -2.1e85,  7.5e147, -8.1e-56, 5.9e102,   1.6e62,
                   -8.2e-228, 6e-101, 1.4e160,  1.8e-166, 2.3e252, 5.2e256,  -1.6e-158, 1.8e-99};
    Bounded interrupt;
    const mot::Masses masses = mot::Masses::uniform(4, 4);
    const mot::GivenCost<double> given({cost.values.data(), 4, 4}, 5.2e256);
    CHECK(mot::solve_dense(given, masses, interrupt, mot::Method::simplex).status == mot::Status::optimal);
}

}  // namespace

int main() {
    test_costs_of_any_size_end();
    Random random(19);
    for (int round = 0; round < 150; ++round) {
        case_name = "tree of round " + std::to_string(round);
        const std::size_t n = draw_size(random, 2, 10);
        const std::size_t m = round % 2 == 0 ? n : draw_size(random, 2, 10);
        for (const WholeMasses& masses : {uniform_masses(n, m), random_masses(random, n, m, 1, 3)}) {
            test_the_start_is_strongly_feasible(random, masses);
            test_trees_stay_strongly_feasible(random, masses);
        }
    }
    for (const std::size_t n : {20u, 100u, 300u})
        for (const std::size_t m : {n, n / 2, n - 1}) {
            const std::string shape = std::to_string(n) + " x " + std::to_string(m);
            test_degenerate_problems_end(random, shape + ", uniform", uniform_masses(n, m));
            test_degenerate_problems_end(random, shape + ", lopsided", lopsided_masses(n, m));
        }
}
