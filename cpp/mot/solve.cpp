#include "mot/solve.hpp"

#include <algorithm>
#include <limits>
#include <numeric>
#include <type_traits>
#include <utility>

#include "mot/assignment.hpp"
#include "mot/auction.hpp"
#include "mot/candidates.hpp"
#include "mot/certificate.hpp"
#include "mot/cost.hpp"
#include "mot/dense_assignment.hpp"
#include "mot/finish.hpp"
#include "mot/network_simplex.hpp"
#include "mot/pricing.hpp"
#include "mot/starting_basis.hpp"

namespace mot {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr int candidates_per_unit = 12;
/// Smaller problems with masses of all sizes are solved faster from their cheapest arcs: measured.
constexpr std::int64_t fewest_for_auction = 1000;
/// Epsilons of the auction, in spreads of a source's candidate costs: measured from 32 to 7,296 units.
constexpr double coarse = 0.2;
constexpr double middle = 0.03;
constexpr double fine = 0.006;

/// Rounding of a sum of a few costs along the tree; far below what the certificate allows.
template <class Cost>
double reduced_cost_tolerance(const Cost& cost) {
    return 256 * std::numeric_limits<double>::epsilon() * cost.scale();
}

/// A unit without mass took no part; its potential is the largest that leaves no arc violated.
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
            least[k] = std::min(least[k], static_cast<double>(row[open[k]]) - u[row_of(i)]);
    });
    for (std::size_t k = 0; k < open.size(); ++k) v[open[k]] = least[k];

    const auto is_open = [&](std::int64_t i) { return u[row_of(i)] == -infinity; };
    cost.for_each_row(interrupt, is_open, [&](std::int64_t i, const typename Cost::Value* row) {
        u[row_of(i)] = infinity;
        for (std::size_t j = 0; j < v.size(); ++j)
            u[row_of(i)] = std::min(u[row_of(i)], static_cast<double>(row[j]) - v[j]);
    });
}

/// What remains once the plan is found: mass in the caller's unit, potentials of all units, and the proof.
template <class Cost>
Solution finished(const Cost& cost, const Masses& masses, Solution solution, Interrupt& interrupt) {
    for (double& mass : solution.mass) mass *= masses.unit;
    sort_arcs(solution);
    complete_potentials(cost, solution.potentials, interrupt);
    centre_potentials(masses, solution.potentials);
    if (cost.scale() == 0.0) forget_potentials(solution.potentials);
    solution.certificate = certify(cost, masses, solution, interrupt);
    if (interrupt.requested()) return {};
    solution.cost = solution.certificate.primal;
    if (!solution.certificate.is_optimal()) solution.status = Status::not_proven;
    return solution;
}

