package dev.ffmstore.export;

import java.io.IOException;
import java.util.List;

/// Dense tensors to be written somewhere: over a GGUF file that is not loaded, whose blocks are decoded as they are
/// read, or over a loaded store.
///
/// A source is immutable and may be used by any thread, as long as what it is over is open. It owns nothing: the
/// file or the store stays the caller's.
public interface ConstantSource {
    /// {@return the name of the model's file}
    String name();

    /// {@return the convention of the names and layouts of the constants: `gguf`, `hf`, or the name of a user's
    /// table}
    String convention();

    /// {@return the constants, in the model's order; their names are unique}
    List<Constant> constants();

    /// {@return a reader for one thread, which closes it}
    ConstantReader openReader();

    /// Makes sure that what was read is what was there when the source was made.
    ///
    /// @throws IOException if the file has changed since
    void checkUnchanged() throws IOException;
}
