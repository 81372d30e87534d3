#include "mot/solve/assignment.hpp"

#include <cstddef>
#include <utility>
#include <vector>

#include "mot/costs/given_cost.hpp"
#include "mot/engines/dense_augmenting_path.hpp"
#include "mot/kernels/kernels.hpp"
#include "mot/solve/dense.hpp"
#include "mot/solve/refine.hpp"

namespace mot {
namespace {

/// Takes as many rows as columns, and a finite cost for every pair.
Matching solve_as_transport(const MatrixView<double>& cost, double scale, Interrupt& interrupt) {
    Masses masses = Masses::uniform(cost.n_rows, cost.n_columns);
    masses.unit = 1.0;
    Solution solution = solve_dense(GivenCost<double>(cost, scale), masses, interrupt);
    return {solution.status, std::move(solution.plan.target), std::move(solution.potentials), solution.certificate};
}

/// The assignment as a transport of whole masses, in which an idle row takes the columns that are left over, at no
/// cost.
class SquaredProblem {
public:
    explicit SquaredProblem(const MatrixView<double>& cost)
        : n_rows_(cost.n_rows), matrix_(cost), masses_(Masses::uniform(cost.n_columns, cost.n_columns)) {
        masses_.unit = 1.0;
        if (!has_idle_row()) return;
        costs_.assign(cost.data, cost.data + cost.n_rows * cost.n_columns);
        costs_.insert(costs_.end(), static_cast<std::size_t>(cost.n_columns), 0.0);
        matrix_ = {costs_.data(), cost.n_rows + 1, cost.n_columns};
        masses_.source.assign(static_cast<std::size_t>(cost.n_rows), 1.0);
        masses_.source.push_back(static_cast<double>(cost.n_columns - cost.n_rows));
        masses_.is_uniform = false;
    }
    SquaredProblem(const SquaredProblem&) = delete;
    SquaredProblem& operator=(const SquaredProblem&) = delete;

    GivenCost<double> cost() const { return {matrix_, 0.0}; }
    const Masses& masses() const { return masses_; }

    Solution as_solution(const Matching& matching) const {
        Solution solution;
        solution.potentials = matching.potentials;
        solution.potentials.u.resize(masses_.source.size(), 0.0);
        for (std::size_t i = 0; i < matching.column_of.size(); ++i)
            solution.plan.add(static_cast<Node>(i), matching.column_of[i], 1.0);
        return solution;
    }

    /// Without a certificate.
    Matching as_matching(const Solution& solution) const {
        Matching matching;
        matching.status = solution.status;
        matching.column_of.resize(static_cast<std::size_t>(n_rows_));
        for (std::size_t k = 0; k < solution.plan.size(); ++k)
            if (solution.plan.source[k] < n_rows_)
                matching.column_of[index(solution.plan.source[k])] = solution.plan.target[k];
        matching.potentials = solution.potentials;
        if (!has_idle_row()) return matching;
        // The idle row's potential becomes zero.
        const double idle = matching.potentials.u.back();
        matching.potentials.u.pop_back();
        for (double& u : matching.potentials.u) u -= idle;
        for (double& v : matching.potentials.v) v += idle;
        return matching;
    }

private:
    bool has_idle_row() const { return n_rows_ < matrix_.n_columns; }

    std::int64_t n_rows_;
    MatrixView<double> matrix_;
    std::vector<double> costs_;
    Masses masses_;
};

Matching refined(const MatrixView<double>& cost, const Matching& start, Interrupt& interrupt) {
    const SquaredProblem problem(cost);
    const Solution solution = refine(problem.cost(), problem.masses(), problem.as_solution(start), interrupt);
    if (solution.status != Status::optimal) {
        Matching unsolved;
        unsolved.status = solution.status;
        return unsolved;
    }
    Matching matching = problem.as_matching(solution);
    matching.certificate = certify_matching(cost, matching.column_of, matching.potentials, interrupt);
    if (interrupt.requested()) return {};
    if (!matching.certificate.is_optimal()) matching.status = Status::not_proven;
    return matching;
}

Matching empty_matching(std::int64_t n_columns) {
    Matching empty{Status::optimal, {}, {{}, std::vector<double>(static_cast<std::size_t>(n_columns))}, {}};
    empty.certificate.tolerance = 0.0;  // nothing can be wrong
    return empty;
}

}  // namespace

Matching solve_assignment(const MatrixView<double>& cost, Interrupt& interrupt) {
    if (cost.n_rows == 0) return empty_matching(cost.n_columns);
    if (cost.n_rows == cost.n_columns) {
        const double scale = row_kernels<double>().largest_magnitude(cost.data, cost.n_rows * cost.n_columns);
        if (scale <= greatest_cost) return solve_as_transport(cost, scale, interrupt);
    }
    DenseAugmentingPath<double> dense(cost);
    dense.match_cheapest(dense.cheapest_of_rows(GivenCost<double>(cost, 0.0), interrupt), interrupt);
    Matching matching;
    matching.status = dense.optimize(interrupt);
    if (matching.status != Status::optimal) return matching;
    matching.column_of = dense.column_of();
    matching.potentials = dense.potentials();
    matching.certificate = certify_matching(cost, matching.column_of, matching.potentials, interrupt);
    if (interrupt.requested()) return {};
    // All masses are whole: the plan, which only other masses need, may be left out.
    const Masses whole = Masses::uniform(cost.n_columns, cost.n_columns);
    const bool is_done = is_settled(GivenCost<double>(cost, 0.0), whole, Plan{}, matching.certificate, interrupt);
    return is_done ? matching : refined(cost, matching, interrupt);
}

}  // namespace mot
