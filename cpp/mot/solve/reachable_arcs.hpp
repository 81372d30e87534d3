/// The arcs that a walk along the partial plans may need next: those whose reduced cost is small.
///
/// When the price rises by some amount no reduced cost falls by more. So all arcs below a width, at the potentials of
/// now, are all that can be tight until the price has risen by that width.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "mot/costs/given_cost.hpp"
#include "mot/costs/row_groups.hpp"
#include "mot/costs/row_search.hpp"
#include "mot/costs/sparse_cost.hpp"
#include "mot/engines/partial_path.hpp"
#include "mot/types/interrupt.hpp"
#include "mot/types/plan.hpp"

namespace mot {

template <class Cost>
class ReachableArcs {
public:
    ReachableArcs(const Cost& cost, Interrupt& interrupt)
        : cost_(cost),
          interrupt_(interrupt),
          n_wanted_(wanted_per_unit * (cost.n_rows() + cost.n_columns())),
          most_in_row_(static_cast<std::size_t>(cost.n_rows()), least_kept),
          complete_until_(most_in_row_.size(), 0.0),
          is_short_(most_in_row_.size(), 0) {}

    /// Gives the engine the arcs from where it is on.
    template <class Engine>
    void refill(Engine& engine) {
        const double price = std::isfinite(engine.price()) ? engine.price() : 0.0;
        // Of most problems few fillings last. Where very many arcs are nearly tight, as on a line, ever more are kept.
        if (++n_fillings_ > few_fillings) n_wanted_ = std::min(2 * n_wanted_, std::max(n_wanted_, most_wanted));
        // A row whose arcs were not all kept, and did not last, keeps more: there may be very many that are alike.
        for (std::size_t i = 0; i < most_in_row_.size(); ++i)
            if (is_short_[i] && complete_until_[i] <= price)
                most_in_row_[i] = std::min(4 * most_in_row(i), cost_.n_columns());
        const Potentials potentials = engine.potentials_at(price);
        const double width = find_width(potentials);
        RowResults<KnownArc> found(cost_.n_workers());
        std::vector<double> highest = potentials.v;
        for (std::size_t j = 0; j < highest.size(); ++j)
            highest[j] += cost_.column_margin(static_cast<std::int64_t>(j));
        double largest_v = 0;
        for (const double v : potentials.v)
            if (has_potential(v)) largest_v = std::max(largest_v, std::abs(v));
        const RowSearch<Value> search(highest);
        std::vector<std::vector<Node>> hits(static_cast<std::size_t>(cost_.n_workers()));
        const auto has_mass = [&](std::int64_t i) { return has_potential(potentials.u[static_cast<std::size_t>(i)]); };
        cost_.for_each_row_in_groups(interrupt_, has_mass, [&](const RowVisit& at, std::int64_t i, const Value* row) {
            std::vector<Node>& of_row = hits[static_cast<std::size_t>(at.worker)];
            of_row.resize(static_cast<std::size_t>(cost_.n_columns()));
            const auto place = static_cast<std::size_t>(i);
            // Rounding of sums this large loses no arc.
            const double rounding = 8 * std::numeric_limits<double>::epsilon() *
                                    (std::abs(potentials.u[place]) + largest_v + std::abs(price));
            const double threshold = potentials.u[place] + width + cost_.row_margin(i) + 2 * rounding;
            of_row.resize(static_cast<std::size_t>(search.find(row, threshold, of_row.data())));
            const double least_left = keep_lowest(i, row, highest, of_row) - cost_.row_margin(i) - potentials.u[place];
            is_short_[place] = least_left < width;
            complete_until_[place] = price + std::min(width, least_left - rounding);
            // Of arcs that are alike each row comes to others first.
            const auto is_behind = [&](Node j) { return j < i % cost_.n_columns(); };
            std::stable_partition(of_row.begin(), of_row.end(), [&](Node j) { return !is_behind(j); });
            for (const Node j : of_row) {
                const double margin = cost_.row_margin(i) + cost_.column_margin(j);
                found.add(at, {static_cast<Node>(i), j, Cost::is_exact, cost_of(row[j]) - margin});
            }
        });
        engine.set_arcs(found.take(), complete_until_);
    }

private:
    using Value = typename Cost::Value;
    static constexpr double infinity = std::numeric_limits<double>::infinity();
    static constexpr std::int64_t least_kept = 64;
    /// Arcs for each unit: measured on correlations, points and random costs of 512 to 3,072 units.
    static constexpr std::int64_t wanted_per_unit = 8;
    static constexpr std::int64_t most_wanted = std::int64_t{1} << 22;
    static constexpr int few_fillings = 12;

