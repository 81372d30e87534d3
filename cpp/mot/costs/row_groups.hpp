/// The rows of a cost, or its columns, in groups that follow one another: those of a group are worked on by one thread,
/// in order.
///
/// The groups depend on the number of rows alone, so that results do not depend on the number of threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "mot/types/interrupt.hpp"
#include "mot/types/workers.hpp"

namespace mot {

constexpr std::int64_t n_row_groups = 32;

constexpr std::int64_t group_of_row(std::int64_t i, std::int64_t n_rows) {
    return i * n_row_groups / n_rows;
}

/// The first row of a group; of the group behind the last, the number of rows.
constexpr std::int64_t first_of_group(std::int64_t group, std::int64_t n_rows) {
    return (group * n_rows + n_row_groups - 1) / n_row_groups;
}

/// Who works on a part of the rows, and where the results belong.
struct GroupVisit {
    int worker;        ///< below the cost's `n_workers()`; no two threads are the same worker at a time
    std::size_t part;  ///< of the results, which one thread adds to at a time: see `RowResults`
};

/// Where a row is visited.
struct RowVisit : GroupVisit {
    std::int64_t group;
};

/// What a cost offers whose rows one thread visits in order, with its `for_each_row`.
template <class Cost>
class OneWorker {
public:
    int n_workers() const { return 1; }

    /// Calls `work({worker, part}, first, end)` for parts of `n` rows or columns that follow one another, perhaps for
    /// some at the same time.
    template <class Work>
    void for_each_part(std::int64_t n, Work work) const {
        work(GroupVisit{0, 0}, std::int64_t{0}, n);
    }

    /// Calls `visit(at, i, row)` for the rows with `is_wanted(i)`: in order within a group of rows, and for different
    /// groups perhaps at the same time.
    template <class IsWanted, class Visit>
    void for_each_row_in_groups(Interrupt& interrupt, IsWanted is_wanted, Visit visit) const {
        const auto& cost = static_cast<const Cost&>(*this);
        cost.for_each_row(interrupt, is_wanted, [&](std::int64_t i, const auto* row) {
            visit(RowVisit{{0, 0}, group_of_row(i, cost.n_rows())}, i, row);
        });
    }
};

/// Calls `work({worker, part}, first, end)` for parts of `n` rows or columns, as `OneWorker::for_each_part` does, by
/// several workers.
template <class Work>
void share_parts(const Workers& workers, int n_workers, std::int64_t n, Work work) {
    if (n_workers == 1) {
        work(GroupVisit{0, 0}, std::int64_t{0}, n);
        return;
    }
    workers.share(n_row_groups, n_workers, [&](std::int64_t group, int worker) {
        work(GroupVisit{worker, static_cast<std::size_t>(group)}, first_of_group(group, n),
             first_of_group(group + 1, n));
    });
}

/// What visits to rows find. It is in the order of the rows, whichever threads visited them.
template <class Value>
class RowResults {
public:
    explicit RowResults(int n_workers) : parts_(n_workers > 1 ? static_cast<std::size_t>(n_row_groups) : 1) {}

    void add(const GroupVisit& at, const Value& value) { parts_[at.part].push_back(value); }
    std::vector<Value>& of(const GroupVisit& at) { return parts_[at.part]; }

    std::vector<Value> take() {
        std::vector<Value> all = std::move(parts_.front());
        for (std::size_t part = 1; part < parts_.size(); ++part)
            all.insert(all.end(), parts_[part].begin(), parts_[part].end());
        return all;
    }

private:
    std::vector<std::vector<Value>> parts_;
};

}  // namespace mot
