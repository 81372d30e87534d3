/// The loops for processors with AVX-512, compiled with that flag: nothing in here may run on others.
#include "mot/kernels/loops.hpp"

namespace mot {

extern const Kernels kernels_avx512;
const Kernels kernels_avx512 = kernels_named("avx512");

}  // namespace mot
