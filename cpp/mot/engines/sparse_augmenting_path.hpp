/// Shortest augmenting paths for the assignment problem on a sparse set of arcs: as many sources as targets, all
/// masses equal.
///
/// Method: Jonker and Volgenant (1987): augmenting row reduction first, then one Dijkstra search for each source that
/// is left. We depart from it in one point: the start are the prices of an auction, which leave little to do, in place
/// of a column reduction. As in LAPMOD (Volgenant 1996), arcs may be added afterwards: a source whose cheapest reduced
/// cost falls is unmatched and searched for again.
///
/// Invariants between searches:
///   (I1) the reduced cost of every arc is non-negative, up to rounding, which a search takes for zero;
///   (I2) it vanishes on every matched arc.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "mot/engines/auction.hpp"
#include "mot/types/arc.hpp"
#include "mot/types/interrupt.hpp"
#include "mot/types/masses.hpp"
#include "mot/types/plan.hpp"

namespace mot {

class SparseAugmentingPath {
public:
    /// Starts from the potentials `v` and the arcs of `plan` that are their source's cheapest. `arcs` must hold a
    /// perfect matching.
    SparseAugmentingPath(const Masses& masses, std::vector<double> v, const std::vector<Arc>& plan,
                         const std::vector<Arc>& arcs);
    SparseAugmentingPath(const Masses& masses, const Auction& auction, const std::vector<Arc>& arcs);

    void add_arcs(const std::vector<Arc>& arcs);
    /// Gives every matched arc the cost that `cost` returns, and removes all other arcs.
    void replace_costs(const std::function<double(Node, Node)>& cost);

    /// Matches every source, at least cost over the arcs given so far. The tolerance, which the simplex needs, is not
    /// used.
    Status optimize(double tolerance, Interrupt& interrupt);

    Potentials potentials() const { return {u_, v_}; }
    /// The matched arcs, in the unit of `Masses`.
    Plan plan() const;

private:
    /// An arc of a known source.
    struct HalfArc {
        Node target;
        double cost;
    };
    struct Cheapest {
        HalfArc arc;
        HalfArc second_arc;
        double value;  // cost - v
        double second_value;
    };
    /// The shortest path to a free target that is known so far.
    struct Path {
        Node end;
        double length;
    };
    struct Reached {
        double distance;
        Node target;
        bool operator>(const Reached& other) const { return distance > other.distance; }
    };

    bool augment_by_row_reduction(Interrupt& interrupt);
    Status augment_by_shortest_path(Node free_source, Interrupt& interrupt);
    void relax_arcs(Node source, double source_distance, double u, Path& shortest);
    Node pop_nearest();
    void augment_along_path(Node free_source, Node end);
    Cheapest find_cheapest(Node source) const;
    void match(Node source, const HalfArc& arc);
    std::vector<Node> free_sources() const;
    std::int64_t n_arcs(Node source) const { return static_cast<std::int64_t>(arcs_[index(source)].size()); }

    double flow_;                             // mass on each matched arc
    std::vector<std::vector<HalfArc>> arcs_;  // the arcs of every source
    std::vector<Node> target_of_, source_of_;
    std::vector<double> matched_cost_;  // the cost of every matched source's arc
    std::vector<double> u_, v_;
    bool is_reduced_ = false;

    // The state of the search under way.
    std::vector<double> distance_;
    std::vector<Node> reached_from_;
    std::vector<double> reached_at_;  // the cost of the arc by which a target was reached
    std::vector<Node> reached_, settled_;
    std::vector<Reached> open_;  // a heap
};

}  // namespace mot
