/// Shortest augmenting paths for the assignment problem on a sparse set of arcs: as many sources as targets, all
/// masses equal.
///
/// Method: Jonker and Volgenant (1987): augmenting row reduction first, then one Dijkstra search for each source that
/// is left; but from the prices of an auction, which leave little to do, in place of their column reduction. As in
/// their LAPMOD (Volgenant 1996), arcs may be added afterwards: a source whose cheapest reduced cost falls gives up its
/// partner and is searched for again.
///
/// Invariants between searches:
///   (I1) the reduced cost of every arc is non-negative, up to rounding, which a search takes for zero;
///   (I2) it vanishes on every matched arc.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "mot/engines/auction.hpp"
#include "mot/types/problem.hpp"

namespace mot {

class Assignment {
public:
    /// `arcs`, which must hold a perfect matching, starting from prices `v` and what is cheapest by them in `plan`.
    Assignment(const Masses& masses, std::vector<double> v, const std::vector<Arc>& plan, const std::vector<Arc>& arcs);
    Assignment(const Masses& masses, const Auction& auction, const std::vector<Arc>& arcs);

    void add_arcs(const std::vector<Arc>& arcs);
    /// Gives every matched arc the cost that `cost` says and forgets all other arcs.
    void replace_costs(const std::function<double(Node, Node)>& cost);

    /// Matches every source, at least cost over the arcs given so far. It needs no tolerance: the simplex does.
    Status optimize(double tolerance, Interrupt& interrupt);

    Potentials potentials() const { return {u_, v_}; }
    /// The matched arcs, in the unit of `Masses`.
    void plan(std::vector<Node>& source, std::vector<Node>& target, std::vector<double>& flow) const;

private:
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
    struct Reached {
        double distance;
        Node target;
        bool operator>(const Reached& other) const { return distance > other.distance; }
    };

    static constexpr Node none = -1;
    static std::size_t index(Node node) { return static_cast<std::size_t>(node); }

    bool augment_by_row_reduction(Interrupt& interrupt);
    Status augment_by_shortest_path(Node free_source, Interrupt& interrupt);
    Cheapest find_cheapest(Node source) const;
    void match(Node source, const HalfArc& arc);
    std::vector<Node> free_sources() const;
    std::int64_t n_arcs(Node source) const { return static_cast<std::int64_t>(arcs_[index(source)].size()); }

    double flow_;                             // on each matched arc
    std::vector<std::vector<HalfArc>> arcs_;  // of every source
    std::vector<Node> target_of_, source_of_;
    std::vector<double> cost_of_;  // of every matched source: its arc's cost
    std::vector<double> u_, v_;
    bool is_reduced_ = false;

    // Of the search under way.
    std::vector<double> distance_;
    std::vector<Node> reached_from_;
    std::vector<double> reached_at_;  // the cost of the arc by which a target was reached
    std::vector<Node> reached_, settled_;
    std::vector<Reached> open_;  // a heap
};

}  // namespace mot
