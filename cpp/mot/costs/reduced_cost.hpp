/// Given costs less potentials of both sides: the same problem, but in it the cheapest columns of a row are those that
/// the row competes for, not those that are cheap for everybody.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "mot/costs/given_cost.hpp"
#include "mot/costs/row_groups.hpp"
#include "mot/kernels/kernels.hpp"
#include "mot/types/interrupt.hpp"
#include "mot/types/plan.hpp"
#include "mot/types/views.hpp"

namespace mot {

/// Offers the members of `GivenCost`, with the same contracts.
template <class Real>
class ReducedCost : public OneWorker<ReducedCost<Real>> {
public:
    using Value = double;
    static constexpr bool is_exact = true;

    /// Reduces columns by `v`, and then rows by their least costs. `cost` must outlive this object.
    ReducedCost(const GivenCost<Real>& cost, std::vector<double> v, Interrupt& interrupt)
        : cost_(cost), potentials_{std::vector<double>(static_cast<std::size_t>(cost.n_rows()), 0.0), std::move(v)} {
        cost.for_each_row(interrupt, is_every_row, [this](std::int64_t i, const Real* row) {
            double two_least[2];
            row_kernels<Real>().find_two_least(row, potentials_.v.data(), n_columns(), two_least);
            potentials_.u[static_cast<std::size_t>(i)] = two_least[0];
        });
        row_.resize(potentials_.v.size());
    }

    /// What costs are reduced by.
    const Potentials& potentials() const { return potentials_; }

    bool is_stored() const { return false; }
    std::int64_t n_rows() const { return cost_.n_rows(); }
    std::int64_t n_columns() const { return cost_.n_columns(); }
    double exact(std::int64_t i, std::int64_t j) const {
        return cost_.exact(i, j) - potentials_.v[static_cast<std::size_t>(j)] -
               potentials_.u[static_cast<std::size_t>(i)];
    }
    double row_margin(std::int64_t) const { return 0.0; }
    double column_margin(std::int64_t) const { return 0.0; }
    std::int64_t most_within_margin() const { return 0; }
    double scale() const { return cost_.scale(); }

    template <class IsWanted, class Visit>
    void for_each_row(Interrupt& interrupt, IsWanted is_wanted, Visit visit) const {
        cost_.for_each_row(interrupt, is_wanted, [&](std::int64_t i, const Real* row) {
            const double u = potentials_.u[static_cast<std::size_t>(i)];
            for (std::size_t j = 0; j < row_.size(); ++j) row_[j] = static_cast<double>(row[j]) - potentials_.v[j] - u;
            visit(i, row_.data());
        });
    }

private:
    const GivenCost<Real>& cost_;
    Potentials potentials_;
    mutable std::vector<double> row_;  // one worker visits one row at a time
};

}  // namespace mot
