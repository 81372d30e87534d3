#include "mot/costs/sparse_cost.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace mot {

SparseCost::SparseCost(const SparseView& view) : view_(view), scale_(0.0) {
    for_each_arc([this](Node, Node, double cost) { scale_ = std::max(scale_, std::abs(cost)); });
}

double SparseCost::exact(std::int64_t i, std::int64_t j) const {
    const Node* first = view_.columns + view_.row_starts[i];
    const Node* end = view_.columns + view_.row_starts[i + 1];
    const Node* found = std::lower_bound(first, end, static_cast<Node>(j));
    if (found == end || *found != j) return std::numeric_limits<double>::infinity();
    return view_.costs[found - view_.columns];
}

std::vector<Arc> SparseCost::arcs() const {
    std::vector<Arc> arcs;
    arcs.reserve(static_cast<std::size_t>(view_.row_starts[view_.n_rows]));
    for_each_arc([&](Node i, Node j, double cost) { arcs.push_back({i, j, cost}); });
    return arcs;
}

}  // namespace mot
