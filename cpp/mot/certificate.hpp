/// Measures an answer against the dense problem by the definitions; with the solver it shares the kernel that
/// compares a row of costs with potentials, and nothing else.
#pragma once

#include "mot/problem.hpp"

namespace mot {

/// Reduced costs are taken of the exact costs, but for arcs that the searched costs and their margin already clear.
/// What is measured up to an interrupt is no certificate.
template <class Cost>
Certificate certify(const Cost& cost, const Masses& masses, const Solution& solution, Interrupt& interrupt);

}  // namespace mot
