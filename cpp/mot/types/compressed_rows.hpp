/// Values grouped by row in one array: the adjacency of a graph, or the arcs of every source.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace mot {

template <class Value>
class CompressedRows {
public:
    /// Without values.
    explicit CompressedRows(std::size_t n_rows) : row_starts_(n_rows + 1, 0) {}

    /// `for_each(visit)` calls `visit(row, value)` for every value. It is called twice, and must visit the same values
    /// in the same order, which the values of a row keep.
    template <class ForEach>
    CompressedRows(std::size_t n_rows, ForEach for_each) : row_starts_(n_rows + 1, 0) {
        for_each([this](std::size_t row, const Value&) { ++row_starts_[row + 1]; });
        for (std::size_t row = 0; row < n_rows; ++row) row_starts_[row + 1] += row_starts_[row];
        values_.resize(row_starts_.back());
        std::vector<std::size_t> free(row_starts_.begin(), row_starts_.end() - 1);
        for_each([&](std::size_t row, const Value& value) { values_[free[row]++] = value; });
    }

    /// The places in the array of the row's first value and behind its last one.
    std::size_t first(std::size_t row) const { return row_starts_[row]; }
    std::size_t end(std::size_t row) const { return row_starts_[row + 1]; }
    std::size_t size(std::size_t row) const { return end(row) - first(row); }
    std::size_t size() const { return values_.size(); }

    Value& operator[](std::size_t k) { return values_[k]; }
    const Value& operator[](std::size_t k) const { return values_[k]; }

    struct Row {
        const Value* first_value;
        const Value* end_value;
        const Value* begin() const { return first_value; }
        const Value* end() const { return end_value; }
    };
    Row row(std::size_t row) const { return {values_.data() + first(row), values_.data() + end(row)}; }

    /// All values, row after row; nothing is left here.
    std::vector<Value> take_values() { return std::move(values_); }

private:
    std::vector<std::size_t> row_starts_;
    std::vector<Value> values_;
};

}  // namespace mot
