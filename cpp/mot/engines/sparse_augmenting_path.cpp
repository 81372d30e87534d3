#include "mot/engines/sparse_augmenting_path.hpp"

#include <algorithm>
#include <functional>
#include <limits>
#include <utility>

namespace mot {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
/// Work on an arc in a search, heap included, in the steps of an interrupt.
constexpr std::int64_t steps_per_arc = 8;

std::vector<Arc> arcs_of(const std::vector<Shipment>& shipments) {
    std::vector<Arc> arcs;
    for (const Shipment& shipment : shipments) arcs.push_back(shipment.arc);
    return arcs;
}

}  // namespace

SparseAugmentingPath::SparseAugmentingPath(const Masses& masses, const Auction& auction, const std::vector<Arc>& arcs)
    : SparseAugmentingPath(masses, auction.potentials().v, arcs_of(auction.shipments()), arcs) {}

SparseAugmentingPath::SparseAugmentingPath(const Masses& masses, std::vector<double> v, const std::vector<Arc>& plan,
                                           const std::vector<Arc>& arcs)
    : flow_(masses.source.front()),
      arcs_(masses.source.size()),
      target_of_(masses.source.size(), no_node),
      source_of_(masses.source.size(), no_node),
      matched_cost_(masses.source.size(), infinity),
      u_(masses.source.size(), infinity),
      v_(std::move(v)),
      distance_(masses.source.size(), infinity),
      reached_from_(masses.source.size(), no_node),
      reached_at_(masses.source.size(), infinity) {
    add_arcs(arcs);
    for (const Arc& arc : plan) {
        const bool is_cheapest = arc.cost - v_[index(arc.target)] == u_[index(arc.source)];
        if (is_cheapest && source_of_[index(arc.target)] == no_node) match(arc.source, {arc.target, arc.cost});
    }
}

void SparseAugmentingPath::add_arcs(const std::vector<Arc>& arcs) {
    for (const Arc& arc : arcs) {
        arcs_[index(arc.source)].push_back({arc.target, arc.cost});
        double& u = u_[index(arc.source)];
        const double value = arc.cost - v_[index(arc.target)];
        if (!(value < u)) continue;
        u = value;
        Node& partner = target_of_[index(arc.source)];
        if (partner == no_node) continue;
        source_of_[index(partner)] = no_node;
        partner = no_node;
    }
}

void SparseAugmentingPath::replace_costs(const std::function<double(Node, Node)>& cost) {
    for (std::size_t i = 0; i < arcs_.size(); ++i) {
        const Node target = target_of_[i];
        matched_cost_[i] = cost(static_cast<Node>(i), target);
        arcs_[i] = {{target, matched_cost_[i]}};
        u_[i] = matched_cost_[i] - v_[index(target)];
    }
}

Status SparseAugmentingPath::optimize(double, Interrupt& interrupt) {
    is_reduced_ = is_reduced_ || augment_by_row_reduction(interrupt);
    if (!is_reduced_) return Status::interrupted;
    for (const Node source : free_sources()) {
        const Status status = augment_by_shortest_path(source, interrupt);
        if (status != Status::optimal) return status;
    }
    for (std::size_t i = 0; i < arcs_.size(); ++i) u_[i] = matched_cost_[i] - v_[index(target_of_[i])];
    return Status::optimal;
}

void SparseAugmentingPath::match(Node source, const HalfArc& arc) {
    target_of_[index(source)] = arc.target;
    source_of_[index(arc.target)] = source;
    matched_cost_[index(source)] = arc.cost;
}

std::vector<Node> SparseAugmentingPath::free_sources() const {
    std::vector<Node> free;
    for (std::size_t i = 0; i < target_of_.size(); ++i)
        if (target_of_[i] == no_node) free.push_back(static_cast<Node>(i));
    return free;
}

SparseAugmentingPath::Cheapest SparseAugmentingPath::find_cheapest(Node source) const {
    Cheapest found{{no_node, infinity}, {no_node, infinity}, infinity, infinity};
    for (const HalfArc& arc : arcs_[index(source)]) {
        const double value = arc.cost - v_[index(arc.target)];
        if (value < found.value) {
            if (found.arc.target != arc.target) {
                found.second_arc = found.arc;
                found.second_value = found.value;
            }
            found.arc = arc;
            found.value = value;
        } else if (value < found.second_value && arc.target != found.arc.target) {
            found.second_arc = arc;
            found.second_value = value;
        }
    }
    return found;
}

