#include "mot/column_generation/candidates.hpp"

#include <algorithm>
#include <atomic>
#include <limits>
#include <numeric>

#include "mot/costs/correlation_cost.hpp"
#include "mot/costs/given_cost.hpp"
#include "mot/costs/point_cost.hpp"
#include "mot/costs/reduced_cost.hpp"
#include "mot/costs/row_groups.hpp"
#include "mot/costs/screened_cost.hpp"
#include "mot/kernels/kernels.hpp"
#include "mot/types/compressed_rows.hpp"

namespace mot {
namespace {

/// Work on the minima of one column, in the steps of an interrupt.
constexpr std::int64_t steps_per_column = 256;

template <class Cost>
std::vector<Arc> all_arcs(const Cost& cost, Interrupt& interrupt) {
    std::vector<Arc> arcs;
    arcs.reserve(static_cast<std::size_t>(cost.n_rows() * cost.n_columns()));
    cost.for_each_row(interrupt, is_every_row, [&](std::int64_t i, const typename Cost::Value* row) {
        for (std::int64_t j = 0; j < cost.n_columns(); ++j)
            arcs.push_back({static_cast<Node>(i), static_cast<Node>(j), cost_of(row[j])});
    });
    return arcs;
}

/// The minima of the groups into which the costs of one row or column were dealt.
template <class Real>
struct GroupMinima {
    using Index = typename RowKernels<Real>::Index;
    static constexpr auto n_groups = static_cast<std::size_t>(RowKernels<Real>::n_lanes);

    Real minima[n_groups];
    Index where[n_groups];  // within the group; -1 in an empty one

    /// Visits the k cheapest, with their group and their place in it; of equal ones those that come first when
    /// counting starts at `offset`, so that units whose costs are all alike do not all choose the same few.
    template <class Visit>
    void for_each_cheapest(int k, std::size_t offset, Visit visit) const {
        Real rotated[n_groups];
        Index rank[n_groups];
        offset %= n_groups;
        std::rotate_copy(minima, minima + offset, minima + n_groups, rotated);
        row_kernels<Real>().rank_lanes(rotated, rank);
        for (std::size_t g = 0; g < n_groups; ++g) {
            const std::size_t group = (g + offset) % n_groups;
            if (rank[g] < k && where[group] >= 0)
                visit(cost_of(minima[group]), static_cast<std::int64_t>(group),
                      static_cast<std::int64_t>(where[group]));
        }
    }
};

/// The minima of every column, over groups of rows that follow one another.
template <class Real>
class ColumnMinima {
public:
    using Index = typename RowKernels<Real>::Index;

    ColumnMinima(std::int64_t n_rows, std::int64_t n_columns)
        : n_rows_(n_rows),
          n_columns_(n_columns),
          minima_(static_cast<std::size_t>(n_columns) * n_groups, above_all_costs),
          where_(minima_.size(), -1) {}

    /// Rows of different groups may be added at the same time.
    void add_row(std::int64_t group, std::int64_t i, const Real* row) {
        const auto place = static_cast<Index>(i - first_of_group(group, n_rows_));
        row_kernels<Real>().lower_minima(row, n_columns_, place, minima_.data() + group * n_columns_,
                                         where_.data() + group * n_columns_);
    }

