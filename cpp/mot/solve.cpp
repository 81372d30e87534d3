#include "mot/solve.hpp"

#include <algorithm>
#include <limits>
#include <numeric>
#include <type_traits>

#include "mot/assignment.hpp"
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

constexpr int candidates_per_unit = 16;
constexpr std::int64_t violated_per_source = 16;
constexpr std::int64_t no_limit = std::numeric_limits<std::int64_t>::max();

/// Rounding of a sum of a few costs along the tree; far below what the certificate allows.
template <class Cost>
double reduced_cost_tolerance(const Cost& cost) {
    return 256 * std::numeric_limits<double>::epsilon() * cost.scale();
}

/// Solves for the searched matrix.
template <class Engine, class Cost>
Status solve_on_matrix(Engine& engine, const Cost& cost, Interrupt& interrupt) {
    const double tolerance = reduced_cost_tolerance(cost);
    while (true) {
        const Status status = engine.optimize(tolerance, interrupt);
        if (status != Status::optimal) return status;
        const auto violated = find_violated_arcs(cost.matrix(), engine.potentials(), -tolerance, violated_per_source);
        if (violated.empty()) return Status::optimal;
        if (interrupt.requested()) return Status::interrupted;
        engine.add_arcs(violated);
    }
}

/// Goes on to the optimum of the exact costs: arcs within the margin are judged by their exact cost.
template <class Engine, class Cost>
Status solve_on_exact_costs(Engine& engine, const Cost& cost, Interrupt& interrupt) {
    const double tolerance = reduced_cost_tolerance(cost);
    engine.replace_costs([&](Node i, Node j) { return cost.exact(i, j); });
    while (true) {
        const Potentials potentials = engine.potentials();
        std::vector<Arc> violated;
        for (const Arc& arc : find_violated_arcs(cost.matrix(), potentials, cost.margin(), no_limit)) {
            const double exact = cost.exact(arc.source, arc.target);
            const double u = potentials.u[static_cast<std::size_t>(arc.source)];
            const double v = potentials.v[static_cast<std::size_t>(arc.target)];
            if (exact - u - v < -tolerance) violated.push_back({arc.source, arc.target, exact});
        }
        if (violated.empty()) return Status::optimal;
        if (interrupt.requested()) return Status::interrupted;
        engine.add_arcs(violated);
        const Status status = engine.optimize(tolerance, interrupt);
        if (status != Status::optimal) return status;
    }
}

/// A unit without mass took no part; its potential is the largest that leaves no arc violated.
template <class Real>
void complete_potentials(const MatrixView<Real>& cost, Potentials& potentials) {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    std::vector<double>& u = potentials.u;
    std::vector<double>& v = potentials.v;
    for (std::size_t j = 0; j < v.size(); ++j) {
        if (v[j] != -infinity) continue;
        double least = infinity;
        for (std::size_t i = 0; i < u.size(); ++i)
            if (u[i] != -infinity)
                least = std::min(
                    least,
                    static_cast<double>(cost(static_cast<std::int64_t>(i), static_cast<std::int64_t>(j))) - u[i]);
        v[j] = least;
    }
    for (std::size_t i = 0; i < u.size(); ++i) {
        if (u[i] != -infinity) continue;
        double least = infinity;
        for (std::size_t j = 0; j < v.size(); ++j)
            least = std::min(
                least, static_cast<double>(cost(static_cast<std::int64_t>(i), static_cast<std::int64_t>(j))) - v[j]);
        u[i] = least;
    }
}

/// What remains once the plan is found: mass in the caller's unit, potentials of all units, and the proof.
template <class Cost>
void finish(const Cost& cost, const Masses& masses, Solution& solution) {
    for (double& mass : solution.mass) mass *= masses.unit;
    sort_arcs(solution);
    complete_potentials(cost.matrix(), solution.potentials);
    centre_potentials(masses, solution.potentials);
    solution.certificate = certify(cost, masses, solution);
    solution.cost = solution.certificate.primal;
    if (!solution.certificate.is_optimal()) solution.status = Status::not_proven;
}

template <class Engine, class Cost>
Solution run(Engine& engine, const Cost& cost, const Masses& masses, Interrupt& interrupt) {
    Solution solution;
    solution.status = solve_on_matrix(engine, cost, interrupt);
    if (solution.status == Status::optimal && cost.margin() > 0)
        solution.status = solve_on_exact_costs(engine, cost, interrupt);
    if (solution.status != Status::optimal) return solution;

    engine.plan(solution.source, solution.target, solution.mass);
    solution.potentials = engine.potentials();
    finish(cost, masses, solution);
    return solution;
}

/// Measured: below this a search over whole rows is done before candidates are chosen.
constexpr std::int64_t fewest_for_candidates = 256;

Solution run_dense_assignment(const GivenCost<double>& cost, const Masses& masses, Interrupt& interrupt) {
    DenseAssignment assignment(cost.matrix());
    assignment.take_cheapest();
    Solution solution;
    solution.status = assignment.search(interrupt);
    if (solution.status != Status::optimal) return solution;

    solution.target = assignment.column_of();
    solution.source.resize(solution.target.size());
    std::iota(solution.source.begin(), solution.source.end(), Node{0});
    solution.mass.assign(solution.target.size(), masses.source.front());
    solution.potentials = assignment.potentials();
    finish(cost, masses, solution);
    return solution;
}

}  // namespace

template <class Cost>
Solution solve(const Cost& cost, const Masses& masses, Interrupt& interrupt, Method method) {
    const auto& matrix = cost.matrix();
    const bool is_assignment = masses.is_uniform && matrix.n_rows == matrix.n_columns;
    if constexpr (std::is_same_v<Cost, GivenCost<double>>)
        if (is_assignment && method == Method::automatic && matrix.n_rows < fewest_for_candidates)
            return run_dense_assignment(cost, masses, interrupt);
    const auto cost_of = [&](Node i, Node j) { return static_cast<double>(matrix(i, j)); };
    std::vector<Arc> arcs = select_candidates(matrix, candidates_per_unit);
    if (interrupt.requested()) return {};

    if (is_assignment && method != Method::simplex) {
        // The diagonal makes sure that there is a perfect matching.
        for (Node i = 0; i < matrix.n_rows; ++i) arcs.push_back({i, i, cost_of(i, i)});
        Assignment assignment(masses, arcs);
        return run(assignment, cost, masses, interrupt);
    }
    NetworkSimplex simplex(masses, starting_basis(masses, arcs, cost_of));
    simplex.add_arcs(arcs);
    return run(simplex, cost, masses, interrupt);
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