    std::int64_t most_in_row(std::size_t i) const { return std::max(most_in_row_[i], 4 * n_wanted_ / cost_.n_rows()); }
    static bool has_potential(double potential) { return potential > -infinity; }

    /// A width below which about as many arcs as wanted are expected, from a sample of rows; infinite where all are.
    double find_width(const Potentials& potentials) {
        constexpr std::int64_t n_sampled = 32;
        const std::int64_t n = cost_.n_rows(), m = cost_.n_columns();
        if (n_wanted_ >= n * m) return infinity;
        const std::int64_t step = std::max<std::int64_t>(n / n_sampled, 1);
        const auto is_sampled = [&](std::int64_t i) {
            return i % step == step / 2 && has_potential(potentials.u[static_cast<std::size_t>(i)]);
        };
        std::vector<double> reduced;
        cost_.for_each_row(interrupt_, is_sampled, [&](std::int64_t i, const Value* row) {
            for (std::size_t j = 0; j < potentials.v.size(); ++j)
                if (has_potential(potentials.v[j]))
                    reduced.push_back(cost_of(row[j]) - potentials.u[static_cast<std::size_t>(i)] - potentials.v[j]);
        });
        const double share = static_cast<double>(n_wanted_) / (static_cast<double>(n) * static_cast<double>(m));
        const auto rank = static_cast<std::size_t>(share * static_cast<double>(reduced.size()));
        if (rank >= reduced.size()) return infinity;
        const auto ranked = reduced.begin() + static_cast<std::ptrdiff_t>(rank);
        std::nth_element(reduced.begin(), ranked, reduced.end());
        // Arcs that are alike, up to rounding, are below it together.
        const double alike = *ranked + 1e-9 * std::abs(*std::max_element(reduced.begin(), reduced.end()));
        double width = infinity;
        for (const double value : reduced)
            if (value > alike) width = std::min(width, value);
        return width;
    }

    /// Leaves the lowest hits of a row, if there are very many; returns the cost less potential of the lowest other.
    double keep_lowest(std::int64_t i, const Value* row, const std::vector<double>& v, std::vector<Node>& hits) const {
        const std::int64_t most = most_in_row(static_cast<std::size_t>(i));
        if (static_cast<std::int64_t>(hits.size()) <= most) return infinity;
        // Among equal ones the first when counting starts at i, cyclically: not the same few for all rows.
        const std::int64_t m = cost_.n_columns(), start = i % m;
        const auto order = [&](Node j) { return j >= start ? j - start : j - start + m; };
        const auto value = [&](Node j) { return cost_of(row[j]) - v[index(j)]; };
        const auto kept = hits.begin() + static_cast<std::ptrdiff_t>(most);
        std::nth_element(hits.begin(), kept, hits.end(), [&](Node j, Node k) {
            return value(j) != value(k) ? value(j) < value(k) : order(j) < order(k);
        });
        const double least_left = value(*kept);
        hits.erase(kept, hits.end());
        return least_left;
    }

    const Cost& cost_;
    Interrupt& interrupt_;
    std::int64_t n_wanted_;
    int n_fillings_ = 0;
    std::vector<std::int64_t> most_in_row_;
    std::vector<double> complete_until_;
    std::vector<char> is_short_;  // whether some of a row's arcs were left out
};

/// All listed arcs, at once.
template <>
class ReachableArcs<SparseCost> {
public:
    ReachableArcs(const SparseCost& cost, Interrupt&) : cost_(cost) {}

    template <class Engine>
    void refill(Engine& engine) {
        std::vector<KnownArc> arcs;
        cost_.for_each_arc([&](Node i, Node j, double cost) { arcs.push_back({i, j, true, cost}); });
        const auto n_rows = static_cast<std::size_t>(cost_.view().n_rows);
        engine.set_arcs(arcs, std::vector<double>(n_rows, std::numeric_limits<double>::infinity()));
    }

private:
    const SparseCost& cost_;
};

}  // namespace mot
