/// The transport problem and its dual; a plan, potentials, and how the search for them ended.
///
/// Primal: minimise sum_ij cost_ij plan_ij over plan >= 0 with row sums a and column sums b.
/// Dual:   maximise sum_i a_i u_i + sum_j b_j v_j over u_i + v_j <= cost_ij.
/// The sign convention everywhere: reduced_cost_ij = cost_ij - u_i - v_j, non-negative at the optimum and zero
/// wherever the plan moves mass.
#pragma once

#include <cstddef>
#include <vector>

#include "mot/types/arc.hpp"

namespace mot {

/// The arcs that carry mass, and how much each carries.
struct Plan {
    std::vector<Node> source;
    std::vector<Node> target;
    std::vector<double> mass;

    std::size_t size() const { return mass.size(); }
    void add(Node i, Node j, double moved) {
        source.push_back(i);
        target.push_back(j);
        mass.push_back(moved);
    }
};

struct Potentials {
    std::vector<double> u;  ///< of the sources
    std::vector<double> v;  ///< of the targets
};

/// How a search for a plan ended.
enum class Status {
    optimal,
    interrupted,
    not_proven,  ///< the answer may be optimal, but its certificate does not prove it
    infeasible,  ///< no plan of these masses uses allowed arcs alone
    undecided,   ///< the searched costs leave more arcs open than can be checked one by one; nothing is returned
};

}  // namespace mot
