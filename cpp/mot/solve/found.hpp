/// What an engine found, before it is made a solution.
#pragma once

#include "mot/types/plan.hpp"

namespace mot {

/// Mass is counted in the unit of `Masses`, and units without mass have the potential -infinity, as `finish` takes
/// them.
struct Found {
    Status status = Status::interrupted;
    Plan plan;
    Potentials potentials;
};

template <class Engine>
Found found_by(Status status, const Engine& engine) {
    if (status != Status::optimal) return {status, {}, {}};
    return {status, engine.plan(), engine.potentials()};
}

}  // namespace mot
