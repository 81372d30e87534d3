#include "mot/kernels/integer_products.hpp"

#include "mot/kernels/integer_products_plain.hpp"
#include "mot/kernels/processor.hpp"

namespace mot {
namespace {

constexpr IntegerProducts plain = {"plain", 127, 128, 0, multiply_plainly<std::uint8_t>};

}  // namespace

extern const IntegerProducts integer_products_avx2;
extern const IntegerProducts integer_products_avx_vnni;
extern const IntegerProducts integer_products_avx512_vnni;
extern const IntegerProducts integer_products_amx;
extern const IntegerProducts integer_products_sdot;

const IntegerProducts* const* available_integer_products() {
    static const IntegerProducts* versions[6] = {};
    static const bool is_filled = [] {
        int n = 0;
        versions[n++] = &plain;
#ifdef MOT_HAS_SDOT
        if (processor::has_sdot()) versions[n++] = &integer_products_sdot;
#endif
#ifdef MOT_HAS_AVX2
        if (processor::has_avx2()) versions[n++] = &integer_products_avx2;
#endif
#ifdef MOT_HAS_AVX_VNNI
        if (processor::has_avx_vnni()) versions[n++] = &integer_products_avx_vnni;
#endif
#ifdef MOT_HAS_AVX512_VNNI
        if (processor::has_avx512_vnni()) versions[n++] = &integer_products_avx512_vnni;
#endif
#ifdef MOT_HAS_AMX
        if (processor::has_amx()) versions[n++] = &integer_products_amx;
#endif
        return true;
    }();
    (void)is_filled;
    return versions;
}

const IntegerProducts* fastest_integer_products() {
    const IntegerProducts* const* version = available_integer_products();
    while (version[1]) ++version;
    return *version == &plain ? nullptr : *version;
}

}  // namespace mot
