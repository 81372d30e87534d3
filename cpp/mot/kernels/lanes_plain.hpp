/// Sixteen numbers at once as plain loops, which define them. Included by `lanes.hpp`.
#pragma once

#include <cstdint>
#include <cstring>

namespace mot {
namespace {  // NOLINT(misc-anonymous-namespace-in-header): every instruction set has a copy of its own

template <class Number>
struct Lanes {
    Number values[lanes];
};
using Floats = Lanes<float>;
using Ints = Lanes<std::int32_t>;
using Doubles = Lanes<double>;

template <class Number, class Function>
inline Lanes<Number> each(Function function) {
    Lanes<Number> result;
    for (int lane = 0; lane < lanes; ++lane) result.values[lane] = function(lane);
    return result;
}

inline Floats load(const float* x) {
    return each<float>([=](int lane) { return x[lane]; });
}
inline Ints load(const std::int32_t* x) {
    return each<std::int32_t>([=](int lane) { return x[lane]; });
}
inline Doubles to_doubles(const float* x) {
    return each<double>([=](int lane) { return static_cast<double>(x[lane]); });
}
inline Doubles to_doubles(const double* x) {
    return each<double>([=](int lane) { return x[lane]; });
}
template <class Number, class Stored>
inline void store(const Lanes<Number>& x, Stored* to) {
    for (int lane = 0; lane < lanes; ++lane) to[lane] = static_cast<Stored>(x.values[lane]);
}
template <class Number>
inline Lanes<Number> all_equal(Number x) {
    return each<Number>([=](int) { return x; });
}

inline Floats add(const Floats& x, const Floats& y) {
    return each<float>([&](int lane) { return x.values[lane] + y.values[lane]; });
}
inline Ints add(const Ints& x, const Ints& y) {
    return each<std::int32_t>([&](int lane) { return x.values[lane] + y.values[lane]; });
}
inline Doubles add(const Doubles& x, const Doubles& y) {
    return each<double>([&](int lane) { return x.values[lane] + y.values[lane]; });
}
inline Floats subtract(const Floats& x, const Floats& y) {
    return each<float>([&](int lane) { return x.values[lane] - y.values[lane]; });
}
inline Ints subtract(const Ints& x, const Ints& y) {  // modulo 2^32
    return each<std::int32_t>([&](int lane) {
        return static_cast<std::int32_t>(static_cast<std::uint32_t>(x.values[lane]) -
                                         static_cast<std::uint32_t>(y.values[lane]));
    });
}
inline Doubles subtract(const Doubles& x, const Doubles& y) {
    return each<double>([&](int lane) { return x.values[lane] - y.values[lane]; });
}
inline Floats multiply(const Floats& x, const Floats& y) {
    return each<float>([&](int lane) { return x.values[lane] * y.values[lane]; });
}
inline Doubles multiply(const Doubles& x, const Doubles& y) {
    return each<double>([&](int lane) { return x.values[lane] * y.values[lane]; });
}
inline Doubles lesser(const Doubles& x, const Doubles& y) {
    return each<double>([&](int lane) { return x.values[lane] < y.values[lane] ? x.values[lane] : y.values[lane]; });
}
inline Doubles greater(const Doubles& x, const Doubles& y) {
    return each<double>([&](int lane) { return x.values[lane] > y.values[lane] ? x.values[lane] : y.values[lane]; });
}
inline Floats to_floats(const Ints& x) {
    return each<float>([&](int lane) { return static_cast<float>(x.values[lane]); });
}
inline Ints bits_of(const Floats& x) {
    Ints bits;
    std::memcpy(bits.values, x.values, sizeof bits.values);
    return bits;
}
inline std::uint32_t equal_bits(const Ints& x, const Ints& y) {
    std::uint32_t bits = 0;
    for (int lane = 0; lane < lanes; ++lane)
        bits |= static_cast<std::uint32_t>(x.values[lane] == y.values[lane]) << lane;
    return bits;
}
inline Floats clipped(const Floats& x, float most) {
    const Floats raised = each<float>([&](int lane) { return x.values[lane] < -most ? -most : x.values[lane]; });
    return each<float>([&](int lane) { return raised.values[lane] > most ? most : raised.values[lane]; });
}
template <int apart>
inline Floats mixed_step(const Floats& x) {
    return each<float>([&](int lane) {
        const float other = x.values[lane ^ apart];
        return lane & apart ? other - x.values[lane] : x.values[lane] + other;
    });
}
inline Floats mixed_lanes(const Floats& x) {
    return mixed_step<1>(mixed_step<2>(mixed_step<4>(mixed_step<8>(x))));
}

}  // namespace
}  // namespace mot
