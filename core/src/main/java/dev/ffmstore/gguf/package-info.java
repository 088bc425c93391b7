/// The GGUF container: what a file says it holds, parsed and validated once, with no tensor data read.
///
/// [dev.ffmstore.gguf.GgufFile] is the class to start with. It reads through a [dev.ffmstore.gguf.Source], which
/// may be a file or anything else that can be read at any offset. Every length, count and offset of a file is
/// untrusted until `open` has returned; after that the structure is trusted, and only a short read or a changed
/// source can still go wrong.
@NullMarked
package dev.ffmstore.gguf;

import org.jspecify.annotations.NullMarked;
