#include "mot/candidates.hpp"

#include <algorithm>
#include <limits>

#include "mot/kernels/kernels.hpp"

namespace mot {
namespace {

std::int64_t find_below(const float* x, std::int64_t n, float threshold, Node* hits) {
    return kernels().find_below_float(x, n, threshold, hits);
}
std::int64_t find_below(const double* x, std::int64_t n, double threshold, Node* hits) {
    return kernels().find_below_double(x, n, threshold, hits);
}
std::int64_t find_below_each(const float* x, const float* thresholds, std::int64_t n, Node* hits) {
    return kernels().find_below_each_float(x, thresholds, n, hits);
}
std::int64_t find_below_each(const double* x, const double* thresholds, std::int64_t n, Node* hits) {
    return kernels().find_below_each_double(x, thresholds, n, hits);
}

/// Keeps the k smallest values of each of many lists; a list's threshold is its k-th smallest so far.
template <class Real>
class SmallestValues {
public:
    SmallestValues(std::int64_t n_lists, int k)
        : k_(static_cast<std::size_t>(k)),
          values_(static_cast<std::size_t>(n_lists) * k_, std::numeric_limits<Real>::infinity()),
          indices_(values_.size(), 0),
          thresholds_(static_cast<std::size_t>(n_lists), std::numeric_limits<Real>::infinity()),
          position_of_largest_(static_cast<std::size_t>(n_lists), 0) {}

    const Real* thresholds() const { return thresholds_.data(); }
    Real threshold(std::int64_t list) const { return thresholds_[static_cast<std::size_t>(list)]; }

    void offer(std::int64_t list, Real value, Node index) {
        const auto l = static_cast<std::size_t>(list);
        if (!(value < thresholds_[l])) return;
        Real* const values = values_.data() + l * k_;
        values[position_of_largest_[l]] = value;
        indices_[l * k_ + position_of_largest_[l]] = index;
        const Real* const largest = std::max_element(values, values + k_);
        position_of_largest_[l] = static_cast<std::size_t>(largest - values);
        thresholds_[l] = *largest;
    }

    bool holds(std::int64_t list, Real value, Node index) const {
        if (value != threshold(list)) return value < threshold(list);
        // Of equal values only some may have found room.
        const auto first = indices_.begin() + list * static_cast<std::int64_t>(k_);
        const auto end = first + static_cast<std::ptrdiff_t>(k_);
        return std::find(first, end, index) != end;
    }

    template <class Visit>
    void for_each(std::int64_t list, Visit visit) const {
        const std::size_t first = static_cast<std::size_t>(list) * k_;
        for (std::size_t k = first; k < first + k_; ++k) visit(values_[k], indices_[k]);
    }

private:
    std::size_t k_;
    std::vector<Real> values_;
    std::vector<Node> indices_;
    std::vector<Real> thresholds_;
    std::vector<std::size_t> position_of_largest_;
};

template <class Real>
std::vector<Arc> all_arcs(const MatrixView<Real>& cost) {
    std::vector<Arc> arcs;
    arcs.reserve(static_cast<std::size_t>(cost.n_rows * cost.n_columns));
    for (std::int64_t i = 0; i < cost.n_rows; ++i)
        for (std::int64_t j = 0; j < cost.n_columns; ++j)
            arcs.push_back({static_cast<Node>(i), static_cast<Node>(j), static_cast<double>(cost(i, j))});
    return arcs;
}

}  // namespace

template <class Real>
std::vector<Arc> select_candidates(const MatrixView<Real>& cost, int k) {
    if (std::min(cost.n_rows, cost.n_columns) <= 2 * k) return all_arcs(cost);

    // Thresholds only fall while the list fills, so most costs are dismissed sixteen at a time.
    SmallestValues<Real> of_row(cost.n_rows, k);
    SmallestValues<Real> of_column(cost.n_columns, k);
    std::vector<Node> hits(static_cast<std::size_t>(cost.n_columns));
    constexpr std::int64_t chunk = 128;
    for (std::int64_t i = 0; i < cost.n_rows; ++i) {
        const Real* row = cost.row(i);
        for (std::int64_t first = 0; first < cost.n_columns; first += chunk) {
            const std::int64_t n = std::min(chunk, cost.n_columns - first);
            const std::int64_t n_hits = find_below(row + first, n, of_row.threshold(i), hits.data());
            for (std::int64_t h = 0; h < n_hits; ++h) {
                const std::int64_t j = first + hits[static_cast<std::size_t>(h)];
                of_row.offer(i, row[j], static_cast<Node>(j));
            }
        }
        const std::int64_t n_hits = find_below_each(row, of_column.thresholds(), cost.n_columns, hits.data());
        for (std::int64_t h = 0; h < n_hits; ++h) {
            const Node j = hits[static_cast<std::size_t>(h)];
            of_column.offer(j, row[j], static_cast<Node>(i));
        }
    }

    std::vector<std::vector<Arc>> column_only(static_cast<std::size_t>(cost.n_rows));
    for (std::int64_t j = 0; j < cost.n_columns; ++j)
        of_column.for_each(j, [&](Real value, Node i) {
            const auto source = static_cast<std::size_t>(i);
            if (!of_row.holds(i, value, static_cast<Node>(j)))
                column_only[source].push_back({i, static_cast<Node>(j), static_cast<double>(value)});
        });
    std::vector<Arc> arcs;
    arcs.reserve(static_cast<std::size_t>((cost.n_rows + cost.n_columns) * k));
    for (std::int64_t i = 0; i < cost.n_rows; ++i) {
        of_row.for_each(
            i, [&](Real value, Node j) { arcs.push_back({static_cast<Node>(i), j, static_cast<double>(value)}); });
        const auto& more = column_only[static_cast<std::size_t>(i)];
        arcs.insert(arcs.end(), more.begin(), more.end());
    }
    return arcs;
}

template std::vector<Arc> select_candidates(const MatrixView<float>&, int);
template std::vector<Arc> select_candidates(const MatrixView<double>&, int);

}  // namespace mot
