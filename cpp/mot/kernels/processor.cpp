#include "mot/kernels/processor.hpp"

#ifdef MOT_HAS_X86_KERNELS

#include <cstdint>
#include <initializer_list>

#ifdef _MSC_VER
#include <immintrin.h>
#include <intrin.h>
#else
#include <cpuid.h>
#endif
#ifdef __linux__
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace mot::processor {
namespace {

struct Registers {
    std::uint32_t a = 0, b = 0, c = 0, d = 0;
};

Registers leaf(unsigned number, unsigned part) {
    Registers registers;
#ifdef _MSC_VER
    int values[4];
    __cpuid(values, 0);
    if (static_cast<unsigned>(values[0]) < number) return registers;
    __cpuidex(values, static_cast<int>(number), static_cast<int>(part));
    registers = {static_cast<std::uint32_t>(values[0]), static_cast<std::uint32_t>(values[1]),
                 static_cast<std::uint32_t>(values[2]), static_cast<std::uint32_t>(values[3])};
#else
    __get_cpuid_count(number, part, &registers.a, &registers.b, &registers.c, &registers.d);
#endif
    return registers;
}

/// The parts of the state that the system saves when it changes threads.
std::uint64_t saved_state() {
    constexpr unsigned osxsave = 27;
    if (!(leaf(1, 0).c >> osxsave & 1)) return 0;
#ifdef _MSC_VER
    return _xgetbv(0);
#else
    std::uint32_t low, high;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return std::uint64_t{high} << 32 | low;
#endif
}

bool is_saved(std::uint64_t state) {
    return (saved_state() & state) == state;
}

bool has(std::uint32_t bits, std::initializer_list<unsigned> wanted) {
    for (const unsigned bit : wanted)
        if (!(bits >> bit & 1)) return false;
    return true;
}

}  // namespace

bool has_avx2() {
    return is_saved(0x6) && has(leaf(7, 0).b, {5});
}

bool has_avx512() {
    return is_saved(0xE6) && has(leaf(7, 0).b, {16, 17, 30, 31});
}

bool has_avx512_vnni() {
    return has_avx512() && has(leaf(7, 0).c, {11});
}

bool has_avx_vnni() {
    return has_avx2() && has(leaf(7, 1).a, {4});
}

bool has_amx() {
#if defined(__linux__) && defined(SYS_arch_prctl)
    constexpr std::uint64_t tile_state = 0x60000;
    constexpr int request_permission = 0x1023;
    constexpr int tile_data = 18;
    return has_avx512() && is_saved(tile_state) && has(leaf(7, 0).d, {24, 25}) &&
           syscall(SYS_arch_prctl, request_permission, tile_data) == 0;
#else
    return false;  // other systems give leave in other ways
#endif
}

}  // namespace mot::processor

#endif

#ifdef MOT_HAS_SDOT

#ifdef __APPLE__
#include <sys/sysctl.h>

#include <cstddef>
#else
#include <sys/auxv.h>
#endif

namespace mot::processor {

bool has_sdot() {
#ifdef __APPLE__
    int is_there = 0;
    std::size_t size = sizeof is_there;
    return sysctlbyname("hw.optional.arm.FEAT_DotProd", &is_there, &size, nullptr, 0) == 0 && is_there != 0;
#else
    constexpr unsigned long inner_products_of_bytes = 1ul << 20;
    return (getauxval(AT_HWCAP) & inner_products_of_bytes) != 0;
#endif
}

}  // namespace mot::processor

#endif
