#include "mot/costs/rounded_units.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>

#include "mot/kernels/kernels.hpp"

namespace mot {
namespace {

/// Random signs, the same on every machine: bits of a well-mixed hash of the position.
bool is_turned(std::int64_t position) {
    auto x = static_cast<std::uint64_t>(position) + 0x9E3779B97F4A7C15u;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return (x >> 63) != 0;
}

/// Multiplies vectors of one length by an orthogonal matrix: random signs, then Walsh-Hadamard transforms of the first
/// and of the last coordinates, as many as the largest power of two that fits. Between the two there are random signs,
/// too: the first makes Walsh functions of single spikes, of which the second would make a few spikes again.
class Mixer {
public:
    explicit Mixer(std::int64_t n) : n_(n), signs_(static_cast<std::size_t>(n)) {
        while (2 * power_ <= n) power_ *= 2;
        scale_ = static_cast<float>(1.0 / std::sqrt(static_cast<double>(power_)));
        for (std::int64_t t = 0; t < n; ++t) signs_[static_cast<std::size_t>(t)] = is_turned(t) ? -1.0f : 1.0f;
        if (power_ == n) return;
        for (std::int64_t t = n; t < n + power_; ++t) later_signs_.push_back(is_turned(t) ? -1.0f : 1.0f);
    }

    void mix(const float* x, float* mixed) const {
        for (std::int64_t t = 0; t < n_; ++t) mixed[t] = signs_[static_cast<std::size_t>(t)] * x[t];
        kernels().mix(mixed, power_, scale_);
        if (power_ == n_) return;
        float* const last = mixed + (n_ - power_);
        for (std::size_t t = 0; t < later_signs_.size(); ++t) last[t] *= later_signs_[t];
        kernels().mix(last, power_, scale_);
    }

    /// Bounds the norm of what rounding does to the mixed values of a unit of norm 1: in both transforms one rounding a
    /// step and one of the scale, which is rounded, too.
    double rounding() const { return 2 * (std::log2(static_cast<double>(power_)) + 4) * 0x1p-24 * 1.01; }

private:
    std::int64_t n_;
    std::int64_t power_ = 1;
    float scale_;
    std::vector<float> signs_;
    std::vector<float> later_signs_;  // of the last coordinates; none where the first are all
};

/// Adds to each of four bytes, modulo 2^8.
std::uint32_t add_to_bytes(std::uint32_t four, std::uint32_t others) {
    constexpr std::uint32_t highest_bits = 0x80808080u;  // without them, no byte carries into the next
    return ((four & ~highest_bits) + (others & ~highest_bits)) ^ ((four ^ others) & highest_bits);
}

/// Packs vectors of one block, of which there may be fewer than fit; what is missing is zero.
void pack(const std::int8_t* rows, std::int64_t n_rows, std::int64_t depth, int offset, std::uint8_t* packed) {
    const auto offsets = static_cast<std::uint32_t>(offset) * 0x01010101u;
    for (std::int64_t k = 0; k < depth; k += values_per_group)
        for (std::int64_t r = 0; r < vectors_per_block; ++r) {
            std::uint32_t four = 0;
            if (r < n_rows) std::memcpy(&four, rows + r * row_stride(depth) + k, sizeof four);
            four = add_to_bytes(four, offsets);
            std::memcpy(packed + (k * vectors_per_block + r * values_per_group), &four, sizeof four);
        }
}

}  // namespace

RoundedUnits::RoundedUnits(const float* values, std::int64_t n_units, std::int64_t n_stimuli,
                           const IntegerProducts& products, Interrupt* interrupt)
    : products_(&products),
      depth_((n_stimuli + depth_step - 1) / depth_step * depth_step),
      scale_(static_cast<std::size_t>(n_units), 0.0f),
      error_(static_cast<std::size_t>(n_units), 0.0),
      correction_(static_cast<std::size_t>(n_units), 0) {
    const std::int64_t stride = row_stride(depth_);
    auto* const rows = rows_.reserve<std::int8_t>(n_units * stride);
    auto* const packed = packed_.reserve<std::uint8_t>(n_blocks() * vectors_per_block * depth_);
    const Mixer mixer(n_stimuli);
    Buffer room;
    auto* const mixed = room.reserve<float>(n_stimuli);
    for (std::int64_t unit = 0; unit < n_units; ++unit) {
        if (interrupt && interrupt->requested_after(8 * n_stimuli)) return;
        std::fill_n(rows + unit * stride + n_stimuli, stride - n_stimuli, std::int8_t{0});
        mixer.mix(values + unit * n_stimuli, mixed);
        round(static_cast<std::size_t>(unit), mixed, n_stimuli, mixer.rounding(), rows + unit * stride);
    }
    for (std::int64_t b = 0; b < n_blocks(); ++b) {
        const std::int64_t first = b * vectors_per_block;
        pack(rows + first * stride, std::min(vectors_per_block, n_units - first), depth_, products.packed_offset,
             packed + first * depth_);
    }
}

void RoundedUnits::round(std::size_t unit, const float* mixed, std::int64_t n, double mixing_error, std::int8_t* row) {
    const float largest = row_kernels<float>().largest_magnitude(mixed, n);
    if (largest == 0.0f) {
        std::fill_n(row, n, std::int8_t{0});
        return;
    }
    // Sums of products must fit 32 bits: of very many stimuli, values are rounded to less than a byte.
    constexpr float least_scale = 1.1f / 46000;
    const float scale = std::max(largest / static_cast<float>(products_->largest), least_scale);
    const ByteRounding rounding = kernels().round_to_bytes(mixed, n, scale, 1.0f / scale, row);
    scale_[unit] = scale;
    correction_[unit] = static_cast<std::int32_t>(static_cast<std::uint32_t>(products_->packed_offset) *
                                                  static_cast<std::uint32_t>(rounding.sum));
    constexpr std::int64_t most_squares = std::int64_t{1} << 31;
    constexpr double useless = 4.0;             // no correlation is farther from any other
    constexpr double of_differences = 0x1p-22;  // rounding of what is left, of a vector of norm 1
    error_[unit] = rounding.squares < most_squares
                       ? std::sqrt(rounding.squared_error) * (1 + 0x1p-20) + of_differences + mixing_error
                       : useless;
}

}  // namespace mot
