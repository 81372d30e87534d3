/// A cost of which only some arcs are listed; all others are forbidden. Memory is that of the list.
#pragma once

#include <cstdint>
#include <vector>

#include "mot/types/arc.hpp"
#include "mot/types/views.hpp"

namespace mot {

class SparseCost {
public:
    explicit SparseCost(const SparseView& view);

    const SparseView& view() const { return view_; }
    /// Infinite where no arc is listed.
    double exact(std::int64_t i, std::int64_t j) const;
    /// Largest absolute cost.
    double scale() const { return scale_; }
    std::vector<Arc> arcs() const;

    /// Calls `visit(i, j, cost)` for every arc, by row.
    template <class Visit>
    void for_each_arc(Visit visit) const {
        for (std::int64_t i = 0; i < view_.n_rows; ++i)
            for (std::int64_t k = view_.row_starts[i]; k < view_.row_starts[i + 1]; ++k)
                visit(static_cast<Node>(i), view_.columns[k], view_.costs[k]);
    }

private:
    SparseView view_;
    double scale_;
};

}  // namespace mot
