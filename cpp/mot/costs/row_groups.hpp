/// The rows of a cost, in groups that follow one another: the rows of a group are worked on by one thread, in order.
///
/// The groups depend on the number of rows alone, so that results do not depend on the number of threads.
#pragma once

#include <cstdint>

namespace mot {

constexpr std::int64_t n_row_groups = 32;

constexpr std::int64_t group_of_row(std::int64_t i, std::int64_t n_rows) {
    return i * n_row_groups / n_rows;
}

/// The first row of a group; of the group behind the last, the number of rows.
constexpr std::int64_t first_of_group(std::int64_t group, std::int64_t n_rows) {
    return (group * n_rows + n_row_groups - 1) / n_row_groups;
}

/// Where a row is visited.
struct RowVisit {
    std::int64_t group;
    int worker;  ///< below the cost's `n_workers()`; no two threads are the same worker at a time
};

}  // namespace mot
