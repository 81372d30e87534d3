/// Costs with a structure that decides how they are solved: each family is drawn alike on every platform.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <utility>
#include <vector>

#include "oracles/transport.hpp"
#include "support/problems.hpp"

enum class CostFamily {
    ranks,       ///< products of ranks
    distances,   ///< on a line, with copies
    squares,     ///< squared distances on a line, with copies
    densities,   ///< sums of a density over all pairs before
    sums,        ///< of a number of the row and one of the column
    clouds,      ///< squared distances of points and points that are shifted by far more than they differ
    rank_two,    ///< inner products in two dimensions
    blocks,      ///< cheap within two blocks, whose sides are not as large
    chain,       ///< cheap on a diagonal and beside it
    near_rows,   ///< nearly equal rows
    ties,        ///< three levels
    disordered,  ///< whole numbers at random
};

/// Families with the Monge property come first.
constexpr CostFamily monge_families[] = {CostFamily::ranks, CostFamily::distances, CostFamily::squares,
                                         CostFamily::densities, CostFamily::sums};
constexpr CostFamily all_cost_families[] = {CostFamily::ranks,     CostFamily::distances, CostFamily::squares,
                                            CostFamily::densities, CostFamily::sums,      CostFamily::clouds,
                                            CostFamily::rank_two,  CostFamily::blocks,    CostFamily::chain,
                                            CostFamily::near_rows, CostFamily::ties,      CostFamily::disordered};

inline const char* name_of(CostFamily family) {
    constexpr const char* names[] = {"ranks",    "distances", "squares", "densities", "sums", "clouds",
                                     "rank two", "blocks",    "chain",   "near rows", "ties", "disordered"};
    return names[static_cast<std::size_t>(family)];
}

template <class Value>
void shuffle(Random& random, std::vector<Value>& values) {
    for (std::size_t k = 0; k < values.size(); ++k)
        std::swap(values[k], values[draw_size(random, k, values.size() - 1)]);
}

/// Rows and columns in any order.
inline Matrix shuffled(Random& random, const Matrix& cost) {
    std::vector<std::size_t> rows(cost.n_rows), columns(cost.n_columns);
    std::iota(rows.begin(), rows.end(), std::size_t{0});
    std::iota(columns.begin(), columns.end(), std::size_t{0});
    shuffle(random, rows);
    shuffle(random, columns);
    Matrix result(cost.n_rows, cost.n_columns);
    for (std::size_t i = 0; i < cost.n_rows; ++i)
        for (std::size_t j = 0; j < cost.n_columns; ++j) result(i, j) = cost(rows[i], columns[j]);
    return result;
}

/// Less the sums of a density over all pairs before: whole numbers.
inline Matrix summed_densities(Random& random, std::size_t n, std::size_t m, int percent_zero) {
    Matrix cost(n, m);
    std::vector<double> of_columns(m, 0.0);
    for (std::size_t i = 0; i < n; ++i) {
        double of_row = 0;
        for (std::size_t j = 0; j < m; ++j) {
            of_row += draw(random, 1, 100) <= percent_zero ? 0 : draw(random, 1, 9);
            of_columns[j] += of_row;
            cost(i, j) = -of_columns[j];
        }
    }
    return cost;
}

/// `cost(x, y)` of two numbers for every row and for every column, from -1 to 1 in steps of `1 / n_steps`.
template <class Cost>
Matrix costs_of_numbers(Random& random, std::size_t n, std::size_t m, int n_steps, Cost cost) {
    using Numbers = std::pair<double, double>;
    const auto draw_numbers = [&](std::size_t size) {
        std::vector<Numbers> numbers(size);
        for (auto& [first, second] : numbers) {
            first = static_cast<double>(draw(random, -n_steps, n_steps)) / n_steps;
            second = static_cast<double>(draw(random, -n_steps, n_steps)) / n_steps;
        }
        return numbers;
    };
    const std::vector<Numbers> x = draw_numbers(n), y = draw_numbers(m);
    Matrix costs(n, m);
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = 0; j < m; ++j) costs(i, j) = cost(x[i], y[j]);
    return costs;
}

/// `cost(i, j)` of the places of a row and a column.
template <class Cost>
Matrix costs_of_places(std::size_t n, std::size_t m, Cost cost) {
    Matrix costs(n, m);
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = 0; j < m; ++j) costs(i, j) = cost(i, j);
    return costs;
}

/// Costs of one family; all but those of `rank_two` and `near_rows` are whole multiples of 2^-20.
inline Matrix draw_costs(Random& random, CostFamily family, std::size_t n, std::size_t m) {
    constexpr int few_steps = 16;
    constexpr int many_steps = 1024;
    switch (family) {
        case CostFamily::ranks:
            return shuffled(random, costs_of_places(n, m, [](auto i, auto j) { return static_cast<double>(i * j); }));
        case CostFamily::distances:
            return costs_of_numbers(random, n, m, few_steps,
                                    [](auto& x, auto& y) { return std::abs(x.first - y.first); });
        case CostFamily::squares:
            return costs_of_numbers(random, n, m, few_steps,
                                    [](auto& x, auto& y) { return (x.first - y.first) * (x.first - y.first); });
        case CostFamily::densities:
            return shuffled(random, summed_densities(random, n, m, 0));
        case CostFamily::sums:
            return costs_of_numbers(random, n, m, many_steps, [](auto& x, auto& y) { return x.first + y.second; });
        case CostFamily::clouds:
            return costs_of_numbers(random, n, m, many_steps, [](auto& x, auto& y) {
                const double first = x.first - y.first - 10;
                const double second = x.second - y.second + 3;
                return first * first + second * second;
            });
        case CostFamily::rank_two:
            return costs_of_numbers(random, n, m, 1000,
                                    [](auto& x, auto& y) { return 3 * x.first * y.first + x.second * y.second; });
        case CostFamily::blocks:
            return shuffled(random, costs_of_places(n, m, [&](auto i, auto j) {
                                const bool is_within = (2 * i < n) == (2 * j < m + 2);
                                return (is_within ? 0.0 : 1e5) + draw(random, 0, 9);
                            }));
        case CostFamily::chain:
            return costs_of_places(n, m, [](auto i, auto j) {
                if (i == j) return static_cast<double>(i % 3 + 1);
                return j + 1 == i ? 0.0 : static_cast<double>(1000 + (i + j) % 7);
            });
        case CostFamily::near_rows:
            return costs_of_numbers(random, n, m, many_steps,
                                    [&](auto&, auto& y) { return y.first + 1e-9 * draw_real(random, 0.0, 1.0); });
        case CostFamily::ties:
            return whole_costs(random, n, m, 2);
        case CostFamily::disordered:
            return whole_costs(random, n, m, 1000);
    }
    return Matrix(n, m);
}

/// As single precision has them.
inline Matrix in_single_precision(Matrix cost) {
    for (double& value : cost.values) value = static_cast<double>(static_cast<float>(value));
    return cost;
}
