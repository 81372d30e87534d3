/// The exact costs of single arcs between two layers: one minus correlations summed in double precision.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "mot/costs/standardized_layer.hpp"
#include "mot/costs/workspace.hpp"
#include "mot/types/arc.hpp"
#include "mot/types/interrupt.hpp"

namespace mot {

class ExactCorrelations {
public:
    /// Forgets what the workspace knows of the pair before.
    ExactCorrelations(const StandardizedLayer& source, const StandardizedLayer& target, Workspace& workspace,
                      Interrupt& interrupt)
        : source_(source), target_(target), workspace_(workspace), interrupt_(interrupt) {
        workspace.known_costs.clear();
    }

    /// Computed once. For the calling thread only.
    double cost(std::int64_t i, std::int64_t j) const;

    /// Computes the costs of some arcs, on all workers, if they are not known.
    void compute(const std::vector<Arc>& arcs) const;

    /// Lower bounds on the costs of some arcs; where the cost is below that which an arc comes with, the bound is the
    /// cost itself. Most of the others are told from them by products in single precision.
    std::vector<double> find_least_costs(const std::vector<Arc>& arcs) const;

private:
    std::int64_t place_of(const Arc& arc) const { return arc.source * target_.n_units() + arc.target; }

    /// Learns the costs of some arcs, or lower bounds on them, on all workers; false after an interrupt.
    bool learn(std::vector<Arc>& arcs, bool are_exact) const;

    const StandardizedLayer& source_;
    const StandardizedLayer& target_;
    Workspace& workspace_;
    Interrupt& interrupt_;
};

}  // namespace mot
