#include "mot/kernels/kernels.hpp"
#include "mot/kernels/processor.hpp"

namespace mot {

extern const Kernels kernels_baseline;

#ifdef MOT_HAS_X86_KERNELS
extern const Kernels kernels_avx2;
extern const Kernels kernels_avx512;
#endif

const Kernels* const* available_kernels() {
    static const Kernels* versions[4] = {};
    static const bool is_filled = [] {
        int n = 0;
        versions[n++] = &kernels_baseline;
#ifdef MOT_HAS_X86_KERNELS
        if (processor::has_avx2()) versions[n++] = &kernels_avx2;
        if (processor::has_avx512()) versions[n++] = &kernels_avx512;
#endif
        return true;
    }();
    (void)is_filled;
    return versions;
}

const Kernels& kernels() {
    static const Kernels* const best = [] {
        const Kernels* const* version = available_kernels();
        while (version[1]) ++version;
        return *version;
    }();
    return *best;
}

}  // namespace mot
