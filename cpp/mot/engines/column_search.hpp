/// Dijkstra's search over reduced costs from a row to the nearest column that can take it, where every row has a cost
/// for every column: the step that dense shortest augmenting paths and semi-assignments share.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "mot/kernels/kernels.hpp"
#include "mot/types/arc.hpp"
#include "mot/types/node_set.hpp"

namespace mot {

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
    Node find_nearest(Length distance, const NodeSet& wanted) const {
        return static_cast<Node>(
            row_kernels<Real>().find_equal(distance_.data(), distance, n_columns(), wanted.words()));
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
