#include "mot/engines/partial_path.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace mot {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
/// A node costs a cache miss or two.
constexpr std::int64_t steps_per_node = 8;
constexpr std::int64_t most_idle_pivots_per_node = 256;

/// Every unit that has mass hangs on the spare unit of the other side, and the two are linked.
std::vector<Edge> star(const std::vector<double>& a, const std::vector<double>& b) {
    const auto n_source = static_cast<Node>(a.size());
    const auto spare_source = static_cast<Node>(a.size() + b.size());
    const Node spare_target = spare_source + 1;
    std::vector<Edge> edges{{spare_source, spare_target}};
    for (std::size_t i = 0; i < a.size(); ++i)
        if (a[i] > 0) edges.push_back({static_cast<Node>(i), spare_target});
    for (std::size_t j = 0; j < b.size(); ++j)
        if (b[j] > 0) edges.push_back({spare_source, n_source + static_cast<Node>(j)});
    return edges;
}

/// Flows up to this are rounding; none where all masses and their sums are whole numbers, which leave flows exact.
double negligible_flow(const Masses& masses) {
    const double total = std::min(sum_of(masses.source), sum_of(masses.target));
    const double most = std::max(sum_of(masses.source), sum_of(masses.target));
    return most < 0x1p53 && has_whole_masses(masses) ? 0.0 : 0x1p-50 * total;
}

EntryPrices unentered(std::size_t n) {
    return {std::vector<double>(n, infinity), std::vector<double>(n, infinity)};
}

}  // namespace

template <class Real>
PartialPath<Real>::PartialPath(const PartialProblem& problem, ExactCost exact, std::int64_t most_resolved)
    : n_source_(static_cast<Node>(problem.masses.source.size())),
      n_target_(static_cast<Node>(problem.masses.target.size())),
      a_(problem.masses.source),
      b_(problem.masses.target),
      exact_(std::move(exact)),
      most_resolved_(most_resolved),
      arcs_of_source_(a_.size()),
      arcs_of_target_(b_.size()),
      tree_(n_source_ + n_target_ + 2, star(a_, b_), spare_target()),
      parent_cost_(a_.size() + b_.size() + 2, 0.0),
      parent_flow_(parent_cost_.size(), Real(0.0)),
      base_(parent_cost_.size(), Real(0.0)),
      is_raised_(parent_cost_.size(), 0),
      key_(parent_cost_.size(), Real(out_of_play)),
      first_(a_.size()),
      most_to_target_(a_.size(), Real(-out_of_play)),
      negligible_(negligible_flow(problem.masses)),
      raised_root_(spare_source()),
      price_(-infinity),
      source_prices_(unentered(a_.size())),
      target_prices_(unentered(b_.size())) {
    for (std::size_t i = 0; i < a_.size(); ++i) {
        parent_cost_[i] = problem.kept.u[i];
        base_[i] = problem.kept.u[i];
        parent_flow_[i] = a_[i];
    }
    for (std::size_t j = 0; j < b_.size(); ++j) {
        const std::size_t x = a_.size() + j;
        parent_cost_[x] = problem.kept.v[j];
        base_[x] = -problem.kept.v[j];
        parent_flow_[x] = b_[j];
        is_raised_[x] = 1;
    }
    is_raised_[index(spare_source())] = 1;
}

template <class Real>
void PartialPath<Real>::set_arcs(const std::vector<KnownArc>& arcs, std::vector<double> complete_until) {
    complete_until_ = std::move(complete_until);
    arcs_of_source_ = CompressedRows<End>(a_.size(), [&](auto visit) {
        for (const KnownArc& arc : arcs) visit(index(arc.source), End{n_source_ + arc.target, arc.is_exact, arc.cost});
    });
    arcs_of_target_ = CompressedRows<End>(b_.size(), [&](auto visit) {
        for (const KnownArc& arc : arcs) visit(index(arc.target), End{arc.source, arc.is_exact, arc.cost});
    });
    recompute_potentials();
    recompute_flows();
    heap_.clear();
    for (Node x = 0; is_unit(x); ++x) set_key(x);
    for (Node i = 0; i < n_source_; ++i) {
        if (!is_raised_[index(i)] && a_[index(i)] > 0)
            find_first_arc(i);
        else
            set_first(i, {});
    }
}

template <class Real>
void PartialPath<Real>::set_key(Node x) {
    const bool has_mass = is_source(x) ? a_[index(x)] > 0 : b_[index(x - n_source_)] > 0;
    const bool is_in_play = has_mass && is_source(x) != static_cast<bool>(is_raised_[index(x)]);
    key_[index(x)] = !is_in_play ? Real(out_of_play) : is_source(x) ? -base_[index(x)] : base_[index(x)];
}

