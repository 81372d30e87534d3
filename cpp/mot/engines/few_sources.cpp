#include "mot/engines/few_sources.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <utility>

#include "mot/kernels/kernels.hpp"

namespace mot {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
/// A change that is put on a heap, in the steps of an interrupt.
constexpr std::int64_t steps_per_change = 4;

}  // namespace

template <class Real>
FewSources<Real>::FewSources(const Masses& masses, const MatrixView<Real>& cost)
    : masses_(masses),
      cost_(cost),
      n_sources_(static_cast<Node>(cost.n_rows)),
      n_targets_(static_cast<Node>(cost.n_columns)),
      mass_(index(n_sources_) * index(n_targets_), 0.0),
      surplus_(masses.source.size()),
      u_(masses.source.size(), 0.0),
      changes_(masses.source.size() * masses.source.size()),
      steps_(masses.source.size()),
      negligible_(has_whole_masses(masses) ? 0.0
                                           : total_mass(masses) * std::numeric_limits<double>::epsilon() *
                                                 static_cast<double>(n_sources_ + n_targets_)) {}

template <class Real>
void FewSources<Real>::serve(std::vector<double> u, Interrupt& interrupt) {
    u_ = std::move(u);
    std::fill(mass_.begin(), mass_.end(), 0.0);
    std::transform(masses_.source.begin(), masses_.source.end(), surplus_.begin(), [](double mass) { return -mass; });
    std::vector<double> reduced(index(n_targets_));
    std::vector<double> least(index(n_targets_), infinity);
    std::vector<RowKernels<double>::Index> cheapest(index(n_targets_), 0);
    for (Node i = 0; i < n_sources_ && !interrupt.requested_after(2 * n_targets_); ++i) {
        for (Node j = 0; j < n_targets_; ++j) reduced[index(j)] = cost(i, j) - u_[index(i)];
        row_kernels<double>().lower_minima(reduced.data(), n_targets_, i, least.data(), cheapest.data());
    }
    for (Node j = 0; j < n_targets_; ++j) {
        const auto i = static_cast<Node>(cheapest[index(j)]);
        mass_[place(i, j)] = masses_.target[index(j)];
        surplus_[index(i)] += masses_.target[index(j)];
    }
}

/// All changes of the targets from the sources that serve them.
template <class Real>
void FewSources<Real>::collect_changes(Interrupt& interrupt) {
    for (Node i = 0; i < n_sources_; ++i) {
        std::vector<Node> served;
        for (Node j = 0; j < n_targets_; ++j)
            if (mass_[place(i, j)] > 0) served.push_back(j);
        for (Node other = 0; other < n_sources_; ++other) {
            if (other == i) continue;
            if (interrupt.requested_after(steps_per_change * static_cast<std::int64_t>(served.size()))) return;
            std::vector<Change>& heap = changes(i, other);
            heap.clear();
            heap.reserve(served.size());
            for (const Node j : served) heap.push_back({cost(other, j) - cost(i, j), j});
            std::make_heap(heap.begin(), heap.end(), is_dearer);
        }
    }
}

template <class Real>
double FewSources<Real>::surplus_share() const {
    double beyond = 0;
    for (const double surplus : surplus_) beyond += std::max(surplus, 0.0);
    return beyond / total_mass(masses_);
}

template <class Real>
Status FewSources<Real>::optimize(Interrupt& interrupt) {
    const std::int64_t steps_per_path = std::int64_t{n_sources_} * n_sources_;
    // Far more than most problems need. Masses far below the rounding of others can lead on for ever.
    const std::int64_t most_paths = 20 * (std::int64_t{n_targets_} + 10) * n_sources_;
    collect_changes(interrupt);
    for (std::int64_t n_paths = 0; n_paths < most_paths; ++n_paths) {
        if (interrupt.requested_after(steps_per_path)) return Status::interrupted;
        const Node end = find_shortest_paths();
        if (end == no_node) {
            break_cycles();
            return Status::optimal;
        }
        move_along_path(end);
    }
    return Status::infeasible;
}

