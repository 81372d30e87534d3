/// The loops that standardize a layer, included by `loops.hpp` and by no other file; its rules hold here, too.
#pragma once

#include <cstdint>
#include <cstring>

#ifdef MOT_HAS_X86_KERNELS
#include <immintrin.h>
#endif

#include "mot/kernels/layer_kernels.hpp"

namespace mot {
namespace {  // NOLINT(misc-anonymous-namespace-in-header): every instruction set has a copy of its own

/// Stimuli that are transposed at once: a cache line of a unit.
constexpr std::int64_t tile_height = 16;

/// A number that is known when the loops are compiled.
template <std::int64_t n>
struct Count {
    static constexpr std::int64_t value = n;
};

/// Adds n stimuli at a time, so that the numbers of the units are seldom read and written.
template <std::int64_t n, class Value>
inline void add_stimuli_to_ranges(const Value* __restrict values, std::int64_t width, double share,
                                  const double* __restrict reference_share, double* __restrict mean,
                                  Value* __restrict low, Value* __restrict high) {
    for (std::int64_t u = 0; u < width; ++u) {
        double sum = mean[u];
        for (std::int64_t t = 0; t < n; ++t)
            sum += static_cast<double>(values[t * width + u]) * share - reference_share[u];
        mean[u] = sum;
    }
    for (std::int64_t u = 0; u < width; ++u) {
        Value least = low[u];
        for (std::int64_t t = 0; t < n; ++t) least = values[t * width + u] < least ? values[t * width + u] : least;
        low[u] = least;
    }
    for (std::int64_t u = 0; u < width; ++u) {
        Value most = high[u];
        for (std::int64_t t = 0; t < n; ++t) most = values[t * width + u] > most ? values[t * width + u] : most;
        high[u] = most;
    }
}

template <class Value>
void add_to_ranges(const PanelBlock<Value>& block, double share, PanelRanges<Value>& ranges) {
    constexpr std::int64_t n_at_once = 8;
    const auto add = [&](auto n, std::int64_t first) {
        add_stimuli_to_ranges<decltype(n)::value>(block.values + first * block.width, block.width, share,
                                                  ranges.reference_share, ranges.mean, ranges.low, ranges.high);
    };
    std::int64_t t = 0;
    for (; t + n_at_once <= block.n_stimuli; t += n_at_once) add(Count<n_at_once>{}, t);
    for (; t < block.n_stimuli; ++t) add(Count<1>{}, t);
}

inline double scaled_deviation(float value, const PanelScales<float>& scales, std::int64_t u) {
    return (static_cast<double>(value) - scales.mean[u]) * scales.scale[u];
}

inline double scaled_deviation(double value, const PanelScales<double>& scales, std::int64_t u) {
    return (value * scales.before[u] - scales.mean_before[u]) * scales.after[u];
}

template <std::int64_t n, class Value>
inline void add_stimuli_to_moments(const Value* __restrict values, std::int64_t width, const PanelScales<Value>& scales,
                                   double* __restrict sum, double* __restrict squares) {
    for (std::int64_t u = 0; u < width; ++u) {
        double sum_here = sum[u], squares_here = squares[u];
        for (std::int64_t t = 0; t < n; ++t) {
            const double value = scaled_deviation(values[t * width + u], scales, u);
            sum_here += value;
            squares_here += value * value;
        }
        sum[u] = sum_here;
        squares[u] = squares_here;
    }
}

template <class Value>
void add_to_moments(const PanelBlock<Value>& block, const PanelScales<Value>& scales, PanelMoments& moments) {
    constexpr std::int64_t n_at_once = 8;
    const auto add = [&](auto n, std::int64_t first) {
        add_stimuli_to_moments<decltype(n)::value>(block.values + first * block.width, block.width, scales, moments.sum,
                                                   moments.squares);
    };
    std::int64_t t = 0;
    for (; t + n_at_once <= block.n_stimuli; t += n_at_once) add(Count<n_at_once>{}, t);
    for (; t < block.n_stimuli; ++t) add(Count<1>{}, t);
}

/// Writes some stimuli, `(n_stimuli, width)`, of n units to rows that lie `stride` apart.
inline void write_transposed(const float* values, std::int64_t n_stimuli, std::int64_t width, std::int64_t n_units,
                             float* rows, std::int64_t stride) {
    std::int64_t u = 0;
#ifdef MOT_HAS_X86_KERNELS
    for (; n_stimuli == tile_height && u + 4 <= n_units; u += 4) {
        for (std::int64_t k = 0; k < 4; ++k)  // there are more rows than the processor foresees by itself
            _mm_prefetch(reinterpret_cast<const char*>(rows + (u + k) * stride + 2 * tile_height), _MM_HINT_T0);
        for (std::int64_t t = 0; t < tile_height; t += 4) {
            __m128 lanes_of[4];
            for (std::int64_t k = 0; k < 4; ++k) lanes_of[k] = _mm_loadu_ps(values + (t + k) * width + u);
            _MM_TRANSPOSE4_PS(lanes_of[0], lanes_of[1], lanes_of[2], lanes_of[3]);
            for (std::int64_t k = 0; k < 4; ++k) _mm_storeu_ps(rows + (u + k) * stride + t, lanes_of[k]);
        }
    }
#endif
    for (; u < n_units; ++u)
        for (std::int64_t t = 0; t < n_stimuli; ++t) rows[u * stride + t] = values[t * width + u];
}

template <class Value>
inline void standardize(const Value* __restrict values, std::int64_t width, const PanelScales<Value>& scales,
                        const PanelNorms& norms, float* __restrict standardized) {
    for (std::int64_t u = 0; u < width; ++u)
        standardized[u] =
            static_cast<float>((scaled_deviation(values[u], scales, u) - norms.mean_error[u]) * norms.to_unit_norm[u]);
}

template <class Value>
void write_standardized(const PanelBlock<Value>& block, const PanelScales<Value>& scales, const PanelNorms& norms,
                        std::int64_t n_units, float* rows, std::int64_t stride) {
    for (std::int64_t first = 0; first < block.n_stimuli; first += tile_height) {
        const std::int64_t n = block.n_stimuli - first < tile_height ? block.n_stimuli - first : tile_height;
        float tile[tile_height * panel_width];
        for (std::int64_t t = 0; t < n; ++t)
            standardize(block.values + (first + t) * block.width, block.width, scales, norms, tile + t * block.width);
        write_transposed(tile, n, block.width, n_units, rows + first, stride);
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
