/// A problem whose rows and columns are exchanged, for methods that want few rows, or few columns.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "mot/costs/given_cost.hpp"
#include "mot/solve/found.hpp"
#include "mot/types/masses.hpp"
#include "mot/types/plan.hpp"
#include "mot/types/views.hpp"

namespace mot {

/// Costs that may be copied to save time; larger ones leave no room for others beside them.
constexpr std::int64_t most_copied = std::int64_t{1} << 25;

template <class Real>
class Exchanged {
public:
    Exchanged(const GivenCost<Real>& cost, const Masses& masses)
        : values_(transposed(cost.stored())),
          cost_({values_.data(), cost.n_columns(), cost.n_rows()}, cost.scale()),
          masses_{masses.target, masses.source, masses.unit, masses.is_uniform} {}
    Exchanged(const Exchanged&) = delete;
    Exchanged& operator=(const Exchanged&) = delete;

    const GivenCost<Real>& cost() const { return cost_; }
    const Masses& masses() const { return masses_; }

    /// Of this problem, what was found for the other; and the other way round.
    static Found exchanged(Found found) {
        std::swap(found.plan.source, found.plan.target);
        std::swap(found.potentials.u, found.potentials.v);
        return found;
    }

private:
    static std::vector<Real> transposed(const MatrixView<Real>& view) {
        constexpr std::int64_t at_once = 16;  // rows, whose values are written side by side
        std::vector<Real> values(static_cast<std::size_t>(view.n_rows * view.n_columns));
        for (std::int64_t first = 0; first < view.n_rows; first += at_once) {
            const std::int64_t end = std::min(first + at_once, view.n_rows);
            for (std::int64_t j = 0; j < view.n_columns; ++j)
                for (std::int64_t i = first; i < end; ++i)
                    values[static_cast<std::size_t>(j * view.n_rows + i)] = view(i, j);
        }
        return values;
    }

    std::vector<Real> values_;
    GivenCost<Real> cost_;
    Masses masses_;
};

}  // namespace mot
