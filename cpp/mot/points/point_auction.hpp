/// Near-optimal prices and a near-optimal plan between points of few dimensions.
///
/// Method: the auction of `Auction`, on all pairs of points. A bidder knows its cheapest few arcs, and a lower bound on
/// the others: only when its second choice is no longer below that are more arcs looked up, in the tree of the targets.
/// As in `Auction` potentials of the targets only fall in a round, so that the bounds stay right; and as every pair may
/// be used in the end, no bidder is left without room.
///
/// Points are known by their places in the trees. All of them have mass.
#pragma once

#include <cstdint>
#include <vector>

#include "mot/engines/holdings.hpp"
#include "mot/points/point_tree.hpp"
#include "mot/types/arc.hpp"
#include "mot/types/interrupt.hpp"
#include "mot/types/masses.hpp"
#include "mot/types/plan.hpp"
#include "mot/types/workers.hpp"

namespace mot {

class PointAuction {
public:
    /// Starts from the potentials `v` of the targets and looks up the cheapest arcs of every source. What it is given
    /// must outlive it.
    PointAuction(const PointTree& source, PointTree& target, const Masses& masses, std::vector<double> v,
                 const Workers& workers, Interrupt& interrupt);

    /// Places the mass within `epsilon` of the cheapest, going on from the prices and the plan of the last round. False
    /// if some is left over: when interrupted, or after very many bids.
    bool run(double epsilon, Interrupt& interrupt);

    /// Whether so many arcs are alike that it is faster to search all pairs; then no round gets far any more.
    bool is_hopeless() const;

    /// How much dearer than its cheapest arc the last one is that a typical bidder has looked up first.
    double spread() const { return spread_; }
    /// No arc's reduced cost is negative, up to rounding.
    const Potentials& potentials() const { return potentials_; }
    /// All arcs that were looked up.
    std::vector<Arc> arcs() const;
    /// The arcs that carry mass.
    std::vector<Arc> plan() const;

private:
    struct Choice {
        Node target;
        double cost;
    };
    struct Cheapest {
        Choice choice;
        double value;   // cost - v of that arc
        double second;  // the same of the next one
    };

    const double* bidder(Node i) const { return source_.point(i); }
    Cheapest find_cheapest(Node i);
    void look_up(Node i, std::size_t n);
    void activate(Node i);
    void release_holdings(double epsilon);
    void update_sources();
    void bid(Node i, double epsilon, const Cheapest& cheapest);

    const PointTree& source_;
    PointTree& target_;
    const Workers& workers_;
    std::vector<std::vector<Choice>> choices_;  // of every source
    std::vector<double> beyond_;                // lower bound on cost - v of each source's other arcs
    std::vector<double> mass_left_, room_;
    std::vector<std::vector<Holding>> holdings_;  // heaps of every target
    Potentials potentials_;
    double negligible_;
    double spread_ = 0.0;
    std::vector<Node> active_;
    std::vector<char> is_active_;
    std::int64_t n_searches_ = 0;            // for more arcs
    std::int64_t n_searches_since_fit_ = 0;  // since the boxes were fitted to the potentials
    std::int64_t n_steps_ = 0;
};

}  // namespace mot
