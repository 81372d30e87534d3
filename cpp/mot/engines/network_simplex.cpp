#include "mot/engines/network_simplex.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>
#include <utility>

namespace mot {
namespace {

/// A node costs a cache miss or two.
constexpr std::int64_t steps_per_node = 8;
/// Measured problems, with masses of very different sizes too, take far fewer.
constexpr std::int64_t most_idle_pivots_per_node = 256;

/// What rounding takes from a flow beside the largest one: nothing where all masses and their sum are whole numbers.
template <class Real>
double rounded_away(const Masses& masses) {
    const double total = total_mass(masses);
    if (total < 0x1p53 && has_whole_masses(masses)) return 0.0;
    return unit_roundoff<Real> * total;
}

std::vector<Edge> edges_of(const std::vector<Arc>& arcs, Node n_source) {
    std::vector<Edge> edges;
    edges.reserve(arcs.size());
    for (const Arc& arc : arcs) edges.push_back({arc.source, arc.target + n_source});
    return edges;
}

}  // namespace

template <class Real>
NetworkSimplex<Real>::NetworkSimplex(const Masses& masses, const Basis& basis)
    : masses_(masses),
      n_source_(static_cast<Node>(masses.source.size())),
      n_target_(static_cast<Node>(masses.target.size())),
      tree_(n_source_ + n_target_ + (basis.has_hub ? 1 : 0), edges_of(basis.arcs, n_source_), basis.root + n_source_),
      parent_arc_(index(n_source_ + n_target_) + (basis.has_hub ? 1 : 0), 0),
      parent_flow_(parent_arc_.size(), Real(0.0)),
      rounded_away_(rounded_away<Real>(masses)),
      signed_potential_(parent_arc_.size(), Real(0.0)),
      rule_(basis.block_width) {
    add_arcs(basis.arcs);
    for (std::size_t arc = 0; arc < basis.arcs.size(); ++arc) {
        const bool source_is_child = tree_.parent(source_[arc]) == target_[arc];
        parent_arc_[index(source_is_child ? source_[arc] : target_[arc])] = arc;
    }
    for (Node i = 0; i < n_source_; ++i)
        if (!(masses.source[index(i)] > 0)) signed_potential_[index(i)] = -std::numeric_limits<double>::infinity();
    for (Node j = 0; j < n_target_; ++j)
        if (!(masses.target[index(j)] > 0))
            signed_potential_[index(n_source_ + j)] = std::numeric_limits<double>::infinity();
    recompute_flows();
    recompute_potentials();
}

template <class Real>
void NetworkSimplex<Real>::add_arcs(const std::vector<Arc>& arcs) {
    source_.reserve(source_.size() + arcs.size());
    target_.reserve(target_.size() + arcs.size());
    cost_.reserve(cost_.size() + arcs.size());
    for (const Arc& arc : arcs) {
        source_.push_back(arc.source);
        target_.push_back(arc.target + n_source_);
        cost_.push_back(arc.cost);
    }
}

template <class Real>
void NetworkSimplex<Real>::replace_costs(const std::function<double(Node, Node)>& cost) {
    std::vector<Arc> basis;
    for (Node node = tree_.next(tree_.root()); node != tree_.root(); node = tree_.next(node)) {
        const Node source = source_[parent_arc_[index(node)]];
        const Node target = target_[parent_arc_[index(node)]] - n_source_;
        parent_arc_[index(node)] = basis.size();
        basis.push_back({source, target, cost(source, target)});
    }
    source_.clear();
    target_.clear();
    cost_.clear();
    add_arcs(basis);
    recompute_potentials();
}

/// Reduced costs are differences of potentials, which may be large beside the costs: along a chain of arcs costs add
/// up.
template <class Real>
double NetworkSimplex<Real>::rounding() const {
    double largest = 0;
    for (const Real& potential : signed_potential_)
        if (std::isfinite(rounded(potential))) largest = std::max(largest, std::abs(rounded(potential)));
    return 256 * unit_roundoff<Real> * largest;
}

template <class Real>
Status NetworkSimplex<Real>::optimize(double tolerance, Interrupt& interrupt) {
    const auto cost_of = [this](std::size_t arc) { return rounded(reduced_cost(arc)); };
    const double least_tolerance = tolerance;
    tolerance = std::max(least_tolerance, rounding());
    const auto n_nodes = static_cast<std::int64_t>(signed_potential_.size());
    std::int64_t n_idle = 0;
    std::int64_t n_pivots = 0;
    while (!interrupt.requested_after(rule_.take_n_scanned() + steps_per_node * std::exchange(n_updated_, 0))) {
        const auto entering = rule_.find_entering_arc(cost_.size(), tolerance, cost_of);
        if (!entering) {
            // Many small shifts have rounded: the stop is decided on potentials summed afresh along the tree.
            recompute_potentials();
            tolerance = std::max(least_tolerance, rounding());
            if (rule_.find_entering_arc(cost_.size(), tolerance, cost_of)) continue;
            recompute_flows();
            return Status::optimal;
        }
        const Node join = tree_.find_join(source_[*entering], target_[*entering]);
        const Leaving leaving = find_leaving_arc(source_[*entering], target_[*entering], join);
        push_flow(source_[*entering], target_[*entering], join, leaving.flow);
        exchange(*entering, leaving, join);
        // Where flows are rounded, strongly feasible trees do not prevent cycles.
        n_idle = rounded_away_ > 0.0 && rounded(leaving.flow) <= rounded_away_ ? n_idle + 1 : 0;
        if (n_idle > most_idle_pivots_per_node * n_nodes) return Status::not_proven;
        // Potentials may have grown so large that shifts of what was violated before are rounded away.
        if (++n_pivots % n_nodes == 0) tolerance = std::max(least_tolerance, rounding());
    }
    return Status::interrupted;
}

/// Flow pushed round the cycle drains the arcs that point against it. Of those that block first, the last one met on
/// the way round from the join keeps the tree strongly feasible.
template <class Real>
typename NetworkSimplex<Real>::Leaving NetworkSimplex<Real>::find_leaving_arc(Node source, Node target,
                                                                              Node join) const {
    Leaving leaving{no_node, Real(std::numeric_limits<double>::infinity()), true};
    for (Node x = source; x != join; x = tree_.parent(x))
        if (is_source(x) && parent_flow_[index(x)] < leaving.flow) leaving = {x, parent_flow_[index(x)], true};
    for (Node x = target; x != join; x = tree_.parent(x))
        if (!is_source(x) && parent_flow_[index(x)] <= leaving.flow) leaving = {x, parent_flow_[index(x)], false};
    return leaving;
}

template <class Real>
void NetworkSimplex<Real>::push_flow(Node source, Node target, Node join, const Real& flow) {
    if (rounded(flow) == 0.0) return;
    for (Node x = source; x != join; x = tree_.parent(x)) parent_flow_[index(x)] += is_source(x) ? -flow : flow;
    for (Node x = target; x != join; x = tree_.parent(x)) parent_flow_[index(x)] += is_source(x) ? flow : -flow;
}

/// A degenerate pivot moves no mass yet changes the tree: the potentials must follow, or (I3) breaks.
template <class Real>
void NetworkSimplex<Real>::exchange(std::size_t entering, const Leaving& leaving, Node join) {
    const Real change = reduced_cost(entering);
    Node inside = source_[entering];
    Node outside = target_[entering];
    if (!leaving.is_on_source_side) std::swap(inside, outside);

    tree_.exchange(leaving.node, inside, outside, join);
    const std::vector<Node>& stem = tree_.stem();
    n_updated_ += static_cast<std::int64_t>(stem.size());
    for (std::size_t k = stem.size() - 1; k > 0; --k) {
        parent_arc_[index(stem[k])] = parent_arc_[index(stem[k - 1])];
        parent_flow_[index(stem[k])] = parent_flow_[index(stem[k - 1])];
    }
    parent_arc_[index(inside)] = entering;
    parent_flow_[index(inside)] = leaving.flow;
    shift_potentials(inside, leaving.is_on_source_side ? change : -change);
}

/// Only differences of signed potentials matter: of the subtree and the rest, the smaller one is shifted.
template <class Real>
void NetworkSimplex<Real>::shift_potentials(Node inside, Real change) {
    const Node behind = tree_.next(tree_.last(inside));
    const bool shifts_subtree = 2 * tree_.size(inside) <= tree_.n_in_tree();
    const Node first = shifts_subtree ? inside : behind;
    const Node end = shifts_subtree ? behind : inside;
    n_updated_ += shifts_subtree ? tree_.size(inside) : tree_.n_in_tree() - tree_.size(inside);
    const Real shift = shifts_subtree ? change : -change;
    Node x = first;
    do {
        signed_potential_[index(x)] += shift;
        x = tree_.next(x);
    } while (x != end);
}

template <class Real>
void NetworkSimplex<Real>::recompute_potentials() {
    signed_potential_[index(tree_.root())] = 0.0;
    for (Node x = tree_.next(tree_.root()); x != tree_.root(); x = tree_.next(x)) {
        const double cost = cost_[parent_arc_[index(x)]];
        signed_potential_[index(x)] = signed_potential_[index(tree_.parent(x))] + Real(is_source(x) ? cost : -cost);
    }
}

/// The arc from a node to its parent carries the difference of the supplies and the demands in the node's subtree.
template <class Real>
void NetworkSimplex<Real>::recompute_flows() {
    // Sums in twice the precision: where masses cancel, what is left must not be rounding of the sums.
    std::vector<DoubleDouble> excess(signed_potential_.size());
    for (std::size_t i = 0; i < masses_.source.size(); ++i) excess[i] = masses_.source[i];
    for (std::size_t j = 0; j < masses_.target.size(); ++j) excess[index(n_source_) + j] = -masses_.target[j];
    for (Node x = tree_.last(tree_.root()); x != tree_.root(); x = tree_.previous(x)) {
        const DoubleDouble flow = is_source(x) ? excess[index(x)] : -excess[index(x)];
        if constexpr (std::is_same_v<Real, DoubleDouble>)
            parent_flow_[index(x)] = rounded(flow) > 0.0 ? flow : Real(0.0);
        else
            parent_flow_[index(x)] = std::max(rounded(flow), 0.0);
        excess[index(tree_.parent(x))] += excess[index(x)];
    }
}

template <class Real>
Potentials NetworkSimplex<Real>::potentials() const {
    Potentials potentials;
    for (Node i = 0; i < n_source_; ++i) potentials.u.push_back(rounded(signed_potential_[index(i)]));
    for (Node j = 0; j < n_target_; ++j) potentials.v.push_back(-rounded(signed_potential_[index(n_source_ + j)]));
    return potentials;
}

template <class Real>
Plan NetworkSimplex<Real>::plan() const {
    Plan plan;
    for (Node x = tree_.next(tree_.root()); x != tree_.root(); x = tree_.next(x)) {
        const double flow = rounded(parent_flow_[index(x)]);
        if (!(flow > 0.0)) continue;
        const std::size_t arc = parent_arc_[index(x)];
        plan.add(source_[arc], target_[arc] - n_source_, flow);
    }
    return plan;
}

template class NetworkSimplex<double>;
template class NetworkSimplex<DoubleDouble>;

}  // namespace mot
