/// Near-optimal prices and a near-optimal plan on a sparse set of arcs, for an exact solver to start from.
///
/// Method: the auction with epsilon scaling (Bertsekas 1988), where the units of mass of one object are alike
/// (Bertsekas and Castanon 1989). A bidder with mass left takes the object at which cost + price is least, and raises
/// its price as far as makes the bidder's second choice as good, and epsilon more; bidders that hold mass of that
/// object for less are outbid. When all mass is placed every arc that carries some is within epsilon of its bidder's
/// cheapest.
///
/// Sources bid for targets. Where targets are many times the sources it is the other way round: then a unit bids once
/// for each of the few others among which it is shared, not a few units again and again for each of very many.
///
/// Invariants of a round, where v, the negative price, is the objects' potential:
///   (A1) v only falls, so cost - v of every arc only grows: arcs far from the cheapest need not be scanned again;
///   (A2) an object's v is at least the highest (the least generous) level at which any of its mass is held; from a bid
///        on which all of it is held, it is that level.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "mot/engines/holdings.hpp"
#include "mot/types/arc.hpp"
#include "mot/types/compressed_rows.hpp"
#include "mot/types/interrupt.hpp"
#include "mot/types/masses.hpp"
#include "mot/types/plan.hpp"

namespace mot {

/// Mass on one arc.
struct Shipment {
    Arc arc;
    double mass;
};

/// Epsilons of two rounds, in spreads: measured from 32 to 7,296 units.
constexpr double coarse_epsilon = 0.15;
constexpr double fine_epsilon = 0.05;

class Auction {
public:
    Auction(const Masses& masses, const std::vector<Arc>& arcs);

    void add_arcs(const std::vector<Arc>& arcs);

    /// Comes before the first round: begins at these prices, in place of those that the cheapest arcs give.
    void set_prices(const Potentials& potentials);

    /// Places the mass within `epsilon` of the cheapest, going on from the prices and the plan of the last round. False
    /// if some is left over: when interrupted, when the arcs have no room for it, or when prices rise without end. A
    /// bidder whose cheapest has become dearer by `patience` bids no more in this round.
    bool run(double epsilon, Interrupt& interrupt, double patience = std::numeric_limits<double>::infinity());

    /// The share of all mass that the last round left over.
    double share_left() const;

    /// Whether bidders are many, each with few arcs.
    bool has_cheap_bids() const;

    /// How far a typical bidder's costs are apart: what epsilon is measured by. Where they are all the same, any
    /// epsilon serves: the `scale` of all costs, or 1.
    double spread(double scale) const;
    /// After a run no arc's reduced cost is negative, up to rounding. Units without mass have the potential -infinity.
    Potentials potentials() const;
    std::vector<Shipment> shipments() const;

private:
    /// A bidder's arc.
    struct Choice {
        Node object;
        double cost;
    };
    struct Cheapest {
        Choice choice;
        double value;   // cost - v of that arc
        double second;  // the same of the next one
    };

    /// The arc from bidder to object, or back again.
    Arc oriented(const Arc& arc) const { return targets_bid_ ? Arc{arc.target, arc.source, arc.cost} : arc; }

    Cheapest find_cheapest(std::size_t first, std::size_t end);
    Cheapest find_cheapest_of_all(Node bidder);
    Cheapest find_cheapest_near(Node bidder);
    void release_holdings(double epsilon);
    void bid(Node bidder, double epsilon, const Cheapest& cheapest);
    void activate(Node bidder);
    void update_potentials();

    bool targets_bid_;
    double total_mass_;
    std::vector<bool> has_mass_;                  // whether each bidder has mass to ship
    CompressedRows<Choice> choices_;              // the arcs of every bidder
    std::vector<std::size_t> near_end_;           // end of every bidder's near arcs, which come first among its arcs
    std::vector<double> near_limit_;              // lower bound on cost - v of every bidder's other arcs
    std::vector<double> mass_left_;               // mass of every bidder still to be placed
    std::vector<double> room_;                    // mass of every object that nobody holds
    std::vector<std::vector<Holding>> holdings_;  // holdings of every object: a heap, the highest level first
    Potentials potentials_;                       // u of the bidders, v of the objects
    std::vector<Node> active_;                    // bidders with mass to place
    std::vector<bool> is_active_;
    double near_width_ = 0.0;
    std::int64_t n_steps_ = 0;  // work done since the interrupt was told
    double negligible_;         // mass that is not worth a bid
};

}  // namespace mot
