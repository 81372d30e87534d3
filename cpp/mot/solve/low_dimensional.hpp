/// Transports between points of few dimensions, where boxes of points, and not single pairs, are searched.
#pragma once

#include "mot/costs/points.hpp"
#include "mot/costs/workspace.hpp"
#include "mot/solve/solution.hpp"
#include "mot/types/interrupt.hpp"
#include "mot/types/masses.hpp"

namespace mot {

/// Starts from the potentials of coarser points and an auction, and ends in column generation, by sparse augmenting
/// paths or the network simplex, in which violated pairs are found by boxes. The certificate is taken over all pairs.
/// `undecided` where so many pairs are alike that boxes do not tell them apart.
Solution solve_low_dimensional(const PointPair& points, const Masses& masses, Workspace& workspace,
                               Interrupt& interrupt);

}  // namespace mot
