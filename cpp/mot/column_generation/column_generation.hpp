/// Column generation: an engine solves on a few arcs, and is given, round by round, the arcs of the dense problem that
/// its potentials leave violated, until there are none.
///
/// A first series of rounds ends at the optimum of the searched costs. Where these differ from the exact costs by up to
/// a margin, the engine's own arcs then get their exact costs, and further rounds check every arc within the margin by
/// its exact cost.
///
/// An engine has `optimize`, `potentials`, `add_arcs` and `replace_costs`: the network simplex, or sparse augmenting
/// paths.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "mot/column_generation/pricing.hpp"
#include "mot/types/arc.hpp"
#include "mot/types/interrupt.hpp"
#include "mot/types/plan.hpp"

namespace mot {

template <class Cost>
class ColumnGeneration {
public:
    /// `known` are the arcs that the engine has. Arcs with a reduced cost below `width` are added along with the
    /// violated ones.
    ColumnGeneration(const Cost& cost, const std::vector<Arc>& known, double width, Interrupt& interrupt)
        : cost_(cost), interrupt_(interrupt), width_(width), pricing_(cost, known) {}

    /// Arcs that are not known yet and have a reduced cost below `width`; they are known from then on.
    std::vector<Arc> find_near_arcs(const Potentials& potentials, double width) {
        return pricing_.find_near_arcs(potentials, width, width, interrupt_);
    }

    template <class Engine>
    Status run(Engine& engine) {
        const Status status = run_on_searched_costs(engine);
        return status == Status::optimal ? run_on_exact_costs(engine) : status;
    }

    /// Goes on from an engine that is optimal on the searched costs of all arcs. First come the arcs that are within
    /// the usual margin, which settle most of it, then those within the whole margins.
    template <class Engine>
    Status run_on_exact_costs(Engine& engine) {
        if constexpr (Cost::is_exact) return Status::optimal;
        cost_.compute_exact(pricing_.find_known(engine.potentials(), cost_.usual_margin()));
        engine.replace_costs([this](Node i, Node j) { return cost_.exact(i, j); });
        // Measured from 16 to 128 units: where there are few, rounds cost more than the arcs that they save.
        constexpr std::int64_t few_units = 256;
        if (cost_.n_rows() + cost_.n_columns() >= few_units) {
            const Status status = run_within_margins(engine, false);
            if (status != Status::optimal) return status;
        }
        return run_within_margins(engine, true);
    }

private:
    template <class Engine>
    Status run_on_searched_costs(Engine& engine) {
        while (true) {
            const Status status = engine.optimize(0.0, interrupt_);
            if (status != Status::optimal) return status;
            const Potentials potentials = engine.potentials();
            const double tolerance = rounding_of(potentials);
            const auto near = pricing_.find_near_arcs(potentials, -tolerance, width_, interrupt_);
            if (interrupt_.requested()) return Status::interrupted;
            const auto is_violated = [&](const Arc& arc) {
                return arc.cost - potentials.u[index(arc.source)] - potentials.v[index(arc.target)] < -tolerance;
            };
            if (std::none_of(near.begin(), near.end(), is_violated)) return Status::optimal;
            // With many arcs within the rounding of their costs, rounds would go on for long over rounding alone.
            if (!Cost::is_exact && static_cast<std::int64_t>(near.size()) > cost_.n_rows() &&
                are_too_many(pricing_.find_known(raised(potentials, true), 0.0)))
                return Status::undecided;
            engine.add_arcs(near);
        }
    }

    /// Rounds in which all arcs that may be violated, within the usual margin or the whole ones, get their exact costs.
    template <class Engine>
    Status run_within_margins(Engine& engine, bool are_whole) {
        while (true) {
            const Potentials potentials = engine.potentials();
            const Potentials highest = raised(potentials, are_whole);
            const auto near = pricing_.find_near_arcs(highest, 0.0, width_, interrupt_);
            if (interrupt_.requested()) return Status::interrupted;
            const std::vector<Arc> open = pricing_.find_known(highest, 0.0);
            if (are_too_many(open)) return Status::undecided;
            cost_.compute_exact(open);
            const double tolerance = rounding_of(potentials);
            std::vector<Arc> violated;
            for (const Arc& arc : open) {
                const double exact = cost_.exact(arc.source, arc.target);
                const double duals = potentials.u[index(arc.source)] + potentials.v[index(arc.target)];
                if (exact - duals < -tolerance) violated.push_back({arc.source, arc.target, exact});
            }
            // A row may have more arcs within the margin than one search returns: the rest is still to be checked.
            if (violated.empty() && !near.empty()) continue;
            if (violated.empty()) return Status::optimal;
            engine.add_arcs(violated);
            const Status status = engine.optimize(0.0, interrupt_);
            if (status != Status::optimal) return status;
        }
    }

    bool are_too_many(const std::vector<Arc>& arcs) const {
        return static_cast<std::int64_t>(arcs.size()) > cost_.most_within_margin();
    }

    /// Potentials so high that an arc whose searched reduced cost is not negative is not violated: surely, or usually.
    Potentials raised(Potentials potentials, bool is_sure) const {
        for (std::size_t i = 0; i < potentials.u.size(); ++i)
            potentials.u[i] += is_sure ? cost_.row_margin(static_cast<std::int64_t>(i)) : cost_.usual_margin();
        if (is_sure)
            for (std::size_t j = 0; j < potentials.v.size(); ++j)
                potentials.v[j] += cost_.column_margin(static_cast<std::int64_t>(j));
        return potentials;
    }

    /// Bounds the rounding of sums of a few costs along a tree, at potentials as large as these.
    static double rounding_of(const Potentials& potentials) {
        double largest = 0;
        for (const std::vector<double>* side : {&potentials.u, &potentials.v})
            for (const double potential : *side)
                if (potential > -std::numeric_limits<double>::infinity())
                    largest = std::max(largest, std::abs(potential));
        return 128 * std::numeric_limits<double>::epsilon() * largest;
    }

    const Cost& cost_;
    Interrupt& interrupt_;
    double width_;
    Pricing<Cost> pricing_;
};

}  // namespace mot