/// A free source bids for its cheapest target up to what the second cheapest would cost. The source that it outbids
/// bids next, or waits for a search where its bid lowers nothing. False if interrupted.
bool SparseAugmentingPath::augment_by_row_reduction(Interrupt& interrupt) {
    // Sources that are nearly equal can outbid one another by next to nothing for ever: the rest is left to searches.
    constexpr std::size_t bids_per_source = 16;
    std::size_t n_bids_left = bids_per_source * arcs_.size();
    for (Node source : free_sources()) {
        for (; source != no_node && n_bids_left > 0; --n_bids_left) {
            if (interrupt.requested_after(n_arcs(source))) return false;
            const Cheapest found = find_cheapest(source);
            if (found.second_arc.target == no_node) break;
            double& v = v_[index(found.arc.target)];
            const double lowered = v - (found.second_value - found.value);
            const bool v_falls = lowered < v;
            if (v_falls) v = lowered;
            const bool is_taken = source_of_[index(found.arc.target)] != no_node;
            const HalfArc& arc = !v_falls && is_taken ? found.second_arc : found.arc;
            const Node outbid = source_of_[index(arc.target)];
            if (outbid != no_node) target_of_[index(outbid)] = no_node;
            match(source, arc);
            source = v_falls ? outbid : no_node;
        }
    }
    return true;
}

/// Dijkstra over reduced costs from a free source to the nearest free target; `not_proven` if there is no path.
Status SparseAugmentingPath::augment_by_shortest_path(Node free_source, Interrupt& interrupt) {
    reached_.clear();
    settled_.clear();
    open_.clear();

    Path shortest{no_node, infinity};
    Node source = free_source;
    double distance = 0.0;
    double u = find_cheapest(source).value;
    bool is_interrupted = false;
    while (true) {
        is_interrupted = interrupt.requested_after(steps_per_arc * n_arcs(source));
        if (is_interrupted) break;
        relax_arcs(source, distance, u, shortest);
        const Node target = pop_nearest();
        if (target == no_node || !(distance_[index(target)] < shortest.length)) break;
        settled_.push_back(target);
        distance = distance_[index(target)];
        source = source_of_[index(target)];
        u = matched_cost_[index(source)] - v_[index(target)];
    }

    const bool is_found = shortest.end != no_node && !is_interrupted;
    if (is_found) {
        for (const Node target : settled_) v_[index(target)] += distance_[index(target)] - shortest.length;
        augment_along_path(free_source, shortest.end);
    }
    for (const Node target : reached_) distance_[index(target)] = infinity;
    if (is_interrupted) return Status::interrupted;
    return is_found ? Status::optimal : Status::not_proven;
}

/// Lowers the distances of the targets of a source that lies at `source_distance` and has the potential u.
void SparseAugmentingPath::relax_arcs(Node source, double source_distance, double u, Path& shortest) {
    for (const HalfArc& arc : arcs_[index(source)]) {
        // No path is shorter than its beginning, whatever the rounding: settled targets stay settled.
        const double distance = source_distance + std::max(0.0, arc.cost - v_[index(arc.target)] - u);
        double& known = distance_[index(arc.target)];
        if (!(distance < known) || !(distance < shortest.length)) continue;
        if (known == infinity) reached_.push_back(arc.target);
        known = distance;
        reached_from_[index(arc.target)] = source;
        reached_at_[index(arc.target)] = arc.cost;
        if (source_of_[index(arc.target)] == no_node) {
            shortest = {arc.target, distance};
        } else {
            open_.push_back({distance, arc.target});
            std::push_heap(open_.begin(), open_.end(), std::greater<>());
        }
    }
}

/// The nearest target on the heap, without entries that a shorter path has replaced; `no_node` if there is none.
Node SparseAugmentingPath::pop_nearest() {
    while (!open_.empty()) {
        const Reached nearest = open_.front();
        std::pop_heap(open_.begin(), open_.end(), std::greater<>());
        open_.pop_back();
        if (!(nearest.distance > distance_[index(nearest.target)])) return nearest.target;
    }
    return no_node;
}

/// Matches every source on the path with the target that was reached from it.
void SparseAugmentingPath::augment_along_path(Node free_source, Node end) {
    for (Node target = end; target != no_node;) {
        const Node from = reached_from_[index(target)];
        const Node previous_target = target_of_[index(from)];
        match(from, {target, reached_at_[index(target)]});
        target = from == free_source ? no_node : previous_target;
    }
}

Plan SparseAugmentingPath::plan() const {
    Plan plan;
    for (std::size_t i = 0; i < target_of_.size(); ++i) plan.add(static_cast<Node>(i), target_of_[i], flow_);
    return plan;
}

}  // namespace mot
