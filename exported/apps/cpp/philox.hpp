// The random numbers of `rgankit sample`: Philox4x32-10 (Salmon, Moraes, Dror and Shaw, SC 2011), see docs/model-file.md.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace philox {

enum Stream : std::uint32_t { noise = 0, latent = 1, labels = 2 };

using Block = std::array<std::uint32_t, 4>;

inline Block block(Block counter, std::uint64_t seed) {
    auto [c0, c1, c2, c3] = counter;
    auto k0 = static_cast<std::uint32_t>(seed), k1 = static_cast<std::uint32_t>(seed >> 32);
    for (int round = 0; round < 10; ++round) {
        const std::uint64_t p = std::uint64_t{0xD2511F53} * c0, q = std::uint64_t{0xCD9E8D57} * c2;
        const Block next = {
            static_cast<std::uint32_t>(q >> 32) ^ c1 ^ k0, static_cast<std::uint32_t>(q),
            static_cast<std::uint32_t>(p >> 32) ^ c3 ^ k1, static_cast<std::uint32_t>(p)};
        c0 = next[0], c1 = next[1], c2 = next[2], c3 = next[3];
        k0 += 0x9E3779B9, k1 += 0xBB67AE85;
    }
    return {c0, c1, c2, c3};
}

// The first words of a sample.
inline std::vector<std::uint32_t> words(std::uint64_t seed, std::uint64_t sample, std::size_t size, Stream stream) {
    std::vector<std::uint32_t> drawn;
    for (std::uint32_t number = 0; drawn.size() < size; ++number) {
        const Block four = block(
            {number, static_cast<std::uint32_t>(sample), static_cast<std::uint32_t>(sample >> 32), stream}, seed);
        drawn.insert(drawn.end(), four.begin(), four.end());
    }
    drawn.resize(size);
    return drawn;
}

// Uniform in [0, 1).
inline float uniform(std::uint32_t word) { return static_cast<float>(word >> 8) / 16777216.0F; }

// Standard normal (Box and Muller).
inline std::vector<float> normal(std::uint64_t seed, std::uint64_t sample, std::size_t size, Stream stream) {
    const auto drawn = words(seed, sample, size + size % 2, stream);
    std::vector<float> numbers;
    for (std::size_t i = 0; i < drawn.size(); i += 2) {
        const double radius = std::sqrt(-2 * std::log((drawn[i] + 1.0) / 4294967296.0));
        const double angle = 2 * 3.14159265358979323846 * drawn[i + 1] / 4294967296.0;
        numbers.push_back(static_cast<float>(radius * std::cos(angle)));
        numbers.push_back(static_cast<float>(radius * std::sin(angle)));
    }
    numbers.resize(size);
    return numbers;
}

}  // namespace philox