Solution finish_dense(DenseAssignment& assignment, const GivenCost<double>& cost, const Masses& masses,
                      Interrupt& interrupt) {
    Solution solution;
    solution.status = assignment.search(interrupt);
    if (solution.status != Status::optimal) return solution;

    solution.target = assignment.column_of();
    solution.source.resize(solution.target.size());
    std::iota(solution.source.begin(), solution.source.end(), Node{0});
    solution.mass.assign(solution.target.size(), masses.source.front());
    solution.potentials = assignment.potentials();
    return finished(cost, masses, std::move(solution), interrupt);
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

/// Column generation on one problem: what its steps share.
template <class Cost>
class Solve {
public:
    Solve(const Cost& cost, const Masses& masses, std::vector<Arc> arcs, Interrupt& interrupt)
        : cost_(cost),
          masses_(masses),
          interrupt_(interrupt),
          tolerance_(reduced_cost_tolerance(cost)),
          arcs_(std::move(arcs)),
          pricing_(cost, arcs_),
          auction_(masses, arcs_),
          spread_(auction_.spread()) {
        // All candidates of most units are equally cheap: any epsilon will do.
        if (!(spread_ > 0)) spread_ = cost.scale() > 0 ? cost.scale() : 1.0;
    }

    Solution run(Method method) {
        const bool is_assignment = masses_.is_uniform && cost_.n_rows() == cost_.n_columns();
        const bool holds_auction = masses_.is_uniform || cost_.n_rows() + cost_.n_columns() >= fewest_for_auction;
        if (holds_auction) hold_auction();
        if (interrupt_.requested()) return {};
        if (is_assignment && method != Method::simplex) {
            Assignment assignment(masses_, auction_, with_diagonal(cost_, arcs_));
            return finish(assignment);
        }
        const auto cost_of = [this](Node i, Node j) { return cost_.exact(i, j); };
        NetworkSimplex simplex(masses_, holds_auction ? starting_basis(masses_, auction_, arcs_, cost_of)
                                                      : starting_basis(masses_, arcs_, cost_of));
        simplex.add_arcs(arcs_);
        return finish(simplex);
    }

private:
    /// Brings prices and plan near to the optimum in rounds of falling epsilon, and adds the arcs near to violating the
    /// prices: those on which the exact solver may come to stand.
    void hold_auction() {
        auction_.run(coarse * spread_, interrupt_);
        add_near_arcs(coarse);
        auction_.run(middle * spread_, interrupt_);
        auction_.run(fine * spread_, interrupt_);
        add_near_arcs(middle);
    }

    void add_near_arcs(double width) {
        const auto near = pricing_.find_near_arcs(auction_.potentials(), width * spread_, width * spread_, interrupt_);
        auction_.add_arcs(near);
        arcs_.insert(arcs_.end(), near.begin(), near.end());
    }

    template <class Engine>
    Solution finish(Engine& engine) {
        Solution solution;
        solution.status = solve_on_searched_costs(engine);
        if (solution.status == Status::optimal && cost_.margin() > 0) solution.status = solve_on_exact_costs(engine);
        if (solution.status != Status::optimal) return solution;

        engine.plan(solution.source, solution.target, solution.mass);
        solution.potentials = engine.potentials();
        return finished(cost_, masses_, std::move(solution), interrupt_);
    }

    template <class Engine>
    Status solve_on_searched_costs(Engine& engine) {
        while (true) {
            const Status status = engine.optimize(tolerance_, interrupt_);
            if (status != Status::optimal) return status;
            const Potentials potentials = engine.potentials();
            const auto near = pricing_.find_near_arcs(potentials, -tolerance_, middle * spread_, interrupt_);
            if (interrupt_.requested()) return Status::interrupted;
            const auto is_violated = [&](const Arc& arc) {
                return arc.cost - potentials.u[static_cast<std::size_t>(arc.source)] -
                           potentials.v[static_cast<std::size_t>(arc.target)] <
                       -tolerance_;
            };
            if (std::none_of(near.begin(), near.end(), is_violated)) return Status::optimal;
            engine.add_arcs(near);
        }
    }

    /// Goes on to the optimum of the exact costs: arcs within the margin are judged by their exact cost.
    template <class Engine>
    Status solve_on_exact_costs(Engine& engine) {
        engine.replace_costs([this](Node i, Node j) { return cost_.exact(i, j); });
        while (true) {
            const Potentials potentials = engine.potentials();
            const auto near =
                pricing_.find_near_arcs(potentials, cost_.margin(), cost_.margin() + middle * spread_, interrupt_);
            if (interrupt_.requested()) return Status::interrupted;
            const auto violated = pricing_.find_violated_exactly(potentials, tolerance_);
            // A row may have more arcs within the margin than it gave away: they are still to be judged.
            if (violated.empty() && !near.empty()) continue;
            if (violated.empty()) return Status::optimal;
            engine.add_arcs(violated);
            const Status status = engine.optimize(tolerance_, interrupt_);
            if (status != Status::optimal) return status;
        }
    }

    const Cost& cost_;
    const Masses& masses_;
    Interrupt& interrupt_;
    double tolerance_;
    std::vector<Arc> arcs_;
    Pricing<Cost> pricing_;
    Auction auction_;
    double spread_;
};
}  // namespace

template <class Cost>
Solution solve(const Cost& cost, const Masses& masses, Interrupt& interrupt, Method method) {
    const bool is_assignment = masses.is_uniform && cost.n_rows() == cost.n_columns();
    if constexpr (std::is_same_v<Cost, GivenCost<double>>)
        if (is_assignment && method == Method::automatic) {
            DenseAssignment assignment(cost.matrix());
            assignment.take_cheapest();
            if (assignment.is_nearly_done()) return finish_dense(assignment, cost, masses, interrupt);
        }
    std::vector<Arc> arcs = select_candidates(cost, candidates_per_unit, interrupt);
    if (interrupt.requested()) return {};
    return Solve<Cost>(cost, masses, std::move(arcs), interrupt).run(method);
}

template <class Cost>
Solution solve(const Cost& cost, const Masses& masses, Interrupt& interrupt) {
    return solve(cost, masses, interrupt, Method::automatic);
}

template Solution solve(const GivenCost<float>&, const Masses&, Interrupt&);
template Solution solve(const GivenCost<double>&, const Masses&, Interrupt&);
template Solution solve(const CorrelationCost&, const Masses&, Interrupt&);
template Solution solve(const GivenCost<float>&, const Masses&, Interrupt&, Method);
template Solution solve(const GivenCost<double>&, const Masses&, Interrupt&, Method);
template Solution solve(const CorrelationCost&, const Masses&, Interrupt&, Method);

}  // namespace mot
