/// A set of nodes that kernels can read: one bit each.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "mot/types/arc.hpp"

namespace mot {

class NodeSet {
public:
    /// Of the nodes 0 to n - 1, all are in it.
    explicit NodeSet(std::size_t n) : words_((n + nodes_of_word - 1) / nodes_of_word) { insert_all(); }

    void insert_all() { std::fill(words_.begin(), words_.end(), ~std::uint64_t{0}); }
    void insert(Node node) { words_[index(node) / nodes_of_word] |= bit_of(node); }
    void erase(Node node) { words_[index(node) / nodes_of_word] &= ~bit_of(node); }
    bool contains(Node node) const { return (words_[index(node) / nodes_of_word] & bit_of(node)) != 0; }

    /// Node k is bit k % 64 of word k / 64.
    const std::uint64_t* words() const { return words_.data(); }

private:
    static constexpr std::size_t nodes_of_word = 64;

    static std::uint64_t bit_of(Node node) { return std::uint64_t{1} << (index(node) % nodes_of_word); }

    std::vector<std::uint64_t> words_;
};

}  // namespace mot
