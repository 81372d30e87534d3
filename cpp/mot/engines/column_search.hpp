/// Dijkstra's search over reduced costs from a row to the nearest column that can take it, where every row has a cost
/// for every column: the step that dense shortest augmenting paths and semi-assignments share.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "mot/kernels/kernels.hpp"
#include "mot/types/arc.hpp"

namespace mot {

/// The first column of this value that is wanted, or else the first; `no_node` if there is none. `find_equal` is a
/// kernel.
template <class Number, class FindEqual, class IsWanted>
Node find_wanted(FindEqual find_equal, const Number* values, Number value, std::int64_t n, IsWanted is_wanted) {
    constexpr std::int64_t at_once = 256;  // where many are equal, one of the first is usually wanted
    Node places[at_once];
    Node first = no_node;
    for (std::int64_t start = 0; start < n; start += at_once) {
        const std::int64_t n_found = find_equal(values + start, value, std::min(at_once, n - start), places);
        for (std::int64_t k = 0; k < n_found; ++k) {
            const Node column = static_cast<Node>(start) + places[k];
            if (is_wanted(column)) return column;
            if (first == no_node) first = column;
        }
    }
    return first;
}

template <class Real>
class ColumnSearch {
public:
    using Length = PathLength<Real>;

    explicit ColumnSearch(std::size_t n_columns)
        : distance_(n_columns), open_v_(n_columns), reached_from_(n_columns, no_node) {}

    /// All columns are open, and none is reached.
    void begin(const std::vector<Length>& v) {
        std::fill(distance_.begin(), distance_.end(), no_path<Length>);
        open_v_ = v;
        settled_.clear();
    }

    /// Lowers the distances of open columns to those by way of a row; returns the least distance then.
    Length relax(const Real* costs, Node row, Length offset) {
        return row_kernels<Real>().relax(costs, open_v_.data(), offset, row, n_columns(), distance_.data(),
                                         reached_from_.data());
    }

    /// The first column at this distance that is wanted, or else the first.
    template <class IsWanted>
    Node find_nearest(Length distance, IsWanted is_wanted) {
        return find_wanted(row_kernels<Real>().find_equal_lengths, distance_.data(), distance, n_columns(), is_wanted);
    }

    void settle(Node column, Length distance) {
        settled_.push_back({column, distance});
        distance_[index(column)] = no_path<Length>;
        close(column);
    }

    /// No path leads to a closed column: its v is far below all others.
    void close(Node column) { open_v_[index(column)] = -(no_path<Length> + no_path<Length> / 2); }
    void open(Node column, Length v) { open_v_[index(column)] = v; }

    /// Lowers v so that the settled columns stay where a path of this length found them.
    void lower_settled(Length length, std::vector<Length>& v) const {
        for (const Settled& settled : settled_) v[index(settled.column)] += settled.distance - length;
    }

    const std::vector<Length>& open_v() const { return open_v_; }
    Length distance(std::size_t column) const { return distance_[column]; }
    Node reached_from(Node column) const { return reached_from_[index(column)]; }

private:
    struct Settled {
        Node column;
        Length distance;
    };

    std::int64_t n_columns() const { return static_cast<std::int64_t>(distance_.size()); }

    std::vector<Length> distance_;  // to the open columns; `no_path` where settled
    std::vector<Length> open_v_;
    std::vector<Node> reached_from_;
    std::vector<Settled> settled_;
};

}  // namespace mot
