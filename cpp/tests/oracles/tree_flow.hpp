/// The flow that masses force on the arcs of a tree.
#pragma once

#include <cstddef>
#include <vector>

#include "mot/engines/starting_basis.hpp"
#include "oracles/transport.hpp"
#include "support/check.hpp"

/// The flow on every arc and whether its source is the child, found by cutting leaves off the tree.
struct TreeFlow {
    std::vector<double> flow;
    std::vector<bool> source_is_child;
};

inline TreeFlow flow_by_cutting_leaves(const mot::Basis& basis, std::vector<double> supply,
                                       std::vector<double> demand) {
    const std::size_t n_arcs = basis.arcs.size();
    TreeFlow found{std::vector<double>(n_arcs, 0.0), std::vector<bool>(n_arcs, false)};
    std::vector<bool> is_cut(n_arcs, false);
    std::vector<int> degree_of_source(supply.size(), 0), degree_of_target(demand.size(), 0);
    for (const mot::Arc& arc : basis.arcs) {
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
