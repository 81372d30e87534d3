/// Uninitialised memory for many numbers, in large pages where Linux has them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>

namespace mot {

class Buffer {
public:
    /// Makes room for at least n numbers; the old ones are lost when it grows.
    template <class Real>
    Real* reserve(std::int64_t n) {
        return static_cast<Real*>(reserve_bytes(static_cast<std::size_t>(n) * sizeof(Real)));
    }
    const float* data() const { return data_as<float>(); }
    template <class Value>
    const Value* data_as() const {
        return static_cast<const Value*>(values_.get());
    }
    template <class Value>
    Value* data_as() {
        return static_cast<Value*>(values_.get());
    }

private:
    struct Free {
        std::align_val_t alignment;
        void operator()(void* values) const { ::operator delete(values, alignment); }
    };

    void* reserve_bytes(std::size_t n_bytes);

    std::unique_ptr<void, Free> values_;
    std::size_t n_bytes_ = 0;
};

}  // namespace mot
