#include "mot/costs/standardized_layer.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

#include "mot/kernels/kernels.hpp"
#include "mot/types/half.hpp"

namespace mot {
namespace {

using Doubles = std::vector<double>;

/// The mean of every unit, up to rounding, and its least and greatest value.
struct Ranges {
    Doubles mean, low, high;
};

/// The power of two that values of a unit are multiplied by, so that their squares neither over- nor underflow at any
/// scale of the input; 0 for a constant unit. Large values are scaled before the mean is subtracted, small ones
/// afterwards.
struct Scales {
    Doubles scale, before, after;

    double deviation(double value, double mean, std::size_t unit) const {
        return (value * before[unit] - mean * before[unit]) * after[unit];
    }
};

/// The rounding error that the mean has, and the factor that brings what is left to unit norm; both of scaled values.
struct Moments {
    Doubles mean_error, to_unit_norm;
};

/// A power of two that brings numbers of this size to order one.
double scale_to_one(double size) {
    int exponent;
    std::frexp(size, &exponent);
    return std::ldexp(1.0, std::clamp(-exponent, -1022, 1022));
}

template <class Real>
Ranges find_ranges(const ActivationsView<Real>& activations, Interrupt* interrupt) {
    const auto n = static_cast<std::size_t>(activations.n_units);
    const double share = 1.0 / static_cast<double>(activations.n_stimuli);
    // The mean of the differences from the first stimulus: where values hardly vary, their sum would drown that.
    Doubles reference(n), values(n);
    decode(activations, 0, reference.data());
    Ranges ranges{Doubles(n, 0.0), Doubles(n, std::numeric_limits<double>::infinity()),
                  Doubles(n, -std::numeric_limits<double>::infinity())};
    auto& [mean, low, high] = ranges;
    for (std::int64_t t = 0; t < activations.n_stimuli; ++t) {
        if (is_interrupted(interrupt, activations.n_units)) return ranges;
        decode(activations, t, values.data());
        for (std::size_t unit = 0; unit < n; ++unit) {
            mean[unit] += values[unit] * share - reference[unit] * share;
            low[unit] = values[unit] < low[unit] ? values[unit] : low[unit];
            high[unit] = values[unit] > high[unit] ? values[unit] : high[unit];
        }
    }
    for (std::size_t unit = 0; unit < n; ++unit) mean[unit] += reference[unit];
    return ranges;
}

Scales scales_of(const Ranges& ranges) {
    const std::size_t n = ranges.mean.size();
    Scales scales{Doubles(n), Doubles(n), Doubles(n)};
    for (std::size_t unit = 0; unit < n; ++unit) {
        const double low = ranges.low[unit];
        const double high = ranges.high[unit];
        const double range = high - low;
        const double size = std::isfinite(range) ? range : 0.5 * high - 0.5 * low;
        scales.scale[unit] = low == high ? 0.0 : scale_to_one(size);
        scales.before[unit] = std::min(scales.scale[unit], 1.0);
        scales.after[unit] = std::max(scales.scale[unit], 1.0);
    }
    return scales;
}

/// The second pass also finds the rounding error of the mean, to be taken out of the deviations: the mean itself cannot
/// be closer than an ulp. Writes the standard deviations of the units.
template <class Real>
Moments find_moments(const ActivationsView<Real>& activations, const Doubles& mean, const Scales& scales,
                     Doubles& deviation, Interrupt* interrupt) {
    const auto n = static_cast<std::size_t>(activations.n_units);
    const double share = 1.0 / static_cast<double>(activations.n_stimuli);
    Moments moments{Doubles(n, 0.0), Doubles(n, 0.0)};
    Doubles values(n), sum(n, 0.0), squares(n, 0.0);
    for (std::int64_t t = 0; t < activations.n_stimuli; ++t) {
        if (is_interrupted(interrupt, activations.n_units)) return moments;
        decode(activations, t, values.data());
        for (std::size_t unit = 0; unit < n; ++unit) {
            const double value = scales.deviation(values[unit], mean[unit], unit);
            sum[unit] += value;
            squares[unit] += value * value;
        }
    }
    for (std::size_t unit = 0; unit < n; ++unit) {
        if (scales.scale[unit] == 0.0) continue;
        moments.mean_error[unit] = sum[unit] * share;
        const double norm = std::sqrt(squares[unit] - sum[unit] * moments.mean_error[unit]);
        moments.to_unit_norm[unit] = 1.0 / norm;
        // 0 means constant: what varies at all is not rounded to it.
        deviation[unit] =
            std::max(norm * std::sqrt(share) / scales.scale[unit], std::numeric_limits<double>::denorm_min());
    }
    return moments;
}

/// Writes the standardized values, `(n_units, n_stimuli)`.
template <class Real>
void transpose_standardized(const ActivationsView<Real>& activations, const Doubles& mean, const Scales& scales,
                            const Moments& moments, float* unit_major, Interrupt* interrupt) {
    constexpr std::size_t block = 32;  // stimuli that stay in cache while they are transposed
    const auto n = static_cast<std::size_t>(activations.n_units);
    const auto n_stimuli = static_cast<std::size_t>(activations.n_stimuli);
    Doubles values(block * n);
    for (std::size_t first = 0; first < n_stimuli; first += block) {
        const std::size_t n_rows = std::min(block, n_stimuli - first);
        if (is_interrupted(interrupt, static_cast<std::int64_t>(n_rows) * activations.n_units)) return;
        for (std::size_t row = 0; row < n_rows; ++row)
            decode(activations, static_cast<std::int64_t>(first + row), values.data() + row * n);
        for (std::size_t unit = 0; unit < n; ++unit) {
            float* const of_unit = unit_major + unit * n_stimuli + first;
            for (std::size_t row = 0; row < n_rows; ++row)
                of_unit[row] = static_cast<float>(
                    (scales.deviation(values[row * n + unit], mean[unit], unit) - moments.mean_error[unit]) *
                    moments.to_unit_norm[unit]);
        }
    }
}

}  // namespace

template <class Real>
StandardizedLayer::StandardizedLayer(const ActivationsView<Real>& activations, Interrupt* interrupt,
                                     const IntegerProducts* products)
    : n_stimuli_(activations.n_stimuli),
      n_units_(activations.n_units),
      deviation_(static_cast<std::size_t>(n_units_), 0.0),
      rounding_norm_(static_cast<std::size_t>(n_units_)) {
    const auto is_stopped = [interrupt] { return is_interrupted(interrupt, 0); };
    Ranges ranges = find_ranges(activations, interrupt);
    if (is_stopped()) return;
    const Scales scales = scales_of(ranges);
    mean_ = std::move(ranges.mean);
    const Moments moments = find_moments(activations, mean_, scales, deviation_, interrupt);
    if (is_stopped()) return;
    float* const unit_major = values_.reserve<float>(n_units_ * n_stimuli_);
    transpose_standardized(activations, mean_, scales, moments, unit_major, interrupt);
    if (is_stopped()) return;
    for (std::size_t unit = 0; unit < mean_.size(); ++unit)
        if (scales.scale[unit] != 0.0) mean_[unit] += moments.mean_error[unit] / scales.scale[unit];
    for (std::size_t unit = 0; unit < mean_.size(); ++unit) {
        if (is_interrupted(interrupt, n_stimuli_)) return;
        const float* const of_unit = values_.data() + unit * static_cast<std::size_t>(n_stimuli_);
        rounding_norm_[unit] = std::sqrt(kernels().dot(of_unit, of_unit, n_stimuli_, of_unit));
    }
    if (products) rounded_.emplace(values_.data(), n_units_, n_stimuli_, *products, interrupt);
}

double StandardizedLayer::correlation(std::int64_t i, const StandardizedLayer& other, std::int64_t j,
                                      std::int64_t next) const {
    const float* const x = values() + i * n_stimuli_;
    const float* const y = other.values() + j * n_stimuli_;
    return correlation_of_product(kernels().dot(x, y, n_stimuli_, other.values() + next * n_stimuli_), i, other, j);
}

double StandardizedLayer::correlation_of_product(double product, std::int64_t i, const StandardizedLayer& other,
                                                 std::int64_t j) const {
    const double norms =
        rounding_norm_[static_cast<std::size_t>(i)] * other.rounding_norm_[static_cast<std::size_t>(j)];
    return norms == 0.0 ? 0.0 : std::clamp(product / norms, -1.0, 1.0);
}

template StandardizedLayer::StandardizedLayer(const ActivationsView<Half>&, Interrupt*, const IntegerProducts*);
template StandardizedLayer::StandardizedLayer(const ActivationsView<float>&, Interrupt*, const IntegerProducts*);
template StandardizedLayer::StandardizedLayer(const ActivationsView<double>&, Interrupt*, const IntegerProducts*);

}  // namespace mot
