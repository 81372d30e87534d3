/// Searches rows of costs for the arcs that potentials of the columns leave violated.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "mot/kernels/kernels.hpp"
#include "mot/types/arc.hpp"

namespace mot {

template <class Real>
class RowSearch {
public:
    /// `v` must outlive this object.
    explicit RowSearch(const std::vector<double>& v) : v_(v) {}

    /// Writes to `hits` the columns j for which cost_j - v_j >= threshold does not hold; returns how many. May be
    /// called by several threads at a time.
    std::int64_t find(const Real* row, double threshold, Node* hits) const {
        return row_kernels<Real>().find_violated(row, v_.data(), n_columns(), threshold, hits);
    }

private:
    std::int64_t n_columns() const { return static_cast<std::int64_t>(v_.size()); }

    const std::vector<double>& v_;
};

/// Compares in 16 bits first, with potentials rounded to the side on which no arc is lost.
template <>
class RowSearch<FixedCost> {
public:
    explicit RowSearch(const std::vector<double>& v) : v_(v), rounded_(v.size()) {
        for (const double potential : v) highest_ = std::max(highest_, potential);
        for (std::size_t j = 0; j < v.size(); ++j)
            rounded_[j] =
                static_cast<FixedCost>(std::max(bottom, std::ceil((v[j] - highest_) / fixed_cost_unit) + top));
    }

    std::int64_t find(const FixedCost* row, double threshold, Node* hits) const {
        // cost - v < threshold, with both costs and potentials counted from where they are rounded.
        const double rounded = std::ceil((threshold + highest_ - 1.0) / fixed_cost_unit) - top + 1;
        constexpr double least = -32768;
        constexpr double most = 32767;
        if (!(rounded < most))
            return row_kernels<FixedCost>().find_violated(row, v_.data(), n_columns(), threshold, hits);
        const std::int64_t n_near = kernels().find_below(row, rounded_.data(), n_columns(),
                                                         static_cast<FixedCost>(std::max(rounded, least)), hits);
        std::int64_t n = 0;
        for (std::int64_t k = 0; k < n_near; ++k) {
            const Node j = hits[k];
            if (!(cost_of(row[j]) - v_[index(j)] >= threshold)) hits[n++] = j;
        }
        return n;
    }

private:
    /// The highest potential when rounded, and the lowest, up to which low ones are raised: no difference from a cost
    /// leaves 16 bits.
    static constexpr double top = 15000;
    static constexpr double bottom = -16383;

    std::int64_t n_columns() const { return static_cast<std::int64_t>(v_.size()); }

    const std::vector<double>& v_;
    double highest_ = -std::numeric_limits<double>::infinity();
    std::vector<FixedCost> rounded_;
};

}  // namespace mot
