#include "mot/types/workers.hpp"

#ifdef _OPENMP
#include <omp.h>
#endif

namespace mot {

int processors() {
#ifdef _OPENMP
    return omp_get_num_procs();
#else
    return 1;
#endif
}

int available_threads() {
#ifdef _OPENMP
    return std::min(omp_get_max_threads(), processors());
#else
    return 1;
#endif
}

Workers::Workers(int n)
    : Workers(n, [](int n_calls, const std::function<void(int)>& work) {
#pragma omp parallel for schedule(static, 1) num_threads(n_calls)
          for (int k = 0; k < n_calls; ++k) work(k);
      }) {
}

}  // namespace mot
