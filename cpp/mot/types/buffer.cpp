#include "mot/types/buffer.hpp"

#ifdef __linux__
#include <sys/mman.h>
#endif

namespace mot {
namespace {

constexpr std::size_t cache_line = 64;
constexpr std::size_t large_page = std::size_t{1} << 21;

}  // namespace

void* Buffer::reserve_bytes(std::size_t n_bytes) {
    if (n_bytes <= n_bytes_) return values_.get();
    values_.reset();
    n_bytes_ = 0;
    const std::align_val_t alignment{n_bytes >= large_page ? large_page : cache_line};
    values_ = {::operator new(n_bytes, alignment), Free{alignment}};
    n_bytes_ = n_bytes;
#ifdef __linux__
    if (n_bytes >= large_page) madvise(values_.get(), n_bytes, MADV_HUGEPAGE);  // a hint: it may fail
#endif
    return values_.get();
}

}  // namespace mot
