/// Shortest augmenting paths for the semi-assignment problem: every unit of the larger side, a row, goes to one unit of
/// the smaller side, a column, and all columns get equally many rows.
///
/// Method: Kennington and Wang (1992), which is that of Jonker and Volgenant for columns with room for several rows. A
/// search by Dijkstra from a row without a column settles the nearest columns until one has room left; each row on the
/// path moves on by a column. As in LAPMOD (Volgenant 1996), arcs may be added afterwards: a row that finds a cheaper
/// column is searched for again.
///
/// Invariants between searches, with u of a placed row the reduced cost of its column:
///   (I1) cost_ij - u_i - v_j is non-negative, up to rounding, and zero where row i has column j;
///   (I2) no column has more rows than it has room for.
/// Until arcs are added, v_j is at most zero, and zero where column j has room. Then (I1) keeps u_i below the greatest
/// cost, and v_j above the least less the greatest: whole lengths of paths over costs in 16 bits stay far within 32.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "mot/engines/column_search.hpp"
#include "mot/kernels/kernels.hpp"
#include "mot/types/arc.hpp"
#include "mot/types/interrupt.hpp"
#include "mot/types/masses.hpp"
#include "mot/types/node_set.hpp"
#include "mot/types/plan.hpp"
#include "mot/types/views.hpp"

namespace mot {

template <class Real>
class SemiAssignment {
public:
    /// Whether the masses are equal, and one side has a whole number of times as many units as the other.
    static bool is_one(const Masses& masses);

    /// All rows are still to be placed.
    SemiAssignment(const Masses& masses, const MatrixView<Real>& cost);
    /// Every row is placed by one of the arcs, to which the potentials belong; there are no others yet.
    SemiAssignment(const Masses& masses, const Potentials& potentials, const std::vector<Arc>& placed);

    void add_arcs(const std::vector<Arc>& arcs);
    /// Gives every arc that carries mass the cost that `cost` returns. Comes before other arcs are added.
    void replace_costs(const std::function<double(Node, Node)>& cost);

    /// Places every row that has no column. The tolerance, which the simplex needs, is not used.
    Status optimize(double tolerance, Interrupt& interrupt);

    Potentials potentials() const;
    /// In the unit of `Masses`.
    Plan plan() const;
    /// The arcs that carry mass, row by row.
    std::vector<Arc> arcs() const;

private:
    using Length = PathLength<Real>;

    explicit SemiAssignment(const Masses& masses);
    Node row_of(const Arc& arc) const { return rows_are_sources_ ? arc.source : arc.target; }
    Node column_of(const Arc& arc) const { return rows_are_sources_ ? arc.target : arc.source; }
    Real* costs_of(Node row) { return costs_.data() + row * n_columns_; }
    const Real* costs_of(Node row) const { return costs_.data() + row * n_columns_; }
    Length reduced_cost(Node row) const {
        const Node column = column_of_[index(row)];
        return static_cast<Length>(costs_of(row)[column]) - v_[index(column)];
    }
    void place(Node row, Node column);
    void displace(Node row);
    Status augment(Node free_row, Interrupt& interrupt);

    double flow_;  // the mass of a row
    bool rows_are_sources_;
    Node n_rows_, n_columns_;
    Node room_;                // rows that a column has room for
    std::vector<Real> costs_;  // (n_rows, n_columns), infinite where there is no arc
    std::vector<Node> column_of_;
    std::vector<Node> rows_of_, n_rows_of_;  // (n_columns, room), of which the first n_rows_of_ are there
    NodeSet with_room_;                      // columns
    std::vector<Length> v_;
    ColumnSearch<Real> search_;
};

}  // namespace mot
