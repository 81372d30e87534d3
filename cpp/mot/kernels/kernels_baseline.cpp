#include <cstring>

#include "mot/kernels/kernels.hpp"

#define MOT_KERNELS_NAME kernels_baseline
#define MOT_KERNELS_LABEL "baseline"
#include "mot/kernels/kernels_body.inc"
