#include "mot/assignment.hpp"

#include <algorithm>
#include <limits>
#include <queue>

namespace mot {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

}  // namespace

Assignment::Assignment(const Masses& masses, const std::vector<Arc>& arcs)
    : flow_(masses.source.front()),
      arcs_(masses.source.size()),
      target_of_(masses.source.size(), none),
      source_of_(masses.source.size(), none),
      u_(masses.source.size(), infinity),
      v_(masses.source.size(), 0.0),
      distance_(masses.source.size(), infinity),
      reached_from_(masses.source.size(), none) {
    add_arcs(arcs);
}

void Assignment::add_arcs(const std::vector<Arc>& arcs) {
    for (const Arc& arc : arcs) {
        arcs_[index(arc.source)].push_back({arc.target, arc.cost});
        double& u = u_[index(arc.source)];
        const double reduced = arc.cost - v_[index(arc.target)];
        if (!(reduced < u)) continue;
        u = reduced;
        Node& partner = target_of_[index(arc.source)];
        if (partner == none) continue;
        source_of_[index(partner)] = none;
        partner = none;
    }
}

void Assignment::replace_costs(const std::function<double(Node, Node)>& cost) {
    for (std::size_t i = 0; i < arcs_.size(); ++i) {
        const Node target = target_of_[i];
        const double exact = cost(static_cast<Node>(i), target);
        arcs_[i] = {{target, exact}};
        u_[i] = exact - v_[index(target)];
    }
}

Status Assignment::optimize(double, Interrupt& interrupt) {
    if (!is_started_) {
        reduce_columns();
        transfer_reductions();
        augment_by_row_reduction();
        augment_by_row_reduction();
        is_started_ = true;
    }
    constexpr int searches_between_looks = 64;
    int n_searches = 0;
    for (const Node source : free_sources()) {
        if (!augment_by_shortest_path(source)) return Status::not_proven;
        if (++n_searches % searches_between_looks == 0 && interrupt.requested()) return Status::interrupted;
    }
    for (std::size_t i = 0; i < arcs_.size(); ++i) u_[i] = matched_reduced_cost(static_cast<Node>(i));
    return Status::optimal;
}

double Assignment::matched_reduced_cost(Node source) const {
    const Node target = target_of_[index(source)];
    double cost = infinity;
    for (const HalfArc& arc : arcs_[index(source)])
        if (arc.target == target) cost = std::min(cost, arc.cost);
    return cost - v_[index(target)];
}

void Assignment::match(Node source, Node target) {
    target_of_[index(source)] = target;
    source_of_[index(target)] = source;
}

std::vector<Node> Assignment::free_sources() const {
    std::vector<Node> free;
    for (std::size_t i = 0; i < target_of_.size(); ++i)
        if (target_of_[i] == none) free.push_back(static_cast<Node>(i));
    return free;
}

/// Every target takes the cheapest source that is still free.
void Assignment::reduce_columns() {
    std::fill(v_.begin(), v_.end(), infinity);
    std::vector<Node> cheapest(v_.size(), none);
    for (std::size_t i = 0; i < arcs_.size(); ++i)
        for (const HalfArc& arc : arcs_[i])
            if (arc.cost < v_[index(arc.target)]) {
                v_[index(arc.target)] = arc.cost;
                cheapest[index(arc.target)] = static_cast<Node>(i);
            }
    for (std::size_t j = cheapest.size(); j-- > 0;)
        if (cheapest[j] != none && target_of_[index(cheapest[j])] == none) match(cheapest[j], static_cast<Node>(j));
}

/// A matched source passes on to its target what it could still pay elsewhere.
void Assignment::transfer_reductions() {
    for (std::size_t i = 0; i < arcs_.size(); ++i) {
        const Node target = target_of_[i];
        if (target == none) continue;
        double second = infinity;
        for (const HalfArc& arc : arcs_[i])
            if (arc.target != target) second = std::min(second, arc.cost - v_[index(arc.target)]);
        if (second < infinity) v_[index(target)] -= second;
    }
}

