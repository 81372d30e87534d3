/// The activations of one layer, read where they lie.
#pragma once

#include <cstdint>
#include <optional>

#include "mot/types/interrupt.hpp"

namespace mot {

/// A view `(n_stimuli, n_units)` with any strides (in elements) and, where `rows` is given, of those stimuli alone, in
/// that order: a memory map or a split is read without a copy.
template <class Real>
struct ActivationsView {
    const Real* data = nullptr;
    std::int64_t n_stimuli = 0;
    std::int64_t n_units = 0;
    std::int64_t stimulus_stride = 0;
    std::int64_t unit_stride = 0;
    const std::int64_t* rows = nullptr;

    const Real* stimulus(std::int64_t t) const { return data + (rows ? rows[t] : t) * stimulus_stride; }
};

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

/// Whether to stop, after this many activations were read; never where nobody listens.
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
