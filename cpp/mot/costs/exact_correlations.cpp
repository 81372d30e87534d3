#include "mot/costs/exact_correlations.hpp"

#include <algorithm>
#include <cstddef>

namespace mot {
namespace {

/// Arcs of which one worker computes the costs before the interrupt is asked.
constexpr std::size_t arcs_at_once = 256;

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
    const auto n_workers = static_cast<std::size_t>(workspace_.n_workers);
    const std::size_t n_at_once = arcs_at_once * n_workers;
    for (std::size_t first = 0; first < arcs.size(); first += n_at_once) {
        const std::size_t end = std::min(arcs.size(), first + n_at_once);
        workspace_.parallel_for(workspace_.n_workers, [&](int worker) {
            const std::size_t share = (end - first + n_workers - 1) / n_workers;
            const std::size_t from = std::min(end, first + static_cast<std::size_t>(worker) * share);
            for (std::size_t k = from; k < std::min(end, from + share); ++k) {
                Arc& arc = arcs[k];
                const Node next = arcs[std::min(k + 1, arcs.size() - 1)].target;
                arc.cost = are_exact ? 1.0 - source_.correlation(arc.source, target_, arc.target, next)
                                     : source_.least_cost(arc.source, target_, arc.target, next);
            }
        });
        if (interrupt_.requested_after(static_cast<std::int64_t>(end - first) * source_.n_stimuli())) return false;
    }
    for (const Arc& arc : arcs) workspace_.known_costs.insert(place_of(arc), {arc.cost, are_exact});
    return true;
}

}  // namespace mot
