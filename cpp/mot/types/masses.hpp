/// The marginals of a transport, in the unit of mass in which the solver counts.
#pragma once

#include <cstdint>
#include <vector>

#include "mot/types/arc.hpp"

namespace mot {

/// Uniform marginals become whole numbers, so that the flows of the simplex are exact; `unit` turns flow back into
/// mass.
struct Masses {
    std::vector<double> source;
    std::vector<double> target;
    double unit = 1.0;
    bool is_uniform = false;

    static Masses uniform(std::int64_t n_source, std::int64_t n_target);
    /// Takes the caller's marginals, which must be non-negative and have equal, positive sums up to rounding. What
    /// rounding there is, is levelled by scaling `b` to the sum of `a`.
    static Masses from_marginals(const double* a, std::int64_t n_source, const double* b, std::int64_t n_target);
    /// Takes the caller's marginals as they are, with sums that may differ: for partial transports.
    static Masses unbalanced(const double* a, std::int64_t n_source, const double* b, std::int64_t n_target);
};

double sum_of(const std::vector<double>& masses);
/// The mass of all sources, in the unit of `Masses`.
double total_mass(const Masses& masses);

bool is_whole(double value);
/// Whether all masses are whole numbers in the unit of `Masses`, as uniform ones are.
bool has_whole_masses(const Masses& masses);

}  // namespace mot
