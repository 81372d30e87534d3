/// Transports between points, at costs from their coordinates.
#pragma once

#include <vector>

#include "mot/costs/points.hpp"
#include "mot/costs/workspace.hpp"
#include "mot/solve/partial.hpp"
#include "mot/solve/solution.hpp"
#include "mot/types/interrupt.hpp"
#include "mot/types/masses.hpp"
#include "mot/types/partial.hpp"

namespace mot {

/// Keeps all costs where the workspace has room for them, in double precision. Others are computed whenever they are
/// searched: in double precision where there are few dimensions, or else in single precision, and once more in double
/// precision where that leaves too many arcs undecided. Coordinates must be at most about one.
Solution solve_points(const PointPair& points, const Masses& masses, Workspace& workspace, Interrupt& interrupt);

/// The same where mass may be left behind; see `solve_partial`.
std::vector<Solution> solve_partial_points(const PointPair& points, const PartialProblem& problem,
                                           const std::vector<PartialGoal>& goals, Workspace& workspace,
                                           Interrupt& interrupt, PartialCurve* curve = nullptr);

}  // namespace mot
