/// Costs between points, computed from their coordinates whenever they are searched.
///
/// In double precision the costs that are searched are the exact ones, to the last bit. In single precision they come
/// from a BLAS, fast but for rounding, and `exact` recomputes the few arcs that matter: squared distances as inner
/// products of points with two coordinates more, |x|^2 and one. Points are centred before they are rounded. Distances
/// are square roots of these once the squares have been lowered by their error, which near zero is the greater part.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "mot/costs/points.hpp"
#include "mot/costs/row_groups.hpp"
#include "mot/costs/workspace.hpp"
#include "mot/kernels/kernels.hpp"
#include "mot/types/arc.hpp"
#include "mot/types/buffer.hpp"
#include "mot/types/interrupt.hpp"
#include "mot/types/views.hpp"

namespace mot {

/// Offers the members of `GivenCost`, with the same contracts. Rows are visited by all workers of the workspace, which
/// hold the costs of some rows each; the costs, and so the bits, do not depend on how many workers there are.
template <class Real>
class PointCost {
public:
    using Value = Real;
    static constexpr bool is_exact = std::is_same_v<Real, double>;

    /// Whether single precision serves.
    static bool has_products(Metric metric) { return metric != Metric::cityblock; }

    /// What `points` views and `workspace` must outlive this object; the workspace may serve no other at the same time.
    PointCost(const PointPair& points, Workspace& workspace);

    bool is_stored() const { return false; }
    MatrixView<Real> stored() const { return {nullptr, n_rows(), n_columns()}; }
    std::int64_t n_rows() const { return points_.source.n_rows; }
    std::int64_t n_columns() const { return points_.target.n_rows; }
    double exact(std::int64_t i, std::int64_t j) const { return points_.cost(i, j); }
    /// Nothing is kept: an exact cost takes as long as it would to look it up.
    void compute_exact(const std::vector<Arc>&) const {}
    std::vector<double> find_least_costs(const std::vector<Arc>& arcs) const;
    double row_margin(std::int64_t i) const {
        return row_margin_.empty() ? 0.0 : row_margin_[static_cast<std::size_t>(i)];
    }
    double column_margin(std::int64_t j) const {
        return column_margin_.empty() ? 0.0 : column_margin_[static_cast<std::size_t>(j)];
    }
    std::int64_t most_within_margin() const { return is_exact ? 0 : 64 * (n_rows() + n_columns()); }
    /// No cost is larger; zero where all costs are.
    double scale() const { return scale_; }
    double resolution() const { return 0.0; }
    int n_workers() const { return n_workers_; }

    template <class IsWanted, class Visit>
    void for_each_row(Interrupt& interrupt, IsWanted is_wanted, Visit visit) const {
        std::atomic<bool> is_stopped{false};
        for (std::int64_t group = 0; group < n_row_groups && !is_stopped; ++group)
            visit_group(group, {0, 0}, interrupt, is_stopped, is_wanted,
                        [&](const RowVisit&, std::int64_t i, const Real* row) { visit(i, row); });
    }

    template <class Work>
    void for_each_part(std::int64_t n, Work work) const {
        share_parts(workspace_.workers, n_workers(), n, work);
    }

    template <class IsWanted, class Visit>
    void for_each_row_in_groups(Interrupt& interrupt, IsWanted is_wanted, Visit visit) const {
        std::atomic<bool> is_stopped{false};
        workspace_.workers.share(n_row_groups, n_workers(), [&](std::int64_t group, int worker) {
            const std::size_t part = n_workers() == 1 ? 0 : static_cast<std::size_t>(group);
            if (!is_stopped) visit_group(group, {worker, part}, interrupt, is_stopped, is_wanted, visit);
        });
    }

private:
    /// Visits the wanted rows of a group, some at a time: which ones are computed together depends on the group alone.
    /// Worker 0 is the calling thread, which alone may ask the interrupt.
    template <class IsWanted, class Visit>
    void visit_group(std::int64_t group, const GroupVisit& at, Interrupt& interrupt, std::atomic<bool>& is_stopped,
                     IsWanted is_wanted, Visit visit) const {
        const std::int64_t end = first_of_group(group + 1, n_rows());
        std::vector<std::int64_t> rows;
        for (std::int64_t i = first_of_group(group, n_rows()); i < end; ++i) {
            if (is_wanted(i)) rows.push_back(i);
            if (rows.empty() || (i + 1 < end && static_cast<std::int64_t>(rows.size()) < rows_per_panel_)) continue;
            const Real* const costs = compute(rows, at.worker);
            for (std::size_t k = 0; k < rows.size(); ++k) {
                if (at.worker == 0 && interrupt.requested_after(steps_per_visited_cost * n_columns()))
                    is_stopped = true;
                if (is_stopped) return;
                visit(RowVisit{at, group}, rows[k], costs + static_cast<std::int64_t>(k) * stride_);
            }
            rows.clear();
        }
    }

    /// The costs of some rows, `stride_` apart, valid until the worker computes others.
    const Real* compute(const std::vector<std::int64_t>& rows, int worker) const;
    void prepare();

    PointPair points_;
    Workspace& workspace_;
    double scale_;
    int n_workers_;
    std::int64_t depth_;  // coordinates of a prepared point
    std::int64_t stride_;
    std::int64_t rows_per_panel_;
    Buffer source_, target_;  // prepared points: rows of coordinates, or in double precision blocks of the targets
    std::vector<double> row_margin_, column_margin_;
};

template <>
void PointCost<float>::prepare();
template <>
void PointCost<double>::prepare();
template <>
const float* PointCost<float>::compute(const std::vector<std::int64_t>&, int) const;
template <>
const double* PointCost<double>::compute(const std::vector<std::int64_t>&, int) const;

}  // namespace mot
