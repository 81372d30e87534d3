#include "mot/solve/dense.hpp"

#include <algorithm>
#include <cstddef>
#include <type_traits>
#include <vector>

#include "mot/column_generation/candidates.hpp"
#include "mot/column_generation/column_generation.hpp"
#include "mot/costs/correlation_cost.hpp"
#include "mot/costs/given_cost.hpp"
#include "mot/costs/point_cost.hpp"
#include "mot/costs/screened_cost.hpp"
#include "mot/engines/auction.hpp"
#include "mot/engines/dense_augmenting_path.hpp"
#include "mot/engines/network_simplex.hpp"
#include "mot/engines/semi_assignment.hpp"
#include "mot/engines/sparse_augmenting_path.hpp"
#include "mot/engines/starting_basis.hpp"
#include "mot/solve/finish.hpp"
#include "mot/solve/magnification.hpp"

namespace mot {
namespace {

/// Smaller problems whose masses differ were measured to be solved faster from their cheapest arcs.
constexpr std::int64_t fewest_units_for_auction = 500;

Solution unsolved(Status status) {
    Solution solution;
    solution.status = status;
    return solution;
}

/// Finishes what an engine found, if it found something.
template <class Cost, class Engine>
Solution finish_engine(const Cost& cost, const Masses& masses, Status status, const Engine& engine,
                       Interrupt& interrupt) {
    if (status != Status::optimal) return unsolved(status);
    return finish(cost, masses, engine.plan(), engine.potentials(), interrupt);
}

/// Searches all costs for the rows that are not matched yet.
template <class Cost>
Solution solve_by_dense_search(const Cost& cost, const Masses& masses, DenseAugmentingPath<typename Cost::Value>& dense,
                               Interrupt& interrupt) {
    const Status status = dense.optimize(interrupt);
    if (status != Status::optimal) return unsolved(status);
    // Rounded costs have margins so wide that fewer arcs within them are worth it.
    if constexpr (std::is_same_v<typename Cost::Value, FixedCost>) dense.centre_potentials(interrupt);
    std::vector<Arc> matched;
    const auto stored = cost.stored();
    for (Node i = 0; i < cost.n_rows(); ++i) {
        const Node j = dense.column_of()[index(i)];
        matched.push_back({i, j, cost_of(stored(i, j))});
    }
    SparseAugmentingPath engine(masses, dense.potentials().v, matched, matched);
    ColumnGeneration<Cost> generation(cost, matched, 0.0, interrupt);
    return finish_engine(cost, masses, generation.run_on_exact_costs(engine), engine, interrupt);
}

/// Searches all costs for every unit of the larger side.
template <class Cost>
Solution solve_semi_assignment(const Cost& cost, const Masses& masses, Interrupt& interrupt) {
    SemiAssignment<typename Cost::Value> dense(masses, cost.stored());
    const Status status = dense.optimize(0.0, interrupt);
    if (status != Status::optimal) return unsolved(status);
    const std::vector<Arc> placed = dense.arcs();
    SemiAssignment<double> engine(masses, dense.potentials(), placed);
    ColumnGeneration<Cost> generation(cost, placed, 0.0, interrupt);
    return finish_engine(cost, masses, generation.run_on_exact_costs(engine), engine, interrupt);
}

/// Brings prices and plan near to the optimum in rounds of falling epsilon, and adds the arcs that are near to
/// violating the prices: those which the exact solver may need. False if the auction failed.
template <class Cost>
bool hold_auction(Auction& auction, double spread, ColumnGeneration<Cost>& generation, std::vector<Arc>& arcs,
                  Interrupt& interrupt) {
    const auto add_near_arcs = [&](double width) {
        const std::vector<Arc> near = generation.find_near_arcs(auction.potentials(), width);
        auction.add_arcs(near);
        arcs.insert(arcs.end(), near.begin(), near.end());
    };
    if (!auction.run(coarse_epsilon * spread, interrupt)) return false;
    add_near_arcs(coarse_epsilon * spread);
    auction.run(fine_epsilon * spread, interrupt);
    add_near_arcs(fine_epsilon * spread);
    // Where a bid scans few arcs, further rounds cost little and save the simplex many pivots.
    if (auction.has_cheap_bids())
        for (const double finer : {fine_epsilon / 5, fine_epsilon / 25}) auction.run(finer * spread, interrupt);
    return true;
}

/// Starts from the cheapest arcs of every unit.
template <class Cost>
Solution solve_from_candidates(const Cost& cost, const Masses& masses, bool is_assignment, Interrupt& interrupt) {
    std::vector<Arc> arcs = select_candidates(cost, candidates_per_unit, interrupt);
    if (interrupt.requested()) return {};
    Auction auction(masses, arcs);
    const double spread = auction.spread(cost.scale());
    ColumnGeneration<Cost> generation(cost, arcs, fine_epsilon * spread, interrupt);
    const bool wants_auction = masses.is_uniform || cost.n_rows() + cost.n_columns() >= fewest_units_for_auction;
    const bool has_prices = wants_auction && hold_auction(auction, spread, generation, arcs, interrupt);
    if (interrupt.requested()) return {};
    if (is_assignment && has_prices) {
        // The arcs hold a perfect matching: the auction found one.
        SparseAugmentingPath engine(masses, auction, arcs);
        return finish_engine(cost, masses, generation.run(engine), engine, interrupt);
    }
    const auto cost_of = [&](Node i, Node j) { return cost.exact(i, j); };
    const Basis basis = has_prices ? starting_basis(masses, auction, arcs, cost_of, interrupt)
                                   : starting_basis(masses, arcs, cost_of, interrupt);
    if (interrupt.requested()) return {};
    NetworkSimplex<> simplex(masses, basis);
    simplex.add_arcs(arcs);
    return finish_engine(cost, masses, generation.run(simplex), simplex, interrupt);
}

/// Whether a search of all costs for every unit of the larger side is faster than column generation: measured on
/// random, geometric and correlation costs.
template <class Cost>
bool suits_semi_assignment(const Cost& cost, const Masses& masses) {
    constexpr std::int64_t few_units = 256;
    return SemiAssignment<double>::is_one(masses) && std::max(cost.n_rows(), cost.n_columns()) <= few_units;
}

template <class Cost>
Solution solve_in_doubles(const Cost& cost, const Masses& masses, Interrupt& interrupt, Method method) {
    const bool is_assignment = masses.is_uniform && cost.n_rows() == cost.n_columns() && method != Method::simplex;
    if (is_assignment && method == Method::automatic && cost.is_stored()) {
        using Dense = DenseAugmentingPath<typename Cost::Value>;
        const auto cheapest = Dense::cheapest_of_rows(cost, interrupt);
        Dense dense(cost.stored());
        dense.match_cheapest(cheapest, interrupt);
        if (dense.suits_dense_search()) return solve_by_dense_search(cost, masses, dense, interrupt);
    }
    if (!is_assignment && method == Method::automatic && suits_semi_assignment(cost, masses) && cost.is_stored())
        return solve_semi_assignment(cost, masses, interrupt);
    return solve_from_candidates(cost, masses, is_assignment, interrupt);
}

}  // namespace

template <class Cost>
Solution solve_dense(const Cost& cost, const Masses& masses, Interrupt& interrupt, Method method) {
    if constexpr (std::is_same_v<Cost, GivenCost<double>>)
        if (needs_magnification(cost.scale())) {
            const std::vector<double> costs = magnified(cost.stored().data, cost.n_rows() * cost.n_columns());
            const GivenCost<double> larger({costs.data(), cost.n_rows(), cost.n_columns()},
                                           cost.scale() * magnification);
            return reduced(solve_dense(larger, masses, interrupt, method));
        }
    return settle(cost, masses, solve_in_doubles(cost, masses, interrupt, method), interrupt);
}

template Solution solve_dense(const GivenCost<float>&, const Masses&, Interrupt&, Method);
template Solution solve_dense(const GivenCost<double>&, const Masses&, Interrupt&, Method);
template Solution solve_dense(const CorrelationCost<float>&, const Masses&, Interrupt&, Method);
template Solution solve_dense(const CorrelationCost<double>&, const Masses&, Interrupt&, Method);
template Solution solve_dense(const PointCost<float>&, const Masses&, Interrupt&, Method);
template Solution solve_dense(const PointCost<double>&, const Masses&, Interrupt&, Method);
template Solution solve_dense(const ScreenedCost&, const Masses&, Interrupt&, Method);

}  // namespace mot
