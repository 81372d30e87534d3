/// A cost matrix that is given, and the members that the solvers use of any dense cost.
///
/// A cost offers its rows to be searched (`for_each_row`), and `exact(i, j)`, the cost that counts. The two differ by
/// at most `row_margin(i) + column_margin(j)`: an arc whose searched reduced cost is at least that is surely not
/// violated. Of a given matrix both are the same; see `CorrelationCost` and `ScreenedCost` for those where they are
/// not.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "mot/costs/row_groups.hpp"
#include "mot/kernels/kernels.hpp"
#include "mot/types/arc.hpp"
#include "mot/types/interrupt.hpp"
#include "mot/types/views.hpp"

namespace mot {

/// Potentials are sums of costs: they must not overflow.
constexpr double greatest_cost = 1e300;

/// The largest absolute value; NaN where there is one. What is found up to an interrupt is of no use.
template <class Real>
double largest_magnitude(const Real* values, std::int64_t n, Interrupt& interrupt) {
    constexpr std::int64_t at_once = 1 << 20;
    double largest = 0;
    for (std::int64_t first = 0; first < n; first += at_once) {
        const std::int64_t n_here = std::min(at_once, n - first);
        const double found = static_cast<double>(row_kernels<Real>().largest_magnitude(values + first, n_here));
        if (found != found) return found;
        largest = std::max(largest, found);
        if (interrupt.requested_after(n_here)) break;
    }
    return largest;
}

template <class Real>
class GivenCost : public OneWorker<GivenCost<Real>> {
public:
    using Value = Real;
    static constexpr bool is_exact = true;

    /// `scale` is the largest absolute cost, which must be finite.
    GivenCost(MatrixView<Real> matrix, double scale) : matrix_(matrix), scale_(scale) {}

    bool is_stored() const { return true; }
    /// The matrix of all costs; without data where costs are not kept.
    MatrixView<Real> stored() const { return matrix_; }
    std::int64_t n_rows() const { return matrix_.n_rows; }
    std::int64_t n_columns() const { return matrix_.n_columns; }
    double exact(std::int64_t i, std::int64_t j) const { return static_cast<double>(matrix_(i, j)); }
    double row_margin(std::int64_t) const { return 0.0; }
    double column_margin(std::int64_t) const { return 0.0; }
    /// How many arcs within the margins may be checked one by one; where there are more the search is undecided.
    std::int64_t most_within_margin() const { return 0; }
    double scale() const { return scale_; }
    /// The uncertainty of the costs themselves, which a certificate allows besides a part relative to the answer.
    double resolution() const { return 0.0; }

    /// Calls `visit(i, row)` for the rows with `is_wanted(i)`, in order; leaves off early when interrupted.
    template <class IsWanted, class Visit>
    void for_each_row(Interrupt& interrupt, IsWanted is_wanted, Visit visit) const {
        for (std::int64_t i = 0; i < n_rows(); ++i) {
            if (!is_wanted(i)) continue;
            if (interrupt.requested_after(steps_per_visited_cost * n_columns())) return;
            visit(i, matrix_.row(i));
        }
    }

private:
    MatrixView<Real> matrix_;
    double scale_;
};

inline bool is_every_row(std::int64_t) {
    return true;
}

}  // namespace mot
