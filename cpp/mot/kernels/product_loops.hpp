/// The loops of inner products of single-precision numbers, included by `loops.hpp` and by no other file; its rules
/// hold here, too.
#pragma once

#include <cstdint>
#include <cstring>

#include "mot/kernels/kernels.hpp"
#include "mot/kernels/lanes.hpp"

namespace mot {
namespace {  // NOLINT(misc-anonymous-namespace-in-header): every instruction set has a copy of its own

/// 16 sums of products, one a lane. Products of single-precision numbers are exact in double precision, so that a fused
/// multiply-add gives the bits of a multiplication and an addition.
struct ProductSums {
#if defined(__AVX512F__)
    __m512d low = _mm512_setzero_pd();
    __m512d high = _mm512_setzero_pd();

    void add(const float* x, const float* y) {
        const auto widened = [](const float* values) { return _mm512_maskz_cvtps_pd(0xFF, _mm256_loadu_ps(values)); };
        low = _mm512_fmadd_pd(widened(x), widened(y), low);
        high = _mm512_fmadd_pd(widened(x + 8), widened(y + 8), high);
    }
    void write(double* sums) const {
        _mm512_storeu_pd(sums, low);
        _mm512_storeu_pd(sums + 8, high);
    }
#elif defined(__AVX2__)
    __m256d quarters[4] = {_mm256_setzero_pd(), _mm256_setzero_pd(), _mm256_setzero_pd(), _mm256_setzero_pd()};

    void add(const float* x, const float* y) {
        for (int q = 0; q < 4; ++q)
            quarters[q] = _mm256_add_pd(quarters[q], _mm256_mul_pd(_mm256_cvtps_pd(_mm_loadu_ps(x + 4 * q)),
                                                                   _mm256_cvtps_pd(_mm_loadu_ps(y + 4 * q))));
    }
    void write(double* sums) const {
        for (int q = 0; q < 4; ++q) _mm256_storeu_pd(sums + 4 * q, quarters[q]);
    }
#else
    double values[lanes] = {};

    void add(const float* x, const float* y) {
        for (std::int64_t lane = 0; lane < lanes; ++lane)
            values[lane] += static_cast<double>(x[lane]) * static_cast<double>(y[lane]);
    }
    void write(double* sums) const { std::memcpy(sums, values, sizeof values); }
#endif
};

inline double sum_of_products(const float* x, const float* y, std::int64_t n, const float* next) {
    ProductSums products;
    std::int64_t k = 0;
    for (; k + lanes <= n; k += lanes) {
        prefetch(next + k);
        products.add(x + k, y + k);
    }
    double sums[lanes];
    products.write(sums);
    double total = 0;
    for (double sum : sums) total += sum;
    for (; k < n; ++k) total += static_cast<double>(x[k]) * static_cast<double>(y[k]);
    return total;
}

double dot(const float* x, const float* y, std::int64_t n, const float* next) {
    return sum_of_products(x, y, n, next);
}

double squared_norm(const float* x, std::int64_t n) {
    return sum_of_products(x, x, n, x);
}

double quick_dot(const float* x, const float* y, std::int64_t n, const float* next) {
    constexpr std::int64_t n_sums = n_quick_sums / lanes;
    Floats sums[n_sums] = {all_equal(0.0f), all_equal(0.0f), all_equal(0.0f), all_equal(0.0f)};
    std::int64_t k = 0;
    for (; k + n_quick_sums <= n; k += n_quick_sums)
        for (std::int64_t s = 0; s < n_sums; ++s) {
            const std::int64_t first = k + s * lanes;
            prefetch(next + first);
            sums[s] = add(sums[s], multiply(load(x + first), load(y + first)));
        }
    for (; k + lanes <= n; k += lanes) sums[0] = add(sums[0], multiply(load(x + k), load(y + k)));
    float of_lanes[lanes];
    store(add(add(sums[0], sums[1]), add(sums[2], sums[3])), of_lanes);
    double total = 0;
    for (const float sum : of_lanes) total += static_cast<double>(sum);
    for (; k < n; ++k) total += static_cast<double>(x[k]) * static_cast<double>(y[k]);
    return total;
}

/// Inner products of x with some rows at once, as many as there are registers for their sums.
template <std::int64_t n_rows>
void dots_at_once(const float* x, const double* y, std::int64_t n, double* products) {
    double sums[n_rows][lanes] = {};
    std::int64_t k = 0;
    for (; k + lanes <= n; k += lanes)
        for (std::int64_t lane = 0; lane < lanes; ++lane)
            for (std::int64_t row = 0; row < n_rows; ++row)
                sums[row][lane] += static_cast<double>(x[k + lane]) * y[row * n + k + lane];
    for (std::int64_t row = 0; row < n_rows; ++row) {
        double total = 0;
        for (double sum : sums[row]) total += sum;
        for (std::int64_t rest = k; rest < n; ++rest) total += static_cast<double>(x[rest]) * y[row * n + rest];
        products[row] = total;
    }
}

void dots(const float* x, const double* y, std::int64_t n_rows, std::int64_t n, double* products) {
#ifdef __AVX512F__
    constexpr std::int64_t n_at_once = 4;
#else
    constexpr std::int64_t n_at_once = 2;
#endif
    std::int64_t row = 0;
    for (; row + n_at_once <= n_rows; row += n_at_once) dots_at_once<n_at_once>(x, y + row * n, n, products + row);
    for (; row < n_rows; ++row) dots_at_once<1>(x, y + row * n, n, products + row);
}

void cost_of_negative_correlation(float* x, std::int64_t n) {
    for (std::int64_t k = 0; k < n; ++k) {
        const float cost = 1.0f + x[k];
        const float at_least_zero = cost < 0.0f ? 0.0f : cost;
        x[k] = at_least_zero > 2.0f ? 2.0f : at_least_zero;
    }
}

}  // namespace
}  // namespace mot
