#include "mot/engines/starting_basis.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <numeric>
#include <queue>
#include <utility>

#include "mot/types/compressed_rows.hpp"
#include "mot/types/double_double.hpp"

namespace mot {
namespace {

class DisjointSets {
public:
    explicit DisjointSets(std::size_t n) : parent_(n) { std::iota(parent_.begin(), parent_.end(), Node{0}); }
    Node find(Node node) {
        while (parent_[index(node)] != node) node = parent_[index(node)] = parent_[index(parent_[index(node)])];
        return node;
    }
    void join(Node x, Node y) { parent_[index(find(x))] = find(y); }

private:
    std::vector<Node> parent_;
};

/// The numbers of the arcs at every node of a bipartite graph.
CompressedRows<std::size_t> incident_arcs(const std::vector<Arc>& arcs, Node n_source, std::size_t n_nodes) {
    return CompressedRows<std::size_t>(n_nodes, [&](auto visit) {
        for (std::size_t k = 0; k < arcs.size(); ++k) {
            visit(index(arcs[k].source), k);
            visit(index(arcs[k].target + n_source), k);
        }
    });
}

/// The share of a unit's mass below which what is left of it is rounding: masses are kept in twice the precision.
constexpr double rounding = 0x1p-80;

/// The supplies less the demands, which is their rounding.
DoubleDouble surplus(const Masses& masses) {
    DoubleDouble sum;
    for (const double mass : masses.source) sum += mass;
    for (const double mass : masses.target) sum -= mass;
    return sum;
}

/// The target that takes the surplus: of others it could be, however small, more than all their mass.
Node greatest_target(const Masses& masses) {
    return static_cast<Node>(std::max_element(masses.target.begin(), masses.target.end()) - masses.target.begin());
}

/// Work in the steps of an interrupt: nodes lie anywhere in memory, arcs follow one another.
constexpr std::int64_t steps_per_node = 16;
constexpr std::int64_t steps_per_arc = 8;

/// Ships along arcs so that every shipment finishes a unit: then the arcs used form a forest, and all carry mass.
class Forest {
public:
    Forest(const Masses& masses, std::vector<Arc> plan)
        : n_source_(static_cast<Node>(masses.source.size())),
          mass_(masses.source.begin(), masses.source.end()),
          plan_(std::move(plan)),
          arcs_at_(incident_arcs(plan_, n_source_, masses.source.size() + masses.target.size())),
          is_used_(plan_.size(), false) {
        mass_.insert(mass_.end(), masses.target.begin(), masses.target.end());
        negligible_.resize(mass_.size());
        degree_.resize(mass_.size());
        for (std::size_t x = 0; x < mass_.size(); ++x) {
            const auto node = static_cast<Node>(x);
            negligible_[x] = rounding * rounded(mass_[x]);
            degree_[x] = static_cast<std::ptrdiff_t>(arcs_at_.size(x));
            if (degree_[x] == 1) leaves_.push_back(node);
        }
        mass_[index(greatest_target(masses) + n_source_)] += surplus(masses);
    }

    /// Ships along the plan, leaves first: where it has no cycle every shipment is the plan's own. A cycle is broken
    /// where it is met.
    void ship_plan(Interrupt& interrupt) {
        for (std::size_t k = 0; k < plan_.size() && !interrupt.requested_after(steps_per_node); ++k) {
            ship_leaves(interrupt);
            if (!is_used_[k]) ship_planned(k);
        }
    }

    /// Ships as much as both units still have.
    void ship(const Arc& arc) {
        if (is_done(arc.source) || is_done(arc.target + n_source_)) return;
        DoubleDouble& supply = mass_[index(arc.source)];
        DoubleDouble& demand = mass_[index(arc.target + n_source_)];
        const DoubleDouble mass = std::min(supply, demand);
        supply -= mass;
        demand -= mass;
        arcs_.push_back(arc);
    }

    /// Ships what the plan left over, by the north-west corner rule.
    void ship_rest(const std::function<double(Node, Node)>& cost, Interrupt& interrupt) {
        const auto n_nodes = static_cast<Node>(mass_.size());
        Node i = 0;
        Node j = n_source_;
        while (!interrupt.requested_after(steps_per_node)) {
            while (i < n_source_ && is_done(i)) ++i;
            while (j < n_nodes && is_done(j)) ++j;
            // Sums that differ by rounding leave mass on one side.
            if (i == n_source_ || j == n_nodes) break;
            ship({i, j - n_source_, cost(i, j - n_source_)});
        }
    }

    const std::vector<Arc>& arcs() const { return arcs_; }

private:
    bool is_done(Node node) const { return !(rounded(mass_[index(node)]) > negligible_[index(node)]); }

