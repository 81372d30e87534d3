#include "mot/solve/dense.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>
#include <utility>
#include <vector>

#include "mot/certificates/certificate.hpp"
#include "mot/column_generation/candidates.hpp"
#include "mot/column_generation/pricing.hpp"
#include "mot/costs/cost.hpp"
#include "mot/engines/auction.hpp"
#include "mot/engines/dense_augmenting_path.hpp"
#include "mot/engines/network_simplex.hpp"
#include "mot/engines/sparse_augmenting_path.hpp"
#include "mot/engines/starting_basis.hpp"
#include "mot/solve/finish.hpp"
#include "mot/solve/refine.hpp"

namespace mot {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr int candidates_per_unit = 12;
/// Smaller problems with masses of all sizes are solved faster from their cheapest arcs: measured.
constexpr std::int64_t fewest_for_auction = 500;

/// What sums of a few costs along a tree round to, at potentials as large as these.
double rounding_of(const Potentials& potentials) {
    double largest = 0;
    for (const std::vector<double>* side : {&potentials.u, &potentials.v})
        for (const double potential : *side)
            if (potential > -infinity) largest = std::max(largest, std::abs(potential));
    return 128 * std::numeric_limits<double>::epsilon() * largest;
}

/// A unit without mass took no part; its potential is the largest that surely leaves no arc violated: the searched
/// costs may be above the exact ones by the margin.
template <class Cost>
void complete_potentials(const Cost& cost, Potentials& potentials, Interrupt& interrupt) {
    std::vector<double>& u = potentials.u;
    std::vector<double>& v = potentials.v;
    const auto row_of = [](std::int64_t i) { return static_cast<std::size_t>(i); };
    std::vector<std::size_t> open;
    for (std::size_t j = 0; j < v.size(); ++j)
        if (v[j] == -infinity) open.push_back(j);
    std::vector<double> least(open.size(), infinity);
    const auto has_mass = [&](std::int64_t i) { return !open.empty() && u[row_of(i)] != -infinity; };
    cost.for_each_row(interrupt, has_mass, [&](std::int64_t i, const typename Cost::Value* row) {
        for (std::size_t k = 0; k < open.size(); ++k)
            least[k] = std::min(least[k], below(static_cast<double>(row[open[k]]), u[row_of(i)]));
    });
    for (std::size_t k = 0; k < open.size(); ++k) v[open[k]] = least[k] - cost.margin();

    const auto is_open = [&](std::int64_t i) { return u[row_of(i)] == -infinity; };
    cost.for_each_row(interrupt, is_open, [&](std::int64_t i, const typename Cost::Value* row) {
        u[row_of(i)] = infinity;
        for (std::size_t j = 0; j < v.size(); ++j)
            u[row_of(i)] = std::min(u[row_of(i)], below(static_cast<double>(row[j]), v[j]) - cost.margin());
    });
}

/// What remains once the plan is found: mass in the caller's unit, potentials of all units, and the proof.
template <class Cost>
Solution finished(const Cost& cost, const Masses& masses, Solution solution, Interrupt& interrupt) {
    for (double& mass : solution.mass) mass *= masses.unit;
    sort_arcs(solution);
    centre_potentials(masses, solution.potentials);
    complete_potentials(cost, solution.potentials, interrupt);
    if (cost.scale() == 0.0) forget_potentials(solution.potentials);
    solution.certificate = certify(cost, masses, solution, interrupt);
    if (interrupt.requested()) return {};
    solution.cost = solution.certificate.primal;
    if (!solution.certificate.is_optimal()) solution.status = Status::not_proven;
    return solution;
}

/// Shows an engine, round by round, the arcs of the dense problem that its potentials leave violated.
template <class Cost>
class ColumnGeneration {
public:
    /// Arcs with a reduced cost below `width` come along with the violated ones.
    ColumnGeneration(const Cost& cost, const Masses& masses, const std::vector<Arc>& known, double width,
                     Interrupt& interrupt)
        : cost_(cost), masses_(masses), interrupt_(interrupt), width_(width), pricing_(cost, known) {}

    /// Arcs not known yet that the potentials leave nearly violated: a reduced cost below `width`.
    std::vector<Arc> find_near_arcs(const Potentials& potentials, double width) {
        return pricing_.find_near_arcs(potentials, width, width, interrupt_);
    }

    template <class Engine>
    Solution finish(Engine& engine) {
        Solution solution;
        solution.status = solve_on_searched_costs(engine);
        return solution.status == Status::optimal ? finish_on_exact_costs(engine) : solution;
    }