template <class Real>
void PartialPath<Real>::push(Node source) {
    heap_.push_back({first_[index(source)].price, source});
    std::push_heap(heap_.begin(), heap_.end(), IsLater());
}

template <class Real>
void PartialPath<Real>::pop() {
    std::pop_heap(heap_.begin(), heap_.end(), IsLater());
    heap_.pop_back();
}

template <class Real>
void PartialPath<Real>::set_first(Node source, const First& first) {
    first_[index(source)] = first;
    const bool has_key = key_[index(source)] < none_in_play;
    most_to_target_[index(source)] = has_key ? first.price - key_[index(source)] : Real(-out_of_play);
}

template <class Real>
void PartialPath<Real>::find_first_arc(Node source) {
    First first;
    Real least = none_in_play;
    work_ += static_cast<std::int64_t>(arcs_of_source_.size(index(source)));
    for (const End& end : arcs_of_source_.row(index(source))) {
        const Real to_target = Real(end.cost) + key_[index(end.node)];
        if (!(to_target < least)) continue;
        least = to_target;
        first.end = end;
    }
    if (first.end.node != no_node) first.price = price_of(source, first.end);
    const Real known(complete_until_[index(source)]);
    if (known < first.price) first = {{no_node, true, 0.0}, known};
    set_first(source, first);
    if (first.price < none_in_play) push(source);
}

/// Puts the exact cost in the place of a lower bound.
template <class Real>
void PartialPath<Real>::resolve(Node source, const End& end) {
    const double cost = exact_(source, end.node - n_source_);
    for (std::size_t k = arcs_of_source_.first(index(source)); k < arcs_of_source_.end(index(source)); ++k)
        if (arcs_of_source_[k].node == end.node) arcs_of_source_[k] = {end.node, true, cost};
    const auto target = index(end.node - n_source_);
    for (std::size_t k = arcs_of_target_.first(target); k < arcs_of_target_.end(target); ++k)
        if (arcs_of_target_[k].node == source) arcs_of_target_[k] = {source, true, cost};
}

/// Brings the source whose arc is tight next to the top of the heap. Prices there may be too low: the target may have
/// left the raised part since, or come back to it later.
template <class Real>
std::optional<PartialStop> PartialPath<Real>::find_entering(double highest_price) {
    while (!heap_.empty()) {
        const auto [price, source] = heap_.front();
        const First first = first_[index(source)];
        const bool is_current = !is_raised_[index(source)] && !(first.price < price) && !(price < first.price);
        if (!is_current) {
            pop();
            continue;
        }
        if (!(price < Real(highest_price))) break;
        if (first.end.node == no_node) {
            price_ = std::max(price_, price);
            return PartialStop::needs_arcs;
        }
        const Real now = price_of(source, first.end);
        const bool is_tight = !(now < price) && !(price < now);
        if (is_tight && first.end.is_exact) return std::nullopt;
        if (is_tight) {
            if (most_resolved_-- == 0) return PartialStop::undecided;
            resolve(source, first.end);
        }
        pop();
        find_first_arc(source);
    }
    if (highest_price < infinity) {
        price_ = std::max(price_, Real(highest_price));
        return PartialStop::at_price;
    }
    return PartialStop::without_arc;
}

/// The first arc of the source joins the parts: the raised one hangs on the source from now on.
template <class Real>
void PartialPath<Real>::join(Node source) {
    const First& first = first_[index(source)];
    const Node target = first.end.node;
    if (price_ < first.price) {
        price_ = first.price;
        n_idle_ = 0;
    }
    tree_.exchange(raised_root_, target, source, tree_.find_join(tree_.parent(raised_root_), source));
    const std::vector<Node>& stem = tree_.stem();
    for (std::size_t k = stem.size() - 1; k > 0; --k) {
        parent_cost_[index(stem[k])] = parent_cost_[index(stem[k - 1])];
        parent_flow_[index(stem[k])] = parent_flow_[index(stem[k - 1])];
    }
    parent_cost_[index(target)] = first.end.cost;
    parent_flow_[index(target)] = Real(0.0);
    raised_root_ = target;
    is_joined_ = true;
}

