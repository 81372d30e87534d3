/// One layer's activations, centred, scaled to unit norm and transposed to rows of units: correlations are their inner
/// products.
///
/// Means and norms are summed in double precision; the values are kept in single precision for the BLAS. A unit that
/// is constant over the stimuli has no correlation: its values here are zero, so its r with every unit is 0.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "mot/costs/activations.hpp"
#include "mot/costs/rounded_units.hpp"
#include "mot/types/buffer.hpp"
#include "mot/types/interrupt.hpp"
#include "mot/types/workers.hpp"

namespace mot {

class StandardizedLayer {
public:
    /// The activations must be finite (see `first_nonfinite`). After an interrupt the object is of no use.
    template <class Real>
    explicit StandardizedLayer(const ActivationsView<Real>& activations, Interrupt* interrupt = nullptr,
                               const IntegerProducts* products = nullptr, const Workers& workers = Workers(1));

    std::int64_t n_stimuli() const { return n_stimuli_; }
    std::int64_t n_units() const { return n_units_; }
    /// The standardized values, `(n_units, n_stimuli)`.
    const float* values() const { return values_.data(); }
    /// The units rounded to bytes, for the products that were asked for; null without.
    const RoundedUnits* rounded() const { return rounded_ ? &*rounded_ : nullptr; }
    const std::vector<double>& mean() const { return mean_; }
    /// Standard deviation over the stimuli, divided by n_stimuli; exactly 0 for a constant unit.
    const std::vector<double>& deviation() const { return deviation_; }

    /// Correlation of unit i here with unit j of `other`, summed in double precision, in [-1, 1]; unit `next` of
    /// `other` is wanted next.
    double correlation(std::int64_t i, const StandardizedLayer& other, std::int64_t j, std::int64_t next) const;
    double correlation(std::int64_t i, const StandardizedLayer& other, std::int64_t j) const {
        return correlation(i, other, j, j);
    }
    /// A lower bound on one minus that correlation, by products in single precision.
    double least_cost(std::int64_t i, const StandardizedLayer& other, std::int64_t j, std::int64_t next) const;
    /// The correlation, given the inner product of the two units' values.
    double correlation_of_product(double product, std::int64_t i, const StandardizedLayer& other, std::int64_t j) const;

private:
    /// Standardizes the units from `first` to before `end`; false after an interrupt.
    template <class Real>
    bool standardize(const ActivationsView<Real>& activations, std::int64_t first, std::int64_t end,
                     Interrupt* interrupt);

    std::int64_t n_stimuli_;
    std::int64_t n_units_;
    Buffer values_;
    std::optional<RoundedUnits> rounded_;
    std::vector<double> mean_;           // (n_units,)
    std::vector<double> deviation_;      // (n_units,)
    std::vector<double> rounding_norm_;  // (n_units,): norm of the rounded values, 1 up to 1e-7
};

}  // namespace mot