template <class Real>
void FewSources<Real>::add_changes(Node source, Node target) {
    for (Node other = 0; other < n_sources_; ++other) {
        if (other == source) continue;
        std::vector<Change>& heap = changes(source, other);
        heap.push_back({cost(other, target) - cost(source, target), target});
        std::push_heap(heap.begin(), heap.end(), is_dearer);
    }
}

/// The change of the least price; null if the source serves no target. Those of targets that have left it are dropped.
template <class Real>
const typename FewSources<Real>::Change* FewSources<Real>::cheapest_change(Node from, Node to) {
    std::vector<Change>& heap = changes(from, to);
    while (!heap.empty()) {
        if (mass_[place(from, heap.front().target)] > 0) return &heap.front();
        std::pop_heap(heap.begin(), heap.end(), is_dearer);
        heap.pop_back();
    }
    return nullptr;
}

/// Dijkstra from all sources with a surplus to the nearest one with a deficit, which is returned; `no_node` if none has
/// a surplus. Raises u so that the path has length zero.
template <class Real>
Node FewSources<Real>::find_shortest_paths() {
    std::vector<bool> is_settled(surplus_.size(), false);
    for (std::size_t i = 0; i < steps_.size(); ++i) steps_[i] = {surplus_[i] > negligible_ ? 0.0 : infinity, no_node};
    while (true) {
        Node nearest = no_node;
        for (Node i = 0; i < n_sources_; ++i)
            if (!is_settled[index(i)] && steps_[index(i)].length < infinity &&
                (nearest == no_node || steps_[index(i)].length < steps_[index(nearest)].length))
                nearest = i;
        if (nearest == no_node) return no_node;
        const double length = steps_[index(nearest)].length;
        if (surplus_[index(nearest)] < 0) {
            for (std::size_t i = 0; i < u_.size(); ++i) u_[i] += std::min(steps_[i].length, length);
            return nearest;
        }
        is_settled[index(nearest)] = true;
        for (Node i = 0; i < n_sources_; ++i) {
            if (is_settled[index(i)]) continue;
            const Change* const change = cheapest_change(nearest, i);
            if (!change) continue;
            // Rounding makes no step shorter than nothing.
            const double step = std::max(change->price - (u_[index(i)] - u_[index(nearest)]), 0.0);
            if (length + step < steps_[index(i)].length) steps_[index(i)] = {length + step, nearest};
        }
    }
}

/// Moves as much mass as the path allows, one target at every step.
template <class Real>
void FewSources<Real>::move_along_path(Node end) {
    double mass = -surplus_[index(end)];
    Node start = end;
    for (; steps_[index(start)].from != no_node; start = steps_[index(start)].from) {
        const Node from = steps_[index(start)].from;
        const Node target = cheapest_change(from, start)->target;
        // What the step before brings need not be there yet: else a path may move next to nothing, again and again.
        const Node before = steps_[index(from)].from;
        if (before != no_node && cheapest_change(before, from)->target == target) continue;
        mass = std::min(mass, mass_[place(from, target)]);
    }
    mass = std::min(mass, surplus_[index(start)]);
    surplus_[index(start)] -= mass;
    surplus_[index(end)] += mass;
    std::vector<Node> sources{end};  // along the path, from its end
    std::vector<Node> targets;
    for (Node to = end; to != start; to = sources.back()) {
        sources.push_back(steps_[index(to)].from);
        targets.push_back(cheapest_change(sources.back(), to)->target);
    }
    for (std::size_t k = targets.size(); k-- > 0;) {
        const Node from = sources[k + 1];
        const Node to = sources[k];
        const Node target = targets[k];
        mass_[place(from, target)] -= mass;
        const bool is_new = !(mass_[place(to, target)] > 0);
        mass_[place(to, target)] += mass;
        if (is_new) add_changes(to, target);
    }
}

