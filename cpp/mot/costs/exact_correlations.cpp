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
    if (const double* known = workspace_.exact_costs.find(place)) return *known;
    // A caller who asks for many costs hears of an interrupt here; what it gets then does not matter.
    if (interrupt_.requested_after(source_.n_stimuli())) return 0.0;
    const double cost = 1.0 - source_.correlation(i, target_, j);
    workspace_.exact_costs.insert(place, cost);
    return cost;
}

void ExactCorrelations::compute(const std::vector<Arc>& arcs) const {
    std::vector<Arc> unknown;
    for (const Arc& arc : arcs)
        if (!workspace_.exact_costs.find(place_of(arc))) unknown.push_back(arc);
    const std::size_t n_at_once = arcs_at_once * static_cast<std::size_t>(workspace_.n_workers);
    for (std::size_t first = 0; first < unknown.size(); first += n_at_once) {
        const std::size_t end = std::min(unknown.size(), first + n_at_once);
        workspace_.parallel_for(workspace_.n_workers, [&](int worker) {
            const auto n = static_cast<std::size_t>(workspace_.n_workers);
            const std::size_t share = (end - first + n - 1) / n;
            const std::size_t from = std::min(end, first + static_cast<std::size_t>(worker) * share);
            for (std::size_t k = from; k < std::min(end, from + share); ++k) {
                const Node next = unknown[std::min(k + 1, unknown.size() - 1)].target;
                unknown[k].cost = 1.0 - source_.correlation(unknown[k].source, target_, unknown[k].target, next);
            }
        });
        if (interrupt_.requested_after(static_cast<std::int64_t>(end - first) * source_.n_stimuli())) return;
    }
    for (const Arc& arc : unknown) workspace_.exact_costs.insert(place_of(arc), arc.cost);
}

}  // namespace mot
