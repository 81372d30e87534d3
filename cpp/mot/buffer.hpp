/// Memory for many numbers, not initialised, in large pages where Linux has them.
#pragma once

#include <cstdint>
#include <memory>
#include <new>

namespace mot {

class Buffer {
public:
    /// Room for n numbers at least; what was there is lost when it grows.
    float* reserve(std::int64_t n);
    const float* data() const { return values_.get(); }

private:
    struct Free {
        std::align_val_t alignment;
        void operator()(float* values) const { ::operator delete(values, alignment); }
    };
    std::unique_ptr<float, Free> values_;
    std::int64_t size_ = 0;
};

}  // namespace mot
