/// The simplex on sparse arcs, arcs added between runs, against transport by shortest paths.
#include "mot/engines/network_simplex.hpp"

#include <cstddef>
#include <string>
#include <vector>

#include "oracles/tree_flow.hpp"
#include "support/check.hpp"
#include "support/problems.hpp"

namespace {

using mot::Arc;
using NetworkSimplex = mot::NetworkSimplex<>;

constexpr double tolerance = 1e-9;  // costs are whole numbers up to 1000

struct SparseProblem {
    WholeMasses masses;
    Matrix known;  // costs of the arcs that the engine has been given, infinity elsewhere
};

void add(SparseProblem& problem, const std::vector<Arc>& arcs) {
    for (const Arc& arc : arcs) problem.known(to_index(arc.source), to_index(arc.target)) = arc.cost;
}

/// The potentials belong to these costs: every arc that carries mass is tight.
void check_tight(const NetworkSimplex& simplex, const Matrix& cost) {
    const mot::Potentials potentials = simplex.potentials();
    const auto [source, target, flow] = simplex.plan();
    for (std::size_t k = 0; k < flow.size(); ++k) {
        const std::size_t i = to_index(source[k]);
        const std::size_t j = to_index(target[k]);
        CHECK_NEAR(potentials.u[i] + potentials.v[j], cost(i, j), tolerance);
    }
}

/// On units that have mass: no arc given is violated, those with mass are tight, and the cost is the oracle's.
void check_engine(const NetworkSimplex& simplex, const SparseProblem& problem) {
    const auto [u, v] = simplex.potentials();
    for (std::size_t i = 0; i < u.size(); ++i) CHECK((u[i] == -infinity) == (problem.masses.a[i] == 0));
    for (std::size_t j = 0; j < v.size(); ++j) CHECK((v[j] == -infinity) == (problem.masses.b[j] == 0));
    for (std::size_t i = 0; i < u.size(); ++i)
        for (std::size_t j = 0; j < v.size(); ++j) CHECK(u[i] + v[j] <= problem.known(i, j) + tolerance);

    check_tight(simplex, problem.known);
    const auto [source, target, flow] = simplex.plan();
    std::vector<double> row_sum(u.size(), 0.0), column_sum(v.size(), 0.0);
    double cost = 0;
    for (std::size_t k = 0; k < flow.size(); ++k) {
        const std::size_t i = to_index(source[k]);
        const std::size_t j = to_index(target[k]);
        CHECK(flow[k] > 0);
        row_sum[i] += flow[k];
        column_sum[j] += flow[k];
        cost += flow[k] * problem.known(i, j);
    }
    CHECK(row_sum == to_real(problem.masses.a));
    CHECK(column_sum == to_real(problem.masses.b));
    CHECK_NEAR(cost, transport_by_shortest_paths(problem.known, problem.masses.a, problem.masses.b), 1e-6);
}

/// The tree is strongly feasible: its empty arcs lead from a source up to its parent. All of its arcs are told when
/// they are given other costs, which is done to a copy.
void check_tree(NetworkSimplex simplex, const WholeMasses& masses, mot::Node root) {
    mot::Basis basis{{}, root};
    simplex.replace_costs([&](mot::Node i, mot::Node j) {
        basis.arcs.push_back({i, j, 0.0});
        return 0.0;
    });
    std::size_t n_units = 0;
    for (const long mass : masses.a) n_units += mass > 0;
    for (const long mass : masses.b) n_units += mass > 0;
    CHECK(basis.arcs.size() + 1 == n_units);
    const TreeFlow tree = flow_by_cutting_leaves(basis, to_real(masses.a), to_real(masses.b));
    for (std::size_t k = 0; k < basis.arcs.size(); ++k)
        CHECK(tree.flow[k] > 0 || (tree.flow[k] == 0 && tree.source_is_child[k]));
}

void test_engine(Random& random, const WholeMasses& masses, int highest) {
    const std::size_t n = masses.a.size();
    const std::size_t m = masses.b.size();
    Matrix cost = whole_costs(random, n, m, highest);
    const auto cost_of = [&](mot::Node i, mot::Node j) { return cost(to_index(i), to_index(j)); };
    const std::vector<Arc> arcs = arcs_of(cost);
    const mot::Masses core = to_whole_core(masses);
    SparseProblem problem{masses, Matrix(n, m, infinity)};
    NeverInterrupt interrupt;

    const std::vector<Arc> first(arcs.begin(), arcs.begin() + static_cast<std::ptrdiff_t>(arcs.size() / 3));
    mot::Auction auction(core, first);
    // None, one or several rounds.
    for (const double epsilon : {0.2, 0.03, 0.006})
        if (draw(random, 0, 1) == 0) auction.run(epsilon * highest, interrupt);
    const mot::Basis basis = mot::starting_basis(core, auction, first, cost_of, interrupt);
    NetworkSimplex simplex(core, basis);
    simplex.add_arcs(first);
    add(problem, first);
    add(problem, basis.arcs);
    CHECK(simplex.optimize(0.0, interrupt) == mot::Status::optimal);
    check_engine(simplex, problem);
    check_tree(simplex, masses, basis.root);

    simplex.add_arcs(arcs);
    add(problem, arcs);
    CHECK(simplex.optimize(0.0, interrupt) == mot::Status::optimal);
    check_engine(simplex, problem);
    check_tree(simplex, masses, basis.root);

    // The tree stays, its arcs cost something else, and the rest comes back at new costs.
    cost = whole_costs(random, n, m, highest);
    simplex.replace_costs(cost_of);
    check_tight(simplex, cost);
    simplex.add_arcs(arcs_of(cost));
    problem.known = cost;
    CHECK(simplex.optimize(0.0, interrupt) == mot::Status::optimal);
    check_engine(simplex, problem);
    check_tree(simplex, masses, basis.root);
}

/// Costs within the tolerance of each other are not worth a pivot: the start is kept.
void test_tolerance() {
    Matrix cost(2, 2, 0.0);
    cost(0, 0) = -0.5;
    cost(1, 1) = 2.0;
    const auto cost_of = [&](mot::Node i, mot::Node j) { return cost(to_index(i), to_index(j)); };
    const mot::Masses masses = mot::Masses::uniform(2, 2);
    NeverInterrupt interrupt;
    mot::Auction auction(masses, {{0, 0, -0.5}, {1, 1, 2.0}});
    auction.run(0.1, interrupt);
    for (const double allowed : {1.6, 1.4}) {
        NetworkSimplex simplex(masses, mot::starting_basis(masses, auction, arcs_of(cost), cost_of, interrupt));
        simplex.add_arcs(arcs_of(cost));
        CHECK(simplex.optimize(allowed, interrupt) == mot::Status::optimal);
        const auto [source, target, flow] = simplex.plan();
        CHECK(flow.size() == 2);
        CHECK((source[0] == target[0]) == (allowed > 1.5));
    }
}

/// A run that is told to stop goes on from there when it is called again.
void test_interrupt(Random& random) {
    case_name = "interrupt";
    const Matrix cost = rank_products(random, 150);
    const SparseProblem problem{uniform_masses(150, 150), cost};
    const mot::Masses masses = to_whole_core(problem.masses);
    const mot::Auction not_run(masses, arcs_of(cost));
    const auto cost_of = [&](mot::Node i, mot::Node j) { return cost(to_index(i), to_index(j)); };
    NeverInterrupt never;
    NetworkSimplex simplex(masses, mot::starting_basis(masses, not_run, arcs_of(cost), cost_of, never));
    simplex.add_arcs(arcs_of(cost));
    int n_interrupted = 0;
    while (true) {
        StopAt at_once(1);
        if (simplex.optimize(0.0, at_once) == mot::Status::optimal) break;
        CHECK(at_once.n_checks == 1);
        ++n_interrupted;
    }
    CHECK(n_interrupted > 0);
    check_engine(simplex, problem);
}

}  // namespace

int main() {
    test_tolerance();
    Random random(4);
    test_interrupt(random);
    for (int round = 0; round < 600; ++round) {
        case_name = "round " + std::to_string(round);
        const std::size_t n = draw_size(random, 1, 12);
        const std::size_t m = round % 3 == 0 ? n : draw_size(random, 1, 12);
        const int highest = round % 2 == 0 ? 2 : 1000;
        test_engine(random, uniform_masses(n, m), highest);
        test_engine(random, random_masses(random, n, m, 0, 3), highest);
        test_engine(random, random_masses(random, n, m, 1, 1000), highest);
    }
}