    void ship_leaves(Interrupt& interrupt) {
        while (!leaves_.empty() && !interrupt.requested_after(steps_per_node)) {
            const Node leaf = leaves_.back();
            leaves_.pop_back();
            const auto arcs = arcs_at_.row(index(leaf));
            const auto arc = std::find_if(arcs.begin(), arcs.end(), [&](std::size_t k) { return !is_used_[k]; });
            if (arc != arcs.end()) ship_planned(*arc);
        }
    }

    void ship_planned(std::size_t arc) {
        use(arc);
        const Node source = plan_[arc].source;
        const Node target = plan_[arc].target + n_source_;
        ship(plan_[arc]);
        for (const Node node : {source, target})
            if (is_done(node))
                for (const std::size_t other : arcs_at_.row(index(node)))
                    if (!is_used_[other]) use(other);
    }

    void use(std::size_t arc) {
        is_used_[arc] = true;
        for (const Node node : {plan_[arc].source, plan_[arc].target + n_source_})
            if (--degree_[index(node)] == 1) leaves_.push_back(node);
    }

    Node n_source_;
    std::vector<DoubleDouble> mass_;  // still to be shipped, from sources and to targets
    std::vector<double> negligible_;
    std::vector<Arc> plan_;
    CompressedRows<std::size_t> arcs_at_;  // numbers of the plan's arcs at every node
    std::vector<bool> is_used_;
    std::vector<std::ptrdiff_t> degree_;  // arcs of the plan not used yet
    std::vector<Node> leaves_;
    std::vector<Arc> arcs_;
};

/// Attaches the trees of a forest to one of them, one by one (Prim 1957), each by an empty arc from one of its sources.
class ForestJoiner {
public:
    ForestJoiner(const Masses& masses, const std::vector<Arc>& forest)
        : masses_(masses),
          n_source_(static_cast<Node>(masses.source.size())),
          trees_(masses.source.size() + masses.target.size()),
          nodes_of_(masses.source.size() + masses.target.size()) {
        for (const Arc& arc : forest) trees_.join(arc.source, arc.target + n_source_);
        for (std::size_t x = 0; x < nodes_of_.size(); ++x) {
            const bool has_mass =
                x < masses.source.size() ? masses.source[x] > 0 : masses.target[x - masses.source.size()] > 0;
            if (has_mass) nodes_of_[index(trees_.find(static_cast<Node>(x)))].push_back(static_cast<Node>(x));
        }
        for (std::size_t x = 0; x < nodes_of_.size(); ++x) {
            n_left_ += !nodes_of_[x].empty();
            if (nodes_of_[x].size() > nodes_of_[index(first_)].size()) first_ = static_cast<Node>(x);
        }
        root_ = nodes_of_[index(first_)].back() - n_source_;
        // The root takes the surplus.
        if (rounded(surplus(masses)) == 0.0) return;
        root_ = greatest_target(masses);
        first_ = trees_.find(root_ + n_source_);
    }

    Node root() const { return root_; }

