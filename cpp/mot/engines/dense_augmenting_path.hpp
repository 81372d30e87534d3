/// Shortest augmenting paths for the assignment problem on a dense matrix: every row gets a column of its own, at least
/// total cost. There may be more columns than rows, and pairs that are forbidden by an infinite cost.
///
/// Method: Jonker and Volgenant (1987), from whom we depart in two points. Columns may be reduced by whatever is known
/// of their potentials, not by their least costs alone, where there are as many rows as columns. In the augmenting row
/// reduction, rows whose cheapest column is taken bid in turn and a few times each, not in chains to the end: rows that
/// want the same columns outbid one another by little, for long. Then one Dijkstra search augments for each row that is
/// left free.
///
/// Invariants between bids and searches, with u of a matched row the reduced cost of its column:
///   (I1) cost_ij - u_i - v_j is non-negative, up to rounding, and zero on every matched pair;
///   (I2) v_j is at most where it started, and there while column j is not matched.
/// Where all start at zero and a column is free, (I1) and (I2) keep u_i below the greatest cost, and v_j above the
/// least less the greatest: whole lengths of paths over costs in 16 bits stay far within 32 bits.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "mot/engines/column_search.hpp"
#include "mot/kernels/kernels.hpp"
#include "mot/types/arc.hpp"
#include "mot/types/interrupt.hpp"
#include "mot/types/node_set.hpp"
#include "mot/types/plan.hpp"
#include "mot/types/views.hpp"

namespace mot {

template <class Real>
class DenseAugmentingPath {
public:
    using Length = PathLength<Real>;

    /// No more rows than columns; costs are not NaN and not -infinity.
    explicit DenseAugmentingPath(const MatrixView<Real>& cost);

    /// The first cheapest column of a row, and its cost; `no_node` where all are infinite.
    struct Cheapest {
        Node column = no_node;
        Real cost{};
    };
    static Cheapest cheapest_of(const Real* row, std::int64_t n_columns);
    template <class Cost>
    static std::vector<Cheapest> cheapest_of_rows(const Cost& cost, Interrupt& interrupt) {
        std::vector<Cheapest> of_rows(static_cast<std::size_t>(cost.n_rows()));
        cost.for_each_row_in_groups(
            interrupt, [](std::int64_t) { return true; },
            [&](const auto&, std::int64_t i, const Real* row) {
                of_rows[static_cast<std::size_t>(i)] = cheapest_of(row, cost.n_columns());
            });
        return of_rows;
    }

    /// Comes first, while all v are zero: matches every row with its cheapest column, or one of the equally cheap ones,
    /// that is still free. In a square, leaves off once too many rows are left free for a dense search.
    void match_cheapest(const std::vector<Cheapest>& of_rows, Interrupt& interrupt);

    /// Comes first instead, in a square: reduces columns by `v`, and matches every row with the column that is cheapest
    /// then, or one of the equally cheap ones, that is still free. Earlier matches are undone.
    void match_reduced(std::vector<Length> v, Interrupt& interrupt);
    /// The least cost of every column.
    std::vector<Length> least_of_columns(Interrupt& interrupt) const;
    std::int64_t n_free() const { return std::count(column_of_.begin(), column_of_.end(), no_node); }
    /// Whether the matrix is so small, or so few rows are still free, that searching all costs for them is faster than
    /// column generation on candidates.
    bool suits_dense_search() const;
    /// Whether so many rows found their cheapest column taken, and others as cheap, that a search along ties pays.
    bool has_many_ties() const { return 16 * n_ties_ > cost_.n_rows; }
    /// Matches every row that is still free, or finds that the finite costs do not allow it.
    Status optimize(Interrupt& interrupt);

    /// Comes last, where rows and columns are equally many: moves optimal potentials into the interior of all optimal
    /// ones, so that few pairs but the matched ones have a reduced cost of zero. Searches leave every column that they
    /// settle at its bound.
    void centre_potentials(Interrupt& interrupt);

    const std::vector<Node>& column_of() const { return column_of_; }
    Potentials potentials() const;

private:
    Length matched_reduced_cost(Node row) const {
        return static_cast<Length>(cost_(row, column_of_[index(row)])) - v_[index(column_of_[index(row)])];
    }

    std::int64_t most_rows_to_search() const;
    Node find_tied(Node row, Length value, const NodeSet& wanted) const;
    bool augment_by_row_reduction(Interrupt& interrupt);
    bool augment_along_ties(Interrupt& interrupt);
    Status augment(Node free_row, Interrupt& interrupt);
    void match(Node row, Node column);

    MatrixView<Real> cost_;
    std::vector<Node> column_of_, row_of_;
    NodeSet free_columns_;
    std::int64_t n_ties_ = 0;  // rows whose cheapest column was taken and not alone
    std::vector<Length> v_;

    ColumnSearch<Real> search_;
};

}  // namespace mot
