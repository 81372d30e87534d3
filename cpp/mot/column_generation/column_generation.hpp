/// Column generation: an engine solves on a few arcs, and is given, round by round, the arcs of the dense problem that
/// its potentials leave violated, until there are none.
///
/// A first series of rounds ends at the optimum of the searched costs. Where these differ from the exact costs by up to
/// a margin, the engine's own arcs then get their exact costs, and further rounds judge every arc within the margin: by
/// a closer bound, if that clears it, or else by its exact cost.
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

    /// Goes on from an engine that is optimal on the searched costs of all arcs.
    template <class Engine>
    Status run_on_exact_costs(Engine& engine) {
        if constexpr (!Cost::is_exact) {
            // The engine keeps the arcs of its tree or matching, whose reduced costs are zero: all at once, they are
            // divided among the workers.
            const Potentials potentials = engine.potentials();
            cost_.compute_exact(pricing_.find_known(potentials, rounding_of(potentials)).arcs);
            engine.replace_costs([this](Node i, Node j) { return cost_.exact(i, j); });
            return run_within_margins(engine);
        }
        return Status::optimal;
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
                static_cast<std::int64_t>(pricing_.find_known(raised(potentials), 0.0).arcs.size()) >
                    cost_.most_within_margin())
                return Status::undecided;
            engine.add_arcs(near);
        }
    }

    /// Rounds in which all arcs that may be violated, within the margins, are judged by their exact costs.
    template <class Engine>
    Status run_within_margins(Engine& engine) {
        std::int64_t n_judged = 0;
        while (true) {
            const Potentials potentials = engine.potentials();
            const double tolerance = rounding_of(potentials);
            const Potentials highest = raised(potentials);
            const auto near = pricing_.find_near_arcs(highest, 0.0, width_, interrupt_);
            if (interrupt_.requested()) return Status::interrupted;
            auto [open, places] = pricing_.find_known(highest, -tolerance);
            n_judged += static_cast<std::int64_t>(open.size());
            if (n_judged > cost_.most_within_margin()) return Status::undecided;
            for (Arc& arc : open)
                arc.cost = potentials.u[index(arc.source)] + potentials.v[index(arc.target)] - tolerance;
            const std::vector<double> least = cost_.find_least_costs(open);
            if (interrupt_.requested()) return Status::interrupted;
            std::vector<Arc> violated;
            for (std::size_t k = 0; k < open.size(); ++k) {
                const bool is_violated = least[k] < open[k].cost;
                open[k].cost = least[k];
                pricing_.learn(places[k], open[k]);
                if (is_violated) violated.push_back(open[k]);
            }
            // A row may have more arcs within the margin than one search returns: the rest is still to be checked.
            if (violated.empty() && !near.empty()) continue;
            if (violated.empty()) return Status::optimal;
            engine.add_arcs(violated);
            const Status status = engine.optimize(0.0, interrupt_);
            if (status != Status::optimal) return status;
        }
    }

    /// Potentials so high that an arc whose searched reduced cost is not negative is not violated.
    Potentials raised(Potentials potentials) const {
        for (std::size_t i = 0; i < potentials.u.size(); ++i)
            potentials.u[i] += cost_.row_margin(static_cast<std::int64_t>(i));
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
