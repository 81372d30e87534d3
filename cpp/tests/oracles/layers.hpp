/// Layers by the definitions: moments and correlations in long double, and a matrix product by three loops.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <thread>
#include <vector>

#include "mot/costs/correlation_cost.hpp"
#include "mot/costs/given_cost.hpp"
#include "mot/costs/standardized_layer.hpp"
#include "mot/types/views.hpp"
#include "oracles/transport.hpp"
#include "support/problems.hpp"

/// Rows are stimuli, columns are units.
using Activations = Matrix;

inline mot::ActivationsView<double> view_of(const Activations& activations) {
    const auto n_units = static_cast<std::int64_t>(activations.n_columns);
    return {activations.values.data(), static_cast<std::int64_t>(activations.n_rows), n_units, n_units, 1, nullptr};
}

/// With products, units are rounded for them, too.
inline mot::StandardizedLayer standardize(const Activations& activations,
                                          const mot::IntegerProducts* products = nullptr) {
    return mot::StandardizedLayer(view_of(activations), nullptr, products);
}

inline Activations random_activations(Random& random, std::size_t n_stimuli, std::size_t n_units) {
    Activations activations(n_stimuli, n_units);
    for (double& value : activations.values) value = draw_real(random, -1.0, 1.0);
    return activations;
}

inline long double naive_mean(const Activations& x, std::size_t unit) {
    long double sum = 0;
    for (std::size_t t = 0; t < x.n_rows; ++t) sum += x(t, unit);
    return sum / static_cast<long double>(x.n_rows);
}

inline long double naive_deviation(const Activations& x, std::size_t unit) {
    const long double mean = naive_mean(x, unit);
    long double sum = 0;
    for (std::size_t t = 0; t < x.n_rows; ++t) sum += (x(t, unit) - mean) * (x(t, unit) - mean);
    return std::sqrt(sum / static_cast<long double>(x.n_rows));
}

/// 0 where one of the units is constant.
inline double naive_correlation(const Activations& x, std::size_t i, const Activations& y, std::size_t j) {
    const long double mean_x = naive_mean(x, i);
    const long double mean_y = naive_mean(y, j);
    long double covariance = 0;
    for (std::size_t t = 0; t < x.n_rows; ++t) covariance += (x(t, i) - mean_x) * (y(t, j) - mean_y);
    const long double norms = static_cast<long double>(x.n_rows) * naive_deviation(x, i) * naive_deviation(y, j);
    return norms > 0 ? static_cast<double>(covariance / norms) : 0.0;
}

inline Matrix naive_correlation_cost(const Activations& x, const Activations& y) {
    Matrix cost(x.n_columns, y.n_columns);
    for (std::size_t i = 0; i < x.n_columns; ++i)
        for (std::size_t j = 0; j < y.n_columns; ++j) cost(i, j) = 1.0 - naive_correlation(x, i, y, j);
    return cost;
}

/// The dense costs as they are searched, row by row.
template <class Cost>
Matrix searched_costs(const Cost& cost) {
    const auto n_columns = static_cast<std::size_t>(cost.n_columns());
    Matrix result(static_cast<std::size_t>(cost.n_rows()), n_columns, std::nan(""));
    NeverInterrupt interrupt;
    const auto is_every_row = [](std::int64_t) { return true; };
    cost.for_each_row(interrupt, is_every_row, [&](std::int64_t i, const typename Cost::Value* row) {
        for (std::size_t j = 0; j < n_columns; ++j) result(static_cast<std::size_t>(i), j) = mot::cost_of(row[j]);
    });
    return result;
}

/// The costs that count.
template <class Cost>
Matrix exact_costs(const Cost& cost) {
    Matrix result(static_cast<std::size_t>(cost.n_rows()), static_cast<std::size_t>(cost.n_columns()));
    for (std::size_t i = 0; i < result.n_rows; ++i)
        for (std::size_t j = 0; j < result.n_columns; ++j)
            result(i, j) = cost.exact(static_cast<std::int64_t>(i), static_cast<std::int64_t>(j));
    return result;
}

