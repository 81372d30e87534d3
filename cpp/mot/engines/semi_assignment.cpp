#include "mot/engines/semi_assignment.hpp"

#include <algorithm>
#include <utility>

namespace mot {
template <class Real>
bool SemiAssignment<Real>::is_one(const Masses& masses) {
    const auto [fewer, more] = std::minmax({masses.source.size(), masses.target.size()});
    return masses.is_uniform && more % fewer == 0;
}

template <class Real>
SemiAssignment<Real>::SemiAssignment(const Masses& masses)
    : flow_(std::min(masses.source.front(), masses.target.front())),
      rows_are_sources_(masses.source.size() >= masses.target.size()),
      n_rows_(static_cast<Node>(std::max(masses.source.size(), masses.target.size()))),
      n_columns_(static_cast<Node>(std::min(masses.source.size(), masses.target.size()))),
      room_(n_rows_ / n_columns_),
      costs_(index(n_rows_) * index(n_columns_)),
      column_of_(index(n_rows_), no_node),
      rows_of_(index(n_rows_), no_node),
      n_rows_of_(index(n_columns_), 0),
      with_room_(index(n_columns_)),
      v_(index(n_columns_), Length{0}),
      search_(v_.size()) {}

template <class Real>
SemiAssignment<Real>::SemiAssignment(const Masses& masses, const MatrixView<Real>& cost) : SemiAssignment(masses) {
    if (rows_are_sources_) {
        std::copy_n(cost.data, costs_.size(), costs_.data());
        return;
    }
    for (Node row = 0; row < n_rows_; ++row)
        for (Node column = 0; column < n_columns_; ++column) costs_of(row)[column] = cost(column, row);
}

template <>
SemiAssignment<double>::SemiAssignment(const Masses& masses, const Potentials& potentials,
                                       const std::vector<Arc>& placed)
    : SemiAssignment(masses) {
    v_ = rows_are_sources_ ? potentials.v : potentials.u;
    std::fill(costs_.begin(), costs_.end(), no_path<Length>);
    for (const Arc& arc : placed) {
        costs_of(row_of(arc))[column_of(arc)] = arc.cost;
        place(row_of(arc), column_of(arc));
    }
}

template <class Real>
void SemiAssignment<Real>::place(Node row, Node column) {
    column_of_[index(row)] = column;
    rows_of_[index(column * room_ + n_rows_of_[index(column)]++)] = row;
    if (n_rows_of_[index(column)] == room_) with_room_.erase(column);
}

template <class Real>
void SemiAssignment<Real>::displace(Node row) {
    const Node column = column_of_[index(row)];
    Node* const first = rows_of_.data() + column * room_;
    Node* const last = first + --n_rows_of_[index(column)];
    *std::find(first, last, row) = *last;
    column_of_[index(row)] = no_node;
    with_room_.insert(column);
}

template <class Real>
void SemiAssignment<Real>::add_arcs(const std::vector<Arc>& arcs) {
    for (const Arc& arc : arcs) {
        const Node row = row_of(arc);
        const Node column = column_of(arc);
        costs_of(row)[column] = static_cast<Real>(arc.cost);
        if (column_of_[index(row)] != no_node && arc.cost - v_[index(column)] < reduced_cost(row)) displace(row);
    }
}

template <class Real>
void SemiAssignment<Real>::replace_costs(const std::function<double(Node, Node)>& cost) {
    for (const Arc& arc : arcs())
        costs_of(row_of(arc))[column_of(arc)] = static_cast<Real>(cost(arc.source, arc.target));
}

template <class Real>
Status SemiAssignment<Real>::optimize(double, Interrupt& interrupt) {
    for (Node row = 0; row < n_rows_; ++row) {
        if (column_of_[index(row)] != no_node) continue;
        const Status status = augment(row, interrupt);
        if (status != Status::optimal) return status;
    }
    return Status::optimal;
}

/// Dijkstra over reduced costs from a free row to the nearest column that has room; infeasible if there is no path.
template <class Real>
Status SemiAssignment<Real>::augment(Node free_row, Interrupt& interrupt) {
    search_.begin(v_);
    Length least = search_.relax(costs_of(free_row), free_row, 0);
    Length length = least;
    Node column = no_node;
    while (true) {
        if (interrupt.requested_after(room_ * n_columns_)) return Status::interrupted;
        if (!(least < no_path<Length>)) return Status::infeasible;
        column = search_.find_nearest(least, with_room_);
        // No path is shorter than one to a settled column, whatever the rounding.
        length = std::max(length, least);
        if (with_room_.contains(column)) break;
        search_.settle(column, length);
        for (Node k = column * room_; k < (column + 1) * room_; ++k) {
            const Node row = rows_of_[index(k)];
            least = search_.relax(costs_of(row), row, length - reduced_cost(row));
        }
    }
    search_.lower_settled(length, v_);
    while (true) {
        const Node row = search_.reached_from(column);
        const Node previous_column = column_of_[index(row)];
        if (row != free_row) displace(row);
        place(row, column);
        if (row == free_row) return Status::optimal;
        column = previous_column;
    }
}

template <class Real>
Potentials SemiAssignment<Real>::potentials() const {
    std::vector<double> u(column_of_.size());
    std::vector<double> v(v_.size());
    for (Node row = 0; row < n_rows_; ++row) u[index(row)] = cost_of(reduced_cost(row));
    std::transform(v_.begin(), v_.end(), v.begin(), [](Length length) { return difference_of(length); });
    return rows_are_sources_ ? Potentials{std::move(u), std::move(v)} : Potentials{std::move(v), std::move(u)};
}

template <class Real>
std::vector<Arc> SemiAssignment<Real>::arcs() const {
    std::vector<Arc> arcs;
    arcs.reserve(index(n_rows_));
    for (Node row = 0; row < n_rows_; ++row) {
        const Node column = column_of_[index(row)];
        const double cost = cost_of(costs_of(row)[column]);
        arcs.push_back(rows_are_sources_ ? Arc{row, column, cost} : Arc{column, row, cost});
    }
    return arcs;
}

template <class Real>
Plan SemiAssignment<Real>::plan() const {
    Plan plan;
    for (const Arc& arc : arcs()) plan.add(arc.source, arc.target, flow_);
    return plan;
}

template class SemiAssignment<float>;
template class SemiAssignment<double>;
template class SemiAssignment<FixedCost>;

}  // namespace mot