/// Moves mass along the way between the spare units, until an arc is empty or the mass is enough. Returns the node
/// whose arc to its parent is empty.
template <class Real>
Node PartialPath<Real>::carry(double most_mass, bool& is_enough) {
    Node blocking = no_node;
    Real flow(infinity);
    for (Node x = spare_source(); x != tree_.root(); x = tree_.parent(x)) {
        ++work_;
        if (is_source(x) && parent_flow_[index(x)] < flow) {
            flow = parent_flow_[index(x)];
            blocking = x;
        }
    }
    const double rounding = negligible_ * static_cast<double>(base_.size());
    is_enough = !(mass_ + flow + Real(rounding) < Real(most_mass));
    if (is_enough) flow = std::min(flow, std::max(Real(most_mass) - mass_, Real(0.0)));
    if (!(Real(0.0) < flow)) return blocking;
    Node before = spare_source();
    for (Node x = spare_source(); x != tree_.root(); before = x, x = tree_.parent(x)) {
        Real& of_x = parent_flow_[index(x)];
        of_x += is_source(x) ? -flow : flow;
        if (is_source(x) && !(Real(negligible_) < of_x)) of_x = Real(0.0);
    }
    const double price = rounded(price_);
    const auto enter = [&](EntryPrices& prices, Node unit, const Real& left) {
        prices.first[index(unit)] = std::min(prices.first[index(unit)], price);
        if (!(Real(0.0) < left)) prices.all[index(unit)] = price;
    };
    enter(source_prices_, before, parent_flow_[index(before)]);
    enter(target_prices_, tree_.parent(spare_source()) - n_source_, parent_flow_[index(spare_source())]);
    const double mass = rounded(mass_);
    mass_ += flow;
    if (rounded(mass_) > mass) n_idle_ = 0;
    if (breakpoints_.empty() || breakpoints_.back().price != price) breakpoints_.push_back({0.0, price});
    breakpoints_.back().mass = rounded(mass_);
    return blocking;
}

template <class Real>
void PartialPath<Real>::cut_at(Node blocking) {
    bool is_above = false;  // on the way from the old raised part to the root
    for (Node x = blocking; x != tree_.root() && !is_above; x = tree_.parent(x)) is_above = x == raised_root_;
    if (is_above)
        change_sides(raised_root_, blocking, false);
    else
        change_sides(blocking, raised_root_, true);
    raised_root_ = blocking;
    is_joined_ = false;
}

/// The subtree of `from`, except that of `except`.
template <class Real>
void PartialPath<Real>::change_sides(Node from, Node except, bool is_raised) {
    switched_.clear();
    const Node behind = tree_.next(tree_.last(from));
    Node x = from;
    do {
        if (x == except) {
            x = tree_.next(tree_.last(x));
            continue;
        }
        switched_.push_back(x);
        is_raised_[index(x)] = is_raised;
        base_[index(x)] += is_raised ? price_ : -price_;
        if (is_unit(x)) set_key(x);
        x = tree_.next(x);
    } while (x != behind);
    work_ += static_cast<std::int64_t>(switched_.size());
    for (const Node node : switched_) {
        if (!is_unit(node)) continue;
        if (is_source(node)) {
            if (is_raised)
                set_first(node, {});
            else
                find_first_arc(node);
        } else if (is_raised) {
            offer(node);
        }
    }
}

/// A target that is raised may be where the first arc of a source leads.
template <class Real>
void PartialPath<Real>::offer(Node target) {
    const Real key = key_[index(target)];
    work_ += static_cast<std::int64_t>(arcs_of_target_.size(index(target - n_source_)));
    for (const End& end : arcs_of_target_.row(index(target - n_source_))) {
        if (!(Real(end.cost) + key < most_to_target_[index(end.node)])) continue;
        const End to_target{target, end.is_exact, end.cost};
        const Real price = price_of(end.node, to_target);
        if (!(price < first_[index(end.node)].price)) continue;
        set_first(end.node, {to_target, price});
        push(end.node);
    }
}

template <class Real>
PartialStop PartialPath<Real>::advance(double mass, double highest_price, Interrupt& interrupt) {
    const auto n_nodes = static_cast<std::int64_t>(base_.size());
    while (true) {
        if (!is_joined_) {
            if (const std::optional<PartialStop> stop = find_entering(highest_price)) return *stop;
            join(heap_.front().source);
        }
        bool is_enough = false;
        const Node blocking = carry(mass, is_enough);
        if (is_enough) return PartialStop::at_mass;
        cut_at(blocking);
        if (++n_idle_ > most_idle_pivots_per_node * n_nodes) return PartialStop::not_proven;
        if (work_ > most_work_) return PartialStop::long_way;
        if (interrupt.requested_after(steps_per_node * static_cast<std::int64_t>(switched_.size() + 1)))
            return PartialStop::interrupted;
    }
}

/// Sums of costs along the tree. The spare target has the potential zero; the raised part is fixed by the spare source,
/// whose potential is minus the price.
template <class Real>
void PartialPath<Real>::recompute_potentials() {
    if (is_joined_) return;
    const auto sum_up = [this](Node first, Node end) {
        for (Node x = first; x != end; x = tree_.next(x)) {
            if (x == raised_root_) {
                x = tree_.last(x);
                continue;
            }
            const double cost = parent_cost_[index(x)];
            base_[index(x)] = base_[index(tree_.parent(x))] + Real(is_source(x) ? cost : -cost);
        }
    };
    sum_up(tree_.next(tree_.root()), tree_.root());
    const Node behind = tree_.next(tree_.last(raised_root_));
    base_[index(raised_root_)] = Real(0.0);
    for (Node x = tree_.next(raised_root_); x != behind; x = tree_.next(x)) {
        const double cost = parent_cost_[index(x)];
        base_[index(x)] = base_[index(tree_.parent(x))] + Real(is_source(x) ? cost : -cost);
    }
    const Real shift = base_[index(spare_source())];
    Node x = raised_root_;
    do {
        base_[index(x)] += -shift;
        x = tree_.next(x);
    } while (x != behind);
}

