/// Reading the activations of one layer where they lie.
#pragma once

#include <cstdint>
#include <optional>

#include "mot/types/interrupt.hpp"
#include "mot/types/views.hpp"

namespace mot {

/// Writes one stimulus, counted within the selected rows, as doubles.
template <class Real>
void decode(const ActivationsView<Real>& activations, std::int64_t t, double* values) {
    // Plain loops, so that the compiler can widen many numbers at a time.
    const Real* stimulus = activations.stimulus(t);
    const std::int64_t n = activations.n_units;
    if (activations.unit_stride == 1)
        for (std::int64_t unit = 0; unit < n; ++unit) values[unit] = static_cast<double>(stimulus[unit]);
    else
        for (std::int64_t unit = 0; unit < n; ++unit)
            values[unit] = static_cast<double>(stimulus[unit * activations.unit_stride]);
}

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
