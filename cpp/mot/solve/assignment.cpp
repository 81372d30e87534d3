#include "mot/solve/assignment.hpp"

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "mot/certificates/certificate.hpp"
#include "mot/costs/cost.hpp"
#include "mot/engines/dense_augmenting_path.hpp"
#include "mot/kernels/kernels.hpp"
#include "mot/solve/dense.hpp"
#include "mot/solve/refine.hpp"

namespace mot {
namespace {

/// Column generation takes as many rows as columns, and a finite cost for every pair.
Matching assign_by_columns(const MatrixView<double>& cost, double scale, Interrupt& interrupt) {
    Masses masses = Masses::uniform(cost.n_rows, cost.n_columns);
    masses.unit = 1.0;
    Solution solution = solve(GivenCost<double>(cost, scale), masses, interrupt, Method::assignment);
    return {solution.status, std::move(solution.target), std::move(solution.potentials), solution.certificate};
}

/// As a transport of whole masses, in which an idle row takes the columns that are left over, at no cost.
Matching refined(const MatrixView<double>& cost, const Matching& start, Interrupt& interrupt) {
    MatrixView<double> square = cost;
    std::vector<double> with_idle;
    Masses masses = Masses::uniform(cost.n_columns, cost.n_columns);
    if (cost.n_rows < cost.n_columns) {
        with_idle.assign(cost.data, cost.data + cost.n_rows * cost.n_columns);
        with_idle.insert(with_idle.end(), static_cast<std::size_t>(cost.n_columns), 0.0);
        square = {with_idle.data(), cost.n_rows + 1, cost.n_columns};
        masses.source.assign(static_cast<std::size_t>(cost.n_rows), 1.0);
        masses.source.push_back(static_cast<double>(cost.n_columns - cost.n_rows));
        masses.is_uniform = false;
    }
    masses.unit = 1.0;

    Solution plan;
    plan.potentials = start.potentials;
    plan.potentials.u.resize(masses.source.size(), 0.0);
    for (std::size_t i = 0; i < start.column_of.size(); ++i) {
        plan.source.push_back(static_cast<Node>(i));
        plan.target.push_back(start.column_of[i]);
    }
    plan = refine(GivenCost<double>(square, 0.0), masses, plan, interrupt);
    Matching matching;
    matching.status = plan.status;
    if (plan.status != Status::optimal) return matching;
    matching.column_of.resize(static_cast<std::size_t>(cost.n_rows));
    for (std::size_t k = 0; k < plan.source.size(); ++k)
        if (plan.source[k] < cost.n_rows) matching.column_of[static_cast<std::size_t>(plan.source[k])] = plan.target[k];
    matching.potentials = std::move(plan.potentials);
    if (cost.n_rows < cost.n_columns) {
        const double idle = matching.potentials.u.back();
        matching.potentials.u.pop_back();
        for (double& u : matching.potentials.u) u -= idle;
        for (double& v : matching.potentials.v) v += idle;
    }
    matching.certificate = certify_matching(cost, matching.column_of, matching.potentials, interrupt);
    if (interrupt.requested()) return {};
    if (!matching.certificate.is_optimal()) matching.status = Status::not_proven;
    return matching;
}

/// What `is_settled` asks of a transport.
bool is_settled(const MatrixView<double>& cost, const Matching& matching, Interrupt& interrupt) {
    Solution solution;
    solution.certificate = matching.certificate;
    return is_settled(GivenCost<double>(cost, 0.0), Masses::uniform(cost.n_columns, cost.n_columns), solution,
                      interrupt);
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
    matching.certificate = certify_matching(cost, matching.column_of, matching.potentials, interrupt);
    if (interrupt.requested()) return {};
    return is_settled(cost, matching, interrupt) ? matching : refined(cost, matching, interrupt);
}

}  // namespace mot
