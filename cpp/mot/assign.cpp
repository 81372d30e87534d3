#include "mot/assign.hpp"

#include <algorithm>
#include <limits>

#include "mot/cost.hpp"
#include "mot/dense_assignment.hpp"
#include "mot/kernels/kernels.hpp"
#include "mot/matching_certificate.hpp"
#include "mot/solve.hpp"

namespace mot {
namespace {

/// Column generation takes as many rows as columns, and a finite cost for every pair.
Matching assign_by_columns(const MatrixView<double>& cost, double scale, Interrupt& interrupt) {
    Masses masses = Masses::uniform(cost.n_rows, cost.n_columns);
    masses.unit = 1.0;
    Solution solution = solve(GivenCost<double>(cost, scale), masses, interrupt, Method::assignment);
    return {solution.status, std::move(solution.target), std::move(solution.potentials), solution.certificate};
}

}  // namespace

Matching assign(const MatrixView<double>& cost, Interrupt& interrupt) {
    if (cost.n_rows == 0) {
        Matching empty{Status::optimal, {}, {{}, std::vector<double>(static_cast<std::size_t>(cost.n_columns))}, {}};
        empty.certificate.tolerance = 0.0;  // there is nothing to be wrong about
        return empty;
    }
    DenseAssignment<double> assignment(cost);
    assignment.take_cheapest(interrupt);
    if (cost.n_rows == cost.n_columns && !assignment.suits_search()) {
        const double scale = row_kernels<double>().largest_magnitude(cost.data, cost.n_rows * cost.n_columns);
        if (scale <= greatest_cost) return assign_by_columns(cost, scale, interrupt);
    }

    Matching matching;
    matching.status = assignment.search(interrupt);
    if (matching.status != Status::optimal) return matching;
    matching.column_of = assignment.column_of();
    matching.potentials = assignment.potentials();
    matching.certificate = certify_matching(cost, matching.column_of, matching.potentials);
    if (!matching.certificate.is_optimal()) matching.status = Status::not_proven;
    return matching;
}

}  // namespace mot
