#include "mot/costs/standardized_layer.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstddef>
#include <limits>
#include <type_traits>

#include "mot/costs/unit_panels.hpp"
#include "mot/kernels/kernels.hpp"
#include "mot/types/half.hpp"

namespace mot {
namespace {

constexpr auto panel_size = static_cast<std::size_t>(panel_width);

/// A power of two that brings numbers of this size to order one.
double scale_to_one(double size) {
    int exponent;
    std::frexp(size, &exponent);
    return std::ldexp(1.0, std::clamp(-exponent, -1022, 1022));
}

/// The power of two that the values of a unit are multiplied by, so that their squares neither over- nor underflow at
/// any scale of the input; 0 for a constant unit.
double scale_of(double low, double high) {
    const double range = high - low;
    return low == high ? 0.0 : scale_to_one(std::isfinite(range) ? range : 0.5 * high - 0.5 * low);
}

/// Large values are scaled before the mean is subtracted, small ones afterwards.
PanelScales<double> scales_of(const PanelRanges<double>& ranges, double* scale) {
    PanelScales<double> scales;
    for (std::size_t unit = 0; unit < panel_size; ++unit) {
        scale[unit] = scale_of(ranges.low[unit], ranges.high[unit]);
        scales.before[unit] = std::min(scale[unit], 1.0);
        scales.after[unit] = std::max(scale[unit], 1.0);
        scales.mean_before[unit] = ranges.mean[unit] * scales.before[unit];
    }
    return scales;
}

/// Squares of single-precision numbers neither over- nor underflow. The mean of a constant unit has no rounding error.
PanelScales<float> scales_of(const PanelRanges<float>& ranges, double* scale) {
    PanelScales<float> scales;
    std::copy_n(ranges.mean, panel_size, scales.mean);
    std::fill_n(scale, panel_size, 1.0);
    return scales;
}

/// Standardizes the units of one panel after the other.
template <class Real>
class PanelStandardizer {
public:
    using Value = typename UnitPanels<Real>::Value;
    using Block = PanelBlock<Value>;

    PanelStandardizer(UnitPanels<Real>& panels, std::int64_t n_stimuli)
        : panels_(panels), n_stimuli_(n_stimuli), share_(1.0 / static_cast<double>(n_stimuli)) {}

    /// Finds the means, up to rounding; false after an interrupt.
    bool find_ranges() {
        return panels_.for_each_block([&](const Block& block, std::int64_t first) {
            if (first == 0) begin_ranges(block);
            kernels_.add_to_ranges(block, share_, ranges_);
            if (first + block.n_stimuli < n_stimuli_) return;
            for (std::size_t unit = 0; unit < panel_size; ++unit) ranges_.mean[unit] += reference_[unit];
            scales_ = scales_of(ranges_, scale_);
        });
    }

    /// Finds the rounding error of the means, which cannot be closer than an ulp, to be taken out of the deviations,
    /// and the norms of the units; false after an interrupt.
    bool find_moments() {
        PanelMoments moments{};
        const bool is_done = panels_.for_each_block(
            [&](const Block& block, std::int64_t) { kernels_.add_to_moments(block, scales_, moments); });
        for (std::size_t unit = 0; unit < panel_size; ++unit) {
            norms_.mean_error[unit] = norms_.to_unit_norm[unit] = deviation_[unit] = 0.0;
            if (moments.squares[unit] == 0.0) continue;  // a constant unit
            const double error = moments.sum[unit] * share_;
            const double norm = std::sqrt(moments.squares[unit] - moments.sum[unit] * error);
            norms_.mean_error[unit] = error;
            norms_.to_unit_norm[unit] = 1.0 / norm;
            // 0 means constant: what varies at all is not rounded to it.
            deviation_[unit] =
                std::max(norm * std::sqrt(share_) / scale_[unit], std::numeric_limits<double>::denorm_min());
            ranges_.mean[unit] += error / scale_[unit];
        }
        return is_done;
    }

    /// Writes the standardized values of the first `n_units` units, `(n_units, n_stimuli)`; false after an interrupt.
    bool write(std::int64_t n_units, float* unit_major) {
        return panels_.for_each_block([&](const Block& block, std::int64_t first) {
            kernels_.write_standardized(block, scales_, norms_, n_units, unit_major + first, n_stimuli_);
        });
    }

    const double* mean() const { return ranges_.mean; }
    const double* deviation() const { return deviation_; }

private:
    static const PanelKernels<Value>& panel_kernels() {
        if constexpr (std::is_same_v<Value, float>)
            return kernels().of_layers.of_float;
        else
            return kernels().of_layers.of_double;
    }

    /// The mean is that of the differences from the first stimulus: where values hardly vary, their sum would drown
    /// that.
    void begin_ranges(const Block& block) {
        for (std::size_t unit = 0; unit < panel_size; ++unit) {
            const bool is_in_block = static_cast<std::int64_t>(unit) < block.width;
            const Value value = is_in_block ? block.values[unit] : Value{0};
            reference_[unit] = static_cast<double>(value);
            ranges_.reference_share[unit] = reference_[unit] * share_;
            ranges_.mean[unit] = 0.0;
            if constexpr (std::is_same_v<Value, double>) ranges_.low[unit] = ranges_.high[unit] = value;
        }
    }