    std::vector<Arc> empty_arcs(const std::vector<Arc>& arcs, const Potentials& potentials,
                                const std::function<double(Node, Node)>& cost, Interrupt& interrupt);

private:
    const Masses& masses_;
    Node n_source_;
    DisjointSets trees_;
    std::vector<std::vector<Node>> nodes_of_;  // nodes of every tree, sources first
    Node first_ = 0;                           // the largest, or the one that has the root
    Node root_ = 0;
    int n_left_ = 0;
};

std::vector<Arc> ForestJoiner::empty_arcs(const std::vector<Arc>& arcs, const Potentials& potentials,
                                          const std::function<double(Node, Node)>& cost, Interrupt& interrupt) {
    std::vector<Arc> chosen;
    if (n_left_ == 1) return chosen;
    using Entry = std::pair<double, std::size_t>;
    std::priority_queue<Entry, std::vector<Entry>, std::greater<>> open;
    std::vector<double> least(nodes_of_.size(), std::numeric_limits<double>::infinity());
    std::vector<bool> is_joined(nodes_of_.size(), false);
    const CompressedRows<std::size_t> arcs_at = incident_arcs(arcs, n_source_, nodes_of_.size());

    const auto join = [&](Node tree) {
        is_joined[index(tree)] = true;
        --n_left_;
        for (const Node target : nodes_of_[index(tree)]) {
            if (target < n_source_) continue;
            for (const std::size_t k : arcs_at.row(index(target))) {
                if (interrupt.requested_after(steps_per_node)) return;
                const Arc& arc = arcs[k];
                const Node other = trees_.find(arc.source);
                if (is_joined[index(other)] || !(masses_.source[index(arc.source)] > 0)) continue;
                const double reduced = arc.cost - potentials.u[index(arc.source)] - potentials.v[index(arc.target)];
                if (!(reduced < least[index(other)])) continue;
                least[index(other)] = reduced;
                open.push({reduced, k});
            }
        }
    };
    join(first_);
    while (!open.empty() && n_left_ > 0 && !interrupt.requested_after(steps_per_node)) {
        const Arc& arc = arcs[open.top().second];
        open.pop();
        const Node tree = trees_.find(arc.source);
        if (is_joined[index(tree)]) continue;
        chosen.push_back(arc);
        join(tree);
    }
    // A tree that the arcs do not reach is attached to the root; a target whose mass is rounding, to any source there.
    for (std::size_t x = 0; x < nodes_of_.size() && n_left_ > 0 && !interrupt.requested_after(1); ++x) {
        if (nodes_of_[x].empty() || is_joined[x]) continue;
        const Node node = nodes_of_[x].front();
        const Node source = node < n_source_ ? node : nodes_of_[index(first_)].front();
        const Node target = node < n_source_ ? root() : node - n_source_;
        chosen.push_back({source, target, cost(source, target)});
        join(static_cast<Node>(x));
    }
    return chosen;
}

/// Turns a forest that ships all mass into a tree.
Basis joined(const Masses& masses, std::vector<Arc> forest, const std::vector<Arc>& arcs, const Potentials& potentials,
             const std::function<double(Node, Node)>& cost, Interrupt& interrupt) {
    ForestJoiner joiner(masses, forest);
    const std::vector<Arc> empty = joiner.empty_arcs(arcs, potentials, cost, interrupt);
    forest.insert(forest.end(), empty.begin(), empty.end());
    return {std::move(forest), joiner.root()};
}

bool is_cheaper(const Arc& x, const Arc& y) {
    if (x.cost != y.cost) return x.cost < y.cost;
    return x.source != y.source ? x.source < y.source : x.target < y.target;
}

/// More arcs than these are more sorting for hardly fewer pivots: measured from 16 to 128 units.
constexpr std::ptrdiff_t sorted_per_source = 8;

std::vector<Arc> cheapest_of_each_source(const std::vector<Arc>& arcs, Interrupt& interrupt) {
    std::vector<Arc> cheapest;
    for (auto first = arcs.begin(); first != arcs.end();) {
        const auto end = std::find_if(first, arcs.end(), [&](const Arc& arc) { return arc.source != first->source; });
        const auto kept = cheapest.insert(cheapest.end(), first, end);
        if (cheapest.end() - kept > sorted_per_source) {
            std::nth_element(kept, kept + sorted_per_source, cheapest.end(), is_cheaper);
            cheapest.erase(kept + sorted_per_source, cheapest.end());
        }
        if (interrupt.requested_after(steps_per_arc * (end - first))) return {};
        first = end;
    }
    std::sort(cheapest.begin(), cheapest.end(), is_cheaper);
    return cheapest;
}

}  // namespace

Basis starting_basis(const Masses& masses, const std::vector<Arc>& plan, const Potentials& potentials,
                     const std::vector<Arc>& arcs, const std::function<double(Node, Node)>& cost,
                     Interrupt& interrupt) {
    Forest forest(masses, plan);
    forest.ship_plan(interrupt);
    forest.ship_rest(cost, interrupt);
    return joined(masses, forest.arcs(), arcs, potentials, cost, interrupt);
}

Basis star_basis(const Masses& masses, double cost_of_half) {
    constexpr double block_width = 2;  // measured on neighbours of points and random pairs of 128 to 8,192 units
    const Hub hub(masses);
    Basis star{{}, hub.as_target, true, block_width};
    for (std::size_t i = 0; i < masses.source.size(); ++i)
        if (masses.source[i] > 0) star.arcs.push_back({static_cast<Node>(i), hub.as_target, cost_of_half});
    for (std::size_t j = 0; j < masses.target.size(); ++j)
        if (masses.target[j] > 0) star.arcs.push_back({hub.as_source, static_cast<Node>(j), cost_of_half});
    return star;
}

Basis starting_basis(const Masses& masses, const Auction& auction, const std::vector<Arc>& arcs,
                     const std::function<double(Node, Node)>& cost, Interrupt& interrupt) {
    std::vector<Arc> plan;
    for (const Shipment& shipment : auction.shipments()) plan.push_back(shipment.arc);
    return starting_basis(masses, plan, auction.potentials(), arcs, cost, interrupt);
}

Basis starting_basis(const Masses& masses, const std::vector<Arc>& arcs, const std::function<double(Node, Node)>& cost,
                     Interrupt& interrupt) {
    const std::vector<Arc> cheapest = cheapest_of_each_source(arcs, interrupt);
    Forest forest(masses, {});
    for (const Arc& arc : cheapest) forest.ship(arc);
    forest.ship_rest(cost, interrupt);
    const Potentials no_prices{std::vector<double>(masses.source.size(), 0.0),
                               std::vector<double>(masses.target.size(), 0.0)};
    return joined(masses, forest.arcs(), arcs, no_prices, cost, interrupt);
}

}  // namespace mot
