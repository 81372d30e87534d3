#include "mot/column_generation/pricing.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <new>

#include "mot/costs/correlation_cost.hpp"
#include "mot/costs/given_cost.hpp"
#include "mot/costs/point_cost.hpp"
#include "mot/costs/reduced_cost.hpp"
#include "mot/costs/row_groups.hpp"
#include "mot/costs/screened_cost.hpp"
#include "mot/kernels/kernels.hpp"

namespace mot {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
/// A search of a row returns at most so many near arcs, the lowest ones.
constexpr std::ptrdiff_t most_per_row = 32;

}  // namespace

template <class Cost>
Pricing<Cost>::Pricing(const Cost& cost, const std::vector<Arc>& known)
    : cost_(cost),
      known_(static_cast<std::size_t>(cost.n_rows()),
             [&](auto visit) {
                 for (const Arc& arc : known) visit(index(arc.source), KnownArc{arc.target, none, arc.cost});
             }),
      last_added_(static_cast<std::size_t>(cost.n_rows()), none),
      bound_(last_added_.size(), -infinity),
      scratch_(static_cast<std::size_t>(cost.n_workers())) {
    for (std::size_t i = 0; i < bound_.size(); ++i)
        if (known_.size(i) >= static_cast<std::size_t>(cost.n_columns())) bound_[i] = infinity;
}

/// Reduced costs in row i have fallen by what u_i rose and at most the largest rise of any v.
template <class Cost>
void Pricing<Cost>::update_bounds(const Potentials& potentials) {
    if (!last_.u.empty()) {
        double rise = -infinity;
        for (std::size_t j = 0; j < potentials.v.size(); ++j)
            if (potentials.v[j] > -infinity) rise = std::max(rise, potentials.v[j] - last_.v[j]);
        for (std::size_t i = 0; i < bound_.size(); ++i)
            if (potentials.u[i] > -infinity) bound_[i] -= potentials.u[i] - last_.u[i] + rise;
    }
    last_ = potentials;
}

template <class Cost>
std::vector<Arc> Pricing<Cost>::find_near_arcs(const Potentials& potentials, double bound, double width,
                                               Interrupt& interrupt) {
    update_bounds(potentials);
    const auto is_wanted = [&](std::int64_t i) {
        const auto row = static_cast<std::size_t>(i);
        return bound_[row] < bound && potentials.u[row] > -infinity;
    };
    RowResults<Arc> results(cost_.n_workers());
    const RowSearch<typename Cost::Value> search(potentials.v);
    cost_.for_each_row_in_groups(interrupt, is_wanted,
                                 [&](const RowVisit& at, std::int64_t i, const typename Cost::Value* row) {
                                     search_row(i, row, search, potentials, width,
                                                scratch_[static_cast<std::size_t>(at.worker)], results.of(at));
                                 });
    std::vector<Arc> found = results.take();
    for (const Arc& arc : found) {
        if (added_.size() >= none) throw std::bad_alloc();  // they take 64 GiB
        added_.push_back({arc.target, last_added_[index(arc.source)], arc.cost});
        last_added_[index(arc.source)] = static_cast<std::uint32_t>(added_.size() - 1);
    }
    return found;
}

template <class Cost>
void Pricing<Cost>::search_row(std::int64_t i, const typename Cost::Value* row,
                               const RowSearch<typename Cost::Value>& search, const Potentials& potentials,
                               double width, Scratch& scratch, std::vector<Arc>& found) {
    auto& [row_of_mark, hits] = scratch;
    if (hits.empty()) {
        hits.resize(static_cast<std::size_t>(cost_.n_columns()));
        row_of_mark.assign(hits.size(), -1);
    }
    const double u = potentials.u[static_cast<std::size_t>(i)];
    const double* v = potentials.v.data();
    const std::int64_t n_hits = search.find(row, u + width, hits.data());

    for_each_known(static_cast<std::size_t>(i),
                   [&](const KnownArc& arc, std::size_t) { row_of_mark[index(arc.target)] = i; });
    const auto is_known = [&](Node j) { return row_of_mark[index(j)] == i; };
    const auto end = std::remove_if(hits.begin(), hits.begin() + n_hits, is_known);
    const auto value = [&](Node j) { return cost_of(row[j]) - v[j]; };
    auto kept = end;
    bound_[static_cast<std::size_t>(i)] = width;
    if (end - hits.begin() > most_per_row) {
        // Among equal ones the first when counting starts at i, cyclically: not the same few for all rows.
        const std::int64_t start = i % cost_.n_columns();
        const auto order = [&](Node j) { return j >= start ? j - start : j - start + cost_.n_columns(); };
        const auto is_lower = [&](Node j, Node k) {
            return value(j) != value(k) ? value(j) < value(k) : order(j) < order(k);
        };
        kept = hits.begin() + most_per_row;
        std::nth_element(hits.begin(), kept, end, is_lower);
        bound_[static_cast<std::size_t>(i)] = value(*kept) - u;
    }
    for (auto hit = hits.begin(); hit != kept; ++hit) found.push_back({static_cast<Node>(i), *hit, cost_of(row[*hit])});
}

template <class Cost>
typename Pricing<Cost>::KnownArcs Pricing<Cost>::find_known(const Potentials& potentials, double bound) const {
    RowResults<Arc> arcs(cost_.n_workers());
    RowResults<std::size_t> places(cost_.n_workers());
    cost_.for_each_part(cost_.n_rows(), [&](const GroupVisit& at, std::int64_t first, std::int64_t end) {
        for (std::int64_t i = first; i < end; ++i) {
            const auto row = static_cast<std::size_t>(i);
            for_each_known(row, [&](const KnownArc& arc, std::size_t place) {
                if (!(arc.cost - potentials.u[row] - potentials.v[index(arc.target)] < bound)) return;
                arcs.add(at, {static_cast<Node>(i), arc.target, arc.cost});
                places.add(at, place);
            });
        }
    });
    return {arcs.take(), places.take()};
}

template <class Cost>
void Pricing<Cost>::learn(std::size_t place, const Arc& arc) {
    KnownArc& known = place < known_.size() ? known_[place] : added_[place - known_.size()];
    known.cost = arc.cost + cost_.row_margin(arc.source) + cost_.column_margin(arc.target);
}

template class Pricing<GivenCost<float>>;
template class Pricing<GivenCost<double>>;
template class Pricing<CorrelationCost<float>>;
template class Pricing<CorrelationCost<double>>;
template class Pricing<PointCost<float>>;
template class Pricing<PointCost<double>>;
template class Pricing<ReducedCost<float>>;
template class Pricing<ReducedCost<double>>;
template class Pricing<ScreenedCost>;

}  // namespace mot
