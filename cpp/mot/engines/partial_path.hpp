/// The cheapest plans of every total mass, from nothing on: a parametric simplex on a sparse set of arcs.
///
/// Sources may keep mass and targets may go without, each at a price of its own for every unit of mass. What sources
/// keep goes to a spare target, and what targets go without comes from a spare source: the basis is a spanning tree of
/// all units and these two. It is cut in two: the spare source with all that hangs on it, and the spare target with the
/// rest. Raising the price at which mass is carried raises the potentials of the first part alone, until an arc from a
/// source of the second part to a target of the first is tight. This arc joins the parts, and mass moves along the way
/// from the spare source to the spare target until an arc on it is empty, where the tree is cut again. So every plan on
/// the way is optimal for its mass, prices rise, and no unit loses mass that it was given.
///
/// Method: the parametric simplex (Gass and Saaty 1955), which here is that of successive shortest paths. Of the arcs
/// that empty first the one nearest to the spare source is cut, which prevents cycles: were there an epsilon of mass
/// more in every source, that one would be first.
///
/// An arc that crosses the cut is tight at a price that stays the same while both of its ends stay on their sides. So
/// only arcs of units that change sides are looked at, and a heap has the first price of every source.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <vector>

#include "mot/engines/spanning_tree.hpp"
#include "mot/types/arc.hpp"
#include "mot/types/compressed_rows.hpp"
#include "mot/types/double_double.hpp"
#include "mot/types/interrupt.hpp"
#include "mot/types/partial.hpp"
#include "mot/types/plan.hpp"

namespace mot {

/// Where the curve of least cost against mass bends: from the mass of the one before, carrying more costs `price` for
/// each unit of mass until `mass` is reached.
struct Breakpoint {
    double mass;
    double price;
};

/// At which prices mass of a unit is carried first, and all of it; infinite before.
struct EntryPrices {
    std::vector<double> first, all;
};

/// Why no more is carried.
enum class PartialStop {
    at_mass,
    at_price,
    needs_arcs,   ///< the arcs of a source are not complete beyond the price that is reached
    without_arc,  ///< no more mass can be carried
    undecided,    ///< too many arcs are known by lower bounds that tell nothing
    not_proven,   ///< pivots whose flows are rounded away go on for very long
    long_way,     ///< pivots have taken more work than is allowed
    interrupted,
};

/// An arc whose cost is exact, or else a lower bound.
struct KnownArc {
    Node source, target;
    bool is_exact;
    double cost;
};

template <class Real = double>
class PartialPath {
public:
    using ExactCost = std::function<double(Node, Node)>;

    /// Units without mass take no part. `exact` is called for arcs that are known by lower bounds, so many times at
    /// most. `problem` must outlive this object.
    PartialPath(const PartialProblem& problem, ExactCost exact, std::int64_t most_resolved);

    /// Replaces all arcs but those of the tree. Those of each source are complete until the price that is given for it.
    void set_arcs(const std::vector<KnownArc>& arcs, std::vector<double> complete_until);

    /// How many arcs and nodes the pivots of the whole walk may look at; without a limit at first.
    void allow_work(std::int64_t most) { most_work_ = most; }

    /// Carries more, until all that is asked for is carried or carrying more costs as much as `highest_price`.
    PartialStop advance(double mass, double highest_price, Interrupt& interrupt);

    double mass() const { return rounded(mass_); }
    /// The price of carrying more; minus infinity at first.
    double price() const { return rounded(price_); }
    /// Of sources, and of targets together with this price; those of units without mass are -infinity.
    Potentials potentials_at(double price) const { return potentials_at(Real(price), true); }
    /// Mass is counted in the unit of `Masses`.
    PartialPlan plan();
    const std::vector<Breakpoint>& breakpoints() const { return breakpoints_; }
    const EntryPrices& source_prices() const { return source_prices_; }
    const EntryPrices& target_prices() const { return target_prices_; }

private:
    /// A unit at the other end of an arc.
    struct End {
        Node node;
        bool is_exact;
        double cost;
    };
    /// The price at which the first arc of a source is tight, or beyond which its arcs are not complete.
    struct Entry {
        Real price;
        Node source;
    };
    /// The arc of a source that is tight first, to a raised target; to `no_node` where arcs are not complete.
    struct First {
        End end{no_node, true, 0.0};
        Real price{out_of_play};
    };

    /// Keys of nodes that no arc leads from, or to, across the cut; beyond all sums of costs.
    static constexpr double out_of_play = 0x1p1010;
    inline static const Real none_in_play{out_of_play / 2};  ///< above all prices of arcs that cross the cut
    struct IsLater {
        bool operator()(const Entry& x, const Entry& y) const { return y.price < x.price; }
    };

    Node spare_source() const { return n_source_ + n_target_; }
    Node spare_target() const { return n_source_ + n_target_ + 1; }
    bool is_unit(Node node) const { return node < n_source_ + n_target_; }
    bool is_source(Node node) const { return node < n_source_ || node == spare_source(); }
    Real price_of(Node source, const End& end) const {
        return (Real(end.cost) + key_[index(end.node)]) + key_[index(source)];
    }

    void set_key(Node node);
    void set_first(Node source, const First& first);
    void find_first_arc(Node source);
    void offer(Node target);
    void push(Node source);
    void pop();
    void resolve(Node source, const End& end);
    std::optional<PartialStop> find_entering(double highest_price);
    void join(Node source);
    Node carry(double most_mass, bool& is_enough);
    void cut_at(Node blocking);
    void change_sides(Node from, Node except, bool is_raised);
    Potentials potentials_at(const Real& price, bool has_price_in_v) const;
    void enter_last();
    void recompute_potentials();
    void recompute_flows();

    Node n_source_, n_target_;
    const std::vector<double>& a_;
    const std::vector<double>& b_;
    ExactCost exact_;
    std::int64_t most_resolved_;
    CompressedRows<End> arcs_of_source_, arcs_of_target_;
    std::vector<double> complete_until_;
    SpanningTree tree_;
    std::vector<double> parent_cost_;  // of the arc from every node to its parent
    std::vector<Real> parent_flow_;
    std::vector<Real> base_;  // u of a source, -v of a target, at the price; in the raised part, plus the price
    std::vector<char> is_raised_;
    std::vector<Real> key_;     // -base of a source that is not raised, base of a target that is: they sum up to prices
    std::vector<First> first_;  // of every source that is not raised
    std::vector<Real> most_to_target_;  // what cost and key of an arc of a source must be below to be first
    std::vector<Entry> heap_;
    std::vector<Node> switched_;
    double negligible_;
    bool is_joined_ = false;
    Node raised_root_;  // the raised part is the subtree of this node
    Real price_, mass_{0.0};
    std::int64_t n_idle_ = 0, work_ = 0, most_work_ = std::numeric_limits<std::int64_t>::max();
    std::vector<Breakpoint> breakpoints_;
    EntryPrices source_prices_, target_prices_;
};

}  // namespace mot
