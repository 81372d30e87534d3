/// Values come back by row, in the order in which they were visited.
#include "mot/types/compressed_rows.hpp"

#include <cstddef>
#include <random>
#include <utility>
#include <vector>

#include "support/check.hpp"

namespace {

using Rows = mot::CompressedRows<int>;

void test_against_vectors(std::mt19937& random, std::size_t n_rows, std::size_t n_values) {
    std::vector<std::pair<std::size_t, int>> values;
    std::vector<std::vector<int>> expected(n_rows);
    for (std::size_t k = 0; k < n_values; ++k) {
        values.emplace_back(random() % n_rows, static_cast<int>(random() % 100));
        expected[values.back().first].push_back(values.back().second);
    }
    Rows rows(n_rows, [&](auto visit) {
        for (const auto& [row, value] : values) visit(row, value);
    });
    CHECK(rows.size() == n_values);
    std::vector<int> in_order;
    for (std::size_t row = 0; row < n_rows; ++row) {
        CHECK(rows.size(row) == expected[row].size());
        CHECK(rows.end(row) - rows.first(row) == expected[row].size());
        CHECK(std::vector<int>(rows.row(row).begin(), rows.row(row).end()) == expected[row]);
        for (std::size_t k = rows.first(row); k < rows.end(row); ++k) in_order.push_back(rows[k]);
    }
    CHECK(rows.take_values() == in_order);
}

void test_empty() {
    const Rows rows(3);
    CHECK(rows.size() == 0);
    for (std::size_t row = 0; row < 3; ++row) CHECK(rows.row(row).begin() == rows.row(row).end());
}

}  // namespace

int main() {
    std::mt19937 random(3);
    test_empty();
    for (const std::size_t n_rows : {1u, 2u, 7u, 50u})
        for (const std::size_t n_values : {0u, 1u, 5u, 200u}) test_against_vectors(random, n_rows, n_values);
}
