/// A problem of some of the rows and columns, whose exact potentials tell where those of all are.
///
/// Where nearly all rows want the same few columns, as with shifted clouds of points or products of ranks, greedy
/// starts lead far astray. The potentials of a sample, with those that its rows leave every other column, are near the
/// optimum wherever costs vary smoothly with anything, whether that is known or not. Of costs that do not, they say
/// little.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "mot/costs/given_cost.hpp"
#include "mot/solve/solution.hpp"
#include "mot/types/arc.hpp"
#include "mot/types/interrupt.hpp"
#include "mot/types/masses.hpp"

namespace mot {

template <class Real>
class Sample {
public:
    /// Whether the sample is so much smaller than the problem that its potentials may pay.
    static bool is_worthwhile(const GivenCost<Real>& cost) {
        const std::int64_t n = cost.n_rows();
        const std::int64_t m = cost.n_columns();
        return 2 * n_sampled(n, m) * n_sampled(m, n) <= n * m;
    }

    /// Takes one in eight of the rows and of the columns, or some more of few.
    Sample(const GivenCost<Real>& cost, const Masses& masses);

    /// Potentials of all columns to start from: none where rows want different columns anyhow; the least costs of the
    /// columns, where they settle which rows want which; or else those that the solved sample leaves.
    std::vector<double> starting_potentials(Interrupt& interrupt) const;

    /// Solves the sample, and gives every column the greatest potential that no row of the sample violates. None if the
    /// sample was not solved.
    std::vector<double> column_potentials(Interrupt& interrupt) const;
    /// The potentials of the rows, where all are in the sample.
    std::vector<double> row_potentials(Interrupt& interrupt) const;

private:
    /// Of a side of n units; of few that serve many of the other side each, all.
    static std::int64_t n_sampled(std::int64_t n, std::int64_t n_others) {
        const std::int64_t fewest = n_others >= 8 * n ? 64 : 32;
        return std::max(n / 8, std::min(n, fewest));
    }
    Solution solve(Interrupt& interrupt) const;

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
