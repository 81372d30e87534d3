/// Primal network simplex for the transport problem on a sparse set of arcs.
///
/// Method: Dantzig (1951); strongly feasible trees against cycling (Cunningham 1976). We depart from the textbook in
/// two points: the start is a real feasible tree, so there are no artificial arcs and no big-M; and arcs may be added
/// between runs, which go on from the same tree. Potentials and flows are kept as `Height`: a double, or two of them
/// where sums of costs along the tree, or masses of all sizes, would lose what the answer depends on.
///
/// Invariants between pivots:
///   (I1) the basis is a spanning tree on the units that have mass;
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
#include "mot/types/double_double.hpp"
#include "mot/types/problem.hpp"

namespace mot {

template <class Height = double>
class NetworkSimplex {
public:
    NetworkSimplex(const Masses& masses, const Basis& basis);

    void add_arcs(const std::vector<Arc>& arcs);
    /// Gives every tree arc the cost that `cost` says and forgets all other arcs.
    void replace_costs(const std::function<double(Node, Node)>& cost);

    /// Pivots until no arc's reduced cost is below -tolerance, or below what rounding of the potentials explains.
    /// `not_proven` where pivots go on and on with flows that are rounded away.
    Status optimize(double tolerance, Interrupt& interrupt);

    /// Units without mass have the potential -infinity here: no arc of theirs is ever violated. `solve` gives them one.
    Potentials potentials() const;
    /// Of an arc that need not be in the list, to the precision of `Height`.
    double reduced_cost(Node source, Node target, double cost) const {
        return rounded(Height(cost) - height_[index(source)] + height_[index(n_source_ + target)]);
    }
    /// What rounding of the potentials may make of a reduced cost that is zero.
    double rounding() const;
    /// The tree's arcs that carry mass, in the unit of `Masses`.
    void plan(std::vector<Node>& source, std::vector<Node>& target, std::vector<double>& flow) const;

private:
    struct Leaving {
        Node node;  // its arc to the parent leaves
        Height flow;
        bool is_on_source_side;
    };

    static std::size_t index(Node node) { return static_cast<std::size_t>(node); }
    bool is_source(Node node) const { return node < n_source_; }
    Height reduced_cost(std::size_t arc) const {
        return Height(cost_[arc]) - height_[index(source_[arc])] + height_[index(target_[arc])];
    }

    Leaving find_leaving_arc(Node source, Node target, Node join) const;
    void push_flow(Node source, Node target, Node join, const Height& flow);
    void exchange(std::size_t entering, const Leaving& leaving, Node join);
    void shift_potentials(Node inside, Height change);
    void recompute_potentials();
    void recompute_flows();

    const Masses& masses_;
    Node n_source_;
    Node n_target_;
    std::vector<Node> source_, target_;  // of every arc; targets are numbered behind the sources
    std::vector<double> cost_;
    SpanningTree tree_;
    std::vector<std::size_t> arc_up_;  // of every node but the root: the arc to its parent
    std::vector<Height> flow_up_;      // and the flow on it
    double rounded_away_ = 0.0;        // flow that is lost beside all mass; none where flows are exact
    std::vector<Height> height_;       // u of a source, -v of a target: a shift of a subtree is one sum
    BlockSearch rule_;
    std::int64_t n_moved_ = 0;  // nodes gone through by pivots since the interrupt was told
};

}  // namespace mot
