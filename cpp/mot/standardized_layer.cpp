#include "mot/standardized_layer.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "mot/half.hpp"
#include "mot/kernels/kernels.hpp"

namespace mot {

template <class Real>
StandardizedLayer::StandardizedLayer(const ActivationsView<Real>& activations)
    : n_stimuli_(activations.n_stimuli), n_units_(activations.n_units) {
    const auto n = static_cast<std::size_t>(n_units_);
    const auto at = [&](const Real* stimulus, std::size_t unit) {
        return static_cast<double>(stimulus[static_cast<std::int64_t>(unit) * activations.unit_stride]);
    };

    mean_.assign(n, 0.0);
    std::vector<double> low(n, std::numeric_limits<double>::infinity());
    std::vector<double> high(n, -std::numeric_limits<double>::infinity());
    const double share = 1.0 / static_cast<double>(n_stimuli_);
    for (std::int64_t t = 0; t < n_stimuli_; ++t) {
        const Real* stimulus = activations.stimulus(t);
        for (std::size_t unit = 0; unit < n; ++unit) {
            const double value = at(stimulus, unit);
            mean_[unit] += value * share;
            low[unit] = std::min(low[unit], value);
            high[unit] = std::max(high[unit], value);
        }
    }

    // The squares are taken of values brought to order one: nothing over- or underflows at any scale of the input.
    std::vector<double> half_range(n);
    for (std::size_t unit = 0; unit < n; ++unit) half_range[unit] = 0.5 * high[unit] - 0.5 * low[unit];
    const auto scaled = [&](const Real* stimulus, std::size_t unit) {
        return low[unit] == high[unit] ? 0.0 : (at(stimulus, unit) - mean_[unit]) / half_range[unit];
    };
    std::vector<double> sum(n, 0.0);
    std::vector<double> squares(n, 0.0);
    for (std::int64_t t = 0; t < n_stimuli_; ++t) {
        const Real* stimulus = activations.stimulus(t);
        for (std::size_t unit = 0; unit < n; ++unit) {
            const double value = scaled(stimulus, unit);
            sum[unit] += value;
            squares[unit] += value * value;
        }
    }
    // The mean's own rounding error is found by the second pass and taken out.
    std::vector<double> offset(n);
    std::vector<double> norm(n);
    deviation_.resize(n);
    for (std::size_t unit = 0; unit < n; ++unit) {
        offset[unit] = sum[unit] * share;
        norm[unit] = std::sqrt(std::max(0.0, squares[unit] - sum[unit] * offset[unit]));
        deviation_[unit] = norm[unit] * std::sqrt(share) * half_range[unit];
        mean_[unit] += offset[unit] * half_range[unit];
    }

    values_.assign(n * static_cast<std::size_t>(n_stimuli_), 0.0f);
    constexpr std::int64_t block = 32;  // stimuli whose rows stay in cache while they are turned
    for (std::int64_t first = 0; first < n_stimuli_; first += block) {
        const std::int64_t last = std::min(first + block, n_stimuli_);
        for (std::size_t unit = 0; unit < n; ++unit) {
            if (norm[unit] == 0.0) continue;
            float* values = values_.data() + unit * static_cast<std::size_t>(n_stimuli_);
            const double mean = mean_[unit];
            const double divisor = norm[unit] * half_range[unit];
            for (std::int64_t t = first; t < last; ++t)
                values[t] = static_cast<float>((at(activations.stimulus(t), unit) - mean) / divisor);
        }
    }
    rounding_norm_.resize(n);
    for (std::size_t unit = 0; unit < n; ++unit) {
        const float* values = values_.data() + unit * static_cast<std::size_t>(n_stimuli_);
        rounding_norm_[unit] = std::sqrt(kernels().dot(values, values, n_stimuli_));
    }
}

double StandardizedLayer::correlation(std::int64_t i, const StandardizedLayer& other, std::int64_t j) const {
    const double norms =
        rounding_norm_[static_cast<std::size_t>(i)] * other.rounding_norm_[static_cast<std::size_t>(j)];
    if (norms == 0.0) return 0.0;
    const double product = kernels().dot(values() + i * n_stimuli_, other.values() + j * n_stimuli_, n_stimuli_);
    return std::clamp(product / norms, -1.0, 1.0);
}

template <class Real>
std::optional<Position> first_nonfinite(const ActivationsView<Real>& activations) {
    for (std::int64_t t = 0; t < activations.n_stimuli; ++t) {
        const Real* stimulus = activations.stimulus(t);
        // value * 0 is 0 for every finite value and NaN otherwise: one sum decides a whole row.
        double sum = 0;
        for (std::int64_t unit = 0; unit < activations.n_units; ++unit)
            sum += static_cast<double>(stimulus[unit * activations.unit_stride]) * 0.0;
        if (sum == 0.0) continue;
        for (std::int64_t unit = 0; unit < activations.n_units; ++unit)
            if (!std::isfinite(static_cast<double>(stimulus[unit * activations.unit_stride]))) return Position{t, unit};
    }
    return std::nullopt;
}

template StandardizedLayer::StandardizedLayer(const ActivationsView<Half>&);
template StandardizedLayer::StandardizedLayer(const ActivationsView<float>&);
template StandardizedLayer::StandardizedLayer(const ActivationsView<double>&);
template std::optional<Position> first_nonfinite(const ActivationsView<Half>&);
template std::optional<Position> first_nonfinite(const ActivationsView<float>&);
template std::optional<Position> first_nonfinite(const ActivationsView<double>&);

}  // namespace mot
