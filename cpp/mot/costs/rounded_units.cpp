#include "mot/costs/rounded_units.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>

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
    explicit Mixer(std::int64_t n) : n_(n) {
        while (2 * power_ <= n) power_ *= 2;
        const auto scale = static_cast<float>(1.0 / std::sqrt(static_cast<double>(power_)));
        for (std::int64_t t = 0; t < n; ++t)
            factors_.push_back((is_turned(t) ? -1.0f : 1.0f) * (t < power_ ? scale : 1));
        if (power_ == n) return;
        for (std::int64_t t = n; t < n + power_; ++t) later_factors_.push_back(is_turned(t) ? -scale : scale);
    }

    std::int64_t n() const { return n_; }

    /// The vector that is returned is valid until the next one is mixed.
    const float* mix(const float* x) {
        auto* const first = first_mixed_.reserve<float>(n_);
        kernels().mix(x, factors_.data(), power_, first);
        if (power_ == n_) return first;
        for (std::int64_t t = power_; t < n_; ++t) first[t] = factors_[static_cast<std::size_t>(t)] * x[t];
        // The last coordinates lie where cache lines begin.
        constexpr std::int64_t line = 16;
        const std::int64_t n_before = n_ - power_;
        float* const mixed = mixed_.reserve<float>(n_ + line) + (line - n_before % line) % line;
        std::copy_n(first, n_before, mixed);
        kernels().mix(first + n_before, later_factors_.data(), power_, mixed + n_before);
        return mixed;
    }

    /// Bounds the norm of what rounding does to the mixed values of a unit of norm 1: in both transforms one rounding
    /// of the scale, which is rounded, too, and one a step.
    double rounding() const { return 2 * (std::log2(static_cast<double>(power_)) + 4) * 0x1p-24 * 1.01; }

private:
    std::int64_t n_;
    std::int64_t power_ = 1;
    std::vector<float> factors_;        // signs, and the scale that keeps the norm
    std::vector<float> later_factors_;  // of the last coordinates; none where the first are all
    Buffer first_mixed_, mixed_;
};

/// The thread's mixer, kept for its next layer, which mostly has as many stimuli: to draw the signs takes as long as to
/// round some units. That of very many stimuli is given up with the layer.
std::optional<Mixer>& mixer_of(std::int64_t n) {
    static thread_local std::optional<Mixer> mixer;
    if (!mixer || mixer->n() != n) mixer.emplace(n);
    return mixer;
}
constexpr std::int64_t most_kept_stimuli = std::int64_t{1} << 18;

}  // namespace

RoundedUnits::RoundedUnits(std::int64_t n_units, std::int64_t n_stimuli, const IntegerProducts& products)
    : products_(&products),
      n_stimuli_(n_stimuli),
      depth_((n_stimuli + depth_step - 1) / depth_step * depth_step),
      scale_(static_cast<std::size_t>(n_units), 0.0f),
      error_(static_cast<std::size_t>(n_units), 0.0),
      correction_(static_cast<std::size_t>(n_units), 0) {
    bytes_.reserve<std::int8_t>(n_units * row_stride(depth_) + n_blocks() * vectors_per_block * depth_);
}

void RoundedUnits::set(std::int64_t unit, const float* values) {
    auto* const row = bytes_.data_as<std::int8_t>() + unit * row_stride(depth_);
    std::fill(row + n_stimuli_, row + row_stride(depth_), std::int8_t{0});
    std::optional<Mixer>& mixer = mixer_of(n_stimuli_);
    round(static_cast<std::size_t>(unit), mixer->mix(values), mixer->rounding(), row);
    if ((unit + 1) % vectors_per_block != 0 && unit + 1 != static_cast<std::int64_t>(scale_.size())) return;
    pack(unit / vectors_per_block);
    if (n_stimuli_ > most_kept_stimuli) mixer.reset();
}

void RoundedUnits::round(std::size_t unit, const float* mixed, double mixing_error, std::int8_t* row) {
    const float largest = row_kernels<float>().largest_magnitude(mixed, n_stimuli_);
    if (largest == 0.0f) {
        std::fill_n(row, n_stimuli_, std::int8_t{0});
        return;
    }
    // Sums of products must fit 32 bits: of very many stimuli, values are rounded to less than a byte.
    constexpr float least_scale = 1.1f / 46000;
    const float scale = std::max(largest / static_cast<float>(products_->largest), least_scale);
    const ByteRounding rounding = kernels().round_to_bytes(mixed, n_stimuli_, scale, 1.0f / scale, row);
    scale_[unit] = scale;
    correction_[unit] = static_cast<std::int32_t>(static_cast<std::uint32_t>(products_->packed_offset) *
                                                  static_cast<std::uint32_t>(rounding.sum));
    // A square and its sum are rounded once each, and so are all sums that it is added to.
    constexpr double of_squares = (most_squares_in_single_precision + 2) * 0x1p-24;
    constexpr double of_differences = 0x1p-22;  // rounding of what is left, of a vector of norm 1
    const double error = std::sqrt(rounding.squared_error) * (1 + of_squares) + of_differences + mixing_error;
    constexpr double useless = 4.0;  // no correlation is farther from any other
    constexpr double most = 46340;   // its square is less than 2^31
    // The norm of the whole numbers times the scale is at most that of the values, 1, and of what rounding changes.
    error_[unit] = (1 + 1e-5 + error) / static_cast<double>(scale) < most ? error : useless;
}

/// Vectors that are missing in the last block are zero.
void RoundedUnits::pack(std::int64_t block_number) {
    const std::int64_t first = block_number * vectors_per_block;
    const std::int64_t n_rows = std::min(vectors_per_block, static_cast<std::int64_t>(scale_.size()) - first);
    const auto offset = static_cast<std::uint8_t>(products_->packed_offset);
    std::uint8_t* packed = bytes_.data_as<std::uint8_t>() + first_block() + first * depth_;
    constexpr std::int64_t n_at_once = vectors_per_block * depth_step;
    for (std::int64_t k = 0; k < depth_; k += depth_step, packed += n_at_once) {
        if (n_rows < vectors_per_block) std::fill_n(packed, n_at_once, std::uint8_t{0});
        kernels().transpose_words(row(first) + k, row_stride(depth_), n_rows, depth_step / values_per_group, packed,
                                  vectors_per_block * values_per_group);
        for (std::int64_t b = 0; b < n_at_once; ++b) packed[b] = static_cast<std::uint8_t>(packed[b] + offset);
    }
}

}  // namespace mot
