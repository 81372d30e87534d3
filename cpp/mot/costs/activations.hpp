/// Reading the activations of one layer where they lie.
#pragma once

#include <cstdint>
#include <optional>

#include "mot/types/interrupt.hpp"
#include "mot/types/views.hpp"

namespace mot {

/// Whether to stop after this many activations were read; false without an interrupt.
inline bool is_interrupted(Interrupt* interrupt, std::int64_t n_values) {
    constexpr std::int64_t steps_per_value = 4;  // they may lie far apart
    return interrupt && interrupt->requested_after(steps_per_value * n_values);
}

struct Position {
    std::int64_t stimulus;
    std::int64_t unit;
};

/// The first NaN or infinity in reading order, with its stimulus counted within the selected rows; none when
/// interrupted.
template <class Real>
std::optional<Position> first_nonfinite(const ActivationsView<Real>& activations, Interrupt* interrupt = nullptr);

}  // namespace mot
