#include "mot/engines/semi_assignment.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace mot {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

}  // namespace

bool SemiAssignment::is_one(const Masses& masses) {
    const auto [fewer, more] = std::minmax({masses.source.size(), masses.target.size()});
    return masses.is_uniform && more % fewer == 0;
}

template <class Real>
SemiAssignment::SemiAssignment(const Masses& masses, const MatrixView<Real>& cost)
    : flow_(std::min(masses.source.front(), masses.target.front())),
      rows_are_sources_(cost.n_rows >= cost.n_columns),
      n_rows_(static_cast<Node>(std::max(cost.n_rows, cost.n_columns))),
      n_columns_(static_cast<Node>(std::min(cost.n_rows, cost.n_columns))),
      room_(n_rows_ / n_columns_),
      costs_(index(n_rows_) * index(n_columns_)),
      column_of_(index(n_rows_), no_node),
      rows_of_(index(n_rows_), no_node),
      n_rows_of_(index(n_columns_), 0),
      v_(index(n_columns_), 0.0),
      distance_(v_.size(), infinity),
      open_v_(v_.size(), 0.0),
      reached_from_(v_.size(), no_node),
      nearest_(v_.size()),
      zeros_(v_.size(), 0.0) {
    double* next = costs_.data();
    for (Node row = 0; row < n_rows_; ++row)
        for (Node column = 0; column < n_columns_; ++column)
            *next++ = cost_of(rows_are_sources_ ? cost(row, column) : cost(column, row));
    place_cheapest();
}

void SemiAssignment::place(Node row, Node column) {
    column_of_[index(row)] = column;
    rows_of_[index(column * room_ + n_rows_of_[index(column)]++)] = row;
}

void SemiAssignment::displace(Node row) {
    const Node column = column_of_[index(row)];
    Node* const first = rows_of_.data() + column * room_;
    Node* const last = first + --n_rows_of_[index(column)];
    *std::find(first, last, row) = *last;
    column_of_[index(row)] = no_node;
}

/// Every row gets its cheapest column if that has room.
void SemiAssignment::place_cheapest() {
    for (Node row = 0; row < n_rows_; ++row) {
        double two_least[2];
        const auto column =
            static_cast<Node>(row_kernels<double>().find_two_least(costs_of(row), v_.data(), n_columns_, two_least));
        if (column != no_node && has_room(column)) place(row, column);
    }
}

void SemiAssignment::add_arcs(const std::vector<Arc>& arcs) {
    for (const Arc& arc : arcs) {
        const Node row = rows_are_sources_ ? arc.source : arc.target;
        const Node column = rows_are_sources_ ? arc.target : arc.source;
        cost(row, column) = arc.cost;
        if (column_of_[index(row)] != no_node && arc.cost - v_[index(column)] < reduced_cost(row)) displace(row);
    }
}

void SemiAssignment::replace_costs(const std::function<double(Node, Node)>& cost) {
    std::vector<Arc> known = arcs();
    for (Arc& arc : known) arc.cost = cost(arc.source, arc.target);
    std::fill(costs_.begin(), costs_.end(), infinity);
    for (const Arc& arc : known)
        this->cost(rows_are_sources_ ? arc.source : arc.target, rows_are_sources_ ? arc.target : arc.source) = arc.cost;
}

Status SemiAssignment::optimize(double, Interrupt& interrupt) {
    for (Node row = 0; row < n_rows_; ++row) {
        if (column_of_[index(row)] != no_node) continue;
        const Status status = augment(row, interrupt);
        if (status != Status::optimal) return status;
    }
    return Status::optimal;
}

/// The nearest column: one that has room, or else the first.
Node SemiAssignment::find_nearest(double least) {
    const std::int64_t n = row_kernels<double>().find_violated(distance_.data(), zeros_.data(), n_columns_,
                                                               std::nextafter(least, infinity), nearest_.data());
    const auto end = nearest_.begin() + n;
    const auto roomy = std::find_if(nearest_.begin(), end, [&](Node column) { return has_room(column); });
    return roomy == end ? nearest_.front() : *roomy;
}

/// Dijkstra over reduced costs from a free row to the nearest column that has room; infeasible if there is no path.
Status SemiAssignment::augment(Node free_row, Interrupt& interrupt) {
    std::fill(distance_.begin(), distance_.end(), infinity);
    open_v_ = v_;
    settled_.clear();
    const auto relax = [&](Node row, double offset) {
        return row_kernels<double>().relax(costs_of(row), open_v_.data(), offset, row, n_columns_, distance_.data(),
                                           reached_from_.data());
    };
    double least = relax(free_row, 0.0);
    double length = -infinity;
    Node column = no_node;
    while (true) {
        if (interrupt.requested_after(room_ * n_columns_)) return Status::interrupted;
        if (!(least < infinity)) return Status::infeasible;
        column = find_nearest(least);
        // No path is shorter than one to a settled column, whatever the rounding.
        length = std::max(length, least);
        if (has_room(column)) break;
        settled_.push_back({column, length});
        distance_[index(column)] = infinity;
        open_v_[index(column)] = -infinity;
        for (Node k = column * room_; k < (column + 1) * room_; ++k) {
            const Node row = rows_of_[index(k)];
            least = relax(row, length - reduced_cost(row));
        }
    }
    for (const Settled& settled : settled_) v_[index(settled.column)] += settled.distance - length;
    while (true) {
        const Node row = reached_from_[index(column)];
        const Node previous_column = column_of_[index(row)];
        if (row != free_row) displace(row);
        place(row, column);
        if (row == free_row) return Status::optimal;
        column = previous_column;
    }
}

Potentials SemiAssignment::potentials() const {
    std::vector<double> u(index(n_rows_));
    for (Node row = 0; row < n_rows_; ++row) u[index(row)] = reduced_cost(row);
    return rows_are_sources_ ? Potentials{std::move(u), v_} : Potentials{v_, std::move(u)};
}

std::vector<Arc> SemiAssignment::arcs() const {
    std::vector<Arc> arcs;
    arcs.reserve(index(n_rows_));
    for (Node row = 0; row < n_rows_; ++row) {
        const Node column = column_of_[index(row)];
        arcs.push_back(oriented(row, column, costs_of(row)[column]));
    }
    return arcs;
}

Plan SemiAssignment::plan() const {
    Plan plan;
    for (const Arc& arc : arcs()) plan.add(arc.source, arc.target, flow_);
    return plan;
}

template SemiAssignment::SemiAssignment(const Masses&, const MatrixView<float>&);
template SemiAssignment::SemiAssignment(const Masses&, const MatrixView<double>&);
template SemiAssignment::SemiAssignment(const Masses&, const MatrixView<FixedCost>&);

}  // namespace mot
