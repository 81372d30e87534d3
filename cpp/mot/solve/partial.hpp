/// Exact partial transport: the cheapest plan of a given mass, or at a given price for mass that is left behind, or of
/// every mass.
///
/// One engine walks along the curve of least cost against mass; costs are searched for the arcs it may need next.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "mot/engines/partial_path.hpp"
#include "mot/solve/solution.hpp"
#include "mot/types/interrupt.hpp"
#include "mot/types/partial.hpp"

namespace mot {

/// Where the walk ends: at this mass, not in the unit of `Masses`; and before pairs that cost as much as this price.
struct PartialGoal {
    double mass = std::numeric_limits<double>::infinity();
    double price = std::numeric_limits<double>::infinity();
};

/// The curve of least cost against mass, up to the last goal.
struct PartialCurve {
    std::vector<Breakpoint> breakpoints;
    EntryPrices source_prices, target_prices;

    void lower_prices(double by) {
        for (Breakpoint& breakpoint : breakpoints) breakpoint.price -= by;
        for (EntryPrices* prices : {&source_prices, &target_prices})
            for (std::vector<double>* side : {&prices->first, &prices->all})
                for (double& price : *side) price -= by;
    }

    Status status = Status::interrupted;
};

/// The problem of the caller's masses, whose sums may differ, where nothing is paid for what is left behind.
PartialProblem partial_problem(const double* a, std::int64_t n_source, const double* b, std::int64_t n_target);

/// How many arcs and nodes the walk's pivots may look at for each entry of the costs before a single plan is sought in
/// another way, which takes about as long as so much of a walk. Ordinary walks look at fewer.
constexpr std::int64_t ordinary_work = 16;

/// One solution for each goal, each of which asks for no less than the one before. A solution is `infeasible` where so
/// much mass cannot be carried, and all behind it are. The curve, where it is wanted, is that of the whole walk,
/// however long it is.
template <class Cost>
std::vector<Solution> solve_partial(const Cost& cost, const PartialProblem& problem,
                                    const std::vector<PartialGoal>& goals, Interrupt& interrupt,
                                    PartialCurve* curve = nullptr, std::int64_t most_work = ordinary_work);

/// One plan towards a goal of which the price, if it is finite, is paid by source and target, half each. The price of
/// mass becomes part of the u: as in a full transport u_i + v_j <= cost_ij, and where mass is left behind on both sides
/// the price is the largest u and the largest v together.
template <class Cost>
Solution solve_towards(const Cost& cost, const Masses& masses, const PartialGoal& goal, Interrupt& interrupt);

}  // namespace mot
