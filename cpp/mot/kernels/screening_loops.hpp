/// The kernels that screen costs: mixing, rounding, costs in 16 bits and their search. Included by `loops.hpp`, and
/// like it compiled once for every instruction set, with no template of the standard library.
#pragma once

#include <cstdint>
#include <cstring>

#ifdef _MSC_VER
#include <intrin.h>
#endif

#include "mot/kernels/kernels.hpp"
#include "mot/kernels/lanes.hpp"
#include "mot/kernels/transposes.hpp"

namespace mot {
namespace {  // NOLINT(misc-anonymous-namespace-in-header): every instruction set has a copy of its own

/// Bit k is set where x[k] - v[k] is below the threshold.
inline std::uint32_t below_threshold(const FixedCost* x, const FixedCost* v, FixedCost threshold) {
#if defined(__AVX512BW__)
    return _mm512_cmplt_epi16_mask(_mm512_sub_epi16(_mm512_loadu_si512(x), _mm512_loadu_si512(v)),
                                   _mm512_set1_epi16(threshold));
#elif defined(__AVX2__)
    const auto is_below = [=](std::int64_t k) {
        const auto* left = reinterpret_cast<const __m256i*>(x + k);
        const auto* right = reinterpret_cast<const __m256i*>(v + k);
        return _mm256_cmpgt_epi16(_mm256_set1_epi16(threshold),
                                  _mm256_sub_epi16(_mm256_loadu_si256(left), _mm256_loadu_si256(right)));
    };
    const __m256i bytes = _mm256_permute4x64_epi64(_mm256_packs_epi16(is_below(0), is_below(16)), in_order);
    return static_cast<std::uint32_t>(_mm256_movemask_epi8(bytes));
#else
    std::uint32_t bits = 0;
    for (int k = 0; k < 32; ++k)
        bits |= static_cast<std::uint32_t>(static_cast<FixedCost>(x[k] - v[k]) < threshold) << k;
    return bits;
#endif
}

inline int lowest_bit(std::uint32_t bits) {
#ifdef _MSC_VER
    unsigned long position;
    _BitScanForward(&position, bits);
    return static_cast<int>(position);
#else
    return __builtin_ctz(bits);
#endif
}
inline int lowest_bit(std::uint64_t bits) {
#ifdef _MSC_VER
    const auto lower = static_cast<std::uint32_t>(bits);
    return lower != 0 ? lowest_bit(lower) : 32 + lowest_bit(static_cast<std::uint32_t>(bits >> 32));
#else
    return __builtin_ctzll(bits);
#endif
}

std::int64_t find_below(const FixedCost* x, const FixedCost* v, std::int64_t n, FixedCost threshold,
                        std::int32_t* hits) {
    constexpr std::int64_t block = 32;
    std::int64_t n_hits = 0;
    std::int64_t k = 0;
    for (; k + block <= n; k += block)
        for (std::uint32_t bits = below_threshold(x + k, v + k, threshold); bits != 0; bits &= bits - 1)
            hits[n_hits++] = static_cast<std::int32_t>(k + lowest_bit(bits));
    for (; k < n; ++k)
        if (static_cast<FixedCost>(x[k] - v[k]) < threshold) hits[n_hits++] = static_cast<std::int32_t>(k);
    return n_hits;
}

void fixed_costs(const std::int32_t* products, std::int32_t correction, float scale, const float* scales,
                 std::int64_t n, FixedCost* x) {
    constexpr float most = static_cast<float>(1.0 / fixed_cost_unit);
    const auto convert = [=](const std::int32_t* some_products, const float* some_scales, FixedCost* some) {
        const Ints product = subtract(load(some_products), all_equal(correction));
        const Floats r = multiply(to_floats(product), multiply(all_equal(scale), load(some_scales)));
        store(rounded(subtract(all_equal(0.0f), clipped(r, most))), some);
    };
    std::int64_t k = 0;
    for (; k + lanes <= n; k += lanes) convert(products + k, scales + k, x + k);
    if (k == n) return;
    std::int32_t last_products[lanes] = {};
    float last_scales[lanes] = {};
    FixedCost last[lanes];
    const auto n_last = static_cast<std::size_t>(n - k);
    std::memcpy(last_products, products + k, n_last * sizeof *products);
    std::memcpy(last_scales, scales + k, n_last * sizeof *scales);
    convert(last_products, last_scales, last);
    std::memcpy(x + k, last, n_last * sizeof *x);
}

ByteRounding round_to_bytes(const float* x, std::int64_t n, float scale, float per_scale, std::int8_t* bytes) {
    constexpr std::int64_t most_at_once = lanes * most_squares_in_single_precision;
    ByteRounding result{};
    for (std::int64_t k = 0; k < n;) {
        const std::int64_t end = n - k > most_at_once ? k + most_at_once : n;
        Floats squared_errors = all_equal(0.0f);
        Ints sums = all_equal(0);
        const auto round_some = [&](const float* some, std::int8_t* some_bytes) {
            const Floats values = load(some);
            const Ints whole = rounded(multiply(values, all_equal(per_scale)));
            const Floats errors = subtract(values, multiply(all_equal(scale), to_floats(whole)));
            squared_errors = add(squared_errors, multiply(errors, errors));
            sums = add(sums, whole);
            store(whole, some_bytes);
        };
        for (; k + lanes <= end; k += lanes) round_some(x + k, bytes + k);
        if (k < end) {  // zeros add nothing
            float last[lanes] = {};
            std::int8_t last_bytes[lanes];
            const auto n_last = static_cast<std::size_t>(end - k);
            std::memcpy(last, x + k, n_last * sizeof *x);
            round_some(last, last_bytes);
            std::memcpy(bytes + k, last_bytes, n_last);
            k = end;
        }
        result.squared_error += sum(squared_errors);
        result.sum += sum(sums);
    }
    return result;
}

/// Two steps over `4 * apart` values, of which those that are 2 * apart, then those that are `apart` from each other
/// are mixed; `apart` is a multiple of `lanes`. Reads them by `read(position)`.
template <class Read>
inline void mix_two_steps(Read read, std::int64_t apart, float* mixed) {
    for (std::int64_t k = 0; k < apart; k += lanes) {
        const Floats values[] = {read(k), read(k + apart), read(k + 2 * apart), read(k + 3 * apart)};
        const Floats sums[] = {add(values[0], values[2]), add(values[1], values[3])};
        const Floats differences[] = {subtract(values[0], values[2]), subtract(values[1], values[3])};
        store(add(sums[0], sums[1]), mixed + k);
        store(subtract(sums[0], sums[1]), mixed + k + apart);
        store(add(differences[0], differences[1]), mixed + k + 2 * apart);
        store(subtract(differences[0], differences[1]), mixed + k + 3 * apart);
    }
}

/// Fewer values than there are lanes.
void mix_few(const float* x, const float* factors, std::int64_t n, float* mixed) {
    for (std::int64_t k = 0; k < n; ++k) mixed[k] = factors[k] * x[k];
    for (std::int64_t apart = n / 2; apart > 0; apart /= 2)
        for (std::int64_t first = 0; first < n; first += 2 * apart)
            for (std::int64_t k = first; k < first + apart; ++k) {
                const float difference = mixed[k] - mixed[k + apart];
                mixed[k] = mixed[k] + mixed[k + apart];
                mixed[k + apart] = difference;
            }
}

/// The last steps, inside of vectors; before that, if `n_vectors` is 2, the one between neighbouring vectors.
template <std::int64_t n_vectors, class Read>
inline void mix_last_steps(Read read, std::int64_t n, float* mixed) {
    for (std::int64_t k = 0; k < n; k += n_vectors * lanes) {
        const Floats first = read(k);
        if constexpr (n_vectors == 1) {
            store(mixed_lanes(first), mixed + k);
        } else {
            const Floats second = read(k + lanes);
            store(mixed_lanes(add(first, second)), mixed + k);
            store(mixed_lanes(subtract(first, second)), mixed + k + lanes);
        }
    }
}

void mix(const float* x, const float* factors, std::int64_t n, float* mixed) {
    if (n < lanes) {
        mix_few(x, factors, n, mixed);
        return;
    }
    const auto read_first = [=](std::int64_t k) { return multiply(load(x + k), load(factors + k)); };
    const auto read_mixed = [=](std::int64_t k) { return load(mixed + k); };
    if (n == lanes) {
        mix_last_steps<1>(read_first, n, mixed);
    } else if (n == 2 * lanes) {
        mix_last_steps<2>(read_first, n, mixed);
    } else {
        mix_two_steps(read_first, n / 4, mixed);
        std::int64_t apart = n / 8;
        for (; apart >= 2 * lanes; apart /= 4)
            for (std::int64_t first = 0; first < n; first += 2 * apart)
                mix_two_steps([=](std::int64_t k) { return read_mixed(first + k); }, apart / 2, mixed + first);
        if (apart == lanes)
            mix_last_steps<2>(read_mixed, n, mixed);
        else
            mix_last_steps<1>(read_mixed, n, mixed);
    }
}

void transpose_words(const void* from, std::int64_t stride, std::int64_t n_rows, std::int64_t n_columns, void* to,
                     std::int64_t to_stride) {
    transpose(static_cast<const char*>(from), stride, n_rows, n_columns, static_cast<char*>(to), to_stride);
}

}  // namespace
}  // namespace mot