/// The places of the arcs from a target to a source, to another target that it serves, and so on back to the target,
/// over shared targets: every second one is of another sign. Empty if there is no such way.
template <class Real>
std::vector<std::size_t> FewSources<Real>::find_cycle(Node source, Node target, const std::vector<Node>& shared) const {
    std::vector<Node> to_shared(shared.size(), no_node);  // the source from which every shared target was reached
    std::vector<std::size_t> to_source(index(n_sources_), shared.size());
    std::vector<Node> reached{source};
    for (std::size_t next = 0; next < reached.size(); ++next) {
        const Node from = reached[next];
        if (from != source && from < source && mass_[place(from, target)] > 0) {
            std::vector<std::size_t> cycle{place(source, target), place(from, target)};
            for (Node i = from; i != source;) {
                const std::size_t k = to_source[index(i)];
                cycle.push_back(place(i, shared[k]));
                i = to_shared[k];
                cycle.push_back(place(i, shared[k]));
            }
            return cycle;
        }
        for (std::size_t k = 0; k < shared.size(); ++k) {
            if (to_shared[k] != no_node || !(mass_[place(from, shared[k])] > 0)) continue;
            to_shared[k] = from;
            for (Node i = 0; i < n_sources_; ++i) {
                if (!(mass_[place(i, shared[k])] > 0) || std::find(reached.begin(), reached.end(), i) != reached.end())
                    continue;
                to_source[index(i)] = k;
                reached.push_back(i);
            }
        }
    }
    return {};
}

/// Moves mass round every cycle of arcs until one of them carries none: equal costs leave cycles, and a plan has none.
template <class Real>
void FewSources<Real>::break_cycles() {
    std::vector<Node> shared;  // targets of several sources, among which there is no cycle
    const auto is_single = [&](Node j) {
        int n_serving = 0;
        for (Node i = 0; i < n_sources_; ++i) n_serving += mass_[place(i, j)] > 0;
        return n_serving < 2;
    };
    for (Node j = 0; j < n_targets_; ++j) {
        if (is_single(j)) continue;
        for (Node i = 0; i < n_sources_; ++i) {
            if (!(mass_[place(i, j)] > 0)) continue;
            const std::vector<std::size_t> cycle = find_cycle(i, j, shared);
            if (cycle.empty()) continue;
            double price = 0;
            for (std::size_t k = 0; k < cycle.size(); ++k) {
                const auto paid = static_cast<double>(cost_.data[cycle[k]]);
                price += k % 2 == 0 ? paid : -paid;
            }
            const std::size_t first_lowered = price > 0 ? 0 : 1;
            double moved = infinity;
            for (std::size_t k = first_lowered; k < cycle.size(); k += 2) moved = std::min(moved, mass_[cycle[k]]);
            for (std::size_t k = 0; k < cycle.size(); ++k) mass_[cycle[k]] += k % 2 == first_lowered ? -moved : moved;
        }
        shared.push_back(j);
        shared.erase(std::remove_if(shared.begin(), shared.end(), is_single), shared.end());
    }
}

template <class Real>
Plan FewSources<Real>::plan() const {
    Plan plan;
    for (Node i = 0; i < n_sources_; ++i)
        for (Node j = 0; j < n_targets_; ++j)
            if (mass_[place(i, j)] > 0) plan.add(i, j, mass_[place(i, j)]);
    return plan;
}

template <class Real>
Potentials FewSources<Real>::potentials() const {
    Potentials potentials{u_, std::vector<double>(index(n_targets_), infinity)};
    for (Node i = 0; i < n_sources_; ++i)
        for (Node j = 0; j < n_targets_; ++j)
            potentials.v[index(j)] = std::min(potentials.v[index(j)], cost(i, j) - u_[index(i)]);
    return potentials;
}

template class FewSources<float>;
template class FewSources<double>;

}  // namespace mot
