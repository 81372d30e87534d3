#include "mot/costs/exact_correlations.hpp"

#include <algorithm>
#include <atomic>
#include <cstddef>

namespace mot {
namespace {

/// Arcs of which a worker computes the costs before it takes others.
constexpr std::int64_t arcs_per_piece = 64;

}  // namespace

double ExactCorrelations::cost(std::int64_t i, std::int64_t j) const {
    const std::int64_t place = i * target_.n_units() + j;
    const CostTable::Known* const known = workspace_.known_costs.find(place);
    if (known && known->is_exact) return known->cost;
    // A caller who asks for many costs hears of an interrupt here; what it gets then does not matter.
    if (interrupt_.requested_after(source_.n_stimuli())) return 0.0;
    const double cost = 1.0 - source_.correlation(i, target_, j);
    workspace_.known_costs.insert(place, {cost, true});
    return cost;
}

void ExactCorrelations::compute(const std::vector<Arc>& arcs) const {
    std::vector<Arc> unknown;
    for (const Arc& arc : arcs) {
        const CostTable::Known* const known = workspace_.known_costs.find(place_of(arc));
        if (!known || !known->is_exact) unknown.push_back(arc);
    }
    learn(unknown, true);
}

std::vector<double> ExactCorrelations::find_least_costs(const std::vector<Arc>& arcs) const {
    std::vector<Arc> unknown;
    for (const Arc& arc : arcs)
        if (!workspace_.known_costs.find(place_of(arc))) unknown.push_back(arc);
    if (!learn(unknown, false)) return std::vector<double>(arcs.size());

    std::vector<double> least(arcs.size());
    std::vector<Arc> low;
    std::vector<std::size_t> place_of_low;
    for (std::size_t k = 0; k < arcs.size(); ++k) {
        const CostTable::Known& known = *workspace_.known_costs.find(place_of(arcs[k]));
        least[k] = known.cost;
        if (known.is_exact || known.cost >= arcs[k].cost) continue;
        low.push_back(arcs[k]);
        place_of_low.push_back(k);
    }
    learn(low, true);
    for (std::size_t k = 0; k < low.size(); ++k) least[place_of_low[k]] = low[k].cost;
    return least;
}

bool ExactCorrelations::learn(std::vector<Arc>& arcs, bool are_exact) const {
    const auto n = static_cast<std::int64_t>(arcs.size());
    std::atomic<bool> is_stopped{false};
    workspace_.workers.share((n + arcs_per_piece - 1) / arcs_per_piece, [&](std::int64_t piece, int worker) {
        if (is_stopped) return;
        const std::int64_t first = piece * arcs_per_piece;
        const std::int64_t end = std::min(n, first + arcs_per_piece);
        for (std::int64_t k = first; k < end; ++k) {
            Arc& arc = arcs[static_cast<std::size_t>(k)];
            const Node next = arcs[static_cast<std::size_t>(std::min(k + 1, n - 1))].target;
            arc.cost = are_exact ? 1.0 - source_.correlation(arc.source, target_, arc.target, next)
                                 : source_.least_cost(arc.source, target_, arc.target, next);
        }
        if (worker == 0 && interrupt_.requested_after((end - first) * source_.n_stimuli())) is_stopped = true;
    });
    if (is_stopped) return false;
    for (const Arc& arc : arcs) workspace_.known_costs.insert(place_of(arc), {arc.cost, are_exact});
    return true;
}

}  // namespace mot
