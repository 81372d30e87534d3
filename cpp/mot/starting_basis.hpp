/// A feasible spanning tree to start the simplex from, built cheapest arc first.
///
/// The tree is strongly feasible (Cunningham 1976): seen from the root, every target unit's arc to its parent carries
/// mass, so that from every node some mass can be pushed to the root. That is what keeps the simplex from cycling.
#pragma once

#include <functional>
#include <vector>

#include "mot/problem.hpp"

namespace mot {

struct Basis {
    std::vector<Arc> arcs;  ///< a spanning tree on the units that have mass
    Node root;              ///< a target unit
};

/// Ships along each source's cheapest few of `arcs`, which are ordered by source, by increasing cost; then along a
/// staircase through what is left, for which `cost` is asked.
Basis starting_basis(const Masses& masses, const std::vector<Arc>& arcs, const std::function<double(Node, Node)>& cost);

}  // namespace mot
