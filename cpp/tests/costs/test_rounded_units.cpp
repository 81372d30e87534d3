/// The bound is a theorem: no inner product of units, in long doubles, is farther from that of their bytes.
#include "mot/costs/rounded_units.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "support/check.hpp"
#include "support/layer_families.hpp"
#include "support/problems.hpp"

namespace {

using mot::RoundedUnits;

/// Units of norm 1, or 0, in single precision: `(n_units, n_stimuli)`.
struct Units {
    std::size_t n_units;
    std::size_t n_stimuli;
    std::vector<float> values;

    Units(std::size_t n_units_, std::size_t n_stimuli_)
        : n_units(n_units_), n_stimuli(n_stimuli_), values(n_units_ * n_stimuli_) {}
    long double product(std::size_t i, const Units& other, std::size_t j) const {
        long double sum = 0;
        for (std::size_t t = 0; t < n_stimuli; ++t)
            sum += static_cast<long double>(values[i * n_stimuli + t]) * other.values[j * n_stimuli + t];
        return sum;
    }
    void set(std::size_t unit, const std::vector<double>& direction) {
        long double squares = 0;
        for (const double value : direction) squares += static_cast<long double>(value) * value;
        for (std::size_t t = 0; t < n_stimuli; ++t)
            values[unit * n_stimuli + t] = squares > 0 ? static_cast<float>(direction[t] / std::sqrt(squares)) : 0.0f;
    }
};

/// Scaled down first, so that squares of huge values do not overflow.
Units normalized(const Activations& layer) {
    Units units(layer.n_columns, layer.n_rows);
    const double scale = layer.scale();
    for (std::size_t unit = 0; unit < units.n_units; ++unit) {
        std::vector<double> direction(units.n_stimuli);
        for (std::size_t t = 0; t < units.n_stimuli; ++t) direction[t] = scale > 0 ? layer(t, unit) / scale : 0.0;
        units.set(unit, direction);
    }
    return units;
}

RoundedUnits rounded(const Units& units, const mot::IntegerProducts& products) {
    RoundedUnits result(static_cast<std::int64_t>(units.n_units), static_cast<std::int64_t>(units.n_stimuli), products);
    for (std::size_t unit = 0; unit < units.n_units; ++unit)
        result.set(static_cast<std::int64_t>(unit), units.values.data() + unit * units.n_stimuli);
    return result;
}

std::int64_t product_of_bytes(const RoundedUnits& x, std::size_t i, const RoundedUnits& y, std::size_t j) {
    const std::int8_t* const left = x.row(static_cast<std::int64_t>(i));
    const std::int8_t* const right = y.row(static_cast<std::int64_t>(j));
    std::int64_t sum = 0;
    for (std::int64_t k = 0; k < x.depth(); ++k) sum += left[k] * right[k];
    return sum;
}

/// No correlation is farther from any other: what a bound says of a unit whose products do not fit 32 bits.
constexpr double useless = 2.0;

/// Bytes are within their range and zero behind the last stimulus.
void check_rows(const RoundedUnits& x, const Units& units) {
    CHECK(x.depth() % mot::depth_step == 0 && x.depth() >= static_cast<std::int64_t>(units.n_stimuli));
    CHECK(x.depth() < static_cast<std::int64_t>(units.n_stimuli) + mot::depth_step);
    for (std::size_t unit = 0; unit < units.n_units; ++unit) {
        const std::int8_t* const row = x.row(static_cast<std::int64_t>(unit));
        std::int64_t sum = 0;
        for (std::int64_t k = 0; k < x.depth(); ++k) {
            CHECK(std::abs(static_cast<int>(row[k])) <= x.products().largest);
            CHECK(k < static_cast<std::int64_t>(units.n_stimuli) || row[k] == 0);
            sum += row[k];
        }
        CHECK(x.correction(static_cast<std::int64_t>(unit)) ==
              static_cast<std::int32_t>(static_cast<std::uint32_t>(sum * x.products().packed_offset)));
    }
}

/// The products of the packed values, less the corrections, are those of the bytes.
void check_packed(const RoundedUnits& x, std::size_t n_source, const RoundedUnits& y, std::size_t n_target) {
    const std::int64_t stride = y.n_blocks() * mot::vectors_per_block;
    CHECK(stride >= static_cast<std::int64_t>(n_target) &&
          stride < static_cast<std::int64_t>(n_target) + mot::vectors_per_block);
    std::vector<std::int32_t> products(n_source * static_cast<std::size_t>(stride));
    x.products().multiply(x.row(0), static_cast<std::int64_t>(n_source), y.block(0), y.n_blocks(), x.depth(),
                          products.data(), stride);
    for (std::size_t i = 0; i < n_source; ++i)
        for (std::size_t j = 0; j < n_target; ++j) {
            const auto product = static_cast<std::uint32_t>(products[i * static_cast<std::size_t>(stride) + j]) -
                                 static_cast<std::uint32_t>(x.correction(static_cast<std::int64_t>(i)));
            CHECK(product == static_cast<std::uint32_t>(product_of_bytes(x, i, y, j)));
        }
}

/// `e_x |y| + |s_x q_x| e_y` bounds what rounding does to a product, which 32 bits hold.
void check_bound(const Units& source, const RoundedUnits& x, const Units& target, const RoundedUnits& y) {
    for (std::size_t i = 0; i < source.n_units; ++i)
        for (std::size_t j = 0; j < target.n_units; ++j) {
            if (x.error()[i] > useless || y.error()[j] > useless) continue;  // no claim
            const std::int64_t product = product_of_bytes(x, i, y, j);
            CHECK(product == static_cast<std::int32_t>(product));
            const auto scale_x = static_cast<long double>(x.scale()[i]);
            const auto scale_y = static_cast<long double>(y.scale()[j]);
            const long double norm_x = scale_x * std::sqrt(static_cast<long double>(product_of_bytes(x, i, x, i)));
            const long double norm_y = std::sqrt(target.product(j, target, j));
            const long double difference = source.product(i, target, j) - scale_x * scale_y * product;
            CHECK(std::abs(difference) <= x.error()[i] * norm_y + norm_x * y.error()[j]);
        }
}

void test_units(const Units& source, const Units& target) {
    for (const mot::IntegerProducts* products : all_products()) {
        const RoundedUnits x = rounded(source, *products);
        const RoundedUnits y = rounded(target, *products);
        check_rows(x, source);
        check_packed(x, source.n_units, y, target.n_units);
        check_bound(source, x, target, y);
        check_bound(source, x, source, x);
    }
}

void test_families(Random& random, std::size_t n_stimuli, std::size_t n_source, std::size_t n_target) {
    for (const LayerFamily family : all_layer_families) {
        case_name = std::string(name_of(family)) + ", " + std::to_string(n_stimuli) + " stimuli";
        test_units(normalized(draw_layer(random, family, n_stimuli, n_source)),
                   normalized(draw_layer(random, family, n_stimuli, n_target)));
    }
}

/// What no unit says: the mixing's own rows, which the bytes of single stimuli show to within 1/127. A unit like that
/// is mixed into one large value, beside which the rest of a unit is rounded coarsely, or away.
std::vector<std::vector<double>> rows_of_mixing(std::size_t n_stimuli, const std::vector<std::size_t>& wanted) {
    std::vector<std::vector<double>> rows(wanted.size(), std::vector<double>(n_stimuli));
    for (std::size_t t = 0; t < n_stimuli; ++t) {
        Units stimulus(1, n_stimuli);
        stimulus.values[t] = 1.0f;
        const RoundedUnits x = rounded(stimulus, *all_products().front());
        for (std::size_t k = 0; k < wanted.size(); ++k)
            rows[k][t] = static_cast<double>(x.scale()[0]) * x.row(0)[wanted[k]];
    }
    return rows;
}

/// Walsh functions with their signs, alone and with noise of a size that is rounded worst.
void test_adversary_of_mixing(Random& random, std::size_t n_stimuli) {
    case_name = "rows of the mixing, " + std::to_string(n_stimuli);
    const auto rows = rows_of_mixing(n_stimuli, {0, n_stimuli / 2, n_stimuli - 1});
    Units units(24, n_stimuli);
    for (std::size_t unit = 0; unit < units.n_units; ++unit) {
        std::vector<double> direction = rows[unit % rows.size()];
        const double noise = std::pow(0.5, static_cast<double>(unit / rows.size()));
        for (double& value : direction)
            value += noise * draw_real(random, -1.0, 1.0) * std::sqrt(3.0 / static_cast<double>(n_stimuli));
        if (unit < rows.size()) direction = rows[unit];
        units.set(unit, direction);
    }
    test_units(units, units);
    // The bytes say little of such units, and the bound says so.
    const RoundedUnits x = rounded(units, *all_products().front());
    double largest = 0;
    for (const double error : x.error()) largest = std::max(largest, error);
    if (n_stimuli >= 512) CHECK(largest > 0.03);
}

/// The bound is worth having, whatever the units are and however far the number of stimuli is from a power of two.
void test_bound_is_narrow(Random& random) {
    for (const LayerFamily family : all_layer_families)
        for (const std::size_t n_stimuli : {65u, 257u, 640u, 1000u, 1280u, 2042u, 3072u, 5000u}) {
            case_name = std::string("narrow, ") + name_of(family) + ", " + std::to_string(n_stimuli);
            const Units units = normalized(draw_layer(random, family, n_stimuli, 21));
            std::vector<double> errors = rounded(units, *all_products().front()).error();
            std::sort(errors.begin(), errors.end());
            CHECK(errors[10] < 0.012 && errors[20] < 0.016);
        }
}

/// A single spike is mixed into values that are all as large: with a byte for each, their squares would add up to more
/// than 32 bits hold.
void test_sums_fit(std::size_t n_stimuli) {
    case_name = "sums of 32 bits, " + std::to_string(n_stimuli);
    Units units(3, n_stimuli);
    for (std::size_t unit = 0; unit < units.n_units; ++unit)
        units.values[unit * n_stimuli + unit * n_stimuli / 3] = 1.0f;
    const RoundedUnits x = rounded(units, *all_products().front());
    for (const double error : x.error()) CHECK(error < 0.02);
    test_units(units, units);
}

}  // namespace

int main() {
    Random random(20);
    for (const std::size_t n_stimuli : {1u, 2u, 3u, 4u, 5u, 7u, 8u, 15u, 16u, 17u, 31u, 33u, 63u, 64u, 65u, 100u, 127u})
        test_families(random, n_stimuli, 19, 33);
    for (const std::size_t n_stimuli : {255u, 257u, 512u, 1000u, 2042u}) test_families(random, n_stimuli, 17, 18);
    for (const std::size_t n_stimuli : {4095u, 65536u, 65537u, 70000u}) test_families(random, n_stimuli, 3, 3);
    for (const std::size_t n_stimuli : {3u, 16u, 100u, 512u, 777u, 2048u}) test_adversary_of_mixing(random, n_stimuli);
    test_bound_is_narrow(random);
    for (const std::size_t n_stimuli : {1u << 17, 1u << 18, (1u << 18) + 12345u, 1u << 20}) test_sums_fit(n_stimuli);
}