template <class Real>
Potentials PartialPath<Real>::potentials_at(const Real& price, bool has_price_in_v) const {
    Potentials potentials;
    // Where the price cancels it is not added and taken away again, which would round.
    for (Node i = 0; i < n_source_; ++i) {
        const Real& base = base_[index(i)];
        const double u = rounded(is_raised_[index(i)] ? base - price : base);
        potentials.u.push_back(a_[index(i)] > 0 ? u : -infinity);
    }
    for (Node j = 0; j < n_target_; ++j) {
        const std::size_t x = index(n_source_ + j);
        const Real raised = has_price_in_v ? price - base_[x] : -base_[x];
        const Real lower = has_price_in_v ? -base_[x] : -base_[x] - price;
        potentials.v.push_back(b_[index(j)] > 0 ? rounded(is_raised_[x] ? raised : lower) : -infinity);
    }
    return potentials;
}

/// The arc from a node to its parent carries the difference of supplies and demands in the node's subtree. Where the
/// tree is cut nothing passes, which gives the mass.
template <class Real>
void PartialPath<Real>::recompute_flows() {
    std::vector<DoubleDouble> excess(base_.size());
    for (std::size_t i = 0; i < a_.size(); ++i) excess[i] = a_[i];
    for (std::size_t j = 0; j < b_.size(); ++j) excess[a_.size() + j] = -b_[j];
    // Counted without what the spare source supplies, which only the way from it to the root depends on.
    for (Node x = tree_.last(tree_.root()); x != tree_.root(); x = tree_.previous(x))
        excess[index(tree_.parent(x))] += excess[index(x)];
    DoubleDouble supply;
    if (is_joined_) {
        for (const double b : b_) supply += b;
        supply -= DoubleDouble(rounded(mass_));
    } else {
        supply = -excess[index(raised_root_)];
        DoubleDouble total;
        for (const double b : b_) total += b;
        mass_ = Real(rounded(total - supply));
    }
    for (Node x = spare_source(); x != tree_.root(); x = tree_.parent(x)) excess[index(x)] += supply;
    for (Node x = tree_.next(tree_.root()); x != tree_.root(); x = tree_.next(x)) {
        const double flow = rounded(is_source(x) ? excess[index(x)] : -excess[index(x)]);
        parent_flow_[index(x)] = Real(flow > negligible_ ? flow : 0.0);
    }
}

/// What is left of a unit when rounding alone sets it apart from nothing was carried at this price.
template <class Real>
void PartialPath<Real>::enter_last() {
    const double rounding = negligible_ * static_cast<double>(base_.size());
    for (Node x = tree_.next(tree_.root()); x != tree_.root(); x = tree_.next(x)) {
        const Node parent = tree_.parent(x);
        if (is_unit(x) == is_unit(parent) || rounded(parent_flow_[index(x)]) > rounding) continue;
        const Node unit = is_unit(x) ? x : parent;
        EntryPrices& prices = is_source(unit) ? source_prices_ : target_prices_;
        const std::size_t place = index(is_source(unit) ? unit : unit - n_source_);
        if (prices.first[place] < infinity) prices.all[place] = std::min(prices.all[place], price());
    }
}

template <class Real>
PartialPlan PartialPath<Real>::plan() {
    recompute_flows();
    PartialPlan plan;
    enter_last();
    plan.left_at_source.assign(a_.size(), 0.0);
    plan.left_at_target.assign(b_.size(), 0.0);
    for (Node x = tree_.next(tree_.root()); x != tree_.root(); x = tree_.next(x)) {
        const Node source = is_source(x) ? x : tree_.parent(x);
        const Node target = is_source(x) ? tree_.parent(x) : x;
        const double flow = rounded(parent_flow_[index(x)]);
        if (source == spare_source() && target == spare_target()) continue;
        if (source == spare_source())
            plan.left_at_target[index(target - n_source_)] = flow;
        else if (target == spare_target())
            plan.left_at_source[index(source)] = flow;
        else if (flow > 0.0)
            plan.carried.add(source, target - n_source_, flow);
    }
    plan.mass = mass();
    plan.price = price();
    plan.potentials = potentials_at(price_, false);
    return plan;
}

template class PartialPath<double>;
template class PartialPath<DoubleDouble>;

}  // namespace mot
