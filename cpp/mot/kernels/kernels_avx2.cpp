#include <cstring>

#include "mot/kernels/kernels.hpp"

#define MOT_KERNELS_NAME kernels_avx2
#define MOT_KERNELS_LABEL "avx2"
#include "mot/kernels/kernels_body.inc"