    UnitPanels<Real>& panels_;
    const std::int64_t n_stimuli_;
    const double share_;
    const PanelKernels<Value>& kernels_ = panel_kernels();
    double reference_[panel_size] = {};  // the first stimulus
    double scale_[panel_size] = {};
    double deviation_[panel_size] = {};
    PanelRanges<Value> ranges_ = {};
    PanelScales<Value> scales_ = {};
    PanelNorms norms_ = {};
};

}  // namespace

template <class Real>
StandardizedLayer::StandardizedLayer(const ActivationsView<Real>& activations, Interrupt* interrupt,
                                     const IntegerProducts* products, const Workers& workers)
    : n_stimuli_(activations.n_stimuli),
      n_units_(activations.n_units),
      mean_(static_cast<std::size_t>(n_units_)),
      deviation_(static_cast<std::size_t>(n_units_)),
      rounding_norm_(static_cast<std::size_t>(n_units_)) {
    if (products) rounded_.emplace(n_units_, n_stimuli_, *products);
    values_.reserve<float>(n_units_ * n_stimuli_);
    // Whole panels, and whole blocks of rounded units.
    static_assert(panel_width % vectors_per_block == 0);
    const std::int64_t n_at_once = workers.n() > 1 ? panel_width : std::max<std::int64_t>(n_units_, 1);
    std::atomic<bool> is_stopped{false};
    workers.share((n_units_ + n_at_once - 1) / n_at_once, [&](std::int64_t piece, int worker) {
        const std::int64_t first = piece * n_at_once;
        // The calling thread alone may ask the interrupt.
        Interrupt* const own = worker == 0 ? interrupt : nullptr;
        if (!is_stopped && !standardize(activations, first, std::min(n_units_, first + n_at_once), own))
            is_stopped = true;
    });
}

template <class Real>
bool StandardizedLayer::standardize(const ActivationsView<Real>& activations, std::int64_t first, std::int64_t end,
                                    Interrupt* interrupt) {
    ActivationsView<Real> part = activations;
    part.data += first * activations.unit_stride;
    part.n_units = end - first;
    UnitPanels<Real> panels(part, interrupt);
    PanelStandardizer<Real> panel(panels, n_stimuli_);
    return panels.for_each_panel([&](std::int64_t unit_of_part, std::int64_t n) {
        const std::int64_t unit = first + unit_of_part;
        float* const values = values_.data_as<float>() + unit * n_stimuli_;
        if (!panel.find_ranges() || !panel.find_moments() || !panel.write(n, values)) return false;
        std::copy_n(panel.mean(), n, mean_.begin() + unit);
        std::copy_n(panel.deviation(), n, deviation_.begin() + unit);
        for (std::int64_t u = unit; u < unit + n; ++u) {
            if (is_interrupted(interrupt, (rounded_ ? 3 : 1) * n_stimuli_)) return false;
            const float* const of_unit = this->values() + u * n_stimuli_;
            rounding_norm_[static_cast<std::size_t>(u)] = std::sqrt(kernels().squared_norm(of_unit, n_stimuli_));
            if (rounded_) rounded_->set(u, of_unit);
        }
        return true;
    });
}

double StandardizedLayer::correlation(std::int64_t i, const StandardizedLayer& other, std::int64_t j,
                                      std::int64_t next) const {
    const float* const x = values() + i * n_stimuli_;
    const float* const y = other.values() + j * n_stimuli_;
    return correlation_of_product(kernels().dot(x, y, n_stimuli_, other.values() + next * n_stimuli_), i, other, j);
}

double StandardizedLayer::least_cost(std::int64_t i, const StandardizedLayer& other, std::int64_t j,
                                     std::int64_t next) const {
    const float* const x = values() + i * n_stimuli_;
    const float* const y = other.values() + j * n_stimuli_;
    const double product = kernels().quick_dot(x, y, n_stimuli_, other.values() + next * n_stimuli_);
    return 1.0 - correlation_of_product(product, i, other, j) - error_of_quick_dot(n_stimuli_);
}

double StandardizedLayer::correlation_of_product(double product, std::int64_t i, const StandardizedLayer& other,
                                                 std::int64_t j) const {
    const double norms =
        rounding_norm_[static_cast<std::size_t>(i)] * other.rounding_norm_[static_cast<std::size_t>(j)];
    return norms == 0.0 ? 0.0 : std::clamp(product / norms, -1.0, 1.0);
}

template StandardizedLayer::StandardizedLayer(const ActivationsView<Half>&, Interrupt*, const IntegerProducts*,
                                              const Workers&);
template StandardizedLayer::StandardizedLayer(const ActivationsView<float>&, Interrupt*, const IntegerProducts*,
                                              const Workers&);
template StandardizedLayer::StandardizedLayer(const ActivationsView<double>&, Interrupt*, const IntegerProducts*,
                                              const Workers&);

}  // namespace mot
