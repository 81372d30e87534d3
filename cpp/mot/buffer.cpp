#include "mot/buffer.hpp"

#include <cstddef>

#ifdef __linux__
#include <sys/mman.h>
#endif

namespace mot {
namespace {

constexpr std::size_t cache_line = 64;
constexpr std::size_t large_page = std::size_t{1} << 21;

}  // namespace

float* Buffer::reserve(std::int64_t n) {
    if (n <= size_) return values_.get();
    values_.reset();
    size_ = 0;
    const std::size_t n_bytes = static_cast<std::size_t>(n) * sizeof(float);
    const std::align_val_t alignment{n_bytes >= large_page ? large_page : cache_line};
    values_ = {static_cast<float*>(::operator new(n_bytes, alignment)), Free{alignment}};
    size_ = n;
#ifdef __linux__
    if (n_bytes >= large_page) madvise(values_.get(), n_bytes, MADV_HUGEPAGE);  // nothing is lost where it is not taken
#endif
    return values_.get();
}

}  // namespace mot
