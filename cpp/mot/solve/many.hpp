/// Many transports on given costs, one thread each: small ones, of which each alone would not keep a thread busy.
#pragma once

#include <cstdint>
#include <variant>
#include <vector>

#include "mot/solve/solution.hpp"
#include "mot/types/batch.hpp"
#include "mot/types/views.hpp"
#include "mot/types/workers.hpp"

namespace mot {

/// Masses are as `Masses::from_marginals` takes them; those of a side without any are uniform, with sum 1.
struct GivenTransport {
    std::variant<MatrixView<double>, MatrixView<float>> cost;
    const double* a = nullptr;  ///< (n_rows,)
    const double* b = nullptr;  ///< (n_columns,)
};

/// Returns one solution a problem, in order, the same bits for every number of threads. Problems that have the same
/// cost matrix and nearly the same masses as an earlier one start from its potentials. Costs that are not finite, or
/// above `greatest_cost`, are not solved: their solution is `not_proven`, without a certificate. Behind the first
/// solution that is not optimal, problems may be left `interrupted`; what one throws is thrown if all before it are
/// optimal.
std::vector<Solution> solve_many(const std::vector<GivenTransport>& problems, const Workers& workers,
                                 Progress& progress);

}  // namespace mot
