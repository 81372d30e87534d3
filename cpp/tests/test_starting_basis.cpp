/// The starting basis is a spanning tree, feasible and strongly feasible.
#include "mot/starting_basis.hpp"

#include <cstddef>
#include <string>
#include <vector>

#include "cases.hpp"
#include "check.hpp"

namespace {

using mot::Arc;
using mot::Basis;

/// The flow on every arc and whether its source hangs from its target, found by cutting leaves off the tree.
struct TreeFlow {
    std::vector<double> flow;
    std::vector<bool> source_is_child;
};

TreeFlow flow_by_cutting_leaves(const Basis& basis, std::vector<double> supply, std::vector<double> demand) {
    const std::size_t n_arcs = basis.arcs.size();
    TreeFlow found{std::vector<double>(n_arcs, 0.0), std::vector<bool>(n_arcs, false)};
    std::vector<bool> is_cut(n_arcs, false);
    std::vector<int> degree_of_source(supply.size(), 0), degree_of_target(demand.size(), 0);
    for (const Arc& arc : basis.arcs) {
        ++degree_of_source[to_index(arc.source)];
        ++degree_of_target[to_index(arc.target)];
    }
    for (std::size_t n_cut = 0; n_cut < n_arcs;) {
        const std::size_t n_before = n_cut;
        for (std::size_t k = 0; k < n_arcs; ++k) {
            const std::size_t i = to_index(basis.arcs[k].source);
            const std::size_t j = to_index(basis.arcs[k].target);
            const bool target_is_leaf = degree_of_target[j] == 1 && basis.arcs[k].target != basis.root;
            if (is_cut[k] || (degree_of_source[i] != 1 && !target_is_leaf)) continue;
            is_cut[k] = true;
            ++n_cut;
            found.source_is_child[k] = degree_of_source[i] == 1;
            found.flow[k] = found.source_is_child[k] ? supply[i] : demand[j];
            supply[i] -= found.flow[k];
            demand[j] -= found.flow[k];
            --degree_of_source[i];
            --degree_of_target[j];
        }
        CHECK(n_cut > n_before);  // or the arcs hold a cycle
    }
    return found;
}

void check_basis(const Basis& basis, const WholeMasses& masses, const Matrix& cost) {
    std::size_t n_units = 0;
    for (const long mass : masses.a) n_units += mass > 0;
    for (const long mass : masses.b) n_units += mass > 0;
    // Without cycles, so many arcs on so many units make one tree.
    CHECK(basis.arcs.size() + 1 == n_units);
    CHECK(masses.b[to_index(basis.root)] > 0);
    for (const Arc& arc : basis.arcs) {
        CHECK(masses.a[to_index(arc.source)] > 0 && masses.b[to_index(arc.target)] > 0);
        CHECK(arc.cost == cost(to_index(arc.source), to_index(arc.target)));
    }
    const TreeFlow tree = flow_by_cutting_leaves(basis, to_real(masses.a), to_real(masses.b));
    for (std::size_t k = 0; k < basis.arcs.size(); ++k)
        CHECK(tree.flow[k] > 0 || (tree.flow[k] == 0 && tree.source_is_child[k]));
}

/// A basis from a random selection of the arcs, each taken with `percent` chance.
void test_basis(Random& random, const WholeMasses& masses, int percent) {
    const Matrix cost = whole_costs(random, masses.a.size(), masses.b.size(), draw(random, 0, 20));
    std::vector<Arc> arcs;
    for (const Arc& arc : arcs_of(cost))
        if (draw(random, 1, 100) <= percent) arcs.push_back(arc);
    mot::Masses core = to_core(masses);
    core.source = to_real(masses.a);  // whole numbers, whatever the unit
    core.target = to_real(masses.b);
    const Basis basis =
        mot::starting_basis(core, arcs, [&](mot::Node i, mot::Node j) { return cost(to_index(i), to_index(j)); });
    check_basis(basis, masses, cost);
}

void test_cheapest_arc_is_shipped_first() {
    const Matrix cost = [] {
        Matrix matrix(3, 3, 5.0);
        matrix(1, 2) = 1.0;
        matrix(0, 2) = 2.0;  // its target is gone by then
        matrix(2, 0) = 3.0;
        return matrix;
    }();
    const Basis basis = mot::starting_basis(mot::Masses::uniform(3, 3), arcs_of(cost),
                                            [&](mot::Node i, mot::Node j) { return cost(to_index(i), to_index(j)); });
    CHECK(basis.arcs[0].source == 1 && basis.arcs[0].target == 2);
    CHECK(basis.arcs[1].source == 2 && basis.arcs[1].target == 0);
}

}  // namespace

int main() {
    Random random(2);
    test_cheapest_arc_is_shipped_first();
    for (int round = 0; round < 3000; ++round) {
        case_name = "round " + std::to_string(round);
        const std::size_t n = draw_size(random, 1, 9);
        // Wide ones have more arcs a source than the start looks at.
        const std::size_t m = round % 3 == 0 ? n : round % 50 == 1 ? 60 : draw_size(random, 1, 9);
        const int percent = (round % 5) * 25;
        test_basis(random, uniform_masses(n, m), percent);
        test_basis(random, random_masses(random, n, m, 0, 3), percent);
        test_basis(random, random_masses(random, n, m, 1, 1000), percent);
    }
}
