/// The loops that standardize a layer, compiled once for every instruction set like those in `kernels.hpp`.
///
/// They work on panels: the activations of some units, side by side, so that a vector holds one stimulus of several
/// units and every sum runs over the stimuli in their order.
#pragma once

#include <cstdint>

namespace mot {

/// The most units in a panel: their numbers stay in the first cache, and share cache lines of the activations.
constexpr std::int64_t panel_width = 64;

/// Some stimuli of a panel, `(n_stimuli, width)`, where the width is a multiple of 16.
template <class Value>
struct PanelBlock {
    const Value* values;
    std::int64_t n_stimuli;
    std::int64_t width;
};

/// The mean of every unit so far.
struct PanelMeans {
    double reference_share[panel_width];  ///< of the mean: what a stimulus like the first one would add
    double mean[panel_width];             ///< of the differences from the first stimulus
};
/// The mean of every unit so far; in double precision, where squares of values may over- or underflow, its least and
/// greatest value, too.
template <class Value>
struct PanelRanges;
template <>
struct PanelRanges<float> : PanelMeans {};
template <>
struct PanelRanges<double> : PanelMeans {
    double low[panel_width];
    double high[panel_width];
};

/// What brings values to deviations from their mean: value - mean. In double precision, where a product of a value and
/// a power of two may over- or underflow, too, (value before - mean before) after is of order one.
template <class Value>
struct PanelScales;
template <>
struct PanelScales<float> {
    double mean[panel_width];
};
template <>
struct PanelScales<double> {
    double mean_before[panel_width];
    double before[panel_width];
    double after[panel_width];
};

/// The sum of every unit's deviations so far, as they are scaled, and the sum of their squares.
struct PanelMoments {
    double sum[panel_width];
    double squares[panel_width];
};

/// What brings scaled deviations to mean 0 and norm 1: (deviation - mean_error) to_unit_norm.
struct PanelNorms {
    double mean_error[panel_width];
    double to_unit_norm[panel_width];
};

template <class Value>
struct PanelKernels {
    /// Adds stimuli to the ranges; each counts for its `share` in the mean.
    void (*add_to_ranges)(const PanelBlock<Value>& block, double share, PanelRanges<Value>& ranges);

    /// Adds stimuli to the moments.
    void (*add_to_moments)(const PanelBlock<Value>& block, const PanelScales<Value>& scales, PanelMoments& moments);

    /// Writes the standardized values of the first `n_units` units to rows that lie `stride` apart.
    void (*write_standardized)(const PanelBlock<Value>& block, const PanelScales<Value>& scales,
                               const PanelNorms& norms, std::int64_t n_units, float* rows, std::int64_t stride);
};

struct LayerKernels {
    PanelKernels<float> of_float;
    PanelKernels<double> of_double;

    /// Converts IEEE 754 binary16 numbers, exactly.
    void (*widen_halves)(const std::uint16_t* halves, std::int64_t n, float* values);
};

}  // namespace mot
