/// Two kinds of cost: a matrix that is given, and one minus the correlation of two layers' units.
///
/// Both offer their dense costs row by row (`for_each_row`), to be searched, and `exact(i, j)`, the cost that counts.
/// They differ by at most `margin`: an arc whose searched reduced cost is at least `margin` needs no second look. Where
/// that leaves more than `most_judged` arcs open, correlations are searched in double precision, without a margin.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <type_traits>
#include <unordered_map>
#include <vector>

#include "mot/costs/blas.hpp"
#include "mot/costs/standardized_layer.hpp"
#include "mot/types/buffer.hpp"
#include "mot/types/problem.hpp"
#include "mot/types/view.hpp"

namespace mot {

/// Work on every cost of a row that is visited, as an interrupt counts it.
constexpr std::int64_t steps_per_visit = 4;

template <class Real>
class GivenCost {
public:
    using Value = Real;

    /// `scale` is the largest absolute cost, which must be finite.
    GivenCost(MatrixView<Real> matrix, double scale) : matrix_(matrix), scale_(scale) {}

    /// All costs, or none where they are not kept.
    MatrixView<Real> stored() const { return matrix_; }
    std::int64_t n_rows() const { return matrix_.n_rows; }
    std::int64_t n_columns() const { return matrix_.n_columns; }
    double exact(std::int64_t i, std::int64_t j) const { return static_cast<double>(matrix_(i, j)); }
    double margin() const { return 0.0; }
    std::int64_t most_judged() const { return 0; }
    double scale() const { return scale_; }
    /// Costs are what they are: nothing is allowed but what is relative to the answer.
    double resolution() const { return 0.0; }

    /// Calls `visit(i, row)` for the rows with `is_wanted(i)`, in order; leaves off early when interrupted.
    template <class IsWanted, class Visit>
    void for_each_row(Interrupt& interrupt, IsWanted is_wanted, Visit visit) const {
        for (std::int64_t i = 0; i < n_rows(); ++i) {
            if (!is_wanted(i)) continue;
            if (interrupt.requested_after(steps_per_visit * n_columns())) return;
            visit(i, matrix_.row(i));
        }
    }

private:
    MatrixView<Real> matrix_;
    double scale_;
};

/// What the costs of one pair are computed with and where they lie.
struct Workshop {
    Sgemm sgemm;               ///< must run on one thread
    std::int64_t most_stored;  ///< single-precision numbers that costs may take; more are not kept but computed anew
    int n_workers;             ///< panels computed at once
    /// Calls `work(k)` for k = 0 .. n - 1, n_workers at most, perhaps at the same time.
    std::function<void(int n, const std::function<void(int)>& work)> parallel;
    Buffer costs;  ///< of one pair after the other
    Buffer units;
};

/// One minus the correlations of two layers. In single precision costs are searched that a BLAS has computed, fast but
/// for rounding; in double precision those that are searched are the exact ones, to the last bit.
template <class Real>
class LayerCost {
public:
    using Value = Real;
    static constexpr bool is_exact = std::is_same_v<Real, double>;

    /// `workshop` must outlive this object and serve no other at the same time; `interrupt` must outlive it, too.
    LayerCost(const StandardizedLayer& source, const StandardizedLayer& target, Workshop& workshop,
              Interrupt& interrupt);

    /// As of `GivenCost`.
    MatrixView<Real> stored() const { return {is_stored_ ? costs_ : nullptr, n_rows(), n_columns()}; }
    std::int64_t n_rows() const { return source_.n_units(); }
    std::int64_t n_columns() const { return target_.n_units(); }
    /// The few arcs that matter are asked for again and again: so many are remembered.
    double exact(std::int64_t i, std::int64_t j) const {
        if constexpr (is_exact)
            if (is_stored_) return costs_[i * n_columns() + j];
        const std::int64_t arc = i * n_columns() + j;
        if (const auto known = exact_.find(arc); known != exact_.end()) return known->second;
        // Whoever asks for many of them hears that there is no need, and gets something at once.
        if (interrupt_.requested_after(source_.n_stimuli())) return 0.0;
        const double cost = 1.0 - source_.correlation(i, target_, j);
        if (static_cast<std::int64_t>(exact_.size()) < most_judged()) exact_.emplace(arc, cost);
        return cost;
    }
    /// Bounds the error of a single-precision inner product of unit vectors, whatever the order of its sum (Jeannerod
    /// and Rump 2013, Improved error bounds for inner products in floating-point arithmetic), and of the roundings
    /// around it.
    double margin() const { return is_exact ? 0.0 : static_cast<double>(source_.n_stimuli() + 8) * 0x1p-24; }
    /// Arcs that may have to be judged one by one: where more lie within the margin, single precision tells too little.
    /// Measured on layers of networks: up to 2 for each unit.
    std::int64_t most_judged() const { return 16 * (n_rows() + n_columns()); }
    double scale() const { return 2.0; }
    /// What standardized values in single precision allow; their own correlations are met to rounding.
    double resolution() const { return 1e-6; }

    /// As of `GivenCost`.
    template <class IsWanted, class Visit>
    void for_each_row(Interrupt& interrupt, IsWanted is_wanted, Visit visit) const {
        std::vector<std::int64_t> rows;
        const auto visit_computed = [&] {
            if (rows.empty()) return;
            if (!is_stored_) compute(rows, costs_);
            for (std::size_t k = 0; k < rows.size(); ++k) {
                const std::int64_t place = is_stored_ ? rows[k] : static_cast<std::int64_t>(k);
                if (interrupt.requested_after(steps_per_visit * n_columns())) return;
                visit(rows[k], costs_ + place * n_columns());
            }
            rows.clear();
        };
        for (std::int64_t i = 0; i < n_rows(); ++i) {
            if (is_wanted(i)) rows.push_back(i);
            if (static_cast<std::int64_t>(rows.size()) < rows_at_once_) continue;
            if (interrupt.requested()) return;
            visit_computed();
        }
        if (!interrupt.requested()) visit_computed();
    }

private:
    void compute(const std::vector<std::int64_t>& rows, Real* costs) const;
    void compute_panel(const std::int64_t* rows, std::int64_t n, float* scratch, Real* costs) const;

    const StandardizedLayer& source_;
    const StandardizedLayer& target_;
    Workshop& workshop_;
    Interrupt& interrupt_;
    bool is_stored_;
    std::int64_t panel_;         // rows that one worker computes together
    std::int64_t rows_at_once_;  // rows that all workers compute together
    Real* costs_;                // all of them, or of the rows at once
    mutable std::unordered_map<std::int64_t, double> exact_;
};

using CorrelationCost = LayerCost<float>;
using ExactCorrelationCost = LayerCost<double>;

template <>
void LayerCost<float>::compute_panel(const std::int64_t*, std::int64_t, float*, float*) const;
template <>
void LayerCost<double>::compute_panel(const std::int64_t*, std::int64_t, float*, double*) const;

}  // namespace mot
