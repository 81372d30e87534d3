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

/// Epsilon of the first round of an auction that starts from such potentials, in spreads, and by how much it falls from
/// round to round.
constexpr double first_point_epsilon = 0.25;
constexpr double point_epsilon_factor = 4;

/// Potentials of the targets, by their places. The trees' potentials are changed.
std::vector<double> starting_potentials(PointTree& source, PointTree& target, const Masses& masses, Metric metric,
                                        double base, const Workers& workers, Interrupt& interrupt);

}  // namespace mot
