#include "mot/kernels/kernels.hpp"

#if defined(MOT_HAS_X86_KERNELS) && defined(_MSC_VER)
#include <immintrin.h>
#include <intrin.h>
#endif

namespace mot {

extern const Kernels kernels_baseline;

#ifdef MOT_HAS_X86_KERNELS
extern const Kernels kernels_avx2;
extern const Kernels kernels_avx512;

namespace {

#ifdef _MSC_VER
bool system_saves(unsigned long long registers) {
    return (_xgetbv(0) & registers) == registers;
}

bool has_leaf7(int bit) {
    int registers[4];
    __cpuid(registers, 1);
    if (!(registers[2] & (1 << 27))) return false;  // OSXSAVE
    __cpuidex(registers, 7, 0);
    return registers[1] & (1 << bit);
}

bool has_avx2() {
    return has_leaf7(5) && system_saves(0x6);
}
bool has_avx512() {
    return has_leaf7(16) && has_leaf7(17) && has_leaf7(30) && has_leaf7(31) && system_saves(0xE6);
}
#else
bool has_avx2() {
    return __builtin_cpu_supports("avx2");
}
bool has_avx512() {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
}
#endif

}  // namespace
#endif

const Kernels* const* available_kernels() {
    static const Kernels* versions[4] = {};
    static const bool is_filled = [] {
        int n = 0;
        versions[n++] = &kernels_baseline;
#ifdef MOT_HAS_X86_KERNELS
        if (has_avx2()) versions[n++] = &kernels_avx2;
        if (has_avx512()) versions[n++] = &kernels_avx512;
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
