#include "mot/points/point_levels.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <numeric>

#include "mot/points/point_auction.hpp"
#include "mot/types/arc.hpp"

namespace mot {
namespace {

/// Fewer points are solved without coarser ones.
constexpr std::int64_t fewest_points = 512;
constexpr std::int64_t points_per_piece = 256;
/// Work on a search for the least cost, in the steps of an interrupt.
constexpr std::int64_t steps_per_search = 512;

class Cells {
public:
    Cells(const MatrixView<double>& points, const std::vector<double>& masses) : points_(points), masses_(masses) {
        order_.resize(masses.size());
        std::iota(order_.begin(), order_.end(), std::size_t{0});
    }

    void cut(std::size_t first, std::size_t end, std::int64_t n_cells, std::vector<double>& means) {
        if (n_cells == 0) return;
        if (n_cells == 1 || end - first == 1) {
            for (std::int64_t cell = 0; cell < n_cells; ++cell) add_mean(first, end, means);
            return;
        }
        const std::int64_t widest = widest_dimension(first, end);
        std::sort(order_.begin() + static_cast<std::ptrdiff_t>(first),
                  order_.begin() + static_cast<std::ptrdiff_t>(end), [&](std::size_t i, std::size_t j) {
                      const double x = coordinate(i, widest);
                      const double y = coordinate(j, widest);
                      return x != y ? x < y : i < j;
                  });
        const double total = mass_of(first, end);
        const std::int64_t half = n_cells / 2;
        const double wanted = total * static_cast<double>(half) / static_cast<double>(n_cells);
        std::size_t split = first + 1;
        double before = masses_[order_[first]];
        while (split + 1 < end && before + 0.5 * masses_[order_[split]] < wanted) before += masses_[order_[split++]];
        const auto n_before =
            std::clamp<std::int64_t>(std::llround(static_cast<double>(n_cells) * before / total), 0, n_cells);
        cut(first, split, n_before, means);
        cut(split, end, n_cells - n_before, means);
    }

private:
    double coordinate(std::size_t i, std::int64_t k) const { return points_(static_cast<std::int64_t>(i), k); }
    double mass_of(std::size_t first, std::size_t end) const {
        double total = 0.0;
        for (std::size_t k = first; k < end; ++k) total += masses_[order_[k]];
        return total;
    }
    std::int64_t widest_dimension(std::size_t first, std::size_t end) const {
        std::int64_t widest = 0;
        double greatest = -1.0;
        for (std::int64_t k = 0; k < points_.n_columns; ++k) {
            double low = std::numeric_limits<double>::infinity();
            double high = -low;
            for (std::size_t place = first; place < end; ++place) {
                low = std::min(low, coordinate(order_[place], k));
                high = std::max(high, coordinate(order_[place], k));
            }
            if (high - low > greatest) {
                greatest = high - low;
                widest = k;
            }
        }
        return widest;
    }
    void add_mean(std::size_t first, std::size_t end, std::vector<double>& means) const {
        const double total = mass_of(first, end);
        for (std::int64_t k = 0; k < points_.n_columns; ++k) {
            double mean = 0.0;
            for (std::size_t place = first; place < end; ++place)
                mean += masses_[order_[place]] / total * coordinate(order_[place], k);
            means.push_back(mean);
        }
    }

    const MatrixView<double>& points_;
    const std::vector<double>& masses_;
    std::vector<std::size_t> order_;
};

/// The least cost less potential between each of some points and all those of a tree.
std::vector<double> least_values(const PointTree& points, const PointTree& others, const Workers& workers,
                                 Interrupt& interrupt) {
    std::vector<double> values(static_cast<std::size_t>(points.size()));
    std::atomic<bool> is_stopped{false};
    workers.share((points.size() + points_per_piece - 1) / points_per_piece, [&](std::int64_t piece, int worker) {
        if (is_stopped) return;
        const auto end = static_cast<Node>(std::min(points.size(), (piece + 1) * points_per_piece));
        for (auto place = static_cast<Node>(piece * points_per_piece); place < end; ++place)
            values[index(place)] = others.least_value(points.point(place));
        if (worker == 0 && interrupt.requested_after(steps_per_search * points_per_piece)) is_stopped = true;
    });
    return values;
}

}  // namespace

std::vector<double> cell_means(const MatrixView<double>& points, const std::vector<double>& masses,
                               std::int64_t n_cells) {
    std::vector<double> means;
    means.reserve(static_cast<std::size_t>(n_cells * points.n_columns));
    Cells(points, masses).cut(0, masses.size(), n_cells, means);
    return means;
}

std::vector<double> starting_potentials(PointTree& source, PointTree& target, const Masses& masses, Metric metric,
                                        double base, const Workers& workers, Interrupt& interrupt) {
    std::vector<double> v(static_cast<std::size_t>(target.size()), 0.0);
    const std::int64_t n_most = std::max(source.size(), target.size());
    if (n_most > fewest_points && !interrupt.requested()) {
        const std::int64_t d = source.points().n_columns;
        const std::int64_t n_cells = n_most / std::clamp<std::int64_t>(std::int64_t{1} << d, 4, 8);
        const std::vector<double> source_means = cell_means(source.points(), masses.source, n_cells);
        const std::vector<double> target_means = cell_means(target.points(), masses.target, n_cells);
        PointTree sources({source_means.data(), n_cells, d}, metric, base);
        PointTree targets({target_means.data(), n_cells, d}, metric, base);
        const Masses equal = Masses::uniform(n_cells, n_cells);
        PointAuction auction(sources, targets, equal,
                             starting_potentials(sources, targets, equal, metric, base, workers, interrupt), workers,
                             interrupt);
        const EpsilonSchedule schedule = schedule_for(metric, true);
        for (double epsilon = schedule.first; epsilon >= schedule.last && !interrupt.requested();
             epsilon /= schedule.factor)
            auction.run(epsilon * auction.spread(), interrupt);
        sources.set_potentials(auction.potentials().u);
        v = least_values(target, sources, workers, interrupt);
    }
    // As high as the sources allow: no target is left that nobody bids for before all others have fallen to it.
    target.set_potentials(v);
    source.set_potentials(least_values(source, target, workers, interrupt));
    return least_values(target, source, workers, interrupt);
}

}  // namespace mot
