/// The loops that standardize a layer, included by `loops.hpp` and by no other file; its rules hold here, too.
#pragma once

#include <cstdint>
#include <cstring>

#include "mot/kernels/lanes.hpp"
#include "mot/kernels/layer_kernels.hpp"
#include "mot/kernels/transposes.hpp"

namespace mot {
namespace {  // NOLINT(misc-anonymous-namespace-in-header): every instruction set has a copy of its own

/// The mean, and in double precision the extremes, of as many units as there are lanes.
template <class Value>
struct LaneExtremes {
    LaneExtremes(const PanelRanges<Value>&, std::int64_t) {}
    void add(const Doubles&) {}
    void write(PanelRanges<Value>&, std::int64_t) const {}
};
template <>
struct LaneExtremes<double> {
    Doubles low, high;

    LaneExtremes(const PanelRanges<double>& ranges, std::int64_t unit)
        : low(to_doubles(ranges.low + unit)), high(to_doubles(ranges.high + unit)) {}
    void add(const Doubles& value) {
        low = lesser(value, low);
        high = greater(value, high);
    }
    void write(PanelRanges<double>& ranges, std::int64_t unit) const {
        store(low, ranges.low + unit);
        store(high, ranges.high + unit);
    }
};

template <class Value>
void add_to_ranges(const PanelBlock<Value>& block, double share, PanelRanges<Value>& ranges) {
    for (std::int64_t unit = 0; unit < block.width; unit += lanes) {
        const Doubles reference_share = to_doubles(ranges.reference_share + unit);
        Doubles mean = to_doubles(ranges.mean + unit);
        LaneExtremes<Value> extremes(ranges, unit);
        for (std::int64_t t = 0; t < block.n_stimuli; ++t) {
            const Doubles value = to_doubles(block.values + t * block.width + unit);
            mean = add(mean, subtract(multiply(value, all_equal(share)), reference_share));
            extremes.add(value);
        }
        store(mean, ranges.mean + unit);
        extremes.write(ranges, unit);
    }
}

/// The deviations of as many units as there are lanes.
template <class Value>
struct LaneDeviations;
template <>
struct LaneDeviations<float> {
    Doubles mean;

    LaneDeviations(const PanelScales<float>& scales, std::int64_t unit) : mean(to_doubles(scales.mean + unit)) {}
    Doubles of(const float* values) const { return subtract(to_doubles(values), mean); }
};
template <>
struct LaneDeviations<double> {
    Doubles mean_before, before, after;

    LaneDeviations(const PanelScales<double>& scales, std::int64_t unit)
        : mean_before(to_doubles(scales.mean_before + unit)),
          before(to_doubles(scales.before + unit)),
          after(to_doubles(scales.after + unit)) {}
    Doubles of(const double* values) const {
        return multiply(subtract(multiply(to_doubles(values), before), mean_before), after);
    }
};

template <class Value>
void add_to_moments(const PanelBlock<Value>& block, const PanelScales<Value>& scales, PanelMoments& moments) {
    for (std::int64_t unit = 0; unit < block.width; unit += lanes) {
        const LaneDeviations<Value> deviations(scales, unit);
        Doubles sum = to_doubles(moments.sum + unit);
        Doubles squares = to_doubles(moments.squares + unit);
        for (std::int64_t t = 0; t < block.n_stimuli; ++t) {
            const Doubles value = deviations.of(block.values + t * block.width + unit);
            sum = add(sum, value);
            squares = add(squares, multiply(value, value));
        }
        store(sum, moments.sum + unit);
        store(squares, moments.squares + unit);
    }
}

template <class Value>
void write_standardized(const PanelBlock<Value>& block, const PanelScales<Value>& scales, const PanelNorms& norms,
                        std::int64_t n_units, float* rows, std::int64_t stride) {
    constexpr std::int64_t tile_height = 16;  // a cache line of a unit
    for (std::int64_t unit = 0; unit < n_units; unit += lanes) {
        const LaneDeviations<Value> deviations(scales, unit);
        const Doubles mean_error = to_doubles(norms.mean_error + unit);
        const Doubles to_unit_norm = to_doubles(norms.to_unit_norm + unit);
        const std::int64_t n_here = n_units - unit < lanes ? n_units - unit : lanes;
        for (std::int64_t first = 0; first < block.n_stimuli; first += tile_height) {
            const std::int64_t n = block.n_stimuli - first < tile_height ? block.n_stimuli - first : tile_height;
            float tile[tile_height * lanes];
            for (std::int64_t u = unit; u < unit + n_here; ++u)  // more rows than the processor foresees by itself
                prefetch(rows + u * stride + first + 4 * tile_height);
            for (std::int64_t t = 0; t < n; ++t) {
                const Doubles value = deviations.of(block.values + (first + t) * block.width + unit);
                store(multiply(subtract(value, mean_error), to_unit_norm), tile + t * lanes);
            }
            transpose(reinterpret_cast<const char*>(tile), lanes * word, n, n_here,
                      reinterpret_cast<char*>(rows + unit * stride + first), stride * word);
        }
    }
}

void widen_halves(const std::uint16_t* halves, std::int64_t n, float* values) {
    const auto as_float = [](std::uint32_t bits) {
        float value;
        std::memcpy(&value, &bits, sizeof value);
        return value;
    };
    for (std::int64_t k = 0; k < n; ++k) {
        const std::uint32_t magnitude = (halves[k] & 0x7FFFu) << 13;
        const std::uint32_t sign = (halves[k] & 0x8000u) << 16;
        // In place, exponent and mantissa read as a binary32 number that is 2^112 too small; a product corrects that,
        // for subnormal numbers too. Infinity and NaN come out as 2^16 or more, and need the full exponent instead.
        const float value = as_float(magnitude) * 0x1p112f;
        std::uint32_t bits;
        std::memcpy(&bits, &value, sizeof bits);
        bits = value >= 65536.0f ? magnitude | 0x7F800000u : bits;
        values[k] = as_float(bits | sign);
    }
}

template <class Value>
constexpr PanelKernels<Value> panel_kernels_of = {add_to_ranges<Value>, add_to_moments<Value>,
                                                  write_standardized<Value>};

constexpr LayerKernels layer_kernels = {panel_kernels_of<float>, panel_kernels_of<double>, widen_halves};

}  // namespace
}  // namespace mot
