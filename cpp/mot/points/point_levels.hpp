/// Potentials to start from, found on coarser points.
///
/// Method: multiscale (Merigot 2011; Schmitzer 2016; Gerber and Maggioni 2017). Both sides are cut into as many cells
/// of equal mass, a fraction of the points, and the cells' means are solved nearly, by an auction that starts in the
/// same way from still coarser ones. The potentials of the means extend to all points by the least cost less potential.
#pragma once

#include <cstdint>
#include <vector>

#include "mot/costs/points.hpp"
#include "mot/points/point_tree.hpp"
#include "mot/types/interrupt.hpp"
#include "mot/types/masses.hpp"
#include "mot/types/views.hpp"
#include "mot/types/workers.hpp"

namespace mot {

/// The means of cells of about equal mass that are compact, `(n_cells, n_dimensions)`. A point that has the mass of
/// many cells is the mean of all these.
std::vector<double> cell_means(const MatrixView<double>& points, const std::vector<double>& masses,
                               std::int64_t n_cells);

/// Epsilons of an auction's rounds, in spreads: each is the last one divided by the factor.
struct EpsilonSchedule {
    double first;
    double last;
    static constexpr double factor = 4;
};
/// Measured on uniform and normal points in the plane and in space. Distances, but not their squares, leave many arcs
/// along a ray alike: spreads are small beside the errors of the potentials.
constexpr EpsilonSchedule schedule_for(Metric metric, bool is_coarse) {
    const bool has_rays = metric == Metric::euclidean || metric == Metric::cityblock;
    if (is_coarse) return has_rays ? EpsilonSchedule{256, 64} : EpsilonSchedule{0.25, 0.0625};
    return has_rays ? EpsilonSchedule{256, 256} : EpsilonSchedule{16, 1};
}

/// Potentials of the targets, by their places. The trees' potentials are changed.
std::vector<double> starting_potentials(PointTree& source, PointTree& target, const Masses& masses, Metric metric,
                                        double base, const Workers& workers, Interrupt& interrupt);

}  // namespace mot
