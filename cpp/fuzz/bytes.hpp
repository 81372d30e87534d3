/// A fuzzer's input, read as numbers; it never ends.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>

class Bytes {
public:
    /// The first four bytes seed random bytes behind the end, so that short inputs are complete problems, too.
    Bytes(const std::uint8_t* data, std::size_t size) : data_(data), size_(size), random_(0) {
        random_.seed(take<std::uint32_t>());
    }

    template <class Number>
    Number take() {
        std::uint8_t bytes[sizeof(Number)];
        for (std::uint8_t& byte : bytes) byte = position_ < size_ ? data_[position_++] : drawn();
        Number number;
        std::memcpy(&number, bytes, sizeof number);
        return number;
    }
    /// From 0 to n - 1; n is at most 256.
    std::size_t pick(std::size_t n) { return take<std::uint8_t>() % n; }
    std::size_t size_between(std::size_t low, std::size_t high) { return low + pick(high - low + 1); }
    bool is_one_in(std::size_t n) { return pick(n) == 0; }

    /// Any bits that are a finite number of at most this size.
    template <class Real>
    Real wild(Real largest) {
        Real number = take<Real>();
        if (!std::isfinite(number)) return static_cast<Real>(pick(16));
        while (std::abs(number) > largest) number *= Real(0x1p-24);
        return number;
    }

private:
    std::uint8_t drawn() { return static_cast<std::uint8_t>(random_()); }

    const std::uint8_t* data_;
    std::size_t size_;
    std::size_t position_ = 0;
    std::mt19937 random_{};
};
