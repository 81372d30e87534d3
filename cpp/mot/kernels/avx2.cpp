/// The loops for processors with AVX2, compiled with that flag: nothing in here may run on others.
#include "mot/kernels/loops.hpp"

namespace mot {

extern const Kernels kernels_avx2;
const Kernels kernels_avx2 = kernels_named("avx2");

}  // namespace mot
