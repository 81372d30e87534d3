/// A bound on costs: arcs that cost more, and missing ones, are given the cap as their cost.
///
/// Capping makes arcs cheaper only. So where an optimal plan uses no capped arc it is optimal for the costs as they
/// are, and its potentials are as small as the cap, whatever the cost of the arcs that no optimal plan needs. Where it
/// uses some, the cap is raised.
#pragma once

#include <algorithm>

namespace mot {

class CostCap {
public:
    /// Starts some steps above `base`. A plan that uses capped arcs even at `highest` has no detour round them.
    CostCap(double base, double step, double highest) : base_(base), highest_(highest) {
        value_ = std::min(highest, base + first_steps * step);
    }

    double operator()(double cost) const { return std::min(cost, value_); }
    bool covers(double cost) const { return cost > value_; }
    double value() const { return value_; }
    bool is_highest() const { return value_ >= highest_; }
    void raise() { value_ = std::min(highest_, base_ + raise_factor * (value_ - base_)); }

    static constexpr double first_steps = 4;

private:
    static constexpr double raise_factor = 32;
    double base_, highest_, value_;
};

}  // namespace mot
