/// The activations of a layer in panels of a few units, which stay in cache while they are standardized.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "mot/costs/activations.hpp"
#include "mot/kernels/kernels.hpp"
#include "mot/types/buffer.hpp"
#include "mot/types/half.hpp"
#include "mot/types/interrupt.hpp"
#include "mot/types/views.hpp"

namespace mot {

/// Keeps the panel that it reads for all passes over its stimuli; where it has too many of them for that, every pass
/// reads them again.
template <class Real>
class UnitPanels {
public:
    /// The type of the values in a panel: single precision holds half precision exactly.
    using Value = std::conditional_t<std::is_same_v<Real, Half>, float, Real>;

    UnitPanels(const ActivationsView<Real>& activations, Interrupt* interrupt)
        : activations_(activations), interrupt_(interrupt) {
        const auto most_width = [&](std::int64_t n_bytes) {
            const auto bytes_each = static_cast<std::int64_t>(sizeof(Value)) * activations.n_stimuli;
            return n_bytes / std::max<std::int64_t>(bytes_each, 1) / lanes * lanes;
        };
        is_kept_ = most_width(most_kept) > 0;
        const std::int64_t padded = (activations.n_units + lanes - 1) / lanes * lanes;
        width_ = std::min(padded, panel_width);
        if (is_kept_) width_ = std::min(width_, std::max(most_width(cached), lanes));
        const std::int64_t n_values = width_ * (is_kept_ ? activations.n_stimuli : stimuli_at_once);
        values_ = buffer_.template reserve<Value>(n_values);
        std::fill_n(values_, n_values, Value{0});
    }

    /// Calls `work(unit, n_units)` for every panel, by its first unit; `for_each_block` then passes over that panel.
    /// Stops when `work` returns false.
    template <class Work>
    void for_each_panel(Work work) {
        for (unit_ = 0; unit_ < activations_.n_units; unit_ += width_) {
            n_units_ = std::min(width_, activations_.n_units - unit_);
            is_read_ = false;
            if (!work(unit_, n_units_)) return;
        }
    }

    /// Calls `pass(block, first)` for all stimuli of the panel in order, some at a time. The panel is as wide as the
    /// loops like it: values of units that there are not are finite. Returns whether no interrupt came in between.
    template <class Pass>
    bool for_each_block(Pass pass) {
        for (std::int64_t first = 0; first < activations_.n_stimuli; first += stimuli_at_once) {
            const std::int64_t n = std::min(stimuli_at_once, activations_.n_stimuli - first);
            if (is_interrupted(interrupt_, n * n_units_)) return false;
            Value* const values = is_kept_ ? values_ + first * width_ : values_;
            if (!is_read_) read(first, n, values);
            pass(PanelBlock<Value>{values, n, width_}, first);
        }
        is_read_ = is_kept_;
        return true;
    }

private:
    static constexpr std::int64_t stimuli_at_once = 64;
    static constexpr std::int64_t lanes = 16;                         // a panel is a multiple of this wide
    static constexpr std::int64_t cached = std::int64_t{1} << 20;     // bytes of a panel that stay in cache
    static constexpr std::int64_t most_kept = std::int64_t{1} << 22;  // bytes of a panel

    void read(std::int64_t first, std::int64_t n, Value* values) {
        if constexpr (std::is_same_v<Real, Half>) {
            copy(first, n, halves_);
            kernels().of_layers.widen_halves(&halves_->bits, n * width_, values);
        } else {
            copy(first, n, values);
        }
    }

    void copy(std::int64_t first, std::int64_t n, Real* values) const {
        const std::int64_t stride = activations_.unit_stride;
        for (std::int64_t t = first; t < first + n; ++t, values += width_) {
            const Real* const stimulus = activations_.stimulus(t) + unit_ * stride;
            if (stride == 1)
                std::copy_n(stimulus, n_units_, values);
            else
                for (std::int64_t u = 0; u < n_units_; ++u) values[u] = stimulus[u * stride];
        }
    }

    const ActivationsView<Real>& activations_;
    Interrupt* interrupt_;
    bool is_kept_;
    std::int64_t width_;
    Buffer buffer_;
    Value* values_;
    Half halves_[stimuli_at_once * panel_width] = {};
    std::int64_t unit_ = 0;     // the first unit of the panel
    std::int64_t n_units_ = 0;  // of the panel
    bool is_read_ = false;
};

}  // namespace mot
