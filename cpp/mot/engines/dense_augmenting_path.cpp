#include "mot/engines/dense_augmenting_path.hpp"

#include <algorithm>
#include <utility>

namespace mot {
template <class Real>
DenseAugmentingPath<Real>::DenseAugmentingPath(const MatrixView<Real>& cost)
    : cost_(cost),
      column_of_(static_cast<std::size_t>(cost.n_rows), no_node),
      row_of_(static_cast<std::size_t>(cost.n_columns), no_node),
      free_columns_(row_of_.size()),
      v_(row_of_.size(), 0),
      search_(row_of_.size()) {}

template <class Real>
typename DenseAugmentingPath<Real>::Cheapest DenseAugmentingPath<Real>::cheapest_of(const Real* row,
                                                                                    std::int64_t n_columns) {
    using Kernels = RowKernels<Real>;
    Real least[Kernels::n_lanes];
    typename Kernels::Index where[Kernels::n_lanes];
    row_kernels<Real>().find_lane_minima(row, n_columns, least, where);
    Node column_of_lane[Kernels::n_lanes];
    for (std::int64_t lane = 0; lane < Kernels::n_lanes; ++lane)
        column_of_lane[lane] = static_cast<Node>(where[lane] * Kernels::n_lanes + lane);  // negative where empty
    for (std::int64_t width = Kernels::n_lanes / 2; width > 0; width /= 2)
        for (std::int64_t lane = 0; lane < width; ++lane) {
            const bool is_lower = least[lane + width] < least[lane];
            column_of_lane[lane] = is_lower ? column_of_lane[lane + width] : column_of_lane[lane];
            least[lane] = is_lower ? least[lane + width] : least[lane];
        }
    return {std::max(column_of_lane[0], no_node), least[0]};
}

template <class Real>
void DenseAugmentingPath<Real>::match_cheapest(const std::vector<Cheapest>& of_rows, Interrupt& interrupt) {
    const std::int64_t most_free = cost_.n_rows == cost_.n_columns ? most_rows_to_search() : cost_.n_rows;
    std::int64_t n_free = 0;
    for (Node row = 0; row < static_cast<Node>(column_of_.size()) && n_free <= most_free; ++row) {
        if (interrupt.requested_after(cost_.n_columns)) return;
        auto [column, least] = of_rows[index(row)];
        if (column != no_node && row_of_[index(column)] != no_node) {
            column = find_tied(row, static_cast<Length>(least), free_columns_);
            n_ties_ += free_columns_.contains(column) ? 1 : 0;
        }
        if (column != no_node && row_of_[index(column)] == no_node)
            match(row, column);
        else
            ++n_free;
    }
}

template <class Real>
std::vector<PathLength<Real>> DenseAugmentingPath<Real>::least_of_columns(Interrupt& interrupt) const {
    std::vector<Length> least(v_.size(), no_path<Length>);
    for (std::int64_t i = 0; i < cost_.n_rows && !interrupt.requested_after(cost_.n_columns); ++i)
        row_kernels<Real>().lower_lengths(cost_.row(i), cost_.n_columns, least.data());
    return least;
}

template <class Real>
void DenseAugmentingPath<Real>::match_reduced(std::vector<Length> v, Interrupt& interrupt) {
    v_ = std::move(v);
    std::fill(column_of_.begin(), column_of_.end(), no_node);
    std::fill(row_of_.begin(), row_of_.end(), no_node);
    free_columns_.insert_all();
    for (Node row = 0; row < static_cast<Node>(column_of_.size()); ++row) {
        if (interrupt.requested_after(cost_.n_columns)) return;
        Length two_least[2];
        auto column = static_cast<Node>(
            row_kernels<Real>().find_two_least(cost_.row(row), v_.data(), cost_.n_columns, two_least));
        if (column == no_node) continue;
        if (row_of_[index(column)] != no_node && two_least[0] == two_least[1]) {
            column = find_tied(row, two_least[0], free_columns_);
            ++n_ties_;
        }
        if (row_of_[index(column)] == no_node) match(row, column);
    }
}

template <class Real>
std::int64_t DenseAugmentingPath<Real>::most_rows_to_search() const {
    // Measured on random, geometric and correlation costs.
    constexpr std::int64_t always_up_to = 256;
    constexpr std::int64_t rows_per_search = 16;
    return cost_.n_rows <= always_up_to ? cost_.n_rows : cost_.n_rows / rows_per_search;
}

template <class Real>
bool DenseAugmentingPath<Real>::suits_dense_search() const {
    return n_free() <= most_rows_to_search();
}

template <class Real>
Status DenseAugmentingPath<Real>::optimize(Interrupt& interrupt) {
    if (!augment_by_row_reduction(interrupt)) return Status::interrupted;
    if (has_many_ties() && !augment_along_ties(interrupt)) return Status::interrupted;
    for (Node row = 0; row < static_cast<Node>(column_of_.size()); ++row) {
        if (column_of_[index(row)] != no_node) continue;
        const Status status = augment(row, interrupt);
        if (status != Status::optimal) return status;
    }
    return Status::optimal;
}

template <class Real>
void DenseAugmentingPath<Real>::match(Node row, Node column) {
    column_of_[index(row)] = column;
    row_of_[index(column)] = row;
    free_columns_.erase(column);
}

/// A column of this reduced cost: the first that is wanted, or else any, counted from near the row's own place: where
/// many tie, rows would search the same ones.
template <class Real>
Node DenseAugmentingPath<Real>::find_tied(Node row, Length value, const NodeSet& wanted) const {
    constexpr std::int64_t aligned = 64;  // to the words of sets
    const auto find = [&](std::int64_t start, std::int64_t end) {
        const std::int64_t found = row_kernels<Real>().find_equal_reduced(
            cost_.row(row) + start, v_.data() + start, value, end - start, wanted.words() + start / aligned);
        return found < 0 ? no_node : static_cast<Node>(start + found);
    };
    const std::int64_t middle = row / aligned * aligned;
    const Node behind = find(middle, cost_.n_columns);
    if (behind != no_node && wanted.contains(behind)) return behind;
    const Node before = find(0, middle);
    return before != no_node ? before : behind;
}

/// A free row bids for its cheapest column up to what the second cheapest costs; of columns that tie it takes a free
/// one, or any. The row that it outbids bids again after the others. False if interrupted.
template <class Real>
bool DenseAugmentingPath<Real>::augment_by_row_reduction(Interrupt& interrupt) {
    // Measured on random, geometric and correlation costs and on products of ranks: further bids cost more time than
    // they save in searches.
    constexpr std::size_t most_bids = 12;
    constexpr std::size_t rows_per_bid = 16;
    std::vector<Node> bidders;
    for (Node row = 0; row < static_cast<Node>(column_of_.size()); ++row)
        if (column_of_[index(row)] == no_node) bidders.push_back(row);
    const std::size_t n_bids = bidders.size() * std::min(most_bids, column_of_.size() / rows_per_bid);
    for (std::size_t k = 0; k < n_bids && k < bidders.size(); ++k) {
        if (interrupt.requested_after(cost_.n_columns)) return false;
        const Node row = bidders[k];
        Length two_least[2];
        auto column = static_cast<Node>(
            row_kernels<Real>().find_two_least(cost_.row(row), v_.data(), cost_.n_columns, two_least));
        if (column == no_node) continue;
        const Length lowered = v_[index(column)] - (two_least[1] - two_least[0]);
        if (two_least[0] == two_least[1]) {
            column = find_tied(row, two_least[0], free_columns_);
            ++n_ties_;
            if (has_many_ties() && !free_columns_.contains(column)) continue;
        } else if (two_least[1] < no_path<Length> && -no_path<Length> < lowered && lowered < v_[index(column)])
            v_[index(column)] = lowered;
        else
            continue;  // without a second choice the row waits for its search
        const Node outbid = row_of_[index(column)];
        match(row, column);
        if (outbid == no_node) continue;
        column_of_[index(outbid)] = no_node;
        bidders.push_back(outbid);
    }
    return true;
}

/// Searches depth first from every free row, over pairs of reduced cost zero alone and to no column twice, for a free
/// column (Pothen and Fan 1990): where many tie, a visit to every row matches most of the free ones. False if
/// interrupted.
template <class Real>
bool DenseAugmentingPath<Real>::augment_along_ties(Interrupt& interrupt) {
    NodeSet not_visited(row_of_.size());
    std::vector<std::pair<Node, Node>> path;  // rows, and the columns that they are to have
    for (Node free_row = 0; free_row < static_cast<Node>(column_of_.size()); ++free_row) {
        if (column_of_[index(free_row)] != no_node) continue;
        Length two_least[2];
        row_kernels<Real>().find_two_least(cost_.row(free_row), v_.data(), cost_.n_columns, two_least);
        if (!(two_least[0] < no_path<Length>)) continue;
        path.assign(1, {free_row, no_node});
        while (!path.empty()) {
            if (interrupt.requested_after(2 * cost_.n_columns)) return false;
            const Node row = path.back().first;
            const Length u = path.size() == 1 ? two_least[0] : matched_reduced_cost(row);
            const Node free_column = find_tied(row, u, free_columns_);
            if (free_column != no_node && free_columns_.contains(free_column)) {
                path.back().second = free_column;
                for (const auto& [each, column] : path) match(each, column);
                break;
            }
            const Node column = find_tied(row, u, not_visited);
            if (column == no_node || !not_visited.contains(column)) {
                path.pop_back();
                continue;
            }
            not_visited.erase(column);
            path.back().second = column;
            path.emplace_back(row_of_[index(column)], no_node);
        }
    }
    return true;
}

/// Dijkstra over reduced costs from a free row to the nearest free column; infeasible if there is no path.
template <class Real>
Status DenseAugmentingPath<Real>::augment(Node free_row, Interrupt& interrupt) {
    search_.begin(v_);
    Node row = free_row;
    Node column = no_node;
    Length length = -no_path<Length>;
    Length offset = 0;
    while (true) {
        if (interrupt.requested_after(cost_.n_columns)) return Status::interrupted;
        const Length least = search_.relax(cost_.row(row), row, offset);
        if (!(least < no_path<Length>)) return Status::infeasible;
        column = search_.find_nearest(least, free_columns_);
        // No path is shorter than one to a settled column, whatever the rounding.
        length = std::max(length, least);
        row = row_of_[index(column)];
        if (row == no_node) break;
        search_.settle(column, length);
        offset = length - matched_reduced_cost(row);
    }
    search_.lower_settled(length, v_);
    while (true) {
        const Node from = search_.reached_from(column);
        const Node previous_column = column_of_[index(from)];
        match(from, column);
        if (from == free_row) return Status::optimal;
        column = previous_column;
    }
}

/// Every v_j goes to the middle of where it may be while the others stay. If all do so at once, no reduced cost becomes
/// negative: none is less than twice what either of its ends takes.
template <class Real>
void DenseAugmentingPath<Real>::centre_potentials(Interrupt& interrupt) {
    constexpr int n_sweeps = 3;  // measured on correlation costs of 128 units: further ones take longer than they save
    std::vector<Length> room_below(v_.size());
    for (int sweep = 0; sweep < n_sweeps; ++sweep) {
        search_.begin(v_);
        for (Node row = 0; row < static_cast<Node>(column_of_.size()); ++row) {
            if (interrupt.requested_after(2 * cost_.n_columns)) return;
            const Node own = column_of_[index(row)];
            const Length u = matched_reduced_cost(row);
            search_.close(own);
            Length two_least[2];
            row_kernels<Real>().find_two_least(cost_.row(row), search_.open_v().data(), cost_.n_columns, two_least);
            search_.relax(cost_.row(row), row, -u);
            search_.open(own, v_[index(own)]);
            room_below[index(own)] = two_least[0] - u;
        }
        for (std::size_t j = 0; j < v_.size(); ++j) {
            const Length room_above = search_.distance(j);
            const bool is_bounded = room_above < no_path<Length> && room_below[j] < no_path<Length>;
            if (is_bounded) v_[j] += (room_above - room_below[j]) / 2;
        }
    }
}

template <class Real>
Potentials DenseAugmentingPath<Real>::potentials() const {
    Potentials potentials;
    for (const Length v : v_) potentials.v.push_back(difference_of(v));
    for (Node row = 0; row < static_cast<Node>(column_of_.size()); ++row)
        potentials.u.push_back(cost_of(matched_reduced_cost(row)));
    return potentials;
}

template class DenseAugmentingPath<float>;
template class DenseAugmentingPath<double>;
template class DenseAugmentingPath<FixedCost>;

}  // namespace mot