/// Single precision rounds a value by up to 6e-8 of its size, which is at most 1.
constexpr double value_tolerance = 1.3e-7;
constexpr double correlation_tolerance = 2.5e-7;

/// `precision` is how well the input itself determines mean and deviation, relative to the deviation.
inline void check_layer(const mot::StandardizedLayer& layer, const Activations& x, double precision = 1e-13) {
    CHECK(layer.n_stimuli() == static_cast<std::int64_t>(x.n_rows));
    CHECK(layer.n_units() == static_cast<std::int64_t>(x.n_columns));
    for (std::size_t unit = 0; unit < x.n_columns; ++unit) {
        const auto mean = static_cast<double>(naive_mean(x, unit));
        const auto deviation = static_cast<double>(naive_deviation(x, unit));
        CHECK_NEAR(layer.mean()[unit], mean, precision * deviation + 1e-15 * std::abs(mean));
        CHECK_NEAR(layer.deviation()[unit], deviation, precision * deviation);
        const long double norm = std::sqrt(static_cast<long double>(x.n_rows)) * naive_deviation(x, unit);
        const long double exact_mean = naive_mean(x, unit);
        for (std::size_t t = 0; t < x.n_rows; ++t) {
            const long double expected = norm > 0 ? (x(t, unit) - exact_mean) / norm : 0.0L;
            CHECK_NEAR(layer.values()[unit * x.n_rows + t], static_cast<double>(expected), value_tolerance + precision);
        }
    }
}

inline void check_correlations(const mot::StandardizedLayer& a, const Activations& x, const mot::StandardizedLayer& b,
                               const Activations& y) {
    for (std::size_t i = 0; i < x.n_columns; ++i)
        for (std::size_t j = 0; j < y.n_columns; ++j) {
            const double found = a.correlation(static_cast<std::int64_t>(i), b, static_cast<std::int64_t>(j));
            CHECK_NEAR(found, naive_correlation(x, i, y, j), correlation_tolerance);
            CHECK(found >= -1.0 && found <= 1.0);
        }
}

inline void naive_sgemm(char* transpose_a, char* transpose_b, int* m, int* n, int* k, float* alpha, float* a, int* lda,
                        float* b, int* ldb, float* beta, float* c, int* ldc) {
    for (int column = 0; column < *n; ++column)
        for (int row = 0; row < *m; ++row) {
            float sum = 0;
            for (int depth = 0; depth < *k; ++depth)
                sum += (*transpose_a == 'T' ? a[depth + row * *lda] : a[row + depth * *lda]) *
                       (*transpose_b == 'T' ? b[column + depth * *ldb] : b[depth + column * *ldb]);
            float& result = c[row + column * *ldc];
            result = *alpha * sum + (*beta == 0.0f ? 0.0f : *beta * result);
        }
}

/// Panels are computed by `n_workers`, one after the other.
inline mot::Workspace workspace_of(mot::Sgemm sgemm, std::int64_t most_stored, int n_workers = 1) {
    const auto one_by_one = [](int n, const std::function<void(int)>& work) {
        for (int k = 0; k < n; ++k) work(k);
    };
    return {sgemm, most_stored, mot::Workers(n_workers, one_by_one)};
}

/// The same, with workers that do run at the same time.
inline mot::Workspace threaded_workspace(std::int64_t most_stored, int n_workers) {
    const auto at_once = [](int n, const std::function<void(int)>& work) {
        std::vector<std::thread> threads;
        for (int k = 1; k < n; ++k) threads.emplace_back(work, k);
        work(0);
        for (std::thread& thread : threads) thread.join();
    };
    return {naive_sgemm, most_stored, mot::Workers(n_workers, at_once)};
}
