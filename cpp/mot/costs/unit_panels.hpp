/// The activations of a layer in panels of a few units, which stay in cache while they are standardized.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <type_traits>

#include "mot/costs/activations.hpp"
#include "mot/kernels/kernels.hpp"
#include "mot/types/buffer.hpp"
#include "mot/types/half.hpp"
#include "mot/types/interrupt.hpp"
#include "mot/types/views.hpp"

namespace mot {

/// Keeps the panel that it reads for all passes over its stimuli; where it has too many of them for that, every pass
/// reads them again. A thread may have one such object at a time.
template <class Real>
class UnitPanels {
public:
    /// The type of the values in a panel: single precision holds half precision exactly.
    using Value = std::conditional_t<std::is_same_v<Real, Half>, float, Real>;

    UnitPanels(const ActivationsView<Real>& activations, Interrupt* interrupt)
        : activations_(activations), interrupt_(interrupt) {
        const auto bytes_each = static_cast<std::int64_t>(sizeof(Value)) * activations.n_stimuli;
        const std::int64_t n_kept = most_kept / std::max<std::int64_t>(bytes_each, 1) / lanes * lanes;
        is_kept_ = n_kept > 0;
        most_units_ = std::min({padded(activations.n_units), widest, is_kept_ ? n_kept : widest});
        values_ = memory().template reserve<Value>(most_units_ * (is_kept_ ? activations.n_stimuli : stimuli_at_once));
    }

    /// Calls `work(unit, n_units)` for every panel, by its first unit; `for_each_block` then passes over that panel.
    /// Stops when `work` returns false, and returns whether it never did.
    template <class Work>
    bool for_each_panel(Work work) {
        for (unit_ = 0; unit_ < activations_.n_units; unit_ += most_units_) {
            n_units_ = std::min(most_units_, activations_.n_units - unit_);
            is_read_ = false;
            if (!work(unit_, n_units_)) return false;
        }
        return true;
    }

    /// Calls `pass(block, first)` for all stimuli of the panel in order, some at a time. Zeros behind the units make
    /// the blocks as wide as whole vectors. Returns whether no interrupt came in between.
    template <class Pass>
    bool for_each_block(Pass pass) {
        const std::int64_t width = padded(n_units_);
        for (std::int64_t first = 0; first < activations_.n_stimuli; first += stimuli_at_once) {
            const std::int64_t n = std::min(stimuli_at_once, activations_.n_stimuli - first);
            if (is_interrupted(interrupt_, n * n_units_)) return false;
            Value* const values = is_kept_ ? values_ + first * width : values_;
            if (!is_read_) read(first, n, width, values);
            pass(PanelBlock<Value>{values, n, width}, first);
        }
        is_read_ = is_kept_;
        return true;
    }

private:
    static constexpr std::int64_t stimuli_at_once = 64;
    static constexpr std::int64_t lanes = 16;  // units of a whole vector
    /// As many units as lie in four cache lines: more were measured to be slower, and fewer.
    static constexpr std::int64_t widest = panel_width * std::int64_t{sizeof(float)} / std::int64_t{sizeof(Value)};
    static constexpr std::int64_t word_size = sizeof(float);
    static constexpr std::int64_t most_kept = std::int64_t{1} << 22;  // bytes, which some cache has room for

    static std::int64_t padded(std::int64_t n_units) { return (n_units + lanes - 1) / lanes * lanes; }

    /// Kept for the thread's next layer: the pages of fresh memory cost a small layer more than its arithmetic.
    static Buffer& memory() {
        static thread_local Buffer memory;
        return memory;
    }

    void read(std::int64_t first, std::int64_t n, std::int64_t width, Value* values) {
        if constexpr (!std::is_same_v<Real, double>)
            if (activations_.stimulus_stride == 1 && !activations_.rows) {
                read_unit_major(first, n, width, values);
                return;
            }
        if constexpr (std::is_same_v<Real, Half>) {
            copy(first, n, width, halves_);
            kernels().of_layers.widen_halves(&halves_->bits, n * width, values);
        } else {
            copy(first, n, width, values);
        }
    }

    /// The stimuli of a unit lie side by side.
    void read_unit_major(std::int64_t first, std::int64_t n, std::int64_t width, float* values) {
        const Real* units = activations_.stimulus(first) + unit_ * activations_.unit_stride;
        std::int64_t stride = activations_.unit_stride;
        const auto transpose = [&](const float* rows) {
            kernels().transpose_words(rows, stride * word_size, n_units_, n, values, width * word_size);
        };
        if constexpr (std::is_same_v<Real, Half>) {
            float wide[panel_width * stimuli_at_once];
            for (std::int64_t u = 0; u < n_units_; ++u, units += stride)
                kernels().of_layers.widen_halves(&units->bits, n, wide + u * stimuli_at_once);
            stride = stimuli_at_once;
            transpose(wide);
        } else {
            transpose(units);
        }
        for (std::int64_t t = 0; t < n && n_units_ < width; ++t)
            std::fill(values + t * width + n_units_, values + (t + 1) * width, 0.0f);
    }

    void copy(std::int64_t first, std::int64_t n, std::int64_t width, Real* values) const {
        const std::int64_t stride = activations_.unit_stride;
        // One cache line after the other is read.
        const bool is_unit_major = std::abs(activations_.stimulus_stride) < std::abs(stride);
        for (std::int64_t u = 0; is_unit_major && u < n_units_; ++u)
            for (std::int64_t t = 0; t < n; ++t)
                values[t * width + u] = activations_.stimulus(first + t)[(unit_ + u) * stride];
        for (std::int64_t t = 0; t < n; ++t, values += width) {
            const Real* const stimulus = activations_.stimulus(first + t) + unit_ * stride;
            if (stride == 1) {
#ifdef __GNUC__
                // The processor foresees no stimuli that lie farther apart than a page.
                constexpr std::int64_t line = 64 / sizeof(Real);
                constexpr std::int64_t page = 64 * line;
                const bool is_far = std::abs(activations_.stimulus_stride) >= page;
                const std::int64_t later = first + t + stimuli_at_once;
                for (std::int64_t u = 0; is_far && later < activations_.n_stimuli && u < n_units_; u += line)
                    __builtin_prefetch(activations_.stimulus(later) + unit_ + u, 0, 2);
#endif
                std::copy_n(stimulus, n_units_, values);
            } else if (!is_unit_major)
                for (std::int64_t u = 0; u < n_units_; ++u) values[u] = stimulus[u * stride];
            std::fill(values + n_units_, values + width, Real{});
        }
    }

    const ActivationsView<Real>& activations_;
    Interrupt* interrupt_;
    bool is_kept_;
    std::int64_t most_units_;  // in a panel
    Value* values_;
    Half halves_[stimuli_at_once * panel_width];  // of one block, as they are read
    std::int64_t unit_ = 0;                       // the first unit of the panel
    std::int64_t n_units_ = 0;                    // of the panel
    bool is_read_ = false;
};

}  // namespace mot
