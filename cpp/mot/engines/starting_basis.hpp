/// A feasible spanning tree for the network simplex to start from, close to a given plan.
///
/// The tree is strongly feasible (Cunningham 1976): seen from the root, every target unit's arc to its parent carries
/// mass, so that from every node some mass can be pushed to the root. That is what keeps the simplex from cycling.
#pragma once

#include <functional>
#include <vector>

#include "mot/engines/auction.hpp"
#include "mot/types/arc.hpp"
#include "mot/types/interrupt.hpp"
#include "mot/types/masses.hpp"
#include "mot/types/plan.hpp"

namespace mot {

struct Basis {
    std::vector<Arc> arcs;   ///< a spanning tree on the units that have mass
    Node root;               ///< a target unit, or the hub
    bool has_hub = false;    ///< see `Hub`
    double block_width = 1;  ///< that suits pivots from here: see `BlockSearch`
};

/// A node besides all units, through which every source's mass goes to every target in a basis without a plan. To the
/// arcs from the sources it is the target behind the last, to those to the targets the source behind the last of all
/// units.
struct Hub {
    Node as_source, as_target;

    explicit Hub(const Masses& masses)
        : as_source(static_cast<Node>(masses.source.size() + masses.target.size())),
          as_target(static_cast<Node>(masses.target.size())) {}
    bool is_end_of(Node source, Node target) const { return source == as_source || target == as_target; }
};

/// Ships along `plan` where it has no cycles, breaks these, and ships what the plan left over; then joins the trees of
/// that forest by empty arcs of `arcs`, of least reduced cost first. `cost` is called for arcs that are not among them.
/// The result of an interrupted call is no basis.
Basis starting_basis(const Masses& masses, const std::vector<Arc>& plan, const Potentials& potentials,
                     const std::vector<Arc>& arcs, const std::function<double(Node, Node)>& cost, Interrupt& interrupt);

/// Ships all mass through a hub, at this cost of every arc to and from it. Trees grow from single units: most pivots
/// update small ones.
Basis star_basis(const Masses& masses, double cost_of_half);

/// Starts from the plan and the prices of an auction.
Basis starting_basis(const Masses& masses, const Auction& auction, const std::vector<Arc>& arcs,
                     const std::function<double(Node, Node)>& cost, Interrupt& interrupt);

/// Starts without an auction: ships along each source's cheapest few of `arcs`, which are ordered by source, cheapest
/// first.
Basis starting_basis(const Masses& masses, const std::vector<Arc>& arcs, const std::function<double(Node, Node)>& cost,
                     Interrupt& interrupt);

}  // namespace mot