    /// From where the engine is optimal on the searched costs of all arcs.
    template <class Engine>
    Solution finish_on_exact_costs(Engine& engine) {
        Solution solution;
        solution.status = cost_.margin() > 0 ? solve_on_exact_costs(engine) : Status::optimal;
        if (solution.status != Status::optimal) return solution;
        engine.plan(solution.source, solution.target, solution.mass);
        solution.potentials = engine.potentials();
        return finished(cost_, masses_, std::move(solution), interrupt_);
    }

private:
    template <class Engine>
    Status solve_on_searched_costs(Engine& engine) {
        while (true) {
            const Status status = engine.optimize(0.0, interrupt_);
            if (status != Status::optimal) return status;
            const Potentials potentials = engine.potentials();
            const double tolerance = rounding_of(potentials);
            const auto near = pricing_.find_near_arcs(potentials, -tolerance, width_, interrupt_);
            if (interrupt_.requested()) return Status::interrupted;
            const auto is_violated = [&](const Arc& arc) {
                return arc.cost - potentials.u[static_cast<std::size_t>(arc.source)] -
                           potentials.v[static_cast<std::size_t>(arc.target)] <
                       -tolerance;
            };
            if (std::none_of(near.begin(), near.end(), is_violated)) return Status::optimal;
            // Many arcs within what rounding does to them: rounds would go on for long over that alone.
            if (cost_.margin() > 0 && static_cast<std::int64_t>(near.size()) > cost_.n_rows() &&
                pricing_.n_within_margin(potentials) > cost_.most_judged())
                return Status::undecided;
            engine.add_arcs(near);
        }
    }

    /// Goes on to the optimum of the exact costs: arcs within the margin are judged by their exact cost.
    template <class Engine>
    Status solve_on_exact_costs(Engine& engine) {
        engine.replace_costs([this](Node i, Node j) { return cost_.exact(i, j); });
        while (true) {
            const Potentials potentials = engine.potentials();
            const auto near = pricing_.find_near_arcs(potentials, cost_.margin(), cost_.margin() + width_, interrupt_);
            if (interrupt_.requested()) return Status::interrupted;
            if (pricing_.n_within_margin(potentials) > cost_.most_judged()) return Status::undecided;
            const auto violated = pricing_.find_violated_exactly(potentials, rounding_of(potentials));
            // A row may have more arcs within the margin than it gave away: they are still to be judged.
            if (violated.empty() && !near.empty()) continue;
            if (violated.empty()) return Status::optimal;
            engine.add_arcs(violated);
            const Status status = engine.optimize(0.0, interrupt_);
            if (status != Status::optimal) return status;
        }
    }

