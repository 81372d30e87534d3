/// One minus the correlations of two layers' units, bounded from products of one-byte integers.
///
/// The costs that are searched are within `row_margin + column_margin` of the exact ones (see `RoundedUnits`), and
/// `exact` computes the few that matter. Products of integers are exact, so costs do not depend on how they are divided
/// among rows, threads, or rounds in which they are computed anew.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
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
class ScreenedCost {
public:
    using Value = FixedCost;
    static constexpr bool is_exact = false;

    /// Whether both layers were rounded, in the same way.
    static bool is_possible(const StandardizedLayer& source, const StandardizedLayer& target);
    /// Whether it could be worthwhile at best, where every unit has one arc alone within the margins.
    static bool may_be_worthwhile(const StandardizedLayer& source, const StandardizedLayer& target);

    /// `workspace` must outlive this object and serve no other at the same time; `interrupt` must outlive it, too.
    ScreenedCost(const StandardizedLayer& source, const StandardizedLayer& target, Workspace& workspace,
                 Interrupt& interrupt);

    /// Whether so few arcs are within the margins that finding their exact costs takes less than single-precision
    /// products of all units would; estimated from a few rows.
    bool is_worthwhile() const;

    bool is_stored() const { return is_stored_; }
    MatrixView<FixedCost> stored() const;
    std::int64_t n_rows() const { return source_.n_units(); }
    std::int64_t n_columns() const { return target_.n_units(); }
    double exact(std::int64_t i, std::int64_t j) const { return exact_.cost(i, j); }
    void compute_exact(const std::vector<Arc>& arcs) const { exact_.compute(arcs); }
    std::vector<double> find_least_costs(const std::vector<Arc>& arcs) const { return exact_.find_least_costs(arcs); }
    double row_margin(std::int64_t i) const { return row_margin_[static_cast<std::size_t>(i)]; }
    double column_margin(std::int64_t j) const { return column_margin_[static_cast<std::size_t>(j)]; }
    std::int64_t most_within_margin() const { return 64 * (n_rows() + n_columns()); }
    double scale() const { return 2.0; }
    double resolution() const { return 1e-6; }
    /// As many as the workspace has, unless there is no room for the panels of them all.
    int n_workers() const { return n_workers_; }

    template <class IsWanted, class Visit>
    void for_each_row(Interrupt& interrupt, IsWanted is_wanted, Visit visit) const {
        std::atomic<bool> is_stopped{false};
        visit_rows(0, n_rows(), {0, 0}, interrupt, is_stopped, is_wanted,
                   [&](const RowVisit&, std::int64_t i, const FixedCost* row) { visit(i, row); });
    }

    template <class Work>
    void for_each_part(std::int64_t n, Work work) const {
        share_parts(workspace_.workers, n_workers(), n, work);
    }

    template <class IsWanted, class Visit>
    void for_each_row_in_groups(Interrupt& interrupt, IsWanted is_wanted, Visit visit) const {
        std::atomic<bool> is_stopped{false};
        for_each_part(n_rows(), [&](const GroupVisit& at, std::int64_t first, std::int64_t end) {
            if (!is_stopped) visit_rows(first, end, at, interrupt, is_stopped, is_wanted, visit);
        });
    }

private:
    /// Visits rows that follow one another. Worker 0 is the calling thread, which alone may ask the interrupt.
    template <class IsWanted, class Visit>
    void visit_rows(std::int64_t first, std::int64_t end, const GroupVisit& at, Interrupt& interrupt,
                    std::atomic<bool>& is_stopped, IsWanted is_wanted, Visit visit) const {
        const auto visit_row = [&](std::int64_t i, const FixedCost* row) {
            visit(RowVisit{at, group_of_row(i, n_rows())}, i, row);
        };
        std::vector<std::int64_t> rows;
        for (std::int64_t i = first; i < end; ++i) {
            // Where costs are kept, the first visit computes them all, panel by panel, while they are in cache.
            if (!is_stored_ || !is_computed(i)) {
                if (is_stored_ || is_wanted(i)) rows.push_back(i);
            } else if (is_wanted(i)) {
                if (at.worker == 0 && interrupt.requested_after(steps_per_visited_cost * n_columns()))
                    is_stopped = true;
                if (is_stopped) return;
                visit_row(i, costs_ + i * n_columns());
            }
            if (rows.empty() || (i + 1 < end && static_cast<std::int64_t>(rows.size()) < rows_per_panel_)) continue;
            const FixedCost* const costs = compute(rows, at.worker);
            for (std::size_t k = 0; k < rows.size(); ++k)
                if (is_wanted(rows[k])) visit_row(rows[k], costs + static_cast<std::int64_t>(k) * n_columns());
            rows.clear();
            if (at.worker == 0 && interrupt.requested()) is_stopped = true;
            if (is_stopped) return;
        }
    }

    bool is_computed(std::int64_t i) const { return is_computed_[static_cast<std::size_t>(i)] != 0; }
    /// The costs of some rows, one after the other: kept if all are, or else valid until the worker computes others.
    const FixedCost* compute(const std::vector<std::int64_t>& rows, int worker) const;
    void compute(const std::vector<std::int64_t>& rows, int worker, FixedCost* costs) const;

    const StandardizedLayer& source_;
    const StandardizedLayer& target_;
    Workspace& workspace_;
    Interrupt& interrupt_;
    ExactCorrelations exact_;
    std::vector<double> row_margin_, column_margin_;
    std::vector<float> column_scale_;  // times the scale of a row, correlations in units of fixed costs
    bool is_stored_;
    int n_workers_;
    std::int64_t rows_per_panel_;
    FixedCost* costs_ = nullptr;             // of all rows, where they are kept, or of one panel for each worker
    mutable std::vector<char> is_computed_;  // whether the kept costs of each row are there
};

}  // namespace mot
