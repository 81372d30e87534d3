/// Every version of the kernels of shortest paths gives the bits of a naive loop, at every length and offset.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>
#include <vector>

#include "kernels/versions.hpp"
#include "mot/kernels/kernels.hpp"
#include "support/check.hpp"
#include "support/problems.hpp"

namespace {

/// Prices and lengths are whole, so that there are many ties, in units that whole lengths have, too.
template <class Real>
void test_relax(Random& random, const mot::RowKernels<Real>& kernels, std::size_t n, std::size_t offset) {
    using Length = mot::PathLength<Real>;
    constexpr Length none = mot::no_path<Length>;
    std::vector<Real> cost(n + offset);
    std::vector<Length> price(n + offset), distance(n + offset);
    for (std::size_t k = 0; k < n + offset; ++k) {
        cost[k] = draw(random, 0, 9) == 0 ? above_all<Real> : static_cast<Real>(draw(random, 0, 9));
        price[k] = draw(random, 0, 9) == 0 ? -(none + none / 2) : static_cast<Length>(draw(random, -3, 0));
        distance[k] = draw(random, 0, 3) == 0 ? none : static_cast<Length>(draw(random, 0, 9));
    }
    std::vector<std::int32_t> reached_from(n + offset, -1);
    std::vector<Length> expected = distance;
    std::vector<std::int32_t> expected_from = reached_from;
    Length expected_least = none;
    for (std::size_t k = offset; k < n + offset; ++k) {
        const Length way = static_cast<Length>(cost[k]) - price[k] + 2;
        if (way < distance[k]) expected_from[k] = 7;
        expected[k] = std::min(distance[k], way);
        expected_least = std::min(expected_least, expected[k]);
    }
    const Length least = kernels.relax(cost.data() + offset, price.data() + offset, 2, 7, static_cast<std::int64_t>(n),
                                       distance.data() + offset, reached_from.data() + offset);
    CHECK(least == expected_least && distance == expected && reached_from == expected_from);
}

/// Whole numbers have many ties; missing pairs cost infinity, or as much as can be, and all may be missing.
template <class Real>
void test_two_least(Random& random, const mot::RowKernels<Real>& kernels, std::size_t n, std::size_t offset) {
    using Length = mot::PathLength<Real>;
    for (const int percent_missing : {0, 50, 98, 100})
        for (const bool is_whole : {false, true}) {
            std::vector<Real> cost(n + offset);
            std::vector<Length> v(n + offset);
            for (std::size_t k = 0; k < n + offset; ++k) {
                cost[k] = static_cast<Real>(is_whole ? draw(random, -9, 9) : draw_real(random, -9.0, 9.0));
                v[k] = static_cast<Length>(is_whole ? draw(random, -9, 0) : draw_real(random, -9.0, 0.0));
                if (draw(random, 1, 100) <= percent_missing) cost[k] = above_all<Real>;
            }
            Length expected[] = {mot::no_path<Length>, mot::no_path<Length>};
            std::int64_t expected_where = -1;
            for (std::size_t k = 0; k < n; ++k) {
                const Length value = static_cast<Length>(cost[k + offset]) - v[k + offset];
                if (value < expected[0]) {
                    expected[1] = std::exchange(expected[0], value);
                    expected_where = static_cast<std::int64_t>(k);
                } else {
                    expected[1] = std::min(expected[1], value);
                }
            }
            Length found[] = {-99, -99};
            const std::int64_t where =
                kernels.find_two_least(cost.data() + offset, v.data() + offset, static_cast<std::int64_t>(n), found);
            CHECK(where == expected_where && found[0] == expected[0] && found[1] == expected[1]);
        }
}

/// Costs of a row lower what other rows left; some costs are infinite, or as much as can be.
template <class Real>
void test_lower_lengths(Random& random, const mot::RowKernels<Real>& kernels, std::size_t n, std::size_t offset) {
    using Length = mot::PathLength<Real>;
    const std::vector<Real> cost = random_values<Real>(random, n + offset, 10);
    std::vector<Length> least(n + offset + 1);  // one value behind the end must stay as it is
    for (Length& length : least)
        length = draw(random, 0, 3) == 0 ? mot::no_path<Length> : static_cast<Length>(draw(random, -2, 2));
    std::vector<Length> expected = least;
    for (std::size_t k = offset; k < n + offset; ++k)
        if (static_cast<Length>(cost[k]) < expected[k]) expected[k] = static_cast<Length>(cost[k]);
    kernels.lower_lengths(cost.data() + offset, static_cast<std::int64_t>(n), least.data() + offset);
    CHECK(has_same_bits(least, expected));
}

/// Few of many are equal, or most, and few or most of these are preferred; or none.
template <class Real>
void test_equal(Random& random, const mot::RowKernels<Real>& kernels, std::size_t n, std::size_t offset) {
    using Length = mot::PathLength<Real>;
    for (const int most : {0, 1, 20, 200})
        for (const int percent_preferred : {0, 2, 50, 100}) {
            std::vector<Real> cost(n + offset);
            std::vector<Length> v(n + offset), reduced(n + offset);
            for (std::size_t k = 0; k < n + offset; ++k) {
                cost[k] = draw(random, 0, 9) == 0 ? above_all<Real> : static_cast<Real>(draw(random, 0, most));
                v[k] = static_cast<Length>(draw(random, -1, 0));
                reduced[k] = static_cast<Length>(cost[k]) - v[k];
            }
            std::vector<std::uint64_t> preferred((n + 63) / 64);  // no word more than is read
            for (std::uint64_t& word : preferred)
                for (int bit = 0; bit < 64; ++bit)
                    word |= std::uint64_t{draw(random, 1, 100) <= percent_preferred} << bit;
            for (const int value : {0, 1, most, most + 2}) {
                std::int64_t first = -1, best = -1;
                for (std::size_t k = n; k-- > 0;) {
                    if (reduced[k + offset] != static_cast<Length>(value)) continue;
                    first = static_cast<std::int64_t>(k);
                    if ((preferred[k / 64] >> (k % 64) & 1) != 0) best = first;
                }
                const std::int64_t expected = best >= 0 ? best : first;
                const auto length = static_cast<std::int64_t>(n);
                const auto wanted = static_cast<Length>(value);
                CHECK(kernels.find_equal(reduced.data() + offset, wanted, length, preferred.data()) == expected);
                CHECK(kernels.find_equal_reduced(cost.data() + offset, v.data() + offset, wanted, length,
                                                 preferred.data()) == expected);
            }
        }
}

/// Numbers that are rounded give the same bits in vectors as one by one.
template <class Real>
void test_relax_of_rounded_numbers(Random& random, const mot::RowKernels<Real>& kernels, std::size_t n,
                                   std::size_t offset) {
    std::vector<Real> cost(n + offset);
    std::vector<double> price(n + offset), distance(n + offset + 1);
    for (Real& value : cost) value = static_cast<Real>(draw_real(random, 0.0, 1.0));
    for (double& value : price) value = draw_real(random, -1e3, 0.0);
    for (double& value : distance) value = draw_real(random, 0.0, 1e3);
    std::vector<std::int32_t> reached_from(n + offset + 1, -1);
    std::vector<double> expected = distance;
    std::vector<std::int32_t> expected_from = reached_from;
    const double start = draw_real(random, 0.0, 1.0);
    double expected_least = infinity;
    for (std::size_t k = offset; k < n + offset; ++k) {
        const double way = static_cast<double>(cost[k]) - price[k] + start;
        if (way < expected[k]) {
            expected[k] = way;
            expected_from[k] = 3;
        }
        expected_least = std::min(expected_least, expected[k]);
    }
    const double least =
        kernels.relax(cost.data() + offset, price.data() + offset, start, 3, static_cast<std::int64_t>(n),
                      distance.data() + offset, reached_from.data() + offset);
    CHECK(least == expected_least && has_same_bits(distance, expected) && reached_from == expected_from);
}

template <class Real>
void test_path_kernels(Random& random, const mot::RowKernels<Real>& kernels, std::size_t n, std::size_t offset) {
    test_relax(random, kernels, n, offset);
    test_two_least(random, kernels, n, offset);
    test_lower_lengths(random, kernels, n, offset);
    test_equal(random, kernels, n, offset);
    if constexpr (!std::is_same_v<Real, mot::FixedCost>) test_relax_of_rounded_numbers(random, kernels, n, offset);
}

}  // namespace

int main() {
    Random random(11);
    for_each_version([&](const mot::Kernels& version) {
        for_each_length(version, [&](const mot::Kernels& kernels, std::size_t n, std::size_t offset) {
            test_path_kernels(random, kernels.of_float, n, offset);
            test_path_kernels(random, kernels.of_double, n, offset);
            test_path_kernels(random, kernels.of_fixed, n, offset);
        });
    });
}