    const Cost& cost_;
    const Masses& masses_;
    Interrupt& interrupt_;
    double width_;
    Pricing<Cost> pricing_;
};

/// Searches all costs for what is not matched yet.
template <class Cost>
Solution solve_densely(const Cost& cost, const Masses& masses, DenseAssignment<typename Cost::Value>& dense,
                       Interrupt& interrupt) {
    Solution solution;
    solution.status = dense.search(interrupt);
    if (solution.status != Status::optimal) return solution;
    std::vector<Arc> matched;
    for (Node i = 0; i < cost.n_rows(); ++i) {
        const Node j = dense.column_of()[static_cast<std::size_t>(i)];
        matched.push_back({i, j, static_cast<double>(cost.stored()(i, j))});
    }
    Assignment assignment(masses, dense.potentials().v, matched, matched);
    ColumnGeneration<Cost> generation(cost, masses, matched, cost.margin(), interrupt);
    return generation.finish_on_exact_costs(assignment);
}

/// The diagonal makes sure that an assignment has a perfect matching.
template <class Cost>
std::vector<Arc> with_diagonal(const Cost& cost, const std::vector<Arc>& arcs) {
    std::vector<bool> has_diagonal(static_cast<std::size_t>(cost.n_rows()), false);
    for (const Arc& arc : arcs)
        if (arc.source == arc.target) has_diagonal[static_cast<std::size_t>(arc.source)] = true;
    std::vector<Arc> result = arcs;
    for (Node i = 0; i < cost.n_rows(); ++i)
        if (!has_diagonal[static_cast<std::size_t>(i)]) result.push_back({i, i, cost.exact(i, i)});
    return result;
}

/// Brings prices and plan near to the optimum in rounds of falling epsilon, and adds the arcs near to violating the
/// prices: those on which the exact solver may come to stand. False if it came to nothing.
template <class Cost>
bool hold_auction(Auction& auction, double spread, ColumnGeneration<Cost>& generation, std::vector<Arc>& arcs,
                  Interrupt& interrupt) {
    const auto add_near_arcs = [&](double width) {
        const std::vector<Arc> near = generation.find_near_arcs(auction.potentials(), width);
        auction.add_arcs(near);
        arcs.insert(arcs.end(), near.begin(), near.end());
    };
    if (!auction.run(coarse * spread, interrupt)) return false;
    add_near_arcs(coarse * spread);
    auction.run(fine * spread, interrupt);
    add_near_arcs(fine * spread);
    // With a bid that looks at few arcs it is cheap to come nearer, and it saves the simplex many pivots.
    if (auction.bids_are_cheap())
        for (const double finer : {fine / 5, fine / 25}) auction.run(finer * spread, interrupt);
    return true;
}

/// Starts from the cheapest arcs of every unit.
template <class Cost>
Solution solve_on_candidates(const Cost& cost, const Masses& masses, bool is_assignment, Interrupt& interrupt) {
    std::vector<Arc> arcs = select_candidates(cost, candidates_per_unit, interrupt);
    if (interrupt.requested()) return {};
    Auction auction(masses, arcs);
    const double spread = auction.spread(cost.scale());
    ColumnGeneration<Cost> generation(cost, masses, arcs, fine * spread, interrupt);
    const bool wants_auction = masses.is_uniform || cost.n_rows() + cost.n_columns() >= fewest_for_auction;
    const bool has_prices = wants_auction && hold_auction(auction, spread, generation, arcs, interrupt);
    if (interrupt.requested()) return {};
    if (is_assignment && has_prices) {
        Assignment assignment(masses, auction, with_diagonal(cost, arcs));
        return generation.finish(assignment);
    }
    const auto cost_of = [&](Node i, Node j) { return cost.exact(i, j); };
    const Basis basis = has_prices ? starting_basis(masses, auction, arcs, cost_of, interrupt)
                                   : starting_basis(masses, arcs, cost_of, interrupt);
    if (interrupt.requested()) return {};
    NetworkSimplex<> simplex(masses, basis);
    simplex.add_arcs(arcs);
    return generation.finish(simplex);
}

template <class Cost>
Solution solve_in_doubles(const Cost& cost, const Masses& masses, Interrupt& interrupt, Method method) {
    const bool is_assignment = masses.is_uniform && cost.n_rows() == cost.n_columns() && method != Method::simplex;
    if (is_assignment && method == Method::automatic && cost.stored().data) {
        DenseAssignment<typename Cost::Value> dense(cost.stored());
        dense.take_cheapest(interrupt);
        if (dense.suits_search()) return solve_densely(cost, masses, dense, interrupt);
    }
    return solve_on_candidates(cost, masses, is_assignment, interrupt);
}

/// What the certificate of an answer in doubles does not settle is refined.
template <class Real>
Solution settled(const GivenCost<Real>& cost, const Masses& masses, Solution solution, Interrupt& interrupt) {
    if (solution.status == Status::interrupted || is_settled(cost, masses, solution, interrupt)) return solution;
    solution = refine(cost, masses, solution, interrupt);
    return solution.status == Status::optimal ? finished(cost, masses, std::move(solution), interrupt) : solution;
}
/// Correlations are known to their rounding only.
template <class Real>
Solution settled(const LayerCost<Real>&, const Masses&, Solution solution, Interrupt&) {
    return solution;
}

}  // namespace

template <class Cost>
Solution solve(const Cost& cost, const Masses& masses, Interrupt& interrupt, Method method) {
    if constexpr (std::is_same_v<Cost, GivenCost<double>>)
        if (cost.scale() > 0 && cost.scale() < least_cost_scale) {
            const double* const first = cost.stored().data;
            std::vector<double> magnified(first, first + cost.n_rows() * cost.n_columns());
            for (double& value : magnified) value *= magnification;
            const GivenCost<double> larger({magnified.data(), cost.n_rows(), cost.n_columns()},
                                           cost.scale() * magnification);
            Solution solution = solve(larger, masses, interrupt, method);
            reduce(solution);
            return solution;
        }
    return settled(cost, masses, solve_in_doubles(cost, masses, interrupt, method), interrupt);
}

template <class Cost>
Solution solve(const Cost& cost, const Masses& masses, Interrupt& interrupt) {
    return solve(cost, masses, interrupt, Method::automatic);
}

Solution solve(const StandardizedLayer& source, const StandardizedLayer& target, const Masses& masses,
               Workshop& workshop, Interrupt& interrupt, Method method) {
    {
        const CorrelationCost cost(source, target, workshop, interrupt);
        if (interrupt.requested()) return {};
        Solution solution = solve(cost, masses, interrupt, method);
        if (solution.status != Status::undecided) return solution;
    }
    const ExactCorrelationCost cost(source, target, workshop, interrupt);
    if (interrupt.requested()) return {};
    return solve(cost, masses, interrupt, method);
}

template Solution solve(const GivenCost<float>&, const Masses&, Interrupt&);
template Solution solve(const GivenCost<double>&, const Masses&, Interrupt&);
template Solution solve(const CorrelationCost&, const Masses&, Interrupt&);
template Solution solve(const ExactCorrelationCost&, const Masses&, Interrupt&);
template Solution solve(const GivenCost<float>&, const Masses&, Interrupt&, Method);
template Solution solve(const GivenCost<double>&, const Masses&, Interrupt&, Method);
template Solution solve(const CorrelationCost&, const Masses&, Interrupt&, Method);
template Solution solve(const ExactCorrelationCost&, const Masses&, Interrupt&, Method);

}  // namespace mot
