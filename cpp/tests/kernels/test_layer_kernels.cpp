/// Every version of the loops that standardize a layer gives the bits of a naive loop over one unit after the other.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <type_traits>
#include <vector>

#include "mot/kernels/kernels.hpp"
#include "mot/types/half.hpp"
#include "support/check.hpp"
#include "support/problems.hpp"

namespace {

template <class T>
bool has_same_bits(const T* x, const T* y, std::size_t n) {
    return std::memcmp(x, y, n * sizeof(T)) == 0;
}

template <class Real>
void fill(Random& random, Real* values, std::size_t n) {
    for (std::size_t k = 0; k < n; ++k) values[k] = static_cast<Real>(draw_real(random, -2.0, 2.0));
}

/// Random values, some of them equal, so that comparisons meet ties.
template <class Value>
std::vector<Value> random_panel(Random& random, std::size_t n) {
    std::vector<Value> values(n);
    fill(random, values.data(), n);
    for (Value& value : values)
        if (draw(random, 0, 3) == 0) value = static_cast<Value>(draw(random, -1, 1));
    return values;
}

/// Single-precision ranges have no extremes.
void fill_extremes(Random&, mot::PanelRanges<float>&) {}
void add_to_extremes(float, std::int64_t, mot::PanelRanges<float>&) {}

void fill_extremes(Random& random, mot::PanelRanges<double>& ranges) {
    fill(random, ranges.low, mot::panel_width);
    fill(random, ranges.high, mot::panel_width);
}
void add_to_extremes(double value, std::int64_t unit, mot::PanelRanges<double>& ranges) {
    if (value < ranges.low[unit]) ranges.low[unit] = value;
    if (value > ranges.high[unit]) ranges.high[unit] = value;
}

template <class Value>
void test_ranges(Random& random, const mot::PanelKernels<Value>& kernels, const mot::PanelBlock<Value>& block) {
    mot::PanelRanges<Value> found = {};
    fill(random, found.reference_share, mot::panel_width);
    fill(random, found.mean, mot::panel_width);
    fill_extremes(random, found);
    mot::PanelRanges<Value> expected = found;
    const double share = draw_real(random, 0.0, 1.0);
    kernels.add_to_ranges(block, share, found);
    for (std::int64_t unit = 0; unit < block.width; ++unit)
        for (std::int64_t t = 0; t < block.n_stimuli; ++t) {
            const Value value = block.values[t * block.width + unit];
            expected.mean[unit] += static_cast<double>(value) * share - expected.reference_share[unit];
            add_to_extremes(value, unit, expected);
        }
    CHECK(has_same_bits(&found, &expected, 1));
}

mot::PanelScales<float> random_scales(Random& random, float) {
    mot::PanelScales<float> scales = {};
    fill(random, scales.mean, mot::panel_width);
    return scales;
}

mot::PanelScales<double> random_scales(Random& random, double) {
    mot::PanelScales<double> scales = {};
    fill(random, scales.mean_before, mot::panel_width);
    fill(random, scales.before, mot::panel_width);
    fill(random, scales.after, mot::panel_width);
    return scales;
}

double deviation(float value, const mot::PanelScales<float>& scales, std::int64_t unit) {
    return static_cast<double>(value) - scales.mean[unit];
}

double deviation(double value, const mot::PanelScales<double>& scales, std::int64_t unit) {
    return (value * scales.before[unit] - scales.mean_before[unit]) * scales.after[unit];
}

template <class Value>
void test_moments(Random& random, const mot::PanelKernels<Value>& kernels, const mot::PanelBlock<Value>& block) {
    const auto scales = random_scales(random, Value{});
    mot::PanelMoments found = {};
    fill(random, found.sum, mot::panel_width);
    fill(random, found.squares, mot::panel_width);
    mot::PanelMoments expected = found;
    kernels.add_to_moments(block, scales, found);
    for (std::int64_t unit = 0; unit < block.width; ++unit)
        for (std::int64_t t = 0; t < block.n_stimuli; ++t) {
            const double value = deviation(block.values[t * block.width + unit], scales, unit);
            expected.sum[unit] += value;
            expected.squares[unit] += value * value;
        }
    CHECK(has_same_bits(&found, &expected, 1));
}

/// Nothing is written beside the values of the units that count.
template <class Value>
void test_standardized(Random& random, const mot::PanelKernels<Value>& kernels, const mot::PanelBlock<Value>& block,
                       std::int64_t n_units) {
    const auto scales = random_scales(random, Value{});
    mot::PanelNorms norms = {};
    fill(random, norms.mean_error, mot::panel_width);
    fill(random, norms.to_unit_norm, mot::panel_width);
    const std::int64_t stride = block.n_stimuli + 3;
    std::vector<float> found(static_cast<std::size_t>((block.width + 1) * stride), -1.0f);
    std::vector<float> expected = found;
    kernels.write_standardized(block, scales, norms, n_units, found.data(), stride);
    for (std::int64_t unit = 0; unit < n_units; ++unit)
        for (std::int64_t t = 0; t < block.n_stimuli; ++t)
            expected[static_cast<std::size_t>(unit * stride + t)] = static_cast<float>(
                (deviation(block.values[t * block.width + unit], scales, unit) - norms.mean_error[unit]) *
                norms.to_unit_norm[unit]);
    CHECK(has_same_bits(found.data(), expected.data(), found.size()));
}

template <class Value>
void test_panels(Random& random, const mot::PanelKernels<Value>& kernels, const std::string& name) {
    for (const std::int64_t width : {16, 32, 48, 64})
        for (const std::int64_t n_stimuli : {0, 1, 7, 8, 9, 15, 16, 17, 31, 64}) {
            case_name = name + ", " + std::to_string(n_stimuli) + " x " + std::to_string(width);
            const auto values = random_panel<Value>(random, static_cast<std::size_t>(n_stimuli * width));
            const mot::PanelBlock<Value> block{values.data(), n_stimuli, width};
            test_ranges(random, kernels, block);
            test_moments(random, kernels, block);
            for (const std::int64_t n_units : {width, width / 2, width - 1, width - 7, width - 15})
                test_standardized(random, kernels, block, n_units);
        }
}

/// All 65,536 numbers, in blocks of many lengths.
void test_halves(const mot::LayerKernels& kernels, const std::string& name) {
    case_name = name + ", halves";
    std::vector<std::uint16_t> halves(65536);
    for (std::size_t k = 0; k < halves.size(); ++k) halves[k] = static_cast<std::uint16_t>(k);
    std::vector<float> found(halves.size()), expected(halves.size());
    for (std::size_t k = 0; k < halves.size(); ++k)
        expected[k] = static_cast<float>(static_cast<double>(mot::Half{halves[k]}));
    for (std::size_t first = 0, n = 0; first < halves.size(); first += n) {
        n = n % 50 + 1 < halves.size() - first ? n % 50 + 1 : halves.size() - first;
        kernels.widen_halves(halves.data() + first, static_cast<std::int64_t>(n), found.data() + first);
    }
    for (std::size_t k = 0; k < halves.size(); ++k)
        CHECK(expected[k] == expected[k] ? has_same_bits(&found[k], &expected[k], 1) : found[k] != found[k]);
}

}  // namespace

int main() {
    Random random(13);
    for (const mot::Kernels* const* version = mot::available_kernels(); *version; ++version) {
        const std::string name = (*version)->name;
        test_panels(random, (*version)->of_layers.of_float, name + ", single precision");
        test_panels(random, (*version)->of_layers.of_double, name + ", double precision");
        test_halves((*version)->of_layers, name);
    }
}
