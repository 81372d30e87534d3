#include "mot/engines/network_simplex.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <type_traits>
#include <utility>

namespace mot {
namespace {

/// Nodes lie anywhere in memory.
constexpr std::int64_t steps_per_node = 8;
/// Far more than masses of all sizes take.
constexpr std::int64_t most_idle_pivots_per_node = 256;

/// What flows lose beside the largest of them: nothing where all masses are whole and their sum is.
template <class Real>
double rounded_away(const Masses& masses) {
    const auto is_whole = [](double mass) { return mass == std::floor(mass); };
    const auto are_whole = [&](const std::vector<double>& side) {
        return std::all_of(side.begin(), side.end(), is_whole);
    };
    const double total = std::accumulate(masses.source.begin(), masses.source.end(), 0.0);
    if (total < 0x1p53 && are_whole(masses.source) && are_whole(masses.target)) return 0.0;
    return unit_roundoff<Real> * total;
}

std::vector<Edge> edges_of(const std::vector<Arc>& arcs, Node n_source) {
    std::vector<Edge> edges;
    edges.reserve(arcs.size());
    for (const Arc& arc : arcs) edges.push_back({arc.source, arc.target + n_source});
    return edges;
}

}  // namespace

template <class Height>
NetworkSimplex<Height>::NetworkSimplex(const Masses& masses, const Basis& basis)
    : masses_(masses),
      n_source_(static_cast<Node>(masses.source.size())),
      n_target_(static_cast<Node>(masses.target.size())),
      tree_(n_source_ + n_target_, edges_of(basis.arcs, n_source_), basis.root + n_source_),
      arc_up_(index(n_source_ + n_target_), 0),
      flow_up_(arc_up_.size(), Height(0.0)),
      rounded_away_(rounded_away<Height>(masses)),
      height_(arc_up_.size(), Height(0.0)) {
    add_arcs(basis.arcs);
    for (std::size_t arc = 0; arc < basis.arcs.size(); ++arc) {
        const bool source_is_child = tree_.parent(source_[arc]) == target_[arc];
        arc_up_[index(source_is_child ? source_[arc] : target_[arc])] = arc;
    }
    for (Node i = 0; i < n_source_; ++i)
        if (!(masses.source[index(i)] > 0)) height_[index(i)] = -std::numeric_limits<double>::infinity();
    for (Node j = 0; j < n_target_; ++j)
        if (!(masses.target[index(j)] > 0)) height_[index(n_source_ + j)] = std::numeric_limits<double>::infinity();
    recompute_flows();
    recompute_potentials();
}

template <class Height>
void NetworkSimplex<Height>::add_arcs(const std::vector<Arc>& arcs) {
    source_.reserve(source_.size() + arcs.size());
    target_.reserve(target_.size() + arcs.size());
    cost_.reserve(cost_.size() + arcs.size());
    for (const Arc& arc : arcs) {
        source_.push_back(arc.source);
        target_.push_back(arc.target + n_source_);
        cost_.push_back(arc.cost);
    }
}

template <class Height>
void NetworkSimplex<Height>::replace_costs(const std::function<double(Node, Node)>& cost) {
    std::vector<Arc> basis;
    for (Node node = tree_.next(tree_.root()); node != tree_.root(); node = tree_.next(node)) {
        const Node source = source_[arc_up_[index(node)]];
        const Node target = target_[arc_up_[index(node)]] - n_source_;
        arc_up_[index(node)] = basis.size();
        basis.push_back({source, target, cost(source, target)});
    }
    source_.clear();
    target_.clear();
    cost_.clear();
    add_arcs(basis);
    recompute_potentials();
}

/// Reduced costs are differences of heights, which may be large beside the costs: along a chain of arcs they add up.
template <class Height>
double NetworkSimplex<Height>::rounding() const {
    double highest = 0;
    for (const Height& height : height_)
        if (std::isfinite(rounded(height))) highest = std::max(highest, std::abs(rounded(height)));
    return 256 * unit_roundoff<Height> * highest;
}

template <class Height>
Status NetworkSimplex<Height>::optimize(double tolerance, Interrupt& interrupt) {
    const auto cost_of = [this](std::size_t arc) { return rounded(reduced_cost(arc)); };
    const double least_tolerance = tolerance;
    tolerance = std::max(least_tolerance, rounding());
    std::int64_t n_idle = 0;
    while (!interrupt.requested_after(rule_.take_n_scanned() + steps_per_node * std::exchange(n_moved_, 0))) {
        const auto entering = rule_.find_entering_arc(cost_.size(), tolerance, cost_of);
        if (!entering) {
            // Many small shifts have rounded: the answer is judged by potentials summed afresh along the tree.
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
        // Where flows are rounded, strongly feasible trees are no guard against cycles.
        n_idle = rounded_away_ > 0.0 && rounded(leaving.flow) <= rounded_away_ ? n_idle + 1 : 0;
        if (n_idle > most_idle_pivots_per_node * static_cast<std::int64_t>(height_.size())) return Status::not_proven;
    }
    return Status::interrupted;
}

/// Mass sent round the cycle drains the arcs that point against it. Of those that block first, the last one met on the
/// way round from the join keeps the tree strongly feasible.
template <class Height>
typename NetworkSimplex<Height>::Leaving NetworkSimplex<Height>::find_leaving_arc(Node source, Node target,
                                                                                  Node join) const {
    Leaving leaving{SpanningTree::none, Height(std::numeric_limits<double>::infinity()), true};
    for (Node x = source; x != join; x = tree_.parent(x))
        if (is_source(x) && flow_up_[index(x)] < leaving.flow) leaving = {x, flow_up_[index(x)], true};
    for (Node x = target; x != join; x = tree_.parent(x))
        if (!is_source(x) && flow_up_[index(x)] <= leaving.flow) leaving = {x, flow_up_[index(x)], false};
    return leaving;
}

template <class Height>
void NetworkSimplex<Height>::push_flow(Node source, Node target, Node join, const Height& flow) {
    if (rounded(flow) == 0.0) return;
    for (Node x = source; x != join; x = tree_.parent(x)) flow_up_[index(x)] += is_source(x) ? -flow : flow;
    for (Node x = target; x != join; x = tree_.parent(x)) flow_up_[index(x)] += is_source(x) ? flow : -flow;
}

/// A degenerate pivot moves no mass yet changes the tree: the potentials must follow, or (I3) breaks.
template <class Height>
void NetworkSimplex<Height>::exchange(std::size_t entering, const Leaving& leaving, Node join) {
    const Height change = reduced_cost(entering);
    Node inside = source_[entering];
    Node outside = target_[entering];
    if (!leaving.is_on_source_side) std::swap(inside, outside);

    tree_.exchange(leaving.node, inside, outside, join);
    const std::vector<Node>& stem = tree_.stem();
    n_moved_ += static_cast<std::int64_t>(stem.size());
    for (std::size_t k = stem.size() - 1; k > 0; --k) {
        arc_up_[index(stem[k])] = arc_up_[index(stem[k - 1])];
        flow_up_[index(stem[k])] = flow_up_[index(stem[k - 1])];
    }
    arc_up_[index(inside)] = entering;
    flow_up_[index(inside)] = leaving.flow;
    shift_potentials(inside, leaving.is_on_source_side ? change : -change);
}

/// Only differences of heights matter: of the subtree and the rest, the smaller one moves.
template <class Height>
void NetworkSimplex<Height>::shift_potentials(Node inside, Height change) {
    const Node behind = tree_.next(tree_.last(inside));
    const bool subtree_moves = 2 * tree_.size(inside) <= tree_.n_in_tree();
    const Node first = subtree_moves ? inside : behind;
    const Node end = subtree_moves ? behind : inside;
    n_moved_ += subtree_moves ? tree_.size(inside) : tree_.n_in_tree() - tree_.size(inside);
    const Height shift = subtree_moves ? change : -change;
    Node x = first;
    do {
        height_[index(x)] += shift;
        x = tree_.next(x);
    } while (x != end);
}

template <class Height>
void NetworkSimplex<Height>::recompute_potentials() {
    height_[index(tree_.root())] = 0.0;
    for (Node x = tree_.next(tree_.root()); x != tree_.root(); x = tree_.next(x)) {
        const double cost = cost_[arc_up_[index(x)]];
        height_[index(x)] = height_[index(tree_.parent(x))] + Height(is_source(x) ? cost : -cost);
    }
}

/// A node's arc up carries what its subtree's supplies exceed its demands by, or the other way round.
template <class Height>
void NetworkSimplex<Height>::recompute_flows() {
    // In twice the precision: what is left of masses that cancel is theirs, not that of their sums.
    std::vector<DoubleDouble> excess(height_.size());
    for (std::size_t i = 0; i < masses_.source.size(); ++i) excess[i] = masses_.source[i];
    for (std::size_t j = 0; j < masses_.target.size(); ++j) excess[index(n_source_) + j] = -masses_.target[j];
    for (Node x = tree_.last(tree_.root()); x != tree_.root(); x = tree_.previous(x)) {
        const DoubleDouble flow = is_source(x) ? excess[index(x)] : -excess[index(x)];
        if constexpr (std::is_same_v<Height, DoubleDouble>)
            flow_up_[index(x)] = rounded(flow) > 0.0 ? flow : Height(0.0);
        else
            flow_up_[index(x)] = std::max(rounded(flow), 0.0);
        excess[index(tree_.parent(x))] += excess[index(x)];
    }
}

template <class Height>
Potentials NetworkSimplex<Height>::potentials() const {
    Potentials potentials;
    for (Node i = 0; i < n_source_; ++i) potentials.u.push_back(rounded(height_[index(i)]));
    for (Node j = 0; j < n_target_; ++j) potentials.v.push_back(-rounded(height_[index(n_source_ + j)]));
    return potentials;
}

template <class Height>
void NetworkSimplex<Height>::plan(std::vector<Node>& source, std::vector<Node>& target,
                                  std::vector<double>& flow) const {
    for (Node x = tree_.next(tree_.root()); x != tree_.root(); x = tree_.next(x)) {
        if (!(rounded(flow_up_[index(x)]) > 0.0)) continue;
        source.push_back(source_[arc_up_[index(x)]]);
        target.push_back(target_[arc_up_[index(x)]] - n_source_);
        flow.push_back(rounded(flow_up_[index(x)]));
    }
}

template class NetworkSimplex<double>;
template class NetworkSimplex<DoubleDouble>;

}  // namespace mot
