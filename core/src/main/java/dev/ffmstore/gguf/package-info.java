/// The GGUF container: what a file says it holds, parsed and validated once, with no tensor data read.
///
/// [dev.ffmstore.gguf.GgufFile] is the way in. It reads through a [dev.ffmstore.gguf.Source], so that its type
/// mentions neither paths nor mappings. Every length, count and offset of a file is untrusted until `open` has
/// returned; after that the structure is trusted, and only a short read or a changed source can still go wrong.
@NullMarked
package dev.ffmstore.gguf;

import org.jspecify.annotations.NullMarked;
