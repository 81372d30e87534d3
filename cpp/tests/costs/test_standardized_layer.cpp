/// Moments, values and correlations of a layer are those of the definitions, however its activations lie in memory.
#include "mot/costs/standardized_layer.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <string>
#include <type_traits>
#include <vector>

#include "mot/kernels/integer_products.hpp"
#include "mot/types/half.hpp"
#include "oracles/layers.hpp"
#include "support/check.hpp"
#include "support/problems.hpp"

namespace {

using mot::ActivationsView;
using mot::StandardizedLayer;

bool has_same_bits(const StandardizedLayer& a, const StandardizedLayer& b) {
    const auto n_values = static_cast<std::size_t>(a.n_units() * a.n_stimuli());
    return a.mean() == b.mean() && a.deviation() == b.deviation() &&
           std::vector<float>(a.values(), a.values() + n_values) ==
               std::vector<float>(b.values(), b.values() + n_values);
}

bool has_same_bytes(const mot::RoundedUnits& a, const mot::RoundedUnits& b) {
    const auto n_units = static_cast<std::int64_t>(a.scale().size());
    const std::int64_t n_packed = a.n_blocks() * mot::vectors_per_block * a.depth();
    return a.scale() == b.scale() && a.error() == b.error() &&
           std::equal(a.row(0), a.row(0) + n_units * mot::row_stride(a.depth()), b.row(0)) &&
           std::equal(a.block(0), a.block(0) + n_packed, b.block(0));
}

void test_definitions(Random& random) {
    // Fewer and more than a block of 32 stimuli.
    for (const std::size_t n_stimuli : {1u, 2u, 3u, 31u, 32u, 33u, 100u}) {
        case_name = std::to_string(n_stimuli) + " stimuli";
        const Activations x = random_activations(random, n_stimuli, 7);
        const Activations y = random_activations(random, n_stimuli, 5);
        check_layer(standardize(x), x);
        check_correlations(standardize(x), x, standardize(y), y);
    }
}

/// Fewer and more units than a vector holds, and than are standardized side by side.
void test_widths(Random& random) {
    for (const std::size_t n_units : {1u, 15u, 16u, 17u, 63u, 64u, 65u, 130u}) {
        case_name = std::to_string(n_units) + " units";
        const Activations x = random_activations(random, 37, n_units);
        check_layer(standardize(x), x);
    }
}

/// More stimuli than are kept while a unit is standardized; every unit comes out as if it were alone.
void test_many_stimuli(Random& random) {
    case_name = "many stimuli";
    const std::size_t n_stimuli = 70000;
    const Activations x = random_activations(random, n_stimuli, 18);
    const StandardizedLayer layer = standardize(x);
    check_layer(layer, x);
    const std::vector<float> singles(x.values.begin(), x.values.end());
    const std::vector<double> widened(singles.begin(), singles.end());
    const auto n = static_cast<std::int64_t>(n_stimuli);
    CHECK(has_same_bits(StandardizedLayer(ActivationsView<float>{singles.data(), n, 18, 18, 1, nullptr}),
                        StandardizedLayer(ActivationsView<double>{widened.data(), n, 18, 18, 1, nullptr})));
    const StandardizedLayer alone(ActivationsView<double>{x.values.data() + 17, n, 1, 18, 1, nullptr});
    CHECK(alone.mean()[0] == layer.mean()[17] && alone.deviation()[0] == layer.deviation()[17]);
    CHECK(std::equal(alone.values(), alone.values() + n, layer.values() + 17 * n));
}

void test_strides_and_rows(Random& random) {
    case_name = "strides and rows";
    const Activations x = random_activations(random, 40, 9);
    const StandardizedLayer expected = standardize(x);
    const ActivationsView<double> plain = view_of(x);

    std::vector<double> turned(x.values.size());
    std::vector<double> spread(3 * x.values.size(), std::numeric_limits<double>::quiet_NaN());
    for (std::size_t t = 0; t < 40; ++t)
        for (std::size_t unit = 0; unit < 9; ++unit) {
            turned[unit * 40 + t] = x(t, unit);
            spread[(39 - t) * 27 + 3 * (8 - unit)] = x(t, unit);
        }
    CHECK(has_same_bits(StandardizedLayer(ActivationsView<double>{turned.data(), 40, 9, 1, 40, nullptr}), expected));
    // Both axes backwards, with gaps.
    CHECK(has_same_bits(
        StandardizedLayer(ActivationsView<double>{spread.data() + 39 * 27 + 24, 40, 9, -27, -3, nullptr}), expected));

    const std::vector<std::int64_t> rows{39, 0, 7, 7, 12};
    Activations selected(rows.size(), 9);
    for (std::size_t t = 0; t < rows.size(); ++t)
        for (std::size_t unit = 0; unit < 9; ++unit) selected(t, unit) = x(static_cast<std::size_t>(rows[t]), unit);
    CHECK(has_same_bits(StandardizedLayer(ActivationsView<double>{plain.data, 5, 9, 9, 1, rows.data()}),
                        standardize(selected)));
}

/// A layer of the same values that lie stimulus by stimulus is the same, whatever the type, and also with gaps.
template <class Real>
void test_unit_major(Random& random, std::size_t n_stimuli, std::size_t n_units) {
    case_name = "unit by unit, " + std::to_string(n_stimuli) + " x " + std::to_string(n_units);
    std::vector<Real> by_stimulus(n_stimuli * n_units), by_unit(n_stimuli * n_units), spread(3 * n_stimuli * n_units);
    for (std::size_t t = 0; t < n_stimuli; ++t)
        for (std::size_t unit = 0; unit < n_units; ++unit) {
            Real value{};
            if constexpr (std::is_same_v<Real, mot::Half>)
                value.bits = static_cast<std::uint16_t>(draw(random, 0, 0x7BFF) | (draw(random, 0, 1) << 15));
            else
                value = static_cast<Real>(draw_real(random, -1.0, 2.0));
            by_stimulus[t * n_units + unit] = by_unit[unit * n_stimuli + t] = value;
            spread[3 * (unit * n_stimuli + t)] = value;
        }
    const auto n = static_cast<std::int64_t>(n_stimuli), m = static_cast<std::int64_t>(n_units);
    const StandardizedLayer expected(ActivationsView<Real>{by_stimulus.data(), n, m, m, 1, nullptr});
    CHECK(has_same_bits(StandardizedLayer(ActivationsView<Real>{by_unit.data(), n, m, 1, n, nullptr}), expected));
    CHECK(has_same_bits(StandardizedLayer(ActivationsView<Real>{spread.data(), n, m, 3, 3 * n, nullptr}), expected));
    std::vector<std::int64_t> rows(n_stimuli);
    std::iota(rows.begin(), rows.end(), std::int64_t{0});
    CHECK(has_same_bits(StandardizedLayer(ActivationsView<Real>{by_unit.data(), n, m, 1, n, rows.data()}), expected));
}

/// Fewer and more stimuli and units than are read at once.
void test_unit_major(Random& random) {
    for (const std::size_t n_stimuli : {3u, 8u, 63u, 64u, 75u, 130u})
        for (const std::size_t n_units : {1u, 7u, 16u, 19u, 70u}) {
            test_unit_major<mot::Half>(random, n_stimuli, n_units);
            test_unit_major<float>(random, n_stimuli, n_units);
            test_unit_major<double>(random, n_stimuli, n_units);
        }
}

/// With and without units rounded to bytes, nothing is done after the interrupt.
void test_interrupt(Random& random) {
    const Activations x = random_activations(random, 100, 30);
    for (const mot::IntegerProducts* const products :
         {static_cast<const mot::IntegerProducts*>(nullptr), mot::available_integer_products()[0]}) {
        case_name = products ? "interrupt with bytes" : "interrupt";
        StopAt undisturbed(StopAt::never);
        const StandardizedLayer whole(view_of(x), &undisturbed, products);
        for (int n = 1; n <= undisturbed.n_checks; ++n) {
            StopAt interrupt(n);
            const StandardizedLayer stopped(view_of(x), &interrupt, products);
            CHECK(interrupt.n_checks == n);
        }
    }
}

/// Workers divide the units among them: values, and bytes of rows and of blocks, are the same.
void test_workers(Random& random) {
    for (const std::size_t n_units : {1u, 63u, 64u, 65u, 200u})
        for (const mot::IntegerProducts* const products :
             {static_cast<const mot::IntegerProducts*>(nullptr), mot::available_integer_products()[0]}) {
            case_name = std::to_string(n_units) + " units, workers";
            const Activations x = random_activations(random, 50, n_units);
            const StandardizedLayer expected(view_of(x), nullptr, products);
            for (const int n : {2, 5}) {
                const StandardizedLayer layer(view_of(x), nullptr, products, threaded_workspace(0, n).workers);
                CHECK(has_same_bits(layer, expected));
                if (products) CHECK(has_same_bytes(*layer.rounded(), *expected.rounded()));
            }
        }
}

/// The calling thread hears of an interrupt, and the others stop, too.
void test_interrupt_of_workers(Random& random) {
    case_name = "interrupt of workers";
    const Activations x = random_activations(random, 100, 1000);
    StopAt interrupt(1);
    const StandardizedLayer stopped(view_of(x), &interrupt, nullptr, workspace_of(naive_sgemm, 0, 3).workers);
    CHECK(interrupt.n_checks == 1);
}

void test_constant_units(Random& random) {
    case_name = "constant units";
    Activations x = random_activations(random, 37, 4);
    for (std::size_t t = 0; t < 37; ++t) {
        x(t, 1) = 0.1;  // not a binary fraction: the mean is rounded
        x(t, 3) = 0.0;
    }
    const StandardizedLayer layer = standardize(x);
    for (const std::size_t unit : {std::size_t{1}, std::size_t{3}}) {
        CHECK(layer.deviation()[unit] == 0.0);
        CHECK_NEAR(layer.mean()[unit], x(0, unit), 1e-16);
        for (std::size_t t = 0; t < 37; ++t) CHECK(layer.values()[unit * 37 + t] == 0.0f);
        for (std::int64_t other = 0; other < 4; ++other)
            CHECK(layer.correlation(static_cast<std::int64_t>(unit), layer, other) == 0.0);
    }
    CHECK_NEAR(layer.correlation(0, layer, 0), 1.0, 1e-15);
    CHECK_NEAR(layer.correlation(2, layer, 2), 1.0, 1e-15);
}

void test_scales(Random& random) {
    const Activations x = random_activations(random, 50, 4);
    for (const double scale : {1e-150, 1e-300, 1.0, 1e150, 1e300}) {
        case_name = "scale " + std::to_string(scale);
        Activations scaled = x;
        for (double& value : scaled.values) value *= scale;
        const StandardizedLayer layer = standardize(scaled);
        if (scale > 1e-200 && scale < 1e200) check_layer(layer, scaled);
        check_correlations(layer, x, standardize(x), x);
    }
}

/// Means are right to an ulp however many numbers they are summed of.
void test_offsets(Random& random) {
    const Activations x = random_activations(random, 3000, 3);
    for (const double offset : {1e3, -1e6, 1e8}) {
        case_name = "offset " + std::to_string(offset);
        Activations moved = x;
        for (double& value : moved.values) value += offset;
        const StandardizedLayer layer = standardize(moved);
        // The values are known to half an ulp of the offset, relative to a deviation of about 0.6.
        check_layer(layer, moved, 2e-16 * std::abs(offset));
        for (std::size_t unit = 0; unit < 3; ++unit)
            CHECK_NEAR(layer.mean()[unit], static_cast<double>(naive_mean(moved, unit)), 2.3e-16 * std::abs(offset));
        check_correlations(layer, moved, standardize(x), x);
    }
}

/// One stimulus that differs by the last bit of a large number is still told apart, by a correlation of 1 with its
/// indicator; and the smallest number there is differs from 0.
void test_last_bits() {
    Activations x(1000, 4);
    for (std::size_t t = 0; t < 1000; ++t) {
        const double is_odd_one = t == 417 ? 1.0 : 0.0;
        const double numbers[4] = {is_odd_one, 1e16 + 2 * is_odd_one, 1e8 + 1e-6 * is_odd_one,
                                   std::numeric_limits<double>::denorm_min() * is_odd_one};
        for (std::size_t unit = 0; unit < 4; ++unit) x(t, unit) = numbers[unit];
    }
    const StandardizedLayer layer = standardize(x);
    for (std::int64_t unit = 0; unit < 4; ++unit) {
        case_name = "last bits, unit " + std::to_string(unit);
        CHECK(layer.deviation()[static_cast<std::size_t>(unit)] > 0.0);
        CHECK_NEAR(layer.correlation(0, layer, unit), 1.0, 1e-7);
    }
}

/// Over a million stimuli the mean is still closer than the one deviation there is.
void test_last_bit_of_many() {
    case_name = "last bit of many";
    const std::size_t n = 1000000;
    Activations x(n, 1);
    for (std::size_t t = 0; t < n; ++t) x(t, 0) = 1e8;
    x(417, 0) = std::nextafter(1e8, 2e8);
    const double expected = (x(417, 0) - 1e8) * std::sqrt((1.0 - 1e-6) / static_cast<double>(n));
    CHECK_NEAR(standardize(x).deviation()[0], expected, 1e-9 * expected);
}

/// Whole numbers are the same in all three precisions, so the answers are too.
void test_precisions(Random& random) {
    case_name = "precisions";
    std::vector<double> doubles(30 * 6);
    std::vector<float> floats;
    std::vector<mot::Half> halves;
    for (double& value : doubles) {
        const int power = draw(random, 0, 10);
        value = std::ldexp(1.0, power);
        floats.push_back(static_cast<float>(value));
        halves.push_back({static_cast<std::uint16_t>((power + 15) << 10)});
    }
    const StandardizedLayer expected(ActivationsView<double>{doubles.data(), 30, 6, 6, 1, nullptr});
    CHECK(has_same_bits(StandardizedLayer(ActivationsView<float>{floats.data(), 30, 6, 6, 1, nullptr}), expected));
    CHECK(has_same_bits(StandardizedLayer(ActivationsView<mot::Half>{halves.data(), 30, 6, 6, 1, nullptr}), expected));
}

/// Single and half precision are standardized as the doubles that they are, at any scale of theirs, with constants.
void test_narrow_precisions(Random& random) {
    for (const int exponent : {-148, -120, -20, 0, 100, 126}) {
        case_name = "narrow precisions, 2^" + std::to_string(exponent);
        std::vector<float> floats(50 * 70);
        for (float& value : floats) value = static_cast<float>(std::ldexp(draw_real(random, -1.0, 2.0), exponent));
        for (std::size_t t = 0; t < 50; ++t) floats[t * 70 + 3] = floats[3];
        const std::vector<double> doubles(floats.begin(), floats.end());
        CHECK(has_same_bits(StandardizedLayer(ActivationsView<float>{floats.data(), 50, 70, 70, 1, nullptr}),
                            StandardizedLayer(ActivationsView<double>{doubles.data(), 50, 70, 70, 1, nullptr})));
    }
    case_name = "half precision";
    std::vector<mot::Half> halves(50 * 70);
    std::vector<double> doubles;
    for (mot::Half& half : halves) {
        half.bits = static_cast<std::uint16_t>(draw(random, 0, 0x7BFF) | (draw(random, 0, 1) << 15));
        doubles.push_back(static_cast<double>(half));
    }
    CHECK(has_same_bits(StandardizedLayer(ActivationsView<mot::Half>{halves.data(), 50, 70, 70, 1, nullptr}),
                        StandardizedLayer(ActivationsView<double>{doubles.data(), 50, 70, 70, 1, nullptr})));
}

}  // namespace

int main() {
    Random random(12);
    test_definitions(random);
    test_widths(random);
    test_many_stimuli(random);
    test_strides_and_rows(random);
    test_unit_major(random);
    test_interrupt(random);
    test_workers(random);
    test_interrupt_of_workers(random);
    test_constant_units(random);
    test_scales(random);
    test_offsets(random);
    test_last_bits();
    test_last_bit_of_many();
    test_precisions(random);
    test_narrow_precisions(random);
}
