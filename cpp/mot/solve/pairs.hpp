/// Transports between the units of two layers, at cost one minus their correlations: of one pair of layers, or of many
/// at once, one thread a pair.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "mot/costs/standardized_layer.hpp"
#include "mot/costs/workspace.hpp"
#include "mot/solve/dense.hpp"
#include "mot/solve/partial.hpp"
#include "mot/solve/solution.hpp"
#include "mot/types/batch.hpp"
#include "mot/types/interrupt.hpp"
#include "mot/types/masses.hpp"

namespace mot {

/// Searches the costs in single precision, or where that leaves too many arcs undecided, because the layers' units are
/// nearly or exactly alike, in double precision.
Solution solve_pair(const StandardizedLayer& source, const StandardizedLayer& target, const Masses& masses,
                    Workspace& workspace, Interrupt& interrupt, Method method = Method::automatic);

/// The same towards a goal; see `solve_towards`.
Solution solve_pair_towards(const StandardizedLayer& source, const StandardizedLayer& target, const Masses& masses,
                            const PartialGoal& goal, Workspace& workspace, Interrupt& interrupt);

/// Masses of the units, where given, are non-negative; those of the two layers have equal, positive sums. The units of
/// a layer without masses share the other's sum equally, or 1 if neither has any.
struct LayerPair {
    const StandardizedLayer* source;
    const StandardizedLayer* target;
    const double* source_masses = nullptr;  ///< (source->n_units(),)
    const double* target_masses = nullptr;  ///< (target->n_units(),)
    /// Costs that may be kept for this pair, where that is less than the limits of all pairs say.
    std::int64_t most_costs = std::numeric_limits<std::int64_t>::max();
    /// Where mass may be left behind: how much is carried, or the price at which a unit of mass is rather left behind,
    /// of which source and target pay half each.
    std::optional<PartialGoal> goal = std::nullopt;
};

struct BatchLimits {
    int n_threads;
    std::int64_t most_costs;        ///< that one thread may keep while every thread works on a pair of its own
    std::int64_t most_costs_alone;  ///< that may be kept for one pair while all threads work on it
};

/// Returns one solution a pair, in order, the same bits for every number of threads. Pairs with more than `most_costs`,
/// and one that is left over, are solved one by one by all threads, which share the products; the others by one thread
/// each. `sgemm` must run on one thread. After a stop the pairs not solved are `interrupted`.
std::vector<Solution> solve_pairs(const std::vector<LayerPair>& pairs, Sgemm sgemm, const BatchLimits& limits,
                                  Progress& progress);

}  // namespace mot
