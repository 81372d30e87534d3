/// A problem of some of the rows and columns, whose exact potentials tell where those of all are.
///
/// Where nearly all rows want the same few columns, as with shifted clouds of points or products of ranks, greedy
/// starts lead far astray. The potentials of a sample, with those that its rows leave every other column, are near the
/// optimum wherever costs vary smoothly with anything, whether that is known or not. Of costs that do not, they say
/// little.
#pragma once

#include <cstdint>
#include <vector>

#include "mot/costs/given_cost.hpp"
#include "mot/types/arc.hpp"
#include "mot/types/interrupt.hpp"
#include "mot/types/masses.hpp"

namespace mot {

template <class Real>
class Sample {
public:
    /// Takes one in `one_in` of the rows and of the columns.
    Sample(const GivenCost<Real>& cost, const Masses& masses);

    /// Potentials of all columns to start from: none where rows want different columns anyhow; the least costs of the
    /// columns, where they settle which rows want which; or else those that the solved sample leaves.
    std::vector<double> starting_potentials(Interrupt& interrupt) const;

    /// Solves the sample, and gives every column the greatest potential that no row of the sample violates.
    std::vector<double> extended_potentials(Interrupt& interrupt) const;

private:
    static constexpr std::int64_t one_in = 8;

    const GivenCost<Real>& cost_;
    std::vector<Node> rows_, columns_;
    std::vector<double> costs_;
    Masses masses_;
};

/// Whether so many of `n` rows found the cheapest of their reduced costs taken that a sample pays. Measured on forty
/// families: of costs that vary at random a third does at most.
constexpr bool is_crowded(std::int64_t n_free, std::int64_t n) {
    return 5 * n_free > 2 * n;
}

}  // namespace mot
