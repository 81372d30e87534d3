/// One minus the correlations of two layers' units.
///
/// In single precision the costs that are searched come from a BLAS, fast but for rounding, and `exact` recomputes the
/// few arcs that matter. In double precision the costs that are searched are the exact ones, to the last bit: for
/// layers whose units are so alike that single precision leaves too many arcs within the margin.
#pragma once

#include <algorithm>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "mot/costs/exact_correlations.hpp"
#include "mot/costs/row_groups.hpp"
#include "mot/costs/standardized_layer.hpp"
#include "mot/costs/workspace.hpp"
#include "mot/kernels/kernels.hpp"
#include "mot/types/interrupt.hpp"
#include "mot/types/views.hpp"

namespace mot {

/// Offers the members of `GivenCost`, with the same contracts.
template <class Real>
class CorrelationCost : public OneWorker<CorrelationCost<Real>> {
public:
    using Value = Real;
    static constexpr bool is_exact = std::is_same_v<Real, double>;

    /// `workspace` must outlive this object and serve no other at the same time; `interrupt` must outlive it, too.
    CorrelationCost(const StandardizedLayer& source, const StandardizedLayer& target, Workspace& workspace,
                    Interrupt& interrupt);

    bool is_stored() const { return is_stored_; }
    MatrixView<Real> stored() const { return {is_stored_ ? costs_ : nullptr, n_rows(), n_columns()}; }
    std::int64_t n_rows() const { return source_.n_units(); }
    std::int64_t n_columns() const { return target_.n_units(); }
    /// Computed once and kept in the workspace, unless it is among the stored costs.
    double exact(std::int64_t i, std::int64_t j) const {
        return is_exact && is_stored_ ? cost_of(costs_[i * n_columns() + j]) : exact_.cost(i, j);
    }
    void compute_exact(const std::vector<Arc>& arcs) const { exact_.compute(arcs); }
    std::vector<double> find_least_costs(const std::vector<Arc>& arcs) const { return exact_.find_least_costs(arcs); }
    /// Bounds the error of a single-precision inner product of unit vectors, whatever the order of its sum (Jeannerod
    /// and Rump 2013, Improved error bounds for inner products in floating-point arithmetic), and of the roundings
    /// around it.
    double margin() const { return is_exact ? 0.0 : static_cast<double>(source_.n_stimuli() + 8) * 0x1p-24; }
    double row_margin(std::int64_t) const { return margin(); }
    double column_margin(std::int64_t) const { return 0.0; }
    /// Layers of networks were measured to have up to 2 for each unit.
    std::int64_t most_within_margin() const { return 32 * (n_rows() + n_columns()); }
    double scale() const { return 2.0; }
    /// Rounding of standardized values to single precision; the correlations of the rounded values are met to rounding.
    double resolution() const { return 1e-6; }

    template <class IsWanted, class Visit>
    void for_each_row(Interrupt& interrupt, IsWanted is_wanted, Visit visit) const {
        std::vector<std::int64_t> rows;
        const auto visit_computed = [&] {
            if (rows.empty()) return;
            if (!is_stored_) compute(rows, costs_);
            for (std::size_t k = 0; k < rows.size(); ++k) {
                const std::int64_t place = is_stored_ ? rows[k] : static_cast<std::int64_t>(k);
                if (interrupt.requested_after(steps_per_visited_cost * n_columns())) return;
                visit(rows[k], costs_ + place * n_columns());
            }
            rows.clear();
        };
        for (std::int64_t i = 0; i < n_rows(); ++i) {
            if (is_wanted(i)) rows.push_back(i);
            if (static_cast<std::int64_t>(rows.size()) < rows_at_once_) continue;
            if (interrupt.requested()) return;
            visit_computed();
        }
        if (!interrupt.requested()) visit_computed();
    }

private:
    void compute(const std::vector<std::int64_t>& rows, Real* costs) const;
    void compute_panel(const std::int64_t* rows, std::int64_t n, float* scratch, Real* costs) const;

    const StandardizedLayer& source_;
    const StandardizedLayer& target_;
    Workspace& workspace_;
    ExactCorrelations exact_;
    bool is_stored_;
    std::int64_t panel_;         // rows that one worker computes together
    std::int64_t rows_at_once_;  // rows that all workers compute together
    Real* costs_;                // costs of all rows, or of the rows at once
};

template <>
void CorrelationCost<float>::compute_panel(const std::int64_t*, std::int64_t, float*, float*) const;
template <>
void CorrelationCost<double>::compute_panel(const std::int64_t*, std::int64_t, float*, double*) const;

}  // namespace mot
