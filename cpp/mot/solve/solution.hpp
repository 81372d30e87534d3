/// The result of solving a transport.
#pragma once

#include <vector>

#include "mot/certificates/certificate.hpp"
#include "mot/types/plan.hpp"

namespace mot {

struct Solution {
    Status status = Status::interrupted;
    Plan plan;  ///< ordered by source, then target
    Potentials potentials;
    double cost = 0;  ///< of what is carried
    Certificate certificate;
    // Of partial transports alone.
    double price = 0;  ///< of the total mass
    std::vector<double> left_at_source, left_at_target;
};

}  // namespace mot
