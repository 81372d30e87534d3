#include <cstring>

#include "mot/kernels/kernels.hpp"

#define MOT_KERNELS_NAME kernels_avx512
#define MOT_KERNELS_LABEL "avx512"
#include "mot/kernels/kernels_body.inc"
