/// Costs, or lower bounds on them, by their arc's place in the matrix: a hash table with open addressing, which is
/// cleared for every pair.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace mot {

class CostTable {
public:
    struct Known {
        double cost;
        bool is_exact;  // or else a lower bound
    };

    void clear() {
        // Room that one large pair needed would take longer to clear than small ones to solve.
        if (entries_.size() > least_room && entries_.size() > 8 * n_used_) entries_.resize(least_room);
        std::fill(entries_.begin(), entries_.end(), Entry{});
        n_used_ = 0;
    }

    /// Null if it is not there; valid until the next insertion.
    const Known* find(std::int64_t place) const {
        if (entries_.empty()) return nullptr;
        const Entry& entry = entries_[slot_of(place)];
        return entry.place == place ? &entry.known : nullptr;
    }

    void insert(std::int64_t place, Known known) {
        if (2 * n_used_ >= entries_.size()) grow();
        Entry& entry = entries_[slot_of(place)];
        n_used_ += entry.place != place;
        entry = {place, known};
    }

private:
    struct Entry {
        std::int64_t place = -1;
        Known known{};
    };
    static constexpr std::size_t least_room = 1024;

    /// Where a place is, or would be: the first entry from its hash on that holds it or is free.
    std::size_t slot_of(std::int64_t place) const {
        const std::size_t mask = entries_.size() - 1;
        std::size_t slot = (static_cast<std::uint64_t>(place) * 0x9E3779B97F4A7C15u >> 32) & mask;
        while (entries_[slot].place != place && entries_[slot].place != -1) slot = (slot + 1) & mask;
        return slot;
    }

    void grow() {
        std::vector<Entry> old(std::max(least_room, 2 * entries_.size()));
        old.swap(entries_);
        for (const Entry& entry : old)
            if (entry.place != -1) entries_[slot_of(entry.place)] = entry;
    }

    std::vector<Entry> entries_;
    std::size_t n_used_ = 0;
};

}  // namespace mot
