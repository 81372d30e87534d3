#include "mot/costs/standardized_layer.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>

#include "mot/kernels/kernels.hpp"
#include "mot/types/half.hpp"

namespace mot {

namespace {

/// One stimulus as doubles: a plain loop, so that the compiler can widen many at a time.
template <class Real>
void decode(const ActivationsView<Real>& activations, std::int64_t t, double* values) {
    const Real* stimulus = activations.stimulus(t);
    const std::int64_t n = activations.n_units;
    if (activations.unit_stride == 1)
        for (std::int64_t unit = 0; unit < n; ++unit) values[unit] = static_cast<double>(stimulus[unit]);
    else
        for (std::int64_t unit = 0; unit < n; ++unit)
            values[unit] = static_cast<double>(stimulus[unit * activations.unit_stride]);
}

bool is_interrupted(Interrupt* interrupt, std::int64_t n_values) {
    constexpr std::int64_t steps_per_value = 4;  // they may lie far apart
    return interrupt && interrupt->requested_after(steps_per_value * n_values);
}

/// A power of two that brings numbers of this size to order one.
double scale_to_one(double size) {
    int exponent;
    std::frexp(size, &exponent);
    return std::ldexp(1.0, std::clamp(-exponent, -1022, 1022));
}

}  // namespace

template <class Real>
StandardizedLayer::StandardizedLayer(const ActivationsView<Real>& activations, Interrupt* interrupt)
    : n_stimuli_(activations.n_stimuli), n_units_(activations.n_units) {
    const auto n = static_cast<std::size_t>(n_units_);
    const double share = 1.0 / static_cast<double>(n_stimuli_);
    constexpr std::size_t block = 32;  // stimuli that stay in cache while they are turned
    std::vector<double> values(block * n);

    // The mean of the differences from the first stimulus: where values hardly vary, their sum would drown that.
    std::vector<double> reference(n);
    decode(activations, 0, reference.data());
    mean_.assign(n, 0.0);
    std::vector<double> low(n, std::numeric_limits<double>::infinity());
    std::vector<double> high(n, -std::numeric_limits<double>::infinity());
    for (std::int64_t t = 0; t < n_stimuli_; ++t) {
        if (is_interrupted(interrupt, n_units_)) return;
        decode(activations, t, values.data());
        for (std::size_t unit = 0; unit < n; ++unit) {
            mean_[unit] += values[unit] * share - reference[unit] * share;
            low[unit] = values[unit] < low[unit] ? values[unit] : low[unit];
            high[unit] = values[unit] > high[unit] ? values[unit] : high[unit];
        }
    }

    for (std::size_t unit = 0; unit < n; ++unit) mean_[unit] += reference[unit];

    // Squares are taken of values brought to order one: nothing over- or underflows at any scale of the input. Large
    // values are scaled before the mean is subtracted, small ones afterwards.
    std::vector<double> scale(n), before(n), after(n);
    for (std::size_t unit = 0; unit < n; ++unit) {
        const double range = high[unit] - low[unit];
        const double size = std::isfinite(range) ? range : 0.5 * high[unit] - 0.5 * low[unit];
        scale[unit] = low[unit] == high[unit] ? 0.0 : scale_to_one(size);
        before[unit] = std::min(scale[unit], 1.0);
        after[unit] = std::max(scale[unit], 1.0);
    }
    const auto scaled_deviation = [&](double value, std::size_t unit) {
        return (value * before[unit] - mean_[unit] * before[unit]) * after[unit];
    };
    std::vector<double> sum(n, 0.0);
    std::vector<double> squares(n, 0.0);
    for (std::int64_t t = 0; t < n_stimuli_; ++t) {
        if (is_interrupted(interrupt, n_units_)) return;
        decode(activations, t, values.data());
        for (std::size_t unit = 0; unit < n; ++unit) {
            const double value = scaled_deviation(values[unit], unit);
            sum[unit] += value;
            squares[unit] += value * value;
        }
    }
    // The second pass finds the rounding error of the mean, to be taken out of the deviations: the mean itself cannot
    // be closer than an ulp.
    std::vector<double> mean_error(n, 0.0), to_unit_norm(n, 0.0);
    deviation_.assign(n, 0.0);
    for (std::size_t unit = 0; unit < n; ++unit) {
        if (scale[unit] == 0.0) continue;
        mean_error[unit] = sum[unit] * share;
        const double norm = std::sqrt(squares[unit] - sum[unit] * mean_error[unit]);
        to_unit_norm[unit] = 1.0 / norm;
        // 0 means constant: what varies at all is not rounded to it.
        deviation_[unit] = std::max(norm * std::sqrt(share) / scale[unit], std::numeric_limits<double>::denorm_min());
    }

    float* const unit_major = values_.reserve<float>(n_units_ * n_stimuli_);
    for (std::int64_t first = 0; first < n_stimuli_; first += block) {
        const auto n_rows = std::min(block, static_cast<std::size_t>(n_stimuli_ - first));
        if (is_interrupted(interrupt, static_cast<std::int64_t>(n_rows) * n_units_)) return;
        for (std::size_t row = 0; row < n_rows; ++row)
            decode(activations, first + static_cast<std::int64_t>(row), values.data() + row * n);
        for (std::size_t unit = 0; unit < n; ++unit) {
            float* turned = unit_major + unit * static_cast<std::size_t>(n_stimuli_) + first;
            for (std::size_t row = 0; row < n_rows; ++row)
                turned[row] = static_cast<float>((scaled_deviation(values[row * n + unit], unit) - mean_error[unit]) *
                                                 to_unit_norm[unit]);
        }
    }
    for (std::size_t unit = 0; unit < n; ++unit)
        if (scale[unit] != 0.0) mean_[unit] += mean_error[unit] / scale[unit];
    rounding_norm_.resize(n);
    for (std::size_t unit = 0; unit < n; ++unit) {
        if (is_interrupted(interrupt, n_stimuli_)) return;
        const float* turned = values_.data() + unit * static_cast<std::size_t>(n_stimuli_);
        rounding_norm_[unit] = std::sqrt(kernels().dot(turned, turned, n_stimuli_));
    }
}

double StandardizedLayer::correlation(std::int64_t i, const StandardizedLayer& other, std::int64_t j) const {
    return correlation_of_product(kernels().dot(values() + i * n_stimuli_, other.values() + j * n_stimuli_, n_stimuli_),
                                  i, other, j);
}

double StandardizedLayer::correlation_of_product(double product, std::int64_t i, const StandardizedLayer& other,
                                                 std::int64_t j) const {
    const double norms =
        rounding_norm_[static_cast<std::size_t>(i)] * other.rounding_norm_[static_cast<std::size_t>(j)];
    return norms == 0.0 ? 0.0 : std::clamp(product / norms, -1.0, 1.0);
}

template <class Real>
std::optional<Position> first_nonfinite(const ActivationsView<Real>& activations, Interrupt* interrupt) {
    std::vector<double> values(static_cast<std::size_t>(activations.n_units));
    for (std::int64_t t = 0; t < activations.n_stimuli; ++t) {
        if (is_interrupted(interrupt, activations.n_units)) return std::nullopt;
        decode(activations, t, values.data());
        // x - x is 0 for every finite x and NaN otherwise: one sum of unlike lanes decides a whole row.
        double sums[8] = {};
        for (std::size_t unit = 0; unit < values.size(); ++unit) sums[unit % 8] += values[unit] - values[unit];
        if (std::all_of(std::begin(sums), std::end(sums), [](double sum) { return sum == 0.0; })) continue;
        for (std::size_t unit = 0; unit < values.size(); ++unit)
            if (!std::isfinite(values[unit])) return Position{t, static_cast<std::int64_t>(unit)};
    }
    return std::nullopt;
}

template StandardizedLayer::StandardizedLayer(const ActivationsView<Half>&, Interrupt*);
template StandardizedLayer::StandardizedLayer(const ActivationsView<float>&, Interrupt*);
template StandardizedLayer::StandardizedLayer(const ActivationsView<double>&, Interrupt*);
template std::optional<Position> first_nonfinite(const ActivationsView<Half>&, Interrupt*);
template std::optional<Position> first_nonfinite(const ActivationsView<float>&, Interrupt*);
template std::optional<Position> first_nonfinite(const ActivationsView<double>&, Interrupt*);

}  // namespace mot
