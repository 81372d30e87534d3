/// Primal network simplex for the transport problem on a sparse set of arcs.
///
/// Method: Dantzig (1951); strongly feasible trees against cycling (Cunningham 1976). We depart from the textbook in
/// two points: the start may be a real feasible tree, without artificial arcs and big-M (where there is none it is a
/// star round a hub); and arcs may be added between runs, which go on from the same tree. Potentials and flows are kept
/// as `Real`: a double, or a `DoubleDouble` where sums of costs along the tree, or masses of very different sizes,
/// would lose digits of the answer.
///
/// Invariants between pivots:
///   (I1) the basis is a spanning tree on the units that have mass, and on the hub if there is one;
///   (I2) the plan is zero off the tree, non-negative on it, with marginals a and b;
///   (I3) the reduced cost vanishes on every tree arc;
///   (I4) every empty tree arc leads from a source unit up to its parent.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "mot/engines/block_search.hpp"
#include "mot/engines/spanning_tree.hpp"
#include "mot/engines/starting_basis.hpp"
#include "mot/types/arc.hpp"
#include "mot/types/double_double.hpp"
#include "mot/types/interrupt.hpp"
#include "mot/types/masses.hpp"
#include "mot/types/plan.hpp"

namespace mot {

template <class Real = double>
class NetworkSimplex {
public:
    NetworkSimplex(const Masses& masses, const Basis& basis);

    void add_arcs(const std::vector<Arc>& arcs);
    /// Gives every tree arc the cost that `cost` returns, and removes all other arcs.
    void replace_costs(const std::function<double(Node, Node)>& cost);

    /// Pivots until no arc's reduced cost is below -tolerance, or below what rounding of the potentials explains. Gives
    /// up with `not_proven` after very many pivots whose flows are rounded away.
    Status optimize(double tolerance, Interrupt& interrupt);

    /// Units without mass have the potential -infinity here, with which no arc is ever violated.
    Potentials potentials() const;
    /// The reduced cost of an arc that need not be in the list, to the precision of `Real`.
    double reduced_cost(Node source, Node target, double cost) const {
        return rounded(Real(cost) - signed_potential_[index(source)] + signed_potential_[index(n_source_ + target)]);
    }
    /// Bounds the error that rounding of the potentials makes in a reduced cost.
    double rounding() const;
    /// The tree's arcs that carry mass, in the unit of `Masses`; to and from a hub as `Hub` numbers its ends.
    Plan plan() const;

private:
    struct Leaving {
        Node node;  // whose arc to its parent leaves the tree
        Real flow;
        bool is_on_source_side;
    };

    bool is_source(Node node) const { return node < n_source_; }
    Real reduced_cost(std::size_t arc) const {
        return Real(cost_[arc]) - signed_potential_[index(source_[arc])] + signed_potential_[index(target_[arc])];
    }

    Leaving find_leaving_arc(Node source, Node target, Node join) const;
    void push_flow(Node source, Node target, Node join, const Real& flow);
    void exchange(std::size_t entering, const Leaving& leaving, Node join);
    void shift_potentials(Node inside, Real change);
    void recompute_potentials();
    void recompute_flows();

    const Masses& masses_;
    Node n_source_;
    Node n_target_;
    std::vector<Node> source_, target_;  // ends of every arc; targets are numbered behind the sources
    std::vector<double> cost_;
    SpanningTree tree_;
    std::vector<std::size_t> parent_arc_;  // the arc from every node but the root to its parent
    std::vector<Real> parent_flow_;        // the flow on that arc
    double rounded_away_ = 0.0;            // flow that is lost beside all mass; none where flows are exact
    std::vector<Real> signed_potential_;   // u of a source, -v of a target: a subtree shifts by one number
    BlockSearch rule_;
    std::int64_t n_updated_ = 0;  // nodes that pivots updated since the interrupt was told
};

}  // namespace mot
