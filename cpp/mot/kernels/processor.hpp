/// What the processor can do, and the system lets it do.
#pragma once

namespace mot::processor {

bool has_avx2();
/// The foundation, and the instructions for doublewords, bytes and shorter vectors.
bool has_avx512();
bool has_avx512_vnni();
bool has_avx_vnni();
/// Tiles of bytes. Asks the system for leave to use them.
bool has_amx();
/// Arm's inner products of four signed bytes.
bool has_sdot();

}  // namespace mot::processor
