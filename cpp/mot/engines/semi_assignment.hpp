/// Shortest augmenting paths for the semi-assignment problem on a dense matrix: every unit of the larger side, a row,
/// goes to one unit of the smaller side, a column, and all columns get equally many rows.
///
/// Method: Kennington and Wang (1992), the method of Jonker and Volgenant for columns with room for several rows. A
/// search by Dijkstra from a row without a column settles the nearest columns until one has room left; each row on the
/// path moves on by a column. As in LAPMOD (Volgenant 1996), costs may change afterwards: a row that finds a cheaper
/// column is searched for again.
///
/// Invariants between searches, with u of a placed row the reduced cost of its column:
///   (I1) cost_ij - u_i - v_j is non-negative, up to rounding, and zero where row i has column j;
///   (I2) no column has more rows than it has room for.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "mot/kernels/kernels.hpp"
#include "mot/types/arc.hpp"
#include "mot/types/interrupt.hpp"
#include "mot/types/masses.hpp"
#include "mot/types/plan.hpp"
#include "mot/types/views.hpp"

namespace mot {

class SemiAssignment {
public:
    /// Whether all masses of a side are equal, and one side has a whole number of times as many units as the other.
    static bool is_one(const Masses& masses);

    template <class Real>
    SemiAssignment(const Masses& masses, const MatrixView<Real>& cost);

    /// Gives these arcs a new cost.
    void add_arcs(const std::vector<Arc>& arcs);
    /// Gives every arc that carries mass the cost that `cost` returns, and removes all other arcs.
    void replace_costs(const std::function<double(Node, Node)>& cost);

    /// Places every row that has no column. The tolerance, which the simplex needs, is not used.
    Status optimize(double tolerance, Interrupt& interrupt);

    Potentials potentials() const;
    /// In the unit of `Masses`.
    Plan plan() const;
    /// The arcs that carry mass, ordered by row.
    std::vector<Arc> arcs() const;

private:
    Arc oriented(Node row, Node column, double cost) const {
        return rows_are_sources_ ? Arc{row, column, cost} : Arc{column, row, cost};
    }
    const double* costs_of(Node row) const { return costs_.data() + row * n_columns_; }
    double& cost(Node row, Node column) { return costs_[index(row * n_columns_ + column)]; }
    double reduced_cost(Node row) const {
        return costs_of(row)[column_of_[index(row)]] - v_[index(column_of_[index(row)])];
    }
    bool has_room(Node column) const { return n_rows_of_[index(column)] < room_; }
    void place(Node row, Node column);
    void displace(Node row);

    void place_cheapest();
    Status augment(Node free_row, Interrupt& interrupt);
    Node find_nearest(double least);

    double flow_;  // the mass of a row
    bool rows_are_sources_;
    Node n_rows_, n_columns_;
    Node room_;                  // rows that a column has room for
    std::vector<double> costs_;  // (n_rows, n_columns), infinite where there is no arc
    std::vector<Node> column_of_;
    std::vector<Node> rows_of_, n_rows_of_;  // (n_columns, room), of which the first n_rows_of_ are there
    std::vector<double> v_;

    // The state of the search under way.
    std::vector<double> distance_;  // to the open columns; infinite where settled
    std::vector<double> open_v_;    // v of the open columns; minus infinity where settled
    std::vector<Node> reached_from_, nearest_;
    std::vector<double> zeros_;
    struct Settled {
        Node column;
        double distance;
    };
    std::vector<Settled> settled_;
};

}  // namespace mot
