/// Near-optimal prices and a near-optimal plan on a sparse set of arcs, for an exact solver to start from.
///
/// Method: the auction with epsilon scaling (Bertsekas 1988), where the units of mass of one target are alike
/// (Bertsekas and Castanon 1989). A source with mass left ships it to its cheapest target, cost - v, and bids as much
/// as makes its second cheapest as good, and epsilon more; whoever holds that target's mass for less gives way. When
/// all mass is placed every arc that carries some is within epsilon of its source's cheapest.
///
/// Where targets are many times the sources the sides are exchanged: a unit bids once for each of the few others among
/// which it is shared, not a few units again and again for each of very many. Within the class `source` is who bids.
///
/// Invariants of a round:
///   (A1) v only falls, so cost - v of every arc only grows: what was far from the cheapest need not be looked at;
///   (A2) a target's v is at least the highest (the least generous) level at which any of its mass is held; from a bid
///        on which all of it is, it is that level.
#pragma once

#include <cstdint>
#include <vector>

#include "mot/types/problem.hpp"

namespace mot {

/// Mass on one arc.
struct Shipment {
    Arc arc;
    double mass;
};

/// Epsilons of two rounds, in spreads: measured from 32 to 7,296 units.
constexpr double coarse = 0.2;
constexpr double fine = 0.03;

class Auction {
public:
    Auction(const Masses& masses, const std::vector<Arc>& arcs);

    void add_arcs(const std::vector<Arc>& arcs);

    /// Places the mass within `epsilon` of the cheapest, going on from the prices and the plan of the last round. False
    /// if some is left over: when interrupted, when the arcs have no room for it, or when prices war without end.
    bool run(double epsilon, Interrupt& interrupt);

    /// Whether those who bid are many, each with few arcs.
    bool bids_are_cheap() const;

    /// How far a typical source's costs are apart: what epsilon is measured by. Where they are not, any epsilon will
    /// do: the `scale` of all costs, or 1.
    double spread(double scale) const;
    /// After a run no arc's reduced cost is negative, up to rounding. Units without mass have the potential -infinity.
    Potentials potentials() const;
    std::vector<Shipment> shipments() const;

private:
    struct HalfArc {
        Node target;
        double cost;
    };
    /// Mass of one source at a target, and the level to which v may fall before it gives way.
    struct Holding {
        Node source;
        double cost;
        double mass;
        double level;
    };
    struct Cheapest {
        HalfArc arc;
        double value;   // cost - v of that arc
        double second;  // of the next one
    };

    static std::size_t index(Node node) { return static_cast<std::size_t>(node); }
    static bool is_lower(const Holding& x, const Holding& y) { return x.level < y.level; }
    Arc as_seen(const Arc& arc) const { return is_exchanged_ ? Arc{arc.target, arc.source, arc.cost} : arc; }

    Cheapest find_cheapest(std::size_t first, std::size_t end);
    Cheapest find_near_arcs(Node source);
    Cheapest find_cheapest_near(Node source);
    void release_holdings(double epsilon);
    void ship(Node source, const HalfArc& arc, double level);
    void open(Node source);
    void update_potentials();

    bool is_exchanged_;                  // the sides are
    std::vector<bool> has_mass_;         // of every source
    std::vector<std::size_t> first_;     // of every source: its first arc; one more behind the last
    std::vector<std::size_t> near_end_;  // of every source: behind its near arcs, which stand in front
    std::vector<double> near_limit_;     // of every source: its other arcs' cost - v is at least this
    std::vector<HalfArc> arcs_;
    std::vector<double> supply_;                  // mass still to be placed
    std::vector<double> demand_;                  // room that nobody holds
    std::vector<std::vector<Holding>> holdings_;  // of every target: a heap, the highest level first
    Potentials potentials_;
    std::vector<Node> open_;  // sources with mass to place
    std::vector<bool> is_open_;
    double near_width_ = 0.0;
    std::int64_t n_steps_ = 0;  // of work since the interrupt was told
    double negligible_;         // mass that is not worth a bid
};

}  // namespace mot
