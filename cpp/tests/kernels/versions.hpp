/// Values that kernels are tried on, and all versions of the kernels, each of which must give the same bits.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstring>
#include <limits>
#include <set>
#include <string>
#include <vector>

#include "mot/kernels/kernels.hpp"
#include "support/check.hpp"
#include "support/problems.hpp"

template <class T>
bool has_same_bits(const std::vector<T>& x, const std::vector<T>& y) {
    return x.size() == y.size() && (x.empty() || std::memcmp(x.data(), y.data(), x.size() * sizeof(T)) == 0);
}

/// The value of an empty lane, and the cost of a pair that is missing, or as dear as can be.
template <class Real>
constexpr Real above_all = std::numeric_limits<Real>::infinity();
template <>
constexpr mot::FixedCost above_all<mot::FixedCost> = 32767;

/// A few of many are equal, so that comparisons meet ties; one in `one_special_in` is infinite or no number.
template <class Real>
std::vector<Real> random_values(Random& random, std::size_t n, int one_special_in) {
    std::vector<Real> values(n);
    for (Real& value : values) {
        value = static_cast<Real>(draw(random, 0, 1) == 0 ? draw(random, -2, 2) : draw_real(random, -2.0, 2.0));
        if (draw(random, 0, 9) == 0) value *= 0;  // of either sign
        const int kind = draw(random, 1, 3 * one_special_in);
        if (kind == 1) value = std::numeric_limits<Real>::infinity();
        if (kind == 2) value = -std::numeric_limits<Real>::infinity();
        if (kind == 3) value = std::numeric_limits<Real>::quiet_NaN();
    }
    return values;
}

template <>
inline std::vector<mot::FixedCost> random_values(Random& random, std::size_t n, int one_special_in) {
    std::vector<mot::FixedCost> values(n);
    for (mot::FixedCost& value : values) {
        value =
            static_cast<mot::FixedCost>(draw(random, 0, 1) == 0 ? draw(random, -2, 2) : draw(random, -16384, 16384));
        const int kind = draw(random, 1, 3 * one_special_in);
        if (kind == 1) value = above_all<mot::FixedCost>;
        if (kind == 2) value = -32768;
    }
    return values;
}

/// Calls `test(kernels, n, offset)` with every length up to 70 and some beyond, at four offsets.
template <class Test>
void for_each_length(const mot::Kernels& kernels, Test test) {
    std::vector<std::size_t> lengths{127, 128, 129, 191, 192, 193, 257};
    for (std::size_t n = 0; n <= 70; ++n) lengths.push_back(n);
    for (const std::size_t n : lengths)
        for (std::size_t offset = 0; offset < 4; ++offset) {
            case_name = std::string(kernels.name) + ", length " + std::to_string(n);
            test(kernels, n, offset);
        }
}

/// Calls `test(kernels)` with every version that this processor runs.
template <class Test>
void for_each_version(Test test) {
    std::set<std::string> names;
    const mot::Kernels* const* version = mot::available_kernels();
    for (; *version; ++version) {
        names.insert((*version)->name);
        test(**version);
    }
    CHECK(names.count("baseline") == 1);
    CHECK(names.count(mot::kernels().name) == 1);
    CHECK(static_cast<std::size_t>(version - mot::available_kernels()) == names.size());
}