Assignment::Cheapest Assignment::find_cheapest(Node source) const {
    Cheapest found{none, none, infinity, infinity};
    for (const HalfArc& arc : arcs_[index(source)]) {
        const double cost = arc.cost - v_[index(arc.target)];
        if (cost < found.cost) {
            if (found.target != arc.target) {
                found.second_target = found.target;
                found.second_cost = found.cost;
            }
            found.target = arc.target;
            found.cost = cost;
        } else if (cost < found.second_cost && arc.target != found.target) {
            found.second_target = arc.target;
            found.second_cost = cost;
        }
    }
    return found;
}

/// A free source bids for its cheapest target up to what the second cheapest would cost; whoever is outbid bids next,
/// or waits for the search when the price did not move.
void Assignment::augment_by_row_reduction() {
    // Sources that are nearly equal can outbid one another by next to nothing for ever: the searches settle the rest.
    constexpr std::size_t bids_per_source = 16;
    std::size_t n_bids_left = bids_per_source * arcs_.size();
    for (Node source : free_sources()) {
        for (; source != none && n_bids_left > 0; --n_bids_left) {
            const Cheapest found = find_cheapest(source);
            if (found.second_target == none) break;
            const double price = v_[index(found.target)] - (found.second_cost - found.cost);
            const bool price_falls = price < v_[index(found.target)];
            Node target = found.target;
            if (price_falls)
                v_[index(target)] = price;
            else if (source_of_[index(target)] != none)
                target = found.second_target;
            const Node outbid = source_of_[index(target)];
            if (outbid != none) target_of_[index(outbid)] = none;
            match(source, target);
            source = price_falls ? outbid : none;
        }
    }
}

/// Dijkstra over reduced costs from a free source to the nearest free target; false if there is no way.
bool Assignment::augment_by_shortest_path(Node free_source) {
    using Entry = std::pair<double, Node>;
    std::priority_queue<Entry, std::vector<Entry>, std::greater<>> open;
    reached_.clear();
    settled_.clear();

    Node source = free_source;
    double so_far = 0.0;
    double u = find_cheapest(source).cost;
    Node end = none;
    double length = infinity;
    while (true) {
        for (const HalfArc& arc : arcs_[index(source)]) {
            // Never shorter than the way here, whatever the rounding: what is settled stays settled.
            const double distance = so_far + std::max(0.0, arc.cost - v_[index(arc.target)] - u);
            double& known = distance_[index(arc.target)];
            if (!(distance < known) || !(distance < length)) continue;
            if (known == infinity) reached_.push_back(arc.target);
            known = distance;
            reached_from_[index(arc.target)] = source;
            if (source_of_[index(arc.target)] == none) {
                end = arc.target;
                length = distance;
            } else {
                open.push({distance, arc.target});
            }
        }
        Node target = none;
        while (!open.empty()) {
            const Entry nearest = open.top();
            open.pop();
            if (nearest.first > distance_[index(nearest.second)]) continue;
            target = nearest.second;
            break;
        }
        if (target == none || !(distance_[index(target)] < length)) break;
        settled_.push_back(target);
        so_far = distance_[index(target)];
        source = source_of_[index(target)];
        u = matched_reduced_cost(source);
    }

    if (end != none) {
        for (const Node target : settled_) v_[index(target)] += distance_[index(target)] - length;
        for (Node target = end; target != none;) {
            const Node from = reached_from_[index(target)];
            const Node given_up = target_of_[index(from)];
            match(from, target);
            target = from == free_source ? none : given_up;
        }
    }
    for (const Node target : reached_) distance_[index(target)] = infinity;
    return end != none;
}

void Assignment::plan(std::vector<Node>& source, std::vector<Node>& target, std::vector<double>& flow) const {
    for (std::size_t i = 0; i < target_of_.size(); ++i) {
        source.push_back(static_cast<Node>(i));
        target.push_back(target_of_[i]);
        flow.push_back(flow_);
    }
}

}  // namespace mot
