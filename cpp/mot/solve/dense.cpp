#include "mot/solve/dense.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "mot/column_generation/candidates.hpp"
#include "mot/column_generation/column_generation.hpp"
#include "mot/costs/correlation_cost.hpp"
#include "mot/costs/given_cost.hpp"
#include "mot/costs/point_cost.hpp"
#include "mot/costs/reduced_cost.hpp"
#include "mot/costs/screened_cost.hpp"
#include "mot/engines/auction.hpp"
#include "mot/engines/dense_augmenting_path.hpp"
#include "mot/engines/few_sources.hpp"
#include "mot/engines/monge.hpp"
#include "mot/engines/network_simplex.hpp"
#include "mot/engines/semi_assignment.hpp"
#include "mot/engines/sparse_augmenting_path.hpp"
#include "mot/engines/starting_basis.hpp"
#include "mot/solve/exchanged.hpp"
#include "mot/solve/finish.hpp"
#include "mot/solve/found.hpp"
#include "mot/solve/magnification.hpp"
#include "mot/solve/sample.hpp"
#include "mot/solve/warm_start.hpp"

namespace mot {
namespace {

/// Smaller problems whose masses differ were measured to be solved faster from their cheapest arcs, and those whose
/// masses are equal from a hub.
constexpr std::int64_t fewest_units_for_auction = 500;

template <class Cost>
constexpr bool is_given_cost = std::is_same_v<Cost, GivenCost<typename Cost::Value>>;

/// Walks along orders of both sides, where costs have the Monge property in some: infeasible where they have not.
template <class Real>
Found walk_along_orders(const GivenCost<Real>& cost, const Masses& masses, Interrupt& interrupt) {
    Monge<Real> engine(masses, cost.stored());
    if (!engine.is_likely()) return {Status::infeasible, {}, {}};
    return found_by(engine.optimize(interrupt), engine);
}

/// Whether one side has so few units that the other's move between them one by one. Measured on forty families.
template <class Cost>
bool has_few_sources(const Cost& cost) {
    constexpr std::int64_t few = 24;
    constexpr std::int64_t targets_per_source = 8;
    const std::int64_t n_sources = std::min(cost.n_rows(), cost.n_columns());
    return n_sources <= few && targets_per_source * n_sources <= std::max(cost.n_rows(), cost.n_columns());
}

/// The rows are the few.
template <class Real>
Found move_between_rows(const GivenCost<Real>& cost, const Masses& masses, Interrupt& interrupt) {
    constexpr double most_to_move = 0.1;
    FewSources<Real> engine(masses, cost.stored());
    engine.serve(std::vector<double>(masses.source.size(), 0.0), interrupt);
    if (engine.surplus_share() > most_to_move && Sample<Real>::is_worthwhile(cost)) {
        std::vector<double> u = Sample<Real>(cost, masses).row_potentials(interrupt);
        if (!u.empty()) engine.serve(std::move(u), interrupt);
    }
    return found_by(engine.optimize(interrupt), engine);
}

template <class Real>
Found move_between_few(const GivenCost<Real>& cost, const Masses& masses, Interrupt& interrupt) {
    if (cost.n_rows() <= cost.n_columns()) return move_between_rows(cost, masses, interrupt);
    const Exchanged<Real> exchanged(cost, masses);
    return exchanged.exchanged(move_between_rows(exchanged.cost(), exchanged.masses(), interrupt));
}

/// Squares up to this many units are searched densely, whatever their costs: measured on forty families.
constexpr std::int64_t few_units_for_dense_search = 640;

/// Matches rows and columns of given costs by searches of all of them.
template <class Real>
Found match_given(const GivenCost<Real>& cost, const Masses& masses, Interrupt& interrupt) {
    DenseAugmentingPath<Real> dense(cost.stored());
    dense.match_reduced(dense.least_of_columns(interrupt), interrupt);
    if (dense.n_free() > 0) {
        Found found = walk_along_orders(cost, masses, interrupt);
        if (found.status != Status::infeasible) return found;
    }
    if (Sample<Real>::is_worthwhile(cost) && is_crowded(dense.n_free(), cost.n_rows())) {
        std::vector<double> v = Sample<Real>(cost, masses).column_potentials(interrupt);
        if (!v.empty()) dense.match_reduced(std::move(v), interrupt);
    }
    const Status status = dense.optimize(interrupt);
    if (status != Status::optimal) return {status, {}, {}};
    Plan plan;
    plan.source.resize(dense.column_of().size());
    std::iota(plan.source.begin(), plan.source.end(), Node{0});
    plan.target = dense.column_of();
    plan.mass.assign(plan.source.size(), masses.source.front());
    return {status, std::move(plan), dense.potentials()};
}

/// Searches all costs for the rows that are not matched yet.
template <class Cost>
Found search_densely(const Cost& cost, const Masses& masses, DenseAugmentingPath<typename Cost::Value>& dense,
                     Interrupt& interrupt) {
    const Status status = dense.optimize(interrupt);
    if (status != Status::optimal) return {status, {}, {}};
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
    return found_by(generation.run_on_exact_costs(engine), engine);
}

/// Searches all costs for every unit of the larger side.
template <class Cost>
Found assign_several(const Cost& cost, const Masses& masses, Interrupt& interrupt) {
    SemiAssignment<typename Cost::Value> dense(masses, cost.stored());
    const Status status = dense.optimize(0.0, interrupt);
    if (status != Status::optimal) return {status, {}, {}};
    const std::vector<Arc> placed = dense.arcs();
    SemiAssignment<double> engine(masses, dense.potentials(), placed);
    ColumnGeneration<Cost> generation(cost, placed, 0.0, interrupt);
    return found_by(generation.run_on_exact_costs(engine), engine);
}

/// Brings prices and plan near to the optimum in rounds of falling epsilon, and adds the arcs that are near to
/// violating the prices: those which the exact solver may need. Where the arcs have too little room for all mass,
/// prices rise until bidders wait, for arcs that are cheaper then. False if the auction failed.
template <class Cost>
bool hold_auction(Auction& auction, double spread, ColumnGeneration<Cost>& generation, std::vector<Arc>& arcs,
                  Interrupt& interrupt) {
    // Measured on forty families of 300 to 8,192 units, squares and up to 20 columns a row.
    constexpr double least_patience = 1.5, most_patience = 192;
    constexpr double most_left = 0.3, most_left_of_last = 0.7;
    const auto add_near_arcs = [&](double width) {
        const std::vector<Arc> near = generation.find_near_arcs(auction.potentials(), width);
        auction.add_arcs(near);
        arcs.insert(arcs.end(), near.begin(), near.end());
    };
    double left = 1.0;
    for (double patience = least_patience;; patience *= 2) {
        const bool is_placed = auction.run(coarse_epsilon * spread, interrupt, patience * spread);
        if (interrupt.requested()) return false;
        const double left_before = std::exchange(left, auction.share_left());
        const bool is_hopeless =
            left > most_left || left > most_left_of_last * left_before || patience >= most_patience;
        if (!is_placed && is_hopeless) return false;
        add_near_arcs(coarse_epsilon * spread);
        if (is_placed) break;
    }
    auction.run(fine_epsilon * spread, interrupt);
    add_near_arcs(fine_epsilon * spread);
    // Where a bid scans few arcs, further rounds cost little and save the simplex many pivots.
    if (auction.has_cheap_bids())
        for (const double finer : {fine_epsilon / 5, fine_epsilon / 25}) auction.run(finer * spread, interrupt);
    return true;
}

/// Starts from the cheapest arcs of every unit.
template <class Cost>
Found find_from_candidates(const Cost& cost, const Masses& masses, bool is_assignment, Interrupt& interrupt) {
    std::vector<Arc> arcs = select_candidates(cost, candidates_per_unit, interrupt);
    if (interrupt.requested()) return {};
    Auction auction(masses, arcs);
    const double spread = auction.spread(cost.scale());
    ColumnGeneration<Cost> generation(cost, arcs, fine_epsilon * spread, interrupt);
    const bool is_small = cost.n_rows() + cost.n_columns() < fewest_units_for_auction;
    const bool starts_from_hub = Cost::is_exact && is_small && masses.is_uniform && !is_assignment;
    const bool wants_auction = !starts_from_hub && (masses.is_uniform || !is_small);
    const bool has_prices = wants_auction && hold_auction(auction, spread, generation, arcs, interrupt);
    if (interrupt.requested()) return {};
    if constexpr (is_given_cost<Cost>)
        if (is_assignment && !has_prices) return match_given(cost, masses, interrupt);
    if (is_assignment && has_prices) {
        // The arcs hold a perfect matching: the auction found one.
        SparseAugmentingPath engine(masses, auction, arcs);
        return found_by(generation.run(engine), engine);
    }
    const auto cost_of = [&](Node i, Node j) { return cost.exact(i, j); };
    const double above_half = cost.scale() > 0 ? cost.scale() : 1.0;  // a way through the hub costs more than any arc
    const Basis basis = starts_from_hub ? star_basis(masses, above_half)
                        : has_prices    ? starting_basis(masses, auction, arcs, cost_of, interrupt)
                                        : starting_basis(masses, arcs, cost_of, interrupt);
    if (interrupt.requested()) return {};
    NetworkSimplex<> simplex(masses, basis);
    simplex.add_arcs(arcs);
    return found_by(generation.run(simplex), simplex);
}

/// Adds what costs were reduced by.
void add(const std::vector<double>& reduction, std::vector<double>& potentials) {
    for (std::size_t k = 0; k < potentials.size(); ++k) potentials[k] += reduction[k];
}

/// Starts from the arcs that are cheapest once costs are reduced by potentials, where that tells more than the costs.
template <class Real>
Found find_from_reduced_candidates(const GivenCost<Real>& cost, const Masses& masses, bool is_assignment,
                                   Interrupt& interrupt) {
    constexpr std::int64_t fewest_units_for_sample = 200;
    if (cost.n_rows() + cost.n_columns() < fewest_units_for_sample || !Sample<Real>::is_worthwhile(cost))
        return find_from_candidates(cost, masses, is_assignment, interrupt);
    std::vector<double> v = Sample<Real>(cost, masses).starting_potentials(interrupt);
    if (v.empty()) return find_from_candidates(cost, masses, is_assignment, interrupt);
    const ReducedCost<Real> reduced(cost, std::move(v), interrupt);
    Found found = find_from_candidates(reduced, masses, is_assignment, interrupt);
    if (found.status != Status::optimal) return found;
    add(reduced.potentials().u, found.potentials.u);
    add(reduced.potentials().v, found.potentials.v);
    return found;
}

/// Whether a search of all costs for every unit of the larger side is faster than column generation: measured on
/// random, geometric and correlation costs.
template <class Cost>
bool suits_semi_assignment(const Cost& cost, const Masses& masses) {
    constexpr std::int64_t few_units = 256;
    return SemiAssignment<double>::is_one(masses) && std::max(cost.n_rows(), cost.n_columns()) <= few_units;
}

template <class Cost>
Found find_optimum(const Cost& cost, const Masses& masses, Interrupt& interrupt, Method method) {
    const bool is_assignment = masses.is_uniform && cost.n_rows() == cost.n_columns() && method != Method::simplex;
    if constexpr (is_given_cost<Cost>)
        if (is_assignment && method == Method::automatic && cost.n_rows() <= few_units_for_dense_search)
            return match_given(cost, masses, interrupt);
    if (is_assignment && method == Method::automatic && cost.is_stored()) {
        using Dense = DenseAugmentingPath<typename Cost::Value>;
        const auto cheapest = Dense::cheapest_of_rows(cost, interrupt);
        Dense dense(cost.stored());
        dense.match_cheapest(cheapest, interrupt);
        if (dense.suits_dense_search()) return search_densely(cost, masses, dense, interrupt);
        if constexpr (is_given_cost<Cost>)
            if (dense.has_many_ties()) return match_given(cost, masses, interrupt);
    }
    if (!is_assignment && method == Method::automatic && suits_semi_assignment(cost, masses) && cost.is_stored())
        return assign_several(cost, masses, interrupt);
    if constexpr (is_given_cost<Cost>)
        if (method == Method::automatic) {
            Found found = walk_along_orders(cost, masses, interrupt);
            if (found.status == Status::infeasible && has_few_sources(cost))
                found = move_between_few(cost, masses, interrupt);
            if (found.status != Status::infeasible) return found;
            return find_from_reduced_candidates(cost, masses, is_assignment, interrupt);
        }
    return find_from_candidates(cost, masses, is_assignment, interrupt);
}

std::vector<Node> units_with_mass(const std::vector<double>& masses) {
    std::vector<Node> units;
    for (std::size_t k = 0; k < masses.size(); ++k)
        if (masses[k] > 0) units.push_back(static_cast<Node>(k));
    return units;
}

/// Solves for the units that have mass alone, as in images of something on an empty ground, where these are few.
template <class Real>
Found find_for_units_with_mass(const GivenCost<Real>& cost, const Masses& masses, Interrupt& interrupt) {
    const std::vector<Node> rows = units_with_mass(masses.source);
    const std::vector<Node> columns = units_with_mass(masses.target);
    const auto n_rows = static_cast<std::int64_t>(rows.size());
    const auto n_columns = static_cast<std::int64_t>(columns.size());
    const std::int64_t n_costs = n_rows * n_columns;
    if (4 * n_costs > 3 * cost.n_rows() * cost.n_columns() || n_costs > most_copied)
        return find_optimum(cost, masses, interrupt, Method::automatic);
    std::vector<Real> costs;
    costs.reserve(rows.size() * columns.size());
    for (const Node i : rows)
        for (const Node j : columns) costs.push_back(cost.stored()(i, j));
    std::vector<double> a, b;
    for (const Node i : rows) a.push_back(masses.source[index(i)]);
    for (const Node j : columns) b.push_back(masses.target[index(j)]);
    const GivenCost<Real> cost_of_some({costs.data(), n_rows, n_columns}, cost.scale());
    const Masses of_some = Masses::from_marginals(a.data(), n_rows, b.data(), n_columns);
    const Found some = find_optimum(cost_of_some, of_some, interrupt, Method::automatic);
    if (some.status != Status::optimal) return some;

    const double without_mass = -std::numeric_limits<double>::infinity();
    Found all{some.status,
              {},
              {std::vector<double>(masses.source.size(), without_mass),
               std::vector<double>(masses.target.size(), without_mass)}};
    for (std::size_t k = 0; k < some.plan.size(); ++k)
        all.plan.add(rows[index(some.plan.source[k])], columns[index(some.plan.target[k])],
                     some.plan.mass[k] * of_some.unit);
    for (std::size_t k = 0; k < rows.size(); ++k) all.potentials.u[index(rows[k])] = some.potentials.u[k];
    for (std::size_t k = 0; k < columns.size(); ++k) all.potentials.v[index(columns[k])] = some.potentials.v[k];
    return all;
}

template <class Cost>
Found find_for_all_units(const Cost& cost, const Masses& masses, Interrupt& interrupt, Method method) {
    if constexpr (is_given_cost<Cost>)
        if (method == Method::automatic) return find_for_units_with_mass(cost, masses, interrupt);
    return find_optimum(cost, masses, interrupt, method);
}

template <class Cost>
Solution solve_in_doubles(const Cost& cost, const Masses& masses, Interrupt& interrupt, Method method) {
    Found found = find_for_all_units(cost, masses, interrupt, method);
    if (found.status == Status::optimal)
        return finish(cost, masses, std::move(found.plan), std::move(found.potentials), interrupt);
    Solution unsolved;
    unsolved.status = found.status;
    return unsolved;
}

/// Whether potentials to start from can save time. Small problems are solved as fast without, and so are those that
/// have direct answers.
template <class Cost>
bool suits_warm_start(const Cost& cost, const Masses& masses) {
    constexpr std::int64_t few_units = 64;
    constexpr std::int64_t few_units_to_match = 400;
    const bool is_assignment = masses.is_uniform && cost.n_rows() == cost.n_columns();
    if (cost.n_rows() + cost.n_columns() <= (is_assignment ? few_units_to_match : few_units)) return false;
    if constexpr (is_given_cost<Cost>)
        return !has_few_sources(cost) && !Monge<typename Cost::Value>(masses, cost.stored()).is_likely();
    return true;
}

}  // namespace

template <class Cost>
Solution solve_dense(const Cost& cost, const Masses& masses, Interrupt& interrupt, Method method,
                     const Potentials* start) {
    if constexpr (std::is_same_v<Cost, GivenCost<double>>)
        if (needs_magnification(cost.scale())) {
            const std::vector<double> costs = magnified(cost.stored().data, cost.n_rows() * cost.n_columns());
            const GivenCost<double> larger({costs.data(), cost.n_rows(), cost.n_columns()},
                                           cost.scale() * magnification);
            if (!start) return reduced(solve_dense(larger, masses, interrupt, method));
            const Potentials start_of_larger = magnified(*start);
            return reduced(solve_dense(larger, masses, interrupt, method, &start_of_larger));
        }
    if (start && suits_warm_start(cost, masses))
        if (std::optional<Solution> solution = solve_from_potentials(cost, masses, *start, interrupt))
            return settle(cost, masses, std::move(*solution), interrupt);
    return settle(cost, masses, solve_in_doubles(cost, masses, interrupt, method), interrupt);
}

template Solution solve_dense(const GivenCost<float>&, const Masses&, Interrupt&, Method, const Potentials*);
template Solution solve_dense(const GivenCost<double>&, const Masses&, Interrupt&, Method, const Potentials*);
template Solution solve_dense(const CorrelationCost<float>&, const Masses&, Interrupt&, Method, const Potentials*);
template Solution solve_dense(const CorrelationCost<double>&, const Masses&, Interrupt&, Method, const Potentials*);
template Solution solve_dense(const PointCost<float>&, const Masses&, Interrupt&, Method, const Potentials*);
template Solution solve_dense(const PointCost<double>&, const Masses&, Interrupt&, Method, const Potentials*);
template Solution solve_dense(const ScreenedCost&, const Masses&, Interrupt&, Method, const Potentials*);

}  // namespace mot