    GroupMinima<Real> of_column(std::int64_t j) const {
        GroupMinima<Real> column;
        for (std::size_t group = 0; group < n_groups; ++group) {
            const std::size_t k = group * static_cast<std::size_t>(n_columns_) + static_cast<std::size_t>(j);
            column.minima[group] = minima_[k];
            column.where[group] = where_[k];
        }
        return column;
    }

private:
    static constexpr std::size_t n_groups = GroupMinima<Real>::n_groups;
    static_assert(n_groups == n_row_groups);
    static constexpr Real above_all_costs = std::numeric_limits<Real>::has_infinity
                                                ? std::numeric_limits<Real>::infinity()
                                                : std::numeric_limits<Real>::max();
    std::int64_t n_rows_, n_columns_;
    std::vector<Real> minima_;  // (n_groups, n_columns)
    std::vector<Index> where_;
};

}  // namespace

template <class Cost>
std::vector<Arc> select_candidates(const Cost& cost, int k, Interrupt& interrupt) {
    using Real = typename Cost::Value;
    if (std::min(cost.n_rows(), cost.n_columns()) <= 2 * k) return all_arcs(cost, interrupt);

    constexpr std::int64_t n_lanes = RowKernels<Real>::n_lanes;
    RowResults<Arc> found(cost.n_workers());
    ColumnMinima<Real> columns(cost.n_rows(), cost.n_columns());
    cost.for_each_row_in_groups(interrupt, is_every_row, [&](const RowVisit& at, std::int64_t i, const Real* row) {
        GroupMinima<Real> lanes;
        row_kernels<Real>().find_lane_minima(row, cost.n_columns(), lanes.minima, lanes.where);
        lanes.for_each_cheapest(k, static_cast<std::size_t>(i) * 17, [&](double value, auto lane, auto block) {
            const auto j = static_cast<Node>(block * n_lanes + lane);
            found.add(at, {static_cast<Node>(i), j, value});
        });
        columns.add_row(at.group, i, row);
    });
    if (interrupt.requested()) return {};

    const std::vector<Arc> of_rows = found.take();
    std::vector<std::size_t> first(static_cast<std::size_t>(cost.n_rows()) + 1, 0);  // where every row's arcs begin
    for (const Arc& arc : of_rows) ++first[index(arc.source) + 1];
    std::partial_sum(first.begin(), first.end(), first.begin());
    RowResults<Arc> found_in_columns(cost.n_workers());
    std::atomic<bool> is_stopped{false};
    cost.for_each_part(cost.n_columns(), [&](const GroupVisit& at, std::int64_t first_column, std::int64_t end) {
        for (std::int64_t j = first_column; j < end; ++j) {
            if (at.worker == 0 && interrupt.requested_after(steps_per_column)) is_stopped = true;
            if (is_stopped) return;
            columns.of_column(j).for_each_cheapest(
                k, static_cast<std::size_t>(j) * 17, [&](double value, auto group, auto place) {
                    const auto i = static_cast<Node>(first_of_group(group, cost.n_rows()) + place);
                    const Arc* arcs = of_rows.data();
                    const auto is_known = [&](const Arc& arc) { return arc.target == j; };
                    if (std::any_of(arcs + first[index(i)], arcs + first[index(i) + 1], is_known)) return;
                    found_in_columns.add(at, {i, static_cast<Node>(j), value});
                });
        }
    });
    if (is_stopped) return {};
    const std::vector<Arc> of_columns = found_in_columns.take();
    CompressedRows<Arc> by_row(static_cast<std::size_t>(cost.n_rows()), [&](auto visit) {
        for (const auto* arcs : {&of_rows, &of_columns})
            for (const Arc& arc : *arcs) visit(index(arc.source), arc);
    });
    return by_row.take_values();
}

template std::vector<Arc> select_candidates(const GivenCost<float>&, int, Interrupt&);
template std::vector<Arc> select_candidates(const GivenCost<double>&, int, Interrupt&);
template std::vector<Arc> select_candidates(const CorrelationCost<float>&, int, Interrupt&);
template std::vector<Arc> select_candidates(const CorrelationCost<double>&, int, Interrupt&);
template std::vector<Arc> select_candidates(const PointCost<float>&, int, Interrupt&);
template std::vector<Arc> select_candidates(const PointCost<double>&, int, Interrupt&);
template std::vector<Arc> select_candidates(const ReducedCost<float>&, int, Interrupt&);
template std::vector<Arc> select_candidates(const ReducedCost<double>&, int, Interrupt&);
template std::vector<Arc> select_candidates(const ScreenedCost&, int, Interrupt&);

}  // namespace mot
