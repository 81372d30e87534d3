/// The loops for any processor: what the compiler makes of them without further flags.
#include "mot/kernels/loops.hpp"

namespace mot {

extern const Kernels kernels_baseline;
const Kernels kernels_baseline = kernels_named("baseline");

}  // namespace mot
