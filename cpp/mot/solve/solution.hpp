/// The result of solving a transport.
#pragma once

#include "mot/certificates/certificate.hpp"
#include "mot/types/plan.hpp"

namespace mot {

struct Solution {
    Status status = Status::interrupted;
    Plan plan;  ///< ordered by source, then target
    Potentials potentials;
    double cost = 0;
    Certificate certificate;
};

}  // namespace mot
