/// Transports between points, at costs from their coordinates.
#pragma once

#include "mot/costs/points.hpp"
#include "mot/costs/workspace.hpp"
#include "mot/solve/solution.hpp"
#include "mot/types/interrupt.hpp"
#include "mot/types/masses.hpp"

namespace mot {

/// Keeps all costs where the workspace has room for them, in double precision. Others are computed whenever they are
/// searched: in double precision where there are few dimensions, or else in single precision, and once more in double
/// precision where that leaves too many arcs undecided. Coordinates must be at most about one.
Solution solve_points(const PointPair& points, const Masses& masses, Workspace& workspace, Interrupt& interrupt);

}  // namespace mot
