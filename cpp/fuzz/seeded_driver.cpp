/// Stands in for libFuzzer where the compiler has none: the same random inputs every time, for a bounded time.
///
/// Of libFuzzer's arguments it takes `-max_total_time=SECONDS`, `-seed=NUMBER` of the first input, and the names of
/// files that hold one input each. An input that fails is left in `crash-seeded`.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using Input = std::vector<std::uint8_t>;

constexpr std::size_t longest_input = 1024;
constexpr const char* kept_name = "crash-seeded";

unsigned long seed = 0;

/// Written down beforehand: whatever ends the program, the input is there.
void run(const Input& input) {
    std::ofstream file(kept_name, std::ios::binary);
    file.write(reinterpret_cast<const char*>(input.data()), static_cast<std::streamsize>(input.size()));
    file.close();
    LLVMFuzzerTestOneInput(input.data(), input.size());
}

Input draw() {
    std::mt19937 random(static_cast<std::uint32_t>(seed));
    Input input(random() % longest_input);
    for (std::uint8_t& byte : input) byte = static_cast<std::uint8_t>(random());
    return input;
}

Input read(const std::string& name) {
    std::ifstream file(name, std::ios::binary);
    if (!file) {
        std::fprintf(stderr, "cannot read %s\n", name.c_str());
        std::exit(2);
    }
    return Input(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
}

void run_for(double seconds) {
    const auto start = std::chrono::steady_clock::now();
    const auto elapsed = [&] {
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    };
    const unsigned long first = seed;
    for (; elapsed() < seconds; ++seed) run(draw());
    std::printf("%lu random inputs in %.0f s\n", seed - first, elapsed());
}

}  // namespace

int main(int n_arguments, char** arguments) {
    double seconds = 0;
    for (const std::string& argument : std::vector<std::string>(arguments + 1, arguments + n_arguments)) {
        const std::string value = argument.substr(argument.find('=') + 1);
        if (argument.rfind("-max_total_time=", 0) == 0) seconds = std::stod(value);
        if (argument.rfind("-seed=", 0) == 0) seed = std::stoul(value);
        if (argument[0] != '-') run(read(argument));
    }
    if (seconds > 0) run_for(seconds);
    std::remove(kept_name);
}
