/// Costs so small that their products with masses underflow are solved times a power of two, which rounds nothing.
#pragma once

#include <cstdint>
#include <vector>

#include "mot/solve/solution.hpp"

namespace mot {

/// Whether costs of this scale, the largest absolute cost, are to be magnified.
bool needs_magnification(double scale);

/// The factor of `magnified`.
constexpr double magnification = 0x1p560;
std::vector<double> magnified(const double* costs, std::int64_t n);
Potentials magnified(Potentials potentials);

/// Turns the solution of magnified costs into the solution of the costs themselves.
Solution reduced(Solution solution);

}  // namespace mot
